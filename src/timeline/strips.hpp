#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace bufgc::timeline {

/// A strip of the vertical axis.
struct Strip {
  std::uint64_t y = 0;
  std::uint64_t height = 0;
  friend bool operator==(Strip, Strip) = default;
};

/// Where each box stands. A cache serves many from the same few places: a box then has but the number of its
/// strip, four bytes in place of sixteen.
class Strips {
 public:
  /// Each box has a strip of its own, to be added and changed.
  Strips() = default;
  /// Of each box the number of its strip.
  Strips(std::vector<Strip> strips, std::vector<std::uint32_t> numbers) noexcept
      : strips_(std::move(strips)), numbers_(std::move(numbers)), numbered_(true) {}

  [[nodiscard]] std::size_t size() const noexcept { return numbered_ ? numbers_.size() : strips_.size(); }
  [[nodiscard]] Strip operator[](std::size_t box) const noexcept {
    return strips_[numbered_ ? numbers_[box] : box];
  }
  void add(Strip strip) { strips_.push_back(strip); }
  void move(std::size_t box, std::uint64_t y) noexcept { strips_[box].y = y; }

 private:
  std::vector<Strip> strips_;
  std::vector<std::uint32_t> numbers_;
  bool numbered_ = false;
};

}  // namespace bufgc::timeline
