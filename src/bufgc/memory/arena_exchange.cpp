// How the arena grows without more memory: free pages change their place.

#include <algorithm>

#include "bufgc/memory/align.hpp"
#include "bufgc/memory/arena.hpp"

namespace bufgc {

void Arena::vacate(std::uint64_t wanted_bytes, std::byte* to, const Range* spared,
                   Exchange& exchange) noexcept {
  while (wanted_bytes > 0) {
    Range* range = bins_.find_large(spared);
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

Arena::Exchange Arena::grow_by_exchange(std::size_t capacity_bytes, std::uint64_t wanted_limit_bytes,
                                        std::uint64_t limit_bytes) noexcept {
  Exchange exchange;
  if (source_.least_move_bytes() == 0) {
    // What is released may be what is then acquired, so it goes first.
    const std::uint64_t grown = reserved_bytes_ + capacity_bytes;
    if (grown > wanted_limit_bytes) vacate(grown - wanted_limit_bytes, nullptr, nullptr, exchange);
    exchange.grown = grow(capacity_bytes, 0, limit_bytes);
    return exchange;
  }
  const Place place = place_for(capacity_bytes, wanted_limit_bytes, limit_bytes);
  if (!place.segment) return exchange;
  vacate(place.exchanged_bytes, place.segment.data, place.tail, exchange);
  // The heap may have had no room for the records of all those cuts.
  if (place.segment.size_bytes > limit_bytes - reserved_bytes_) {
    ++counts_.source_calls;
    source_.release(place.segment);
    return exchange;
  }
  exchange.grown = add(place.segment);
  return exchange;
}

Arena::Place Arena::place_for(std::size_t capacity_bytes, std::uint64_t wanted_limit_bytes,
                              std::uint64_t limit_bytes) noexcept {
  const auto at = [&](Extent* extent) noexcept {
    Place place;
    std::size_t lacking = capacity_bytes;
    std::uint64_t free_page_bytes = bins_.page_bytes();
    if (extent != nullptr && extent->back.before->state == RangeState::free) {
      place.tail = extent->back.before;
      lacking -= place.tail->capacity_bytes;
      free_page_bytes -= bins_.pages_of(place.tail).size_bytes;
    }
    lacking = round_up(lacking, page_bytes_);
    const std::uint64_t grown = reserved_bytes_ + lacking;
    const std::uint64_t excess = grown > wanted_limit_bytes ? grown - wanted_limit_bytes : 0;
    place.exchanged_bytes = std::min<std::uint64_t>({excess, lacking, free_page_bytes});
    if (grown - place.exchanged_bytes > limit_bytes) return Place{};
    place.segment = extent == nullptr ? source_.acquire(lacking) : source_.acquire_at(extent->end, lacking);
    if (place.segment || extent == nullptr) ++counts_.source_calls;
    return place;
  };
  int tried = 0;
  for (Extent* extent = lowest_; extent != nullptr; extent = extent->next) {
    if (++tried == most_extents) extent = highest_;
    if (const Place place = at(extent); place.segment) return place;
  }
  return at(nullptr);
}

}  // namespace bufgc
