#pragma once

// Private to the offset planner.

#include <cstddef>
#include <cstdint>
#include <span>

#include "bufgc/memory/fixed_array.hpp"
#include "bufgc/memory/offset_planner_deadline.hpp"
#include "bufgc/memory/offset_planner_problem.hpp"

namespace bufgc::planning {

enum class Outcome : std::uint8_t {
  found,    ///< A plan that is low enough.
  none,     ///< There is none.
  gave_up,  ///< Neither was known at the node limit or the deadline.
};

/// Searches for a plan below a given height, depth first, after Moffitt and Gray, "MiniMalloc: A
/// Lightweight Memory Allocator for Hardware-Accelerated Machine Learning" (ASPLOS 2023).
///
/// Items are placed in the order of their offsets, each as low as those below it let it: its *low*, the
/// highest top within its sections. Any plan that cannot be pushed down is reached so. Which item comes
/// next is the choice. A choice is passed over when
/// - an item that was left out would fit wholly below: then it could be moved there;
/// - an item is where it cannot rest: the choices go upward, so one whose low is already passed must be
///   carried by another that is still to come, which raises its *bound*;
/// - a section is left without an item that can lie low enough for all the rest to fit above it;
/// - it is a mere renaming of another: of equal items the first by rank goes first, and items of the same
///   lifetime directly on top of each other stand by rank.
/// Sections in which all items are placed part the rest into problems that are solved one by one; a
/// failure that the last choice had no part in is not tried again with another choice.
class Search {
 public:
  /// More items would take more than 16 MiB for the levels of the search.
  static constexpr std::size_t most_items = 1440;
  static constexpr std::int32_t most_height = std::int32_t{1} << 28U;

  /// Takes over a problem of at most `most_items` items; its items are sorted by their first section,
  /// and then by their last, so that those of the same lifetime are neighbours. Its sizes add up to
  /// less than `most_height` in any section. False when the heap has no room.
  [[nodiscard]] bool prepare(std::span<const Item> items, std::size_t section_count) noexcept;

  /// Looks for a plan of at most `height`; of items that can be placed at the same offset, the lowest
  /// of `ranks` (a permutation) is tried first. `height` is below `most_height`.
  [[nodiscard]] Outcome run(std::span<const std::uint32_t> ranks, std::int32_t height,
                            std::uint64_t node_limit, Deadline deadline) noexcept;

  /// Of the plan that was found.
  [[nodiscard]] std::span<const std::int32_t> offsets() const noexcept {
    return {offsets_.data(), offsets_.size()};
  }

 private:
  /// Of an item that is placed; above every offset and top.
  static constexpr std::int32_t placed = std::int32_t{1} << 30U;
  static constexpr std::uint32_t no_twin = UINT32_MAX;

  struct Span {
    std::uint32_t first = 0;
    std::uint32_t last = 0;
  };

  /// A level: one of the problems that remained, and the choice that is tried in it.
  struct Level {
    Span sections;
    Span items;
    const std::int32_t* lows = nullptr;    ///< One an item, as the choices above left them.
    const std::int32_t* bounds = nullptr;  ///< No solution below has the item lower.
    std::int32_t* rest_lows = nullptr;     ///< The same after this level's choice.
    std::int32_t* rest_bounds = nullptr;
    std::int64_t after = 0;       ///< Choices up to here, by offset and rank, are done with.
    std::int32_t cut = 0;         ///< Choices at or above this offset need not be tried.
    std::uint32_t choice = 0;     ///< The item.
    std::uint32_t section = 0;    ///< From here on nothing of the rest is solved yet.
    bool choice_matters = false;  ///< Whether anything that remains lives beside the choice.
    bool part_is_solved = false;
  };

  [[nodiscard]] bool prepare_incidence() noexcept;
  void find_twins() noexcept;
  void count(std::uint32_t item, std::int32_t sign) noexcept;

  [[nodiscard]] Outcome solve(Span sections, Deadline deadline) noexcept;
  void descend(Level level, std::int64_t after) noexcept;
  [[nodiscard]] bool next_choice(Level& level) noexcept;
  [[nodiscard]] bool next_rest(Level& level) noexcept;
  void undo(Level& level) noexcept;

  // Whether the rest may still fit after the level's choice.
  [[nodiscard]] bool place(Level& level) noexcept;
  [[nodiscard]] bool raise_left_out(const Level& level, std::int32_t offset) noexcept;
  [[nodiscard]] bool sections_may_fit(const Level& level) noexcept;

  [[nodiscard]] Span items_within(Span sections) const noexcept {
    return {first_items_[sections.first], first_items_[sections.last]};
  }
  [[nodiscard]] std::int64_t key_of(std::int32_t offset, std::uint32_t item) const noexcept {
    return (std::int64_t{offset} << 32U) + std::int64_t{ranks_[item]};
  }

  std::int32_t height_ = 0;
  std::uint64_t nodes_left_ = 0;
  std::span<const std::uint32_t> ranks_;

  // One an item.
  FixedArray<std::int32_t> firsts_;
  FixedArray<std::int32_t> lasts_;
  FixedArray<std::int32_t> sizes_;
  FixedArray<std::int32_t> offsets_;
  FixedArray<std::uint32_t> twins_;  ///< Of the same lifetime and size, the next lower by rank.
  FixedArray<Span> same_lifetime_;

  // One a section.
  FixedArray<std::uint32_t> first_items_;  ///< The first that begins there or later.
  FixedArray<std::uint32_t> item_lists_;   ///< Where the section's items begin in `listed_items_`.
  FixedArray<std::uint32_t> listed_items_;
  FixedArray<std::int32_t> remaining_;   ///< The sizes that are not placed yet.
  FixedArray<std::int32_t> crossing_;    ///< Unplaced items that come from the section before.
  FixedArray<std::uint32_t> witnesses_;  ///< An item that was seen to lie low enough.

  FixedArray<Level> levels_;
  std::size_t depth_ = 0;
  FixedArray<std::int32_t> arena_;  ///< Lows and bounds of all levels.
};

}  // namespace bufgc::planning
