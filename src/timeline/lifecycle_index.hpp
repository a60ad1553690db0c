#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <vector>

namespace bufgc::timeline {

/// Finds the boxes whose time meets a range of the axis: their life, and after it the time for which the
/// block that they left waited in the cache. Built in O(n) by one counting sort, read by one binary search a
/// bucket.
///
/// Both together are an interval, whose bucket is the highest bit in which its first and last unit differ. It
/// then lies within one aligned block of twice that power of two and straddles the block's middle, so a
/// bucket's intervals that can meet [a, b) begin in or after the block of a: in a bucket sorted by start they
/// stand in one row. Long intervals are in few high buckets and short ones in low ones, where the block of a
/// is small; so little is looked at in vain.
///
/// Takes 16 bytes a box where the axis ends below 2^32, as that of events does, and 32 elsewhere.
class LifecycleIndex {
 public:
  LifecycleIndex() = default;
  /// Of half-open intervals on one axis, which tell their `size()` and of each number below it where its life
  /// starts, where it ends, where the waiting ends that follows, and whose box it is: `start(i)`, `end(i)`,
  /// `until(i)`, `box(i)`. They may come in any order; those in order of their starts (the usual case) need
  /// no sort.
  template <class Spans>
  explicit LifecycleIndex(const Spans& spans);

  [[nodiscard]] std::size_t size() const noexcept { return short_.size() + long_.size(); }

  /// Calls `visit(box, start, end)` for every life that meets [a, b). One without length counts as one unit
  /// long here, so that it can still be pointed at.
  template <class Visit>
  void for_each(std::uint64_t a, std::uint64_t b, Visit&& visit) const {
    for_each_held(a, b, [&](std::uint32_t box, std::uint64_t start, std::uint64_t end, std::uint64_t) {
      if (end > a || start >= a) visit(box, start, end);
    });
  }
  /// Calls `visit(box, start, end, until)` for every box that lives within [a, b) or has left a block that
  /// waits there. A visitor with `ahead(box)` is told of boxes that come soon: it can fetch what it looks up.
  template <class Visit>
  void for_each_held(std::uint64_t a, std::uint64_t b, Visit&& visit) const;
  class Walk;

  /// Lives that meet [a, b).
  [[nodiscard]] std::size_t count(std::uint64_t a, std::uint64_t b) const;

 private:
  template <class Place>
  struct Entry {
    Place start;
    Place end;
    Place until;
    std::uint32_t box;
  };
  template <class Place>
  using Entries = std::vector<Entry<Place>>;  ///< By bucket, then by start.
  struct Range {
    std::size_t first;
    std::size_t last;
  };
  static constexpr unsigned buckets = 65;  ///< Bit widths of a 64-bit difference: 0 to 64.
  static constexpr std::size_t boxes_ahead = 4;

  /// The entries of a bucket that begin before b and not before the block of a.
  template <class Place>
  [[nodiscard]] static Range candidates(const Entries<Place>& entries, const std::size_t* offset,
                                        unsigned bucket, std::uint64_t a, std::uint64_t b) noexcept {
    const std::uint64_t block = bucket >= 64 ? 0 : (a >> bucket) << bucket;
    const auto begin = entries.begin() + static_cast<std::ptrdiff_t>(offset[bucket]);
    const auto end = entries.begin() + static_cast<std::ptrdiff_t>(offset[bucket + 1]);
    const auto before = [](const Entry<Place>& entry, std::uint64_t start) { return entry.start < start; };
    const auto first = std::lower_bound(begin, end, block, before);
    const auto last = std::lower_bound(first, end, b, before);
    return {static_cast<std::size_t>(first - entries.begin()),
            static_cast<std::size_t>(last - entries.begin())};
  }
  [[nodiscard]] static unsigned bucket_of(std::uint64_t start, std::uint64_t until) noexcept {
    const std::uint64_t last = until > start ? until - 1 : start;
    return static_cast<unsigned>(std::bit_width(start ^ last));
  }
  template <class Place, class Spans>
  void fill(Entries<Place>& entries, const Spans& spans, const std::vector<std::uint32_t>& order);

  // One of the two is empty.
  Entries<std::uint32_t> short_;
  Entries<std::uint64_t> long_;
  std::size_t offset_[buckets + 1] = {};
};

/// The boxes of `for_each_held`, some at a time. The index must stay where it is.
class LifecycleIndex::Walk {
 public:
  Walk(const LifecycleIndex& index, std::uint64_t a, std::uint64_t b) noexcept : index_(index), a_(a) {
    if (a >= b) return;
    for (unsigned bucket = 0; bucket < buckets; ++bucket) {
      runs_[bucket] = index.short_.empty() ? candidates(index.long_, index.offset_, bucket, a, b)
                                           : candidates(index.short_, index.offset_, bucket, a, b);
      count_ += runs_[bucket].last - runs_[bucket].first;
    }
  }

  /// Looks at the next entries, at most so many.
  template <class Visit>
  void go_on(std::size_t most, Visit&& visit) {
    while (most > 0 && bucket_ < buckets) {
      Range& run = runs_[bucket_];
      const std::size_t last = run.first + std::min(most, run.last - run.first);
      if (index_.short_.empty()) {
        visit_entries(index_.long_, run, last, visit);
      } else {
        visit_entries(index_.short_, run, last, visit);
      }
      most -= last - run.first;
      seen_ += last - run.first;
      run.first = last;
      if (last == run.last) ++bucket_;
    }
  }
  /// Of the entries, 1 being all.
  [[nodiscard]] double share() const noexcept {
    return seen_ == count_ ? 1 : static_cast<double>(seen_) / static_cast<double>(count_);
  }

 private:
  template <class Place, class Visit>
  void visit_entries(const Entries<Place>& entries, Range run, std::size_t last, Visit& visit) const {
    for (std::size_t i = run.first; i < last; ++i) {
      const Entry<Place>& entry = entries[i];
      if constexpr (requires { visit.ahead(entry.box); })
        visit.ahead(entries[std::min(i + boxes_ahead, run.last - 1)].box);
      if (entry.until > a_ || entry.start >= a_) visit(entry.box, entry.start, entry.end, entry.until);
    }
  }

  const LifecycleIndex& index_;
  std::uint64_t a_;
  Range runs_[buckets] = {};  ///< What is left of each bucket.
  unsigned bucket_ = 0;
  std::size_t count_ = 0;
  std::size_t seen_ = 0;
};

template <class Visit>
void LifecycleIndex::for_each_held(std::uint64_t a, std::uint64_t b, Visit&& visit) const {
  Walk(*this, a, b).go_on(size(), visit);
}

template <class Spans>
LifecycleIndex::LifecycleIndex(const Spans& spans) {
  const std::size_t count = spans.size();
  bool in_order = true;
  std::uint64_t furthest = 0;
  std::uint64_t before = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t start = spans.start(i);
    const std::uint64_t until = spans.until(i);
    ++offset_[bucket_of(start, until) + 1];
    in_order = in_order && start >= before;
    before = start;
    furthest = std::max({furthest, start, until});
  }
  for (unsigned bucket = 0; bucket < buckets; ++bucket) offset_[bucket + 1] += offset_[bucket];
  std::vector<std::uint32_t> order;
  if (!in_order) {
    order.resize(count);
    std::iota(order.begin(), order.end(), 0U);
    std::stable_sort(order.begin(), order.end(),
                     [&](std::uint32_t a, std::uint32_t b) { return spans.start(a) < spans.start(b); });
  }
  if (furthest <= std::numeric_limits<std::uint32_t>::max()) {
    fill(short_, spans, order);
  } else {
    fill(long_, spans, order);
  }
}

/// Each bucket takes its entries in the order in which they come, which is by start.
template <class Place, class Spans>
void LifecycleIndex::fill(Entries<Place>& entries, const Spans& spans,
                          const std::vector<std::uint32_t>& order) {
  std::size_t next[buckets];
  std::copy(offset_, offset_ + buckets, next);
  entries.resize(spans.size());
  for (std::size_t i = 0; i < spans.size(); ++i) {
    const std::size_t at = order.empty() ? i : order[i];
    const std::uint64_t start = spans.start(at);
    const std::uint64_t until = spans.until(at);
    entries[next[bucket_of(start, until)]++] = {static_cast<Place>(start), static_cast<Place>(spans.end(at)),
                                                static_cast<Place>(until), spans.box(at)};
  }
}

}  // namespace bufgc::timeline
