#include "bufgc/memory/errors.hpp"

namespace bufgc {
namespace {

std::string message(std::size_t requested_bytes, const MemoryStatistics& statistics) {
  std::string text = "out of memory: " + std::to_string(requested_bytes) + " bytes do not fit; live " +
                     std::to_string(statistics.live_bytes) + ", cached " +
                     std::to_string(statistics.cached_bytes) + ", gaps " +
                     std::to_string(statistics.gap_bytes) + ", reserved " +
                     std::to_string(statistics.reserved_bytes);
  if (statistics.budget_bytes != ~std::uint64_t{0}) {
    text += ", budget " + std::to_string(statistics.budget_bytes);
  }
  return text;
}

}  // namespace

OutOfMemory::OutOfMemory(std::size_t requested_bytes, const MemoryStatistics& statistics)
    : Error(Status::out_of_memory, message(requested_bytes, statistics)),
      requested_bytes_(requested_bytes),
      statistics_(statistics) {}

}  // namespace bufgc
