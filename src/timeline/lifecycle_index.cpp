#include "timeline/lifecycle_index.hpp"

namespace bufgc::timeline {

std::size_t LifecycleIndex::count(std::uint64_t a, std::uint64_t b) const {
  std::size_t found = 0;
  for_each(a, b, [&](std::uint32_t, std::uint64_t, std::uint64_t) { ++found; });
  return found;
}

}  // namespace bufgc::timeline
