#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bufgc/viz/lifecycles.hpp"

namespace bufgc::timeline {

struct Color {
  std::uint8_t red = 0;
  std::uint8_t green = 0;
  std::uint8_t blue = 0;
  friend constexpr bool operator==(Color a, Color b) noexcept {
    return a.red == b.red && a.green == b.green && a.blue == b.blue;
  }
};

/// "#4477aa"
[[nodiscard]] std::string to_hex(Color color);

/// Paul Tol's bright scheme, which stays apart for colour-blind eyes; grey is for "all others".
namespace tol {
inline constexpr Color blue{0x44, 0x77, 0xAA};
inline constexpr Color red{0xEE, 0x66, 0x77};
inline constexpr Color green{0x22, 0x88, 0x33};
inline constexpr Color yellow{0xCC, 0xBB, 0x44};
inline constexpr Color cyan{0x66, 0xCC, 0xEE};
inline constexpr Color purple{0xAA, 0x33, 0x77};
inline constexpr Color grey{0xBB, 0xBB, 0xBB};
inline constexpr std::array<Color, 6> groups{blue, cyan, green, yellow, red, purple};
}  // namespace tol

/// The viridis colour map at 0 (dark) to 1 (light).
[[nodiscard]] Color viridis(double position) noexcept;

/// What the colour of a rectangle says.
enum class ColorBy : std::uint8_t { state = 0, label = 1, size = 2, dtype = 3, lifetime = 4 };

/// Colours of the states, the same in pictures, legends and groups.
inline constexpr Color released_color = tol::blue;
inline constexpr Color alive_color = tol::red;
inline constexpr Color external_color = tol::purple;

/// Whether the trace is over. In a closed one, what is alive at its end has leaked or was forgotten,
/// and stands out; in one that still runs it is just alive, in the colour of every life.
enum class TraceEnd : std::uint8_t { closed, open };
[[nodiscard]] constexpr Color alive_color_of(TraceEnd end) noexcept {
  return end == TraceEnd::closed ? alive_color : released_color;
}

/// A colour for every row: an index into a small palette.
class ColorMap {
 public:
  ColorMap() = default;
  ColorMap(const Lifecycles& lifecycles, ColorBy by, TraceEnd end = TraceEnd::closed);

  [[nodiscard]] const std::vector<Color>& palette() const noexcept { return palette_; }
  /// One a row, an index into the palette.
  [[nodiscard]] const std::vector<std::uint8_t>& classes() const noexcept { return classes_; }
  [[nodiscard]] Color of(std::size_t row) const noexcept { return palette_[classes_[row]]; }

 private:
  void by_state(const Lifecycles& lifecycles, TraceEnd end);
  void by_name(const Lifecycles& lifecycles, const NarrowColumn<std::uint32_t>& names);
  template <class ValueOf>
  void by_magnitude(ValueOf&& value_of);

  std::vector<Color> palette_;
  std::vector<std::uint8_t> classes_;
};

}  // namespace bufgc::timeline
