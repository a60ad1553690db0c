#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace bufgc::timeline {

/// The last answers for numbers of which the same ones come again and again, as addresses and sizes do: a
/// table of one place a hash, which a newer number takes. So it never grows, and where all numbers differ, or
/// all hashes meet, what is lost is only the answer.
template <class Answer>
class Memo {
 public:
  /// For about so many numbers, of which the distinct ones may be much fewer.
  explicit Memo(std::size_t numbers)
      : shift_(64U - std::clamp(static_cast<unsigned>(std::bit_width(numbers)) + 1, least_bits, most_bits)),
        places_(std::size_t{1} << (64U - shift_)) {
    places_[0].number = 1;  // 0 belongs there, so that no place begins with a number of its own
  }

  /// What is remembered of a number, to be read and written; `first()` where that is nothing.
  template <class First>
  [[nodiscard]] Answer& of(std::uint64_t number, First&& first) {
    Place& place = places_[place_of(number)];
    if (place.number != number) place = {number, std::forward<First>(first)()};
    return place.answer;
  }

 private:
  static constexpr unsigned least_bits = 6;
  static constexpr unsigned most_bits = 17;  ///< More would not stay in the processor's cache.
  /// Addresses are multiples of a large power of two: the product alone would leave most places to none of
  /// them.
  [[nodiscard]] std::size_t place_of(std::uint64_t number) const noexcept {
    constexpr std::uint64_t golden = 0x9E3779B97F4A7C15;
    return static_cast<std::size_t>(((number ^ (number >> 16U)) * golden) >> shift_);
  }
  struct Place {
    std::uint64_t number = 0;
    Answer answer{};
  };
  unsigned shift_;
  std::vector<Place> places_;
};

}  // namespace bufgc::timeline
