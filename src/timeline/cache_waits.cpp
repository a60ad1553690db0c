#include "timeline/cache_waits.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "timeline/distinct_numbers.hpp"
#include "timeline/memo.hpp"
#include "timeline/rank_set.hpp"
#include "timeline/rows.hpp"

namespace bufgc::timeline {
namespace {

bool has_block(const Lifecycles& lifecycles, std::uint32_t row) noexcept {
  return row < lifecycles.size() && is_owned(lifecycles, row) &&
         lifecycles.address[row] != Lifecycles::no_address && extent_bytes(lifecycles, row) != 0;
}

/// What is in the cache now, by the rank of its address among all those at which a block ever waits.
class Cache {
 public:
  Cache(CacheWaits& waits, std::vector<std::uint64_t> addresses)
      : waits_(waits),
        addresses_(std::move(addresses)),
        at_(addresses_.size()),
        waiting_(addresses_.size()),
        ranks_(4 * addresses_.size()) {}  // Those of what never waits are asked for, too.

  [[nodiscard]] bool knows(std::uint64_t address) const noexcept {
    return std::binary_search(addresses_.begin(), addresses_.end(), address);
  }
  /// The address must be one of those given.
  void add(std::uint64_t address, std::uint64_t size, std::uint32_t box, std::uint32_t event) {
    take(address, size, event);
    const std::size_t rank = first_rank_from(address);
    at_[rank] = {size, box};
    waiting_.insert(rank);
    waits_[box] = Lifecycles::none;
  }

  /// Ends the waiting of every block that meets the range.
  void take(std::uint64_t address, std::uint64_t size, std::uint32_t event) {
    const std::size_t from = first_rank_from(address);
    const std::size_t before = waiting_.last_below(from);
    if (before != RankSet::none && address - addresses_[before] < at_[before].size) end(before, event);
    for (std::size_t rank = waiting_.first_from(from); rank != RankSet::none;
         rank = waiting_.first_from(rank + 1)) {
      if (addresses_[rank] != address && addresses_[rank] - address >= size) break;
      end(rank, event);
    }
  }

 private:
  struct Waiting {
    std::uint64_t size = 0;
    std::uint32_t box = 0;
  };
  void end(std::size_t rank, std::uint32_t event) noexcept {
    waits_[at_[rank].box] = event;
    waiting_.erase(rank);
  }
  [[nodiscard]] std::size_t first_rank_from(std::uint64_t address) {
    return ranks_.of(address, [&] {
      const auto from = std::lower_bound(addresses_.begin(), addresses_.end(), address);
      return static_cast<std::size_t>(from - addresses_.begin());
    });
  }

  CacheWaits& waits_;
  std::vector<std::uint64_t> addresses_;
  std::vector<Waiting> at_;
  RankSet waiting_;
  Memo<std::size_t> ranks_;
};

}  // namespace

/// Goes through the log, from its beginning or from where it ended before.
class WaitSearch {
 public:
  WaitSearch(const Lifecycles& lifecycles, const Places& places, LeftBlocks which)
      : which_(which), cache_(waits_, addresses_of_blocks(lifecycles, places, which)) {
    go_on(lifecycles, places);
  }

  /// False, with nothing done, where more is to be gone through than what is new.
  [[nodiscard]] bool extend(const Lifecycles& lifecycles, const Places& places) {
    if (!lifecycles.moves.empty() || lifecycles.size() < waits_.size() || lifecycles.event_count() < events_)
      return false;
    for (std::uint32_t event = events_; event < lifecycles.event_count(); ++event) {
      const std::uint32_t row = lifecycles.event_row[event];
      if (lifecycles.event_kind[event] == Lifecycles::EventKind::free &&
          leaves_block(lifecycles, row, which_) && !cache_.knows(lifecycles.address[row]))
        return false;
    }
    go_on(lifecycles, places);
    return true;
  }
  [[nodiscard]] CacheWaits& waits() noexcept { return waits_; }

 private:
  static bool leaves_block(const Lifecycles& lifecycles, std::uint32_t row, LeftBlocks which) noexcept {
    const bool left = which == LeftBlocks::cached ? freed_to_cache(lifecycles, row)
                                                  : released_to_allocator(lifecycles, row);
    return left && has_block(lifecycles, row);
  }
  static std::vector<std::uint64_t> addresses_of_blocks(const Lifecycles& lifecycles, const Places& places,
                                                        LeftBlocks which) {
    DistinctNumbers addresses(lifecycles.size());
    for (std::uint32_t row = 0; row < lifecycles.size(); ++row)
      if (leaves_block(lifecycles, row, which)) addresses.add(places.address(places.last_of(row)));
    return addresses.take();
  }
  void go_on(const Lifecycles& lifecycles, const Places& places);

  LeftBlocks which_;
  CacheWaits waits_;
  Cache cache_;
  std::uint32_t events_ = 0;  ///< Gone through.
};

void WaitSearch::go_on(const Lifecycles& lifecycles, const Places& places) {
  using Kind = Lifecycles::EventKind;
  const std::size_t old = waits_.size();
  waits_.resize(places.size());
  for (std::size_t box = old; box < waits_.size(); ++box)
    waits_[box] = places.end_event(static_cast<std::uint32_t>(box));
  std::uint32_t step = 0;  // The first of moves that follow each other: all hold from there on.
  for (; events_ < lifecycles.event_count(); ++events_) {
    const std::uint32_t event = events_;
    const std::uint32_t index = lifecycles.event_row[event];
    switch (lifecycles.event_kind[event]) {
      case Kind::alloc:
        if (has_block(lifecycles, index))
          cache_.take(lifecycles.address[index], extent_bytes(lifecycles, index), event);
        break;
      case Kind::free:
        if (index < old) waits_[index] = event;  // It was alive when the log ended before.
        if (leaves_block(lifecycles, index, which_)) {
          const std::uint32_t box = places.last_of(index);
          cache_.add(places.address(box), extent_bytes(lifecycles, index), box, event);
        }
        break;
      case Kind::move:
        if (event == 0 || lifecycles.event_kind[event - 1] != Kind::move) step = event;
        if (index < lifecycles.moves.size() && has_block(lifecycles, lifecycles.moves[index].row)) {
          const Lifecycles::Move& move = lifecycles.moves[index];
          cache_.take(move.to, extent_bytes(lifecycles, move.row), step);
        }
        break;
      case Kind::release:
        if (index < lifecycles.segments.size()) {
          const Lifecycles::SegmentLife& segment = lifecycles.segments[index];
          cache_.take(segment.address, segment.size_bytes, event);
        }
        break;
      default:
        break;
    }
  }
}

CacheWaits find_cache_waits(const Lifecycles& lifecycles, const Places& places, LeftBlocks which) {
  return std::move(WaitSearch(lifecycles, places, which).waits());
}

GrowingCacheWaits::GrowingCacheWaits(const Lifecycles& lifecycles, const Places& places)
    : search_(std::make_unique<WaitSearch>(lifecycles, places, LeftBlocks::cached)) {}
GrowingCacheWaits::GrowingCacheWaits(GrowingCacheWaits&&) noexcept = default;
GrowingCacheWaits& GrowingCacheWaits::operator=(GrowingCacheWaits&&) noexcept = default;
GrowingCacheWaits::~GrowingCacheWaits() = default;

void GrowingCacheWaits::extend(const Lifecycles& lifecycles, const Places& places) {
  if (!search_->extend(lifecycles, places)) *this = GrowingCacheWaits(lifecycles, places);
}

const CacheWaits& GrowingCacheWaits::waits() const noexcept {
  return search_->waits();
}

}  // namespace bufgc::timeline
