#include "timeline/packing.hpp"

#include <algorithm>
#include <iterator>

#include "timeline/rows.hpp"

namespace bufgc::timeline {

std::uint64_t BestFitRoom::take(std::uint64_t size) {
  const auto fit = by_size_.lower_bound({size, 0});
  if (fit == by_size_.end()) return grow(size);
  const auto [gap_size, gap] = *fit;
  erase(gap, gap_size);
  if (gap_size > size) insert(gap + size, gap_size - size);
  return gap;
}

void BestFitRoom::give(std::uint64_t offset, std::uint64_t size) {
  auto next = by_offset_.lower_bound(offset);
  if (next != by_offset_.end() && next->first == offset + size) {
    const auto [gap, gap_size] = *next;
    size += gap_size;
    erase(gap, gap_size);
    next = by_offset_.lower_bound(offset);
  }
  if (next != by_offset_.begin()) {
    const auto [gap, gap_size] = *std::prev(next);
    if (gap + gap_size == offset) {
      erase(gap, gap_size);
      offset = gap;
      size += gap_size;
    }
  }
  insert(offset, size);
}

/// Nothing fits: the room at the top, if any, is the beginning of the new place.
std::uint64_t BestFitRoom::grow(std::uint64_t size) {
  std::uint64_t offset = height_;
  if (!by_offset_.empty()) {
    const auto [gap, gap_size] = *std::prev(by_offset_.end());
    if (gap + gap_size == height_) {
      offset = gap;
      erase(gap, gap_size);
    }
  }
  height_ = offset + size;
  return offset;
}

void BestFitRoom::insert(std::uint64_t offset, std::uint64_t size) {
  by_offset_.emplace(offset, size);
  by_size_.emplace(size, offset);
}

void BestFitRoom::erase(std::uint64_t offset, std::uint64_t size) {
  by_offset_.erase(offset);
  by_size_.erase({size, offset});
}

Packing pack_rows(const Lifecycles& lifecycles, const std::vector<std::uint32_t>& rows) {
  Packing packing;
  packing.offset.resize(rows.size());

  std::vector<std::uint32_t> births(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) births[i] = static_cast<std::uint32_t>(i);
  std::vector<std::uint32_t> deaths = births;
  const auto by = [&](const std::vector<std::uint32_t>& event) {
    return [&](std::uint32_t a, std::uint32_t b) { return event[rows[a]] < event[rows[b]]; };
  };
  std::stable_sort(births.begin(), births.end(), by(lifecycles.alloc_event));
  std::stable_sort(deaths.begin(), deaths.end(), by(lifecycles.free_event));

  BestFitRoom room;
  std::size_t freed = 0;
  for (const std::uint32_t born : births) {
    // Whoever was freed at or before this event has left; but not one that was born later itself
    // (a lifetime without length).
    const std::uint32_t event = lifecycles.alloc_event[rows[born]];
    for (; freed < deaths.size(); ++freed) {
      const std::uint32_t row = rows[deaths[freed]];
      if (lifecycles.free_event[row] > event || lifecycles.alloc_event[row] >= event) break;
      room.give(packing.offset[deaths[freed]], extent_bytes(lifecycles, row));
    }
    packing.offset[born] = room.take(extent_bytes(lifecycles, rows[born]));
  }
  packing.height = room.height();
  return packing;
}

}  // namespace bufgc::timeline
