#include "timeline/lifecycle_index.hpp"

#include <algorithm>
#include <bit>
#include <limits>
#include <numeric>

namespace bufgc::timeline {
namespace {

unsigned bucket_of(std::uint64_t start, std::uint64_t end) noexcept {
  const std::uint64_t last = end > start ? end - 1 : start;
  return static_cast<unsigned>(std::bit_width(start ^ last));
}

}  // namespace

LifecycleIndex::LifecycleIndex(const Spans& spans) {
  const std::size_t count = spans.size();
  std::vector<std::uint32_t> order;
  if (!std::is_sorted(spans.start.begin(), spans.start.end())) {
    order.resize(count);
    std::iota(order.begin(), order.end(), 0U);
    std::stable_sort(order.begin(), order.end(),
                     [&](std::uint32_t a, std::uint32_t b) { return spans.start[a] < spans.start[b]; });
  }
  for (std::size_t row = 0; row < count; ++row) ++offset_[bucket_of(spans.start[row], spans.end[row]) + 1];
  for (unsigned bucket = 0; bucket < buckets; ++bucket) offset_[bucket + 1] += offset_[bucket];

  const auto fits = [](std::uint64_t place) { return place <= std::numeric_limits<std::uint32_t>::max(); };
  if (std::all_of(spans.start.begin(), spans.start.end(), fits) &&
      std::all_of(spans.end.begin(), spans.end.end(), fits)) {
    fill(short_, spans, order);
  } else {
    fill(long_, spans, order);
  }
}

/// Each bucket takes its entries in the order in which they come, which is by start.
template <class Place>
void LifecycleIndex::fill(Entries<Place>& entries, const Spans& spans,
                          const std::vector<std::uint32_t>& order) {
  std::size_t next[buckets];
  std::copy(offset_, offset_ + buckets, next);
  entries.resize(spans.size());
  for (std::size_t i = 0; i < spans.size(); ++i) {
    const std::uint32_t at = order.empty() ? static_cast<std::uint32_t>(i) : order[i];
    entries[next[bucket_of(spans.start[at], spans.end[at])]++] = {static_cast<Place>(spans.start[at]),
                                                                  static_cast<Place>(spans.end[at]),
                                                                  spans.box.empty() ? at : spans.box[at]};
  }
}

std::size_t LifecycleIndex::count(std::uint64_t a, std::uint64_t b) const {
  std::size_t found = 0;
  for_each(a, b, [&](std::uint32_t, std::uint64_t, std::uint64_t) { ++found; });
  return found;
}

}  // namespace bufgc::timeline
