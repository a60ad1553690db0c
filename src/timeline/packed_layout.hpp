#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "bufgc/viz/lifecycles.hpp"
#include "timeline/address_layout.hpp"
#include "timeline/packing.hpp"

namespace bufgc::timeline {

/// How the same lifetimes could be laid out: each row that holds bytes is one rectangle, as high as was
/// requested, and no two that live at the same time overlap. Best fit in the order of events, lowest
/// offset among equals; `height()` beside the highest live level tells what the order of lifetimes
/// alone costs.
///
/// A place depends on earlier events only. So the layout is made in pieces of any size, and goes on where it
/// ended when the lifecycles have grown. O(log live) a row; valid while the lifecycles only grow. With all
/// lifetimes known, the planner of repeating programs may find lower places.
class PackedLayout {
 public:
  explicit PackedLayout(const Lifecycles& lifecycles) : lifecycles_(&lifecycles) {}

  /// Goes on by at most `events` events. True: all that there are have been placed.
  bool advance(std::size_t events);

  /// Asks `plan_offsets` for a lower layout and keeps it if it is one. Takes O(n log n) and then about
  /// `time_limit`. Once the lifecycles have grown, `advance` starts from the beginning.
  void improve(std::chrono::nanoseconds time_limit);
  /// Whether `improve` was asked, and nothing has come since.
  [[nodiscard]] bool improved() const noexcept { return improved_; }

  /// y extent of the axis.
  [[nodiscard]] std::uint64_t height() const noexcept { return height_; }
  /// Where each row stands; height 0 when it has no place, as views and external buffers.
  [[nodiscard]] const Strips& strips() const noexcept { return strips_; }
  /// Where a row stood, a view all over its base; none when it has no place.
  [[nodiscard]] std::vector<Stay> stays_of(std::uint32_t row) const;

 private:
  void place(std::uint32_t row);

  const Lifecycles* lifecycles_;
  BestFitRoom room_;
  Strips strips_;
  std::size_t next_event_ = 0;
  std::uint64_t height_ = 0;
  bool improved_ = false;
};

}  // namespace bufgc::timeline
