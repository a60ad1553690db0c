#include "bufgc/memory/decay.hpp"

#include <algorithm>

namespace bufgc {
namespace {

// Twice what was needed stays, and something beside it: a program that settles is given up to a half more
// than its peak, and threads keep an eighth and more on the way between them.
constexpr std::uint64_t kept_factor = 2;
constexpr std::uint64_t always_kept_bytes = std::uint64_t{1} << 20U;

constexpr std::uint64_t most_epoch_allocations = std::uint64_t{1} << 40U;

}  // namespace

std::uint64_t Decay::reserve_limit_bytes(std::uint64_t allocations, std::uint64_t rounding_bytes) noexcept {
  if (allocations - epoch_begin_ < epoch_allocations_) return unlimited;
  const std::uint64_t needed_bytes =
      std::max(most_used_bytes_, most_live_bytes_ + most_live_blocks_ * rounding_bytes);
  const std::uint64_t limit_bytes = needed_bytes * kept_factor + always_kept_bytes;
  // What had decayed was needed again: an epoch was too short to see a whole round.
  if (needed_bytes > last_limit_bytes_) {
    epoch_allocations_ = std::min(epoch_allocations_ * 2, most_epoch_allocations);
    last_limit_bytes_ = unlimited;
  }
  last_limit_bytes_ = std::min(last_limit_bytes_, limit_bytes);
  epoch_begin_ = allocations;
  most_live_bytes_ = 0;
  most_live_blocks_ = 0;
  most_used_bytes_ = 0;
  return limit_bytes;
}

}  // namespace bufgc
