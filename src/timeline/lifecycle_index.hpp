#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "timeline/axis.hpp"

namespace bufgc::timeline {

/// Finds the intervals that meet a range of the axis. Built in O(n) by one counting sort, read by
/// one binary search a bucket.
///
/// An interval's bucket is the highest bit in which its first and last unit differ. It then lies
/// within one aligned block of twice that power of two and straddles the block's middle, so a
/// bucket's intervals that can meet [a, b) begin in or after the block of a: in a bucket sorted by
/// start they stand in one row. Long intervals are in few high buckets and short ones in low ones,
/// where the block of a is small; so little is looked at in vain.
///
/// Takes 12 bytes an interval where the axis ends below 2^32, as that of events does, and 24 elsewhere.
class LifecycleIndex {
 public:
  LifecycleIndex() = default;
  /// `spans` may come in any order; those in order of their starts (the usual case) need no sort.
  explicit LifecycleIndex(const Spans& spans);

  [[nodiscard]] std::size_t size() const noexcept { return short_.size() + long_.size(); }

  /// Calls `visit(box, start, end)` for every interval that meets [a, b). An interval without
  /// length counts as one unit long here, so that it can still be pointed at.
  template <class Visit>
  void for_each(std::uint64_t a, std::uint64_t b, Visit&& visit) const {
    if (a >= b) return;
    visit_entries(short_, a, b, visit);
    visit_entries(long_, a, b, visit);
  }

  /// Intervals that meet [a, b).
  [[nodiscard]] std::size_t count(std::uint64_t a, std::uint64_t b) const;

 private:
  template <class Place>
  struct Entry {
    Place start;
    Place end;
    std::uint32_t box;
  };
  template <class Place>
  using Entries = std::vector<Entry<Place>>;  ///< By bucket, then by start.
  struct Range {
    std::size_t first;
    std::size_t last;
  };
  static constexpr unsigned buckets = 65;  ///< Bit widths of a 64-bit difference: 0 to 64.

  template <class Place, class Visit>
  void visit_entries(const Entries<Place>& entries, std::uint64_t a, std::uint64_t b, Visit& visit) const {
    if (entries.empty()) return;
    for (unsigned bucket = 0; bucket < buckets; ++bucket) {
      const auto [first, last] = candidates(entries, bucket, a, b);
      for (std::size_t i = first; i < last; ++i) {
        const Entry<Place>& entry = entries[i];
        if (entry.end > a || entry.start >= a) visit(entry.box, entry.start, entry.end);
      }
    }
  }
  /// The entries of a bucket that begin before b and not before the block of a.
  template <class Place>
  [[nodiscard]] Range candidates(const Entries<Place>& entries, unsigned bucket, std::uint64_t a,
                                 std::uint64_t b) const noexcept {
    const std::uint64_t block = bucket >= 64 ? 0 : (a >> bucket) << bucket;
    const auto begin = entries.begin() + static_cast<std::ptrdiff_t>(offset_[bucket]);
    const auto end = entries.begin() + static_cast<std::ptrdiff_t>(offset_[bucket + 1]);
    const auto before = [](const Entry<Place>& entry, std::uint64_t start) { return entry.start < start; };
    const auto first = std::lower_bound(begin, end, block, before);
    const auto last = std::lower_bound(first, end, b, before);
    return {static_cast<std::size_t>(first - entries.begin()),
            static_cast<std::size_t>(last - entries.begin())};
  }
  template <class Place>
  void fill(Entries<Place>& entries, const Spans& spans, const std::vector<std::uint32_t>& order);

  // One of the two is empty.
  Entries<std::uint32_t> short_;
  Entries<std::uint64_t> long_;
  std::size_t offset_[buckets + 1] = {};
};

}  // namespace bufgc::timeline
