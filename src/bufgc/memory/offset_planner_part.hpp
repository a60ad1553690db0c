#pragma once

// Private to the offset planner.

#include <cstddef>
#include <cstdint>
#include <span>

#include "bufgc/memory/fixed_array.hpp"
#include "bufgc/memory/offset_planner_deadline.hpp"
#include "bufgc/memory/offset_planner_problem.hpp"
#include "bufgc/memory/offset_planner_search.hpp"

namespace bufgc::planning {

/// How far the search for a low plan of one part has come.
struct Progress {
  std::uint64_t height = 0;  ///< Of the lowest plan so far.
  std::uint64_t round = 0;   ///< Tries so far.
  bool is_over = false;      ///< Nothing lower exists, or the search cannot find it.
};

/// Searches for a low plan of a part, items that share no section with the rest: many short tries, each
/// with another ranking of the items and another height between what is known to be too low and what is
/// reached. Short ones, since a search that went wrong early does not find back.
class PartSearch {
 public:
  /// Tries for a height of `goal` at the lowest, until it is at most `enough`, or the search is over or
  /// the deadline passed. `items` are
  /// sorted as `Search::prepare` wants them, with sections from 0; `offsets` are written when they are
  /// lower than `progress` says. A part that is too large to be searched is over at once.
  void lower(std::span<const Item> items, std::size_t section_count, std::uint64_t goal, std::uint64_t enough,
             Progress& progress, std::span<std::uint64_t> offsets, Deadline deadline) noexcept;

 private:
  /// What items are ranked by: the large first, in an order of importance that changes by round.
  struct Traits {
    std::uint64_t contention = 0;  ///< The highest load of its sections.
    std::uint64_t length = 0;
    std::uint64_t area = 0;
  };
  static constexpr std::size_t ranking_count = 4;

  [[nodiscard]] bool prepare(std::span<const Item> items, std::size_t section_count,
                             std::uint64_t height) noexcept;
  void rank_items(std::uint64_t round) noexcept;
  [[nodiscard]] Outcome try_once(std::int32_t goal, std::uint64_t round, Deadline deadline) noexcept;

  FixedArray<Item> items_;   ///< Sizes in units.
  std::uint64_t unit_ = 1;   ///< In granules.
  std::int32_t height_ = 0;  ///< Here and below in units.
  std::int32_t lowest_ = 0;  ///< No plan is lower.
  FixedArray<Traits> traits_;
  FixedArray<Traits> noisy_traits_;
  FixedArray<std::uint32_t> order_;
  FixedArray<std::uint32_t> ranks_;
  Search search_;
};

}  // namespace bufgc::planning
