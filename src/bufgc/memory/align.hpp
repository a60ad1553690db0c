#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

namespace bufgc {

/// No object is larger than this; sizes beyond it are refused before any arithmetic on them.
inline constexpr std::size_t max_object_bytes = std::numeric_limits<std::size_t>::max() / 2;

/// `bytes` up to a multiple of `alignment`, a power of two. The caller knows that it does not wrap:
/// `bytes <= max_object_bytes` and `alignment <= max_object_bytes` are enough.
[[nodiscard]] constexpr std::size_t round_up(std::size_t bytes, std::size_t alignment) noexcept {
  return (bytes + (alignment - 1)) & ~(alignment - 1);
}

[[nodiscard]] constexpr std::size_t round_down(std::size_t bytes, std::size_t alignment) noexcept {
  return bytes & ~(alignment - 1);
}

/// The position of the highest bit set; `value` is not 0.
[[nodiscard]] constexpr unsigned floor_log2(std::uint64_t value) noexcept {
  return 63U - static_cast<unsigned>(__builtin_clzll(value));
}

/// The distance from `begin` to `end`, which is not before it.
[[nodiscard]] inline std::size_t bytes_between(const std::byte* begin, const std::byte* end) noexcept {
  return static_cast<std::size_t>(end - begin);
}

}  // namespace bufgc
