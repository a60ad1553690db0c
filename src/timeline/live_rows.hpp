#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "bufgc/viz/lifecycles.hpp"
#include "timeline/rows.hpp"

namespace bufgc::timeline {

/// Finds the rows that hold bytes at a moment, in order of birth: over the rows stands a tree of the
/// latest frees, and what has none after the moment is passed over. So a moment costs
/// O(live rows × log n) wherever it stands, and nothing is replayed from the beginning.
///
/// Built in O(n). Reads the lifecycles in place: valid while they are, for what stood in them when this
/// was made.
class LiveRows {
 public:
  explicit LiveRows(const Lifecycles& lifecycles);

  /// How many rows were born by then: rows are in order of birth, so these are the first ones.
  [[nodiscard]] std::uint32_t born_by(std::uint32_t event) const noexcept;

  /// Calls `visit(row)` for the rows below `end` that hold bytes after `event`, until it returns false.
  template <class Visit>
  void for_each(std::uint32_t event, std::uint32_t end, Visit&& visit) const {
    walk(storeys_.size(), 0, std::min(end, born_by(event)), event, visit);
  }

 private:
  static constexpr std::size_t fan_bits = 4;
  static constexpr std::size_t fan = std::size_t{1} << fan_bits;

  /// The event at which the row's bytes went; 0 when it never held any.
  [[nodiscard]] std::uint32_t end_of(std::size_t row) const noexcept {
    return live_bytes(*lifecycles_, row) == 0 ? 0 : lifecycles_->free_event[row];
  }
  /// The entries of a storey from `entry` on that stand below one entry of the storey above and over rows
  /// before `end`, the rows themselves being storey 0. False: no more is wanted.
  template <class Visit>
  bool walk(std::size_t storey, std::size_t entry, std::uint32_t end, std::uint32_t event,
            Visit& visit) const {
    const std::size_t shift = storey * fan_bits;
    // What is born later ends later too: it must not be looked at.
    std::size_t last = (end + (std::size_t{1} << shift) - 1) >> shift;
    if (storey < storeys_.size()) last = std::min(last, entry + fan);
    for (; entry < last; ++entry) {
      if (storey == 0) {
        // Most rows have ended: their bytes are not looked at.
        if (lifecycles_->free_event[entry] > event && live_bytes(*lifecycles_, entry) != 0 &&
            !visit(static_cast<std::uint32_t>(entry))) {
          return false;
        }
      } else if (storeys_[storey - 1][entry] > event) {
        if (!walk(storey - 1, entry << fan_bits, end, event, visit)) return false;
      }
    }
    return true;
  }

  const Lifecycles* lifecycles_;
  std::uint32_t rows_;
  std::vector<std::vector<std::uint32_t>> storeys_;  ///< The latest end of `fan` entries of the one below.
};

}  // namespace bufgc::timeline
