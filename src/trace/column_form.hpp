#pragma once

#include <cstdint>

namespace bufgc::trace {

// What the two halves of column_coding.hpp share.
enum class ColumnForm : std::uint8_t { constant = 0, packed = 1, varints = 2, dictionary = 3 };
inline constexpr std::uint8_t differences_flag = 8;
inline constexpr unsigned max_packed_bits = 56;

/// Small for small differences of either sign: the sign stands in the lowest bit.
[[nodiscard]] constexpr std::uint64_t fold_sign(std::uint64_t difference) noexcept {
  return (difference << 1U) ^ (std::uint64_t{0} - (difference >> 63U));
}
[[nodiscard]] constexpr std::uint64_t unfold_sign(std::uint64_t folded) noexcept {
  return (folded >> 1U) ^ (std::uint64_t{0} - (folded & 1U));
}

}  // namespace bufgc::trace
