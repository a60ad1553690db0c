#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace bufgc {

/// Hashes for the tables that trace files fill. Seeded once a process, since a file is hostile until
/// proven otherwise: without the seed it could be made of colliding ids. No result depends on it.
[[nodiscard]] inline std::uint64_t hash_seed() noexcept {
  static const std::uint64_t seed =
      static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count()) *
          0x9e3779b97f4a7c15U ^
      static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(&seed));
  return seed;
}

[[nodiscard]] inline std::uint64_t hash_number(std::uint64_t value, std::uint64_t seed) noexcept {
  value = (value ^ seed) * 0x9e3779b97f4a7c15U;
  value = (value ^ (value >> 32U)) * 0xd6e8feb86659fd93U;
  return value ^ (value >> 32U);
}

[[nodiscard]] inline std::uint64_t hash_text(std::string_view text, std::uint64_t seed) noexcept {
  std::uint64_t hash = seed ^ text.size();
  const char* at = text.data();
  std::size_t left = text.size();
  for (; left >= 8; at += 8, left -= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, 8);
    hash = hash_number(word, hash);
  }
  std::uint64_t tail = 0;
  if (left > 0) std::memcpy(&tail, at, left);
  return hash_number(tail, hash);
}

}  // namespace bufgc
