#include "timeline/places.hpp"

#include <numeric>

#include "timeline/rows.hpp"

namespace bufgc::timeline {

Places::Places(const Lifecycles& lifecycles)
    : Places(lifecycles, static_cast<std::uint32_t>(lifecycles.size())) {
  if (lifecycles.moves.empty()) return;
  last_.resize(rows_);
  std::iota(last_.begin(), last_.end(), 0U);
  next_.assign(rows_, Lifecycles::none);
  std::uint32_t step = Lifecycles::none;     // The first move of those that follow each other.
  std::uint32_t awaited = Lifecycles::none;  // The event of the next, if it follows.
  for (const Lifecycles::Move& move : lifecycles.moves) {
    if (move.event != awaited) step = move.event;
    awaited = move.event + 1;
    if (is_view(lifecycles, move.row) || lifecycles.address[move.row] == Lifecycles::no_address) continue;
    std::uint32_t& last = last_[move.row];
    if (moved_in(last) && begin_event(last) == step) {
      moved_[last - rows_].address = move.to;
      continue;
    }
    const auto box = static_cast<std::uint32_t>(size());
    moved_.push_back({move.row, step, move.to});
    next_.push_back(Lifecycles::none);
    next_[last] = box;
    last = box;
  }
}

}  // namespace bufgc::timeline
