#include "bufgc/memory/offset_planner_search.hpp"

#include <algorithm>

namespace bufgc::planning {

Outcome Search::run(std::span<const std::uint32_t> ranks, std::int32_t height, std::uint64_t node_limit,
                    Deadline deadline) noexcept {
  ranks_ = ranks;
  height_ = height;
  nodes_left_ = node_limit;
  find_twins();
  std::fill(remaining_.begin(), remaining_.end(), 0);
  std::fill(crossing_.begin(), crossing_.end(), 0);
  const auto count_items = static_cast<std::uint32_t>(sizes_.size());
  for (std::uint32_t i = 0; i < count_items; ++i) count(i, 1);
  std::fill_n(arena_.begin(), 2 * sizes_.size(), 0);
  const auto sections = static_cast<std::uint32_t>(remaining_.size());
  return solve({0, sections}, deadline);
}

void Search::find_twins() noexcept {
  for (std::uint32_t i = 0; i < twins_.size(); ++i) {
    twins_[i] = no_twin;
    for (std::uint32_t j = same_lifetime_[i].first; j < same_lifetime_[i].last; ++j) {
      if (sizes_[j] == sizes_[i] && ranks_[j] < ranks_[i] &&
          (twins_[i] == no_twin || ranks_[j] > ranks_[twins_[i]])) {
        twins_[i] = j;
      }
    }
  }
}

void Search::count(std::uint32_t item, std::int32_t sign) noexcept {
  const std::int32_t size = sign * sizes_[item];
  const auto first = static_cast<std::uint32_t>(firsts_[item]);
  const auto last = static_cast<std::uint32_t>(lasts_[item]);
  for (std::uint32_t s = first; s < last; ++s) remaining_[s] += size;
  for (std::uint32_t s = first + 1; s < last; ++s) crossing_[s] += sign;
}

Outcome Search::solve(Span sections, Deadline deadline) noexcept {
  depth_ = 0;
  const std::size_t items = sizes_.size();
  Level root;
  root.sections = sections;
  root.items = items_within(sections);
  root.lows = arena_.data();
  root.bounds = arena_.data() + items;
  root.rest_lows = arena_.data() + 2 * items;
  descend(root, -1);
  while (true) {
    Level& level = levels_[depth_ - 1];
    if (next_choice(level)) {
      if (nodes_left_ == 0 || (nodes_left_ % 16 == 0 && deadline.passed())) return Outcome::gave_up;
      --nodes_left_;
      if (!place(level)) {
        undo(level);
        continue;
      }
      level.section = level.sections.first;
      // What is solved returns to the first level that has more to solve.
      while (!next_rest(levels_[depth_ - 1])) {
        if (--depth_ == 0) return Outcome::found;
        levels_[depth_ - 1].part_is_solved = true;
      }
    } else {
      if (--depth_ == 0) return Outcome::none;
      undo(levels_[depth_ - 1]);
    }
  }
}

void Search::descend(Level level, std::int64_t after) noexcept {
  level.after = after;
  level.part_is_solved = false;
  level.rest_bounds = level.rest_lows + (level.items.last - level.items.first);
  // What lies wholly below a choice should have been placed first; and in no section may the rest, all
  // of it at or above the choice, end beyond the height.
  std::int32_t lowest_top = placed;
  for (std::uint32_t i = level.items.first; i < level.items.last; ++i) {
    lowest_top = std::min(lowest_top, level.lows[i - level.items.first] + sizes_[i]);
  }
  std::int32_t most_remaining = 0;
  for (std::uint32_t s = level.sections.first; s < level.sections.last; ++s) {
    most_remaining = std::max(most_remaining, remaining_[s]);
  }
  level.cut = std::min(lowest_top, height_ - most_remaining + 1);
  levels_[depth_++] = level;
}

bool Search::next_choice(Level& level) noexcept {
  std::int64_t next = INT64_MAX;
  const std::uint32_t begin = level.items.first;
  const std::uint32_t item_count = level.items.last - begin;
  const std::int32_t* lows = level.lows;
  const std::int32_t* bounds = level.bounds;
  const auto lowest = static_cast<std::int32_t>(level.after >> 32U);
  std::int32_t cut = level.cut;
  for (std::uint32_t i = 0; i < item_count; ++i) {
    const std::int32_t low = lows[i];
    if (low < lowest || low >= cut || bounds[i] != low) continue;
    const std::int64_t key = key_of(low, begin + i);
    if (key <= level.after || key >= next) continue;
    const std::uint32_t twin = twins_[begin + i];
    if (twin != no_twin && lows[twin - begin] != placed) continue;
    next = key;
    cut = low + 1;
    level.choice = begin + i;
  }
  if (next == INT64_MAX) return false;
  level.after = next;
  return true;
}

bool Search::next_rest(Level& level) noexcept {
  std::uint32_t first = level.section;
  while (first < level.sections.last && remaining_[first] == 0) ++first;
  if (first == level.sections.last) return false;
  std::uint32_t last = first + 1;
  while (last < level.sections.last && crossing_[last] > 0) ++last;
  level.section = last;
  Level rest;
  rest.sections = {first, last};
  rest.items = items_within(rest.sections);
  rest.lows = level.rest_lows + (rest.items.first - level.items.first);
  rest.bounds = level.rest_bounds + (rest.items.first - level.items.first);
  rest.rest_lows = level.rest_bounds + (level.items.last - level.items.first);
  descend(rest, level.after);
  return true;
}

void Search::undo(Level& level) noexcept {
  if (level.part_is_solved) {
    // Items of the solved part are placed too.
    for (std::uint32_t s = level.sections.first; s < level.sections.last; ++s) {
      remaining_[s] = crossing_[s] = 0;
    }
    for (std::uint32_t i = level.items.first; i < level.items.last; ++i) {
      if (level.lows[i - level.items.first] != placed) count(i, 1);
    }
    level.part_is_solved = false;
  } else {
    count(level.choice, 1);
  }
  // The rest fails without the choice just as well.
  if (!level.choice_matters) level.cut = 0;
}

}  // namespace bufgc::planning
