#pragma once

// Private to the pictures. Numbers counted side by side, in what a processor does at once. WebAssembly has
// instructions for what is named here that the compiler does not find by itself.

#include <cstring>

#ifdef __wasm_simd128__
#include <wasm_simd128.h>
#endif

namespace bufgc::timeline {

using Pair = double __attribute__((vector_size(16)));
using Four = float __attribute__((vector_size(16)));

#ifdef __wasm_simd128__

[[nodiscard, gnu::always_inline]] inline Pair lesser(Pair a, Pair b) noexcept {
  return reinterpret_cast<Pair>(wasm_f64x2_pmin(reinterpret_cast<v128_t>(a), reinterpret_cast<v128_t>(b)));
}
[[nodiscard, gnu::always_inline]] inline Pair greater(Pair a, Pair b) noexcept {
  return reinterpret_cast<Pair>(wasm_f64x2_pmax(reinterpret_cast<v128_t>(a), reinterpret_cast<v128_t>(b)));
}
/// Of numbers from 0 to 2^51.
[[nodiscard, gnu::always_inline]] inline Pair floor_of(Pair numbers) noexcept {
  return reinterpret_cast<Pair>(wasm_f64x2_floor(reinterpret_cast<v128_t>(numbers)));
}

#else

[[nodiscard, gnu::always_inline]] inline Pair lesser(Pair a, Pair b) noexcept {
  return b < a ? b : a;
}
[[nodiscard, gnu::always_inline]] inline Pair greater(Pair a, Pair b) noexcept {
  return a < b ? b : a;
}
/// Of numbers from 0 to 2^51.
[[nodiscard, gnu::always_inline]] inline Pair floor_of(Pair numbers) noexcept {
  const Pair nearest = (numbers + 0x1p52) - 0x1p52;
  return nearest > numbers ? nearest - 1.0 : nearest;
}

#endif

/// Adds to four numbers that stand anywhere.
[[gnu::always_inline]] inline void add_to(float* place, Four amounts) noexcept {
  Four sum;
  std::memcpy(&sum, place, sizeof sum);
  sum += amounts;
  std::memcpy(place, &sum, sizeof sum);
}

}  // namespace bufgc::timeline
