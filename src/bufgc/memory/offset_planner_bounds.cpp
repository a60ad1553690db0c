// The part of the search that tells, after a choice, whether the rest may still fit; and what it
// looks up for that.

#include <algorithm>

#include "bufgc/memory/offset_planner_search.hpp"

namespace bufgc::planning {

bool Search::prepare(std::span<const Item> items, std::size_t section_count) noexcept {
  const std::size_t count = items.size();
  if (!firsts_.allocate(count) || !lasts_.allocate(count) || !sizes_.allocate(count) ||
      !offsets_.allocate(count) || !twins_.allocate(count) || !same_lifetime_.allocate(count) ||
      !first_items_.allocate(section_count + 1) || !remaining_.allocate(section_count) ||
      !crossing_.allocate(section_count) || !witnesses_.allocate(section_count) ||
      !levels_.allocate(count + 1) || !arena_.allocate(2 * count * (count + 1))) {
    return false;
  }
  for (std::size_t i = 0; i < count; ++i) {
    firsts_[i] = static_cast<std::int32_t>(items[i].first);
    lasts_[i] = static_cast<std::int32_t>(items[i].last);
    sizes_[i] = static_cast<std::int32_t>(items[i].size);
  }
  for (std::uint32_t s = 0, i = 0; s <= section_count; ++s) {
    while (i < count && items[i].first < s) ++i;
    first_items_[s] = i;
  }
  const auto same = [&](std::size_t a, std::size_t b) {
    return items[a].first == items[b].first && items[a].last == items[b].last;
  };
  for (std::uint32_t first = 0, last = 0; first < count; first = last) {
    while (last < count && same(first, last)) ++last;
    std::fill(same_lifetime_.begin() + first, same_lifetime_.begin() + last, Span{first, last});
  }
  return prepare_incidence();
}

bool Search::prepare_incidence() noexcept {
  const std::size_t section_count = remaining_.size();
  if (!item_lists_.allocate(section_count + 2)) return false;
  // Counted two places on, summed up to one place on, filled in to where each list begins.
  const auto each = [&](auto visit) {
    for (std::uint32_t i = 0; i < sizes_.size(); ++i) {
      for (std::int32_t s = firsts_[i]; s < lasts_[i]; ++s) visit(i, static_cast<std::size_t>(s));
    }
  };
  each([&](std::uint32_t, std::size_t section) { ++item_lists_[section + 2]; });
  for (std::size_t s = 2; s < item_lists_.size(); ++s) item_lists_[s] += item_lists_[s - 1];
  if (!listed_items_.allocate(item_lists_[section_count + 1])) return false;
  each([&](std::uint32_t item, std::size_t section) { listed_items_[item_lists_[section + 1]++] = item; });
  return true;
}

bool Search::place(Level& level) noexcept {
  const std::uint32_t begin = level.items.first;
  const std::uint32_t item_count = level.items.last - begin;
  const std::uint32_t choice = level.choice;
  const std::int32_t offset = level.lows[choice - begin];
  const std::int32_t top = offset + sizes_[choice];
  const std::int32_t first = firsts_[choice];
  const std::int32_t last = lasts_[choice];
  offsets_[choice] = offset;
  count(choice, -1);
  level.choice_matters = false;
  for (std::int32_t s = first; s < last; ++s) {
    level.choice_matters |= remaining_[static_cast<std::size_t>(s)] != 0;
  }

  // These two loops run over all items of the level without a branch, so that they become vector code.
  const std::int32_t* firsts = &firsts_[begin];
  const std::int32_t* lasts = &lasts_[begin];
  const std::int32_t* sizes = &sizes_[begin];
  std::int32_t* lows = level.rest_lows;
  std::int32_t* bounds = level.rest_bounds;
  for (std::uint32_t i = 0; i < item_count; ++i) {
    const bool stands_above = (firsts[i] < last) & (lasts[i] > first);
    lows[i] = std::max(level.lows[i], stands_above ? top : 0);
    bounds[i] = std::max(level.bounds[i], lows[i]);
  }
  lows[choice - begin] = placed;
  bounds[choice - begin] = placed;
  for (std::uint32_t i = same_lifetime_[choice].first; i < same_lifetime_[choice].last; ++i) {
    if (lows[i - begin] == top && ranks_[i] < ranks_[choice]) {
      bounds[i - begin] = std::max(bounds[i - begin], top + 1);
    }
  }
  std::int32_t lowest_top = placed;
  std::int32_t lowest_bound = placed;
  std::int32_t highest_top = 0;
  for (std::uint32_t i = 0; i < item_count; ++i) {
    lowest_top = std::min(lowest_top, lows[i] + sizes[i]);
    lowest_bound = std::min(lowest_bound, bounds[i]);
    highest_top = std::max(highest_top, bounds[i] == placed ? 0 : bounds[i] + sizes[i]);
  }
  if (lowest_top <= offset || highest_top > height_) return false;
  if (lowest_bound < offset && !raise_left_out(level, offset)) return false;
  return sections_may_fit(level);
}

bool Search::raise_left_out(const Level& level, std::int32_t offset) noexcept {
  const std::uint32_t begin = level.items.first;
  const std::uint32_t item_count = level.items.last - begin;
  const std::int32_t* lasts = &lasts_[begin];
  const std::int32_t* sizes = &sizes_[begin];
  std::int32_t* bounds = level.rest_bounds;
  for (std::uint32_t i = 0; i < item_count; ++i) {
    if (bounds[i] >= offset) continue;
    // It will stand on one of those that live beside it, at the earliest on the one with the lowest top;
    // not on itself, nor on one that is placed.
    bounds[i] = placed;
    const std::int32_t first = firsts_[begin + i];
    const std::uint32_t end =
        std::min(first_items_[static_cast<std::size_t>(lasts[i])], level.items.last) - begin;
    std::int32_t carried = placed;
    for (std::uint32_t j = 0; j < end; ++j) {
      const std::int32_t top = std::max(bounds[j], offset) + sizes[j];
      carried = std::min(carried, lasts[j] > first ? top : placed);
    }
    if (carried + sizes[i] > height_) return false;
    bounds[i] = carried;
  }
  return true;
}

bool Search::sections_may_fit(const Level& level) noexcept {
  const std::uint32_t begin = level.items.first;
  const auto lies_low = [&](std::uint32_t item, std::int32_t limit) {
    return item >= begin && item < level.items.last && level.rest_bounds[item - begin] <= limit;
  };
  for (std::uint32_t s = level.sections.first; s < level.sections.last; ++s) {
    // The lowest of the section may begin here at most, for the others to fit above it.
    const std::int32_t limit = height_ - remaining_[s];
    if (remaining_[s] == 0 || lies_low(witnesses_[s], limit)) continue;
    std::uint32_t* const last = listed_items_.begin() + item_lists_[s + 1];
    std::uint32_t* const found = std::find_if(listed_items_.begin() + item_lists_[s], last,
                                              [&](std::uint32_t item) { return lies_low(item, limit); });
    if (found == last) return false;
    witnesses_[s] = *found;
  }
  return true;
}

}  // namespace bufgc::planning
