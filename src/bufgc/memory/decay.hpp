#pragma once

#include <cstdint>

namespace bufgc {

/// Finds out how much of the reserve a program has not needed for long, so that one whose large phase is over
/// does not hold its peak for ever. Time is counted in allocations, in epochs: the most that was needed at
/// once in an epoch decides what may stay after it. A program that repeats itself needs its peak once in
/// every round; where a round is longer than an epoch, what went comes back, and epochs double.
///
/// Costs the fast path nothing: the most that is live is told by the marks that the counters have anyway, and
/// who comes this way beyond the caches asks whether an epoch is over only every `visits` times.
class Decay {
 public:
  static constexpr std::uint32_t visits = 256;
  static constexpr std::uint64_t unlimited = ~std::uint64_t{0};

  /// 0: nothing ever decays.
  explicit Decay(std::uint64_t after_allocations) noexcept
      : epoch_allocations_(after_allocations == 0 ? unlimited : after_allocations) {}

  /// So many bytes are live now, in so many blocks.
  void on_live(std::uint64_t bytes, std::uint64_t blocks) noexcept {
    if (bytes > most_live_bytes_) most_live_bytes_ = bytes;
    if (blocks > most_live_blocks_) most_live_blocks_ = blocks;
  }
  /// So many bytes of the reserve at least are in use.
  void on_used(std::uint64_t bytes) noexcept {
    if (bytes > most_used_bytes_) most_used_bytes_ = bytes;
  }
  /// Of this epoch, so far.
  [[nodiscard]] std::uint64_t most_live_bytes() const noexcept { return most_live_bytes_; }
  [[nodiscard]] std::uint64_t most_live_blocks() const noexcept { return most_live_blocks_; }

  /// Whether it is worth counting whether an epoch is over.
  [[nodiscard]] bool is_due() noexcept {
    if (epoch_allocations_ == unlimited || --visits_left_ != 0) return false;
    visits_left_ = visits;
    return true;
  }
  /// After `allocations` altogether: how far the reserve may go on as it is; `unlimited` while the epoch
  /// lasts.
  [[nodiscard]] std::uint64_t reserve_limit_bytes(std::uint64_t allocations,
                                                  std::uint64_t rounding_bytes) noexcept;

 private:
  std::uint64_t epoch_allocations_;
  std::uint64_t epoch_begin_ = 0;  ///< In allocations.
  std::uint32_t visits_left_ = visits;
  std::uint64_t most_live_bytes_ = 0;
  std::uint64_t most_live_blocks_ = 0;
  std::uint64_t most_used_bytes_ = 0;
  std::uint64_t last_limit_bytes_ = unlimited;  ///< What an epoch before this one left.
};

}  // namespace bufgc
