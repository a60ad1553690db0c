#pragma once

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
class LifecycleIndex {
 public:
  LifecycleIndex() = default;
  /// `spans` may come in any order; rows in order of birth (the usual case) need no sort.
  explicit LifecycleIndex(const Spans& spans);

  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }

  /// Calls `visit(row, start, end)` for every interval that meets [a, b). An interval without
  /// length counts as one unit long here, so that it can still be pointed at.
  template <class Visit>
  void for_each(std::uint64_t a, std::uint64_t b, Visit&& visit) const {
    if (a >= b) return;
    for (unsigned bucket = 0; bucket < buckets; ++bucket) {
      const auto [first, last] = candidates(bucket, a, b);
      for (std::size_t i = first; i < last; ++i) {
        const Entry& entry = entries_[i];
        if (entry.end > a || entry.start >= a) visit(entry.row, entry.start, entry.end);
      }
    }
  }

  /// Intervals that meet [a, b).
  [[nodiscard]] std::size_t count(std::uint64_t a, std::uint64_t b) const;

 private:
  struct Entry {
    std::uint64_t start;
    std::uint64_t end;
    std::uint32_t row;
  };
  struct Range {
    std::size_t first;
    std::size_t last;
  };
  static constexpr unsigned buckets = 65;  ///< Bit widths of a 64-bit difference: 0 to 64.

  /// The entries of a bucket that begin before b and not before the block of a.
  [[nodiscard]] Range candidates(unsigned bucket, std::uint64_t a, std::uint64_t b) const noexcept;

  std::vector<Entry> entries_;  ///< By bucket, then by start.
  std::size_t offset_[buckets + 1] = {};
};

}  // namespace bufgc::timeline
