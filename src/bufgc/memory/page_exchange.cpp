#include "bufgc/memory/page_exchange.hpp"

#include <algorithm>

namespace bufgc {
namespace {

// How far the reserve may pass the most that was live before free pages are exchanged: room that
// spares calls of the system.
constexpr unsigned slack_shift = 7;
constexpr std::uint64_t least_slack_bytes = std::uint64_t{128} * 1024;

// Exchanged pages must be faulted in again. A program that repeats itself at the same peak settles:
// after so many times its peak it is given more room instead.
constexpr std::uint64_t exchange_factor = 16;
constexpr unsigned settled_slack_shift = 2;

}  // namespace

void PageExchange::before_growth(Arena& arena, std::size_t capacity_bytes,
                                 std::uint64_t most_live_bytes) noexcept {
  if (most_live_bytes > most_live_bytes_) {
    most_live_bytes_ = most_live_bytes;
    left_bytes_ = most_live_bytes * exchange_factor;
  }
  const bool settled = left_bytes_ == 0;
  const std::uint64_t slack = most_live_bytes >> (settled ? settled_slack_shift : slack_shift);
  const std::uint64_t allowed = most_live_bytes + std::max(slack, least_slack_bytes);
  const std::uint64_t grown = arena.reserved_bytes() + capacity_bytes;
  if (grown <= allowed) return;
  const std::uint64_t released = arena.release_pages(grown - allowed);
  left_bytes_ -= std::min(released, left_bytes_);
}

}  // namespace bufgc
