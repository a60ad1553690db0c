#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "bufgc/viz/lifecycles.hpp"
#include "timeline/axis.hpp"
#include "timeline/levels.hpp"
#include "timeline/live_rows.hpp"

namespace bufgc::timeline {

/// A buffer's place in the stack over some columns.
struct StackStep {
  double t0 = 0;
  double t1 = 0;
  std::uint64_t y = 0;  ///< What stands below it.
  std::uint64_t height = 0;
};

/// The vertical axis as live bytes: at every moment the buffers that hold bytes then stand on each other
/// without a gap, in order of birth. The top edge is the live level, to the byte; when a buffer is
/// released, all that was born after it slides down.
///
/// A picture shows one moment a column: that of the column's highest live level, the first of equals. So
/// the top edge of the picture is the column's maximum and no peak is lost by zooming out. What stands at
/// a point, and where a buffer stands, are answered for the same moments: of the same columns.
///
/// Views and external buffers hold no bytes and have no place; a view is said to stand where its base does.
/// Valid while the lifecycles, the levels and the clock are.
class StackLayout {
 public:
  StackLayout(const Lifecycles& lifecycles, const Levels& levels, const EventClock& clock);

  /// y extent of the axis: room for the highest live and the highest reserved level.
  [[nodiscard]] std::uint64_t height() const noexcept;
  /// The event after which a column shows the stack; nothing outside of the log.
  [[nodiscard]] std::optional<std::uint32_t> moment_of(Axis axis, const Columns& columns,
                                                       std::int64_t column) const {
    return levels_->peak_of(*clock_, axis, columns, column);
  }
  /// The row that stands at y at x's column; from the top edge up to `tolerance` above it, the topmost row.
  [[nodiscard]] std::optional<std::uint32_t> row_at(Axis axis, const Columns& columns, double x, double y,
                                                    double tolerance) const;
  /// Where a row stands in each column that shows it, equal neighbours joined: at most as many steps as
  /// there are columns.
  [[nodiscard]] std::vector<StackStep> steps_of(std::uint32_t row, Axis axis, const Columns& columns) const;

  [[nodiscard]] const LiveRows& live_rows() const noexcept { return live_rows_; }
  [[nodiscard]] const Levels& levels() const noexcept { return *levels_; }
  [[nodiscard]] const EventClock& clock() const noexcept { return *clock_; }

 private:
  /// Bytes of rows before `row` that are released in (from, to].
  [[nodiscard]] std::uint64_t released_below(std::uint32_t row, std::uint32_t from,
                                             std::uint32_t to) const noexcept;

  const Lifecycles* lifecycles_;
  const Levels* levels_;
  const EventClock* clock_;
  LiveRows live_rows_;
};

}  // namespace bufgc::timeline
