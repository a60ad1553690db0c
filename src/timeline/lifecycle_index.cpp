#include "timeline/lifecycle_index.hpp"

#include <algorithm>
#include <bit>
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

  // Each bucket takes its entries in the order in which they come, which is by start.
  std::size_t next[buckets];
  std::copy(offset_, offset_ + buckets, next);
  entries_.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t row = order.empty() ? static_cast<std::uint32_t>(i) : order[i];
    entries_[next[bucket_of(spans.start[row], spans.end[row])]++] = {spans.start[row], spans.end[row], row};
  }
}

LifecycleIndex::Range LifecycleIndex::candidates(unsigned bucket, std::uint64_t a,
                                                 std::uint64_t b) const noexcept {
  const std::uint64_t block = bucket >= 64 ? 0 : (a >> bucket) << bucket;
  const auto begin = entries_.begin() + static_cast<std::ptrdiff_t>(offset_[bucket]);
  const auto end = entries_.begin() + static_cast<std::ptrdiff_t>(offset_[bucket + 1]);
  const auto before = [](const Entry& entry, std::uint64_t start) { return entry.start < start; };
  const auto first = std::lower_bound(begin, end, block, before);
  const auto last = std::lower_bound(first, end, b, before);
  return {static_cast<std::size_t>(first - entries_.begin()),
          static_cast<std::size_t>(last - entries_.begin())};
}

std::size_t LifecycleIndex::count(std::uint64_t a, std::uint64_t b) const {
  std::size_t found = 0;
  for_each(a, b, [&](std::uint32_t, std::uint64_t, std::uint64_t) { ++found; });
  return found;
}

}  // namespace bufgc::timeline
