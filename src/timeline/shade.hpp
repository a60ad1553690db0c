#pragma once

// Private to the pictures.

#include <cstdint>
#include <cstring>

#include "timeline/color.hpp"
#include "timeline/lanes.hpp"

namespace bufgc::timeline {

/// Red, green, blue and coverage of a pixel, so far.
using Shade = Four;

inline Shade shade_of(Color color, float share) noexcept {
  return Shade{static_cast<float>(color.red), static_cast<float>(color.green), static_cast<float>(color.blue),
               1.0F} *
         share;
}

/// Over the background; where more than the whole pixel is covered, the mean.
inline Shade mix(Shade shade, Shade background) noexcept {
  const float cover = shade[3];
  if (cover > 1.0F) return shade * (1.0F / cover);
  return shade + background * (1.0F - cover);
}

/// Writes the pixel's four bytes.
inline void put(Shade color, std::uint8_t* pixel) noexcept {
  using Integers = std::int32_t __attribute__((vector_size(16)));
  using Bytes = std::uint8_t __attribute__((vector_size(4)));
  const auto rounded = __builtin_convertvector(color + 0.5F, Integers);
  const auto bytes = __builtin_convertvector(rounded | Integers{0, 0, 0, 0xFF}, Bytes);
  std::memcpy(pixel, &bytes, sizeof bytes);
}

/// Puts a colour over what is resolved already, by the share covered.
inline void put_over(Shade over, float share, std::uint8_t* pixel) noexcept {
  const Shade under{static_cast<float>(pixel[0]), static_cast<float>(pixel[1]), static_cast<float>(pixel[2]),
                    1.0F};
  put(under + (over - under) * share, pixel);
}

}  // namespace bufgc::timeline
