#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace bufgc::timeline {

/// A set of numbers below a bound. A word holds 64 of them, and each storey above tells with a bit which
/// words of the one below hold any: all calls take a step a storey, four for sixteen million.
class RankSet {
 public:
  static constexpr std::size_t none = SIZE_MAX;

  explicit RankSet(std::size_t bound) {
    ++bound;  // the bound itself has a place, from which `last_below` starts
    do {
      bound = (bound + 63) / 64;
      storeys_.emplace_back(bound);
    } while (bound > 1);
  }

  void insert(std::size_t number) noexcept {
    for (std::vector<std::uint64_t>& words : storeys_) {
      words[number / 64] |= std::uint64_t{1} << (number % 64);
      number /= 64;
    }
  }
  void erase(std::size_t number) noexcept {
    for (std::vector<std::uint64_t>& words : storeys_) {
      words[number / 64] &= ~(std::uint64_t{1} << (number % 64));
      if (words[number / 64] != 0) return;
      number /= 64;
    }
  }
  /// The least that is not below `number`; `none` where there is none.
  [[nodiscard]] std::size_t first_from(std::size_t number) const noexcept {
    for (std::size_t storey = 0; storey < storeys_.size(); ++storey) {
      const std::vector<std::uint64_t>& words = storeys_[storey];
      if (number / 64 >= words.size()) break;
      const std::uint64_t word = words[number / 64] >> (number % 64);
      if (word == 0) {
        number = number / 64 + 1;
        continue;
      }
      number += static_cast<std::size_t>(std::countr_zero(word));
      while (storey-- > 0)
        number = number * 64 + static_cast<std::size_t>(std::countr_zero(storeys_[storey][number]));
      return number;
    }
    return none;
  }
  /// The greatest that is below `number`, which is at most the bound; `none` where there is none.
  [[nodiscard]] std::size_t last_below(std::size_t number) const noexcept {
    for (std::size_t storey = 0; storey < storeys_.size(); ++storey) {
      const std::size_t bits = number % 64;
      number /= 64;
      if (bits == 0) continue;
      const std::uint64_t word = storeys_[storey][number] & ((std::uint64_t{1} << bits) - 1);
      if (word == 0) continue;
      number = number * 64 + highest_bit(word);
      while (storey-- > 0) number = number * 64 + highest_bit(storeys_[storey][number]);
      return number;
    }
    return none;
  }

 private:
  static std::size_t highest_bit(std::uint64_t word) noexcept {
    return static_cast<std::size_t>(std::bit_width(word)) - 1;
  }
  std::vector<std::vector<std::uint64_t>> storeys_;
};

}  // namespace bufgc::timeline
