#pragma once

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
  Memo() : places_(places) {
    places_[0].number = 1;  // 0 belongs there, so that no place begins with a number of its own
  }

  /// What is remembered of a number, to be read and written; `first()` where that is nothing.
  template <class First>
  [[nodiscard]] Answer& of(std::uint64_t number, First&& first) {
    Place& place = places_[static_cast<std::size_t>((number * 0x9E3779B97F4A7C15ULL) >> (64U - place_bits))];
    if (place.number != number) place = {number, std::forward<First>(first)()};
    return place.answer;
  }

 private:
  static constexpr unsigned place_bits = 15;
  static constexpr std::size_t places = std::size_t{1} << place_bits;
  struct Place {
    std::uint64_t number = 0;
    Answer answer{};
  };
  std::vector<Place> places_;
};

}  // namespace bufgc::timeline
