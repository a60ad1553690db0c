#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace bufgc {

/// Bytes that nobody writes by chance: a row of them for each block, from a seed that only its allocator
/// knows. (The row is of the block, not of its address, so that compaction may move it.)
class Canary {
 public:
  explicit Canary(std::uint64_t seed) noexcept : seed_(seed) {}

  /// Writes the row's bytes from number `first` on.
  void write(std::byte* begin, std::byte* end, std::size_t first) const noexcept {
    for (; begin != end; ++begin, ++first) *begin = at(first);
  }
  /// The first byte that is not the row's, or `end`.
  [[nodiscard]] const std::byte* find_damage(const std::byte* begin, const std::byte* end,
                                             std::size_t first) const noexcept {
    while (begin != end && *begin == at(first)) ++begin, ++first;
    return begin;
  }
  [[nodiscard]] std::byte at(std::size_t index) const noexcept {
    return static_cast<std::byte>(mixed(seed_ + index / 8) >> (index % 8 * 8));
  }

  /// Every bit of `value` decides over every bit of the answer (the finalizer of MurmurHash3, with Stafford's
  /// constants, as in splitmix64).
  [[nodiscard]] static constexpr std::uint64_t mixed(std::uint64_t value) noexcept {
    value += 0x9E3779B97F4A7C15U;
    value = (value ^ (value >> 30U)) * 0xBF58476D1CE4E5B9U;
    value = (value ^ (value >> 27U)) * 0x94D049BB133111EBU;
    return value ^ (value >> 31U);
  }

 private:
  std::uint64_t seed_;
};

/// What freed blocks are filled with.
inline constexpr std::byte freed_byte{0xDB};

/// The first byte that is not `freed_byte`, or `end`.
[[nodiscard]] inline const std::byte* find_written(const std::byte* begin, const std::byte* end) noexcept {
  if (begin == end) return end;
  const auto bytes = static_cast<std::size_t>(end - begin);
  // Each byte equals the one before it, which the C library compares many at a time.
  if (*begin == freed_byte && std::memcmp(begin, begin + 1, bytes - 1) == 0) return end;
  while (*begin == freed_byte) ++begin;
  return begin;
}

}  // namespace bufgc
