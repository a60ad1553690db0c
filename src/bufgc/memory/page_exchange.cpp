#include "bufgc/memory/page_exchange.hpp"

#include <algorithm>

namespace bufgc {
namespace {

// How far the reserve may pass the most that was live before free pages are exchanged: room that
// spares calls of the system.
constexpr unsigned slack_shift = 7;
constexpr std::uint64_t least_slack_bytes = std::uint64_t{64} * 1024;

// What is released must be faulted in again; a move costs as much as to fault in so many bytes.
constexpr std::uint64_t move_cost_bytes = std::uint64_t{32} * 1024;

// A program that repeats itself at the same peak settles: once its exchanges have cost as much as to
// fault in a quarter of its peak (and what `left_bytes_` begins with), it is given more room instead.
constexpr unsigned allowance_shift = 2;
constexpr unsigned settled_slack_shift = 2;

}  // namespace

std::uint64_t PageExchange::free_limit_bytes(std::uint64_t most_live_bytes) noexcept {
  if (most_live_bytes > most_live_bytes_) {
    left_bytes_ += (most_live_bytes - most_live_bytes_) >> allowance_shift;
    most_live_bytes_ = most_live_bytes;
  }
  const unsigned shift = left_bytes_ == 0 ? settled_slack_shift : slack_shift;
  return most_live_bytes + std::max(most_live_bytes >> shift, least_slack_bytes);
}

bool PageExchange::grow(Arena& arena, const Growth& growth) noexcept {
  if (!arena.can_exchange_pages()) {
    return arena.grow(growth.capacity_bytes, growth.step_bytes, growth.limit_bytes);
  }
  const std::uint64_t free_limit_bytes =
      std::min(this->free_limit_bytes(growth.most_live_bytes), growth.limit_bytes);
  if (arena.grow(growth.capacity_bytes, growth.step_bytes, free_limit_bytes)) return true;
  const Arena::Exchange exchange =
      arena.grow_by_exchange(growth.capacity_bytes, free_limit_bytes, growth.limit_bytes);
  const std::uint64_t cost_bytes = exchange.moves * move_cost_bytes + exchange.released_bytes;
  left_bytes_ -= std::min(cost_bytes, left_bytes_);
  return exchange.grown;
}

}  // namespace bufgc
