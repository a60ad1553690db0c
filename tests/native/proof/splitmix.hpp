#pragma once

#include <cstdint>

namespace bufgc::proof {

/// A generator of one word: ThreadSanitizer watches all memory, and that of std::mt19937_64 is large.
class Random {
 public:
  explicit Random(std::uint64_t seed) noexcept : state_(seed) {}
  /// The method "SplitMix64" of Steele, Lea and Flood, "Fast splittable pseudorandom number generators"
  /// (2014).
  std::uint64_t operator()() noexcept {
    std::uint64_t word = state_ += 0x9e3779b97f4a7c15U;
    word = (word ^ (word >> 30U)) * 0xbf58476d1ce4e5b9U;
    word = (word ^ (word >> 27U)) * 0x94d049bb133111ebU;
    return word ^ (word >> 31U);
  }
  std::uint64_t below(std::uint64_t bound) noexcept { return (*this)() % bound; }
  bool one_in(std::uint64_t count) noexcept { return below(count) == 0; }

 private:
  std::uint64_t state_;
};

}  // namespace bufgc::proof
