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
    end = std::min(end, born_by(event));
    const std::size_t top = storeys_.size();
    const std::size_t entries = top == 0 ? end : storeys_.back().size();
    for (std::size_t entry = 0; entry < entries; ++entry) {
      if (!walk(top, entry, event, end, visit)) return;
    }
  }

 private:
  static constexpr std::size_t fan = 16;

  /// The event at which the row's bytes went; 0 when it never held any.
  [[nodiscard]] std::uint32_t end_of(std::size_t row) const noexcept {
    return live_bytes(*lifecycles_, row) == 0 ? 0 : lifecycles_->free_event[row];
  }
  /// An entry of a storey, the rows themselves being storey 0. False: no more is wanted.
  template <class Visit>
  bool walk(std::size_t storey, std::size_t entry, std::uint32_t event, std::uint32_t end,
            Visit& visit) const {
    if (storey == 0) {
      return end_of(entry) <= event || visit(static_cast<std::uint32_t>(entry));
    }
    if (storeys_[storey - 1][entry] <= event) return true;
    const std::size_t below = storey == 1 ? end : storeys_[storey - 2].size();
    const std::size_t last = std::min(below, (entry + 1) * fan);
    for (std::size_t child = entry * fan; child < last; ++child) {
      if (!walk(storey - 1, child, event, end, visit)) return false;
    }
    return true;
  }

  const Lifecycles* lifecycles_;
  std::uint32_t rows_;
  std::vector<std::vector<std::uint32_t>> storeys_;  ///< The latest end of `fan` entries of the one below.
};

}  // namespace bufgc::timeline
