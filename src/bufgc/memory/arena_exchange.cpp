// How the arena grows without more memory: free pages change their place.

#include <algorithm>

#include "bufgc/memory/align.hpp"
#include "bufgc/memory/arena.hpp"

namespace bufgc {

void Arena::vacate(std::uint64_t wanted_bytes, std::byte* to, Exchange& exchange) noexcept {
  while (wanted_bytes > 0) {
    Range* range = bins_.find_large();
    if (range == nullptr) return;
    const Segment pages = highest_pages(range, wanted_bytes);
    if (!take_out(range, pages)) return;
    wanted_bytes -= std::min<std::uint64_t>(pages.size_bytes, wanted_bytes);
    ++counts_.source_calls;
    if (to != nullptr && pages.size_bytes >= source_.least_move_bytes() && source_.move(pages, to)) {
      to += pages.size_bytes;
      ++exchange.moves;
      counts_.moved_bytes += pages.size_bytes;
      counts_.moved_pages += pages.size_bytes / page_bytes_;
    } else {
      source_.release(pages);
      exchange.released_bytes += pages.size_bytes;
    }
  }
}

Arena::Place Arena::place_after(const Extent* extent, std::size_t capacity_bytes) const noexcept {
  const auto free_bytes = [](const Range* range) noexcept {
    return range->state == RangeState::free ? range->capacity_bytes : 0;
  };
  Range* below = extent->back.before;
  Place place{extent->end, round_up(capacity_bytes - free_bytes(below), page_bytes_)};
  if (free_bytes(below) > 0) place.below = below;
  if (extent->next == nullptr) return place;
  const std::size_t hole_bytes = bytes_between(extent->end, extent->next->begin);
  if (hole_bytes > place.bytes) return place;
  Range* above = extent->next->front.after;
  if (free_bytes(below) + hole_bytes + free_bytes(above) < capacity_bytes) return {};
  place.bytes = hole_bytes;
  if (free_bytes(above) > 0) place.above = above;
  return place;
}

Arena::Place Arena::cheapest_place(std::size_t capacity_bytes,
                                   std::uint64_t wanted_limit_bytes) const noexcept {
  const auto page_bytes = [&](const Range* range) noexcept {
    return range == nullptr ? 0 : bins_.pages_of(range).size_bytes;
  };
  Place cheapest{nullptr, round_up(capacity_bytes, page_bytes_)};
  int tried = 0;
  for (const Extent* extent = lowest_; extent != nullptr; extent = extent->next) {
    if (++tried == most_places) extent = highest_;
    const Place place = place_after(extent, capacity_bytes);
    if (place.at == nullptr || place.bytes >= cheapest.bytes) continue;
    // Enough free pages must lie elsewhere.
    const std::uint64_t elsewhere = bins_.page_bytes() - page_bytes(place.below) - page_bytes(place.above);
    if (reserved_bytes_ + place.bytes <= wanted_limit_bytes + elsewhere) cheapest = place;
  }
  return cheapest;
}

Segment Arena::back(const Place& place, std::uint64_t wanted_limit_bytes, std::uint64_t limit_bytes,
                    Exchange& exchange) noexcept {
  const std::uint64_t grown = reserved_bytes_ + place.bytes;
  const std::uint64_t excess = grown > wanted_limit_bytes ? grown - wanted_limit_bytes : 0;
  const std::uint64_t exchanged = std::min<std::uint64_t>({excess, place.bytes, bins_.page_bytes()});
  if (grown - exchanged > limit_bytes) return {};
  const Segment segment =
      place.at == nullptr ? source_.acquire(place.bytes) : source_.acquire_at(place.at, place.bytes);
  ++counts_.source_calls;
  if (!segment) return {};
  vacate(exchanged, segment.data, exchange);
  if (segment.size_bytes <= limit_bytes - reserved_bytes_) return segment;
  // The heap had no room for the records of all those cuts.
  ++counts_.source_calls;
  source_.release(segment);
  return {};
}

bool Arena::exchange_into(const Place& place, std::uint64_t wanted_limit_bytes, std::uint64_t limit_bytes,
                          Exchange& exchange) noexcept {
  // What the place joins is not what makes room for it.
  for (Range* beside : {place.below, place.above}) {
    if (beside != nullptr) bins_.remove(beside);
  }
  const Segment segment = back(place, wanted_limit_bytes, limit_bytes, exchange);
  for (Range* beside : {place.below, place.above}) {
    if (beside != nullptr) bins_.insert(beside);
  }
  return segment && add(segment);
}

Arena::Exchange Arena::grow_by_exchange(std::size_t capacity_bytes, std::uint64_t wanted_limit_bytes,
                                        std::uint64_t limit_bytes) noexcept {
  Exchange exchange;
  if (source_.least_move_bytes() == 0) {
    // What is released may be what is then acquired, so it goes first.
    const std::uint64_t grown = reserved_bytes_ + capacity_bytes;
    if (grown > wanted_limit_bytes) vacate(grown - wanted_limit_bytes, nullptr, exchange);
    exchange.grown = grow(capacity_bytes, 0, limit_bytes);
    return exchange;
  }
  const Place cheapest = cheapest_place(capacity_bytes, wanted_limit_bytes);
  exchange.grown = exchange_into(cheapest, wanted_limit_bytes, limit_bytes, exchange);
  if (!exchange.grown && cheapest.at != nullptr) {
    // There the source has no room, as when another's memory lies between.
    const Place anywhere{nullptr, round_up(capacity_bytes, page_bytes_)};
    exchange.grown = exchange_into(anywhere, wanted_limit_bytes, limit_bytes, exchange);
  }
  return exchange;
}

}  // namespace bufgc
