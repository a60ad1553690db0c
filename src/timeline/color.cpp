#include "timeline/color.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "timeline/rows.hpp"

namespace bufgc::timeline {
namespace {

/// Viridis at nine even steps; between them, straight lines.
constexpr std::array<Color, 9> viridis_steps{{{0x44, 0x01, 0x54},
                                              {0x47, 0x2D, 0x7B},
                                              {0x3B, 0x52, 0x8B},
                                              {0x2C, 0x72, 0x8E},
                                              {0x21, 0x91, 0x8C},
                                              {0x28, 0xAE, 0x80},
                                              {0x5E, 0xC9, 0x62},
                                              {0xAD, 0xDC, 0x30},
                                              {0xFD, 0xE7, 0x25}}};

constexpr std::size_t magnitude_classes = 64;

std::uint8_t between(std::uint8_t a, std::uint8_t b, double share) noexcept {
  return static_cast<std::uint8_t>(std::lround(a + (b - a) * share));
}

}  // namespace

std::string to_hex(Color color) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text = "#";
  for (const std::uint8_t part : {color.red, color.green, color.blue}) {
    text += digits[part >> 4U];
    text += digits[part & 15U];
  }
  return text;
}

Color viridis(double position) noexcept {
  const double at = std::clamp(position, 0.0, 1.0) * static_cast<double>(viridis_steps.size() - 1);
  const auto step = std::min(static_cast<std::size_t>(at), viridis_steps.size() - 2);
  const double share = at - static_cast<double>(step);
  const Color a = viridis_steps[step];
  const Color b = viridis_steps[step + 1];
  return {between(a.red, b.red, share), between(a.green, b.green, share), between(a.blue, b.blue, share)};
}

ColorMap::ColorMap(const Lifecycles& lifecycles, ColorBy by, TraceEnd end) : classes_(lifecycles.size()) {
  switch (by) {
    case ColorBy::state:
      by_state(lifecycles, end);
      break;
    case ColorBy::label:
      by_name(lifecycles, lifecycles.label);
      break;
    case ColorBy::dtype:
      by_name(lifecycles, lifecycles.dtype);
      break;
    case ColorBy::size:
      by_magnitude([&](std::size_t row) { return lifecycles.size_bytes[row]; });
      break;
    case ColorBy::lifetime:
      by_magnitude([&](std::size_t row) { return lifetime_events(lifecycles, row); });
      break;
  }
}

void ColorMap::by_state(const Lifecycles& lifecycles, TraceEnd end) {
  palette_ = {released_color, alive_color_of(end), external_color};
  for (std::size_t row = 0; row < classes_.size(); ++row) {
    if (is_alive_at_end(lifecycles, row)) {
      classes_[row] = 1;
    } else if (!is_owned(lifecycles, row)) {
      classes_[row] = 2;
    }
  }
}

void ColorMap::by_name(const Lifecycles& lifecycles, const NarrowColumn<std::uint32_t>& names) {
  // The names that most bytes belong to get the colours; equal ones in order of their names.
  std::vector<std::uint64_t> bytes(lifecycles.strings.size());
  for (std::size_t row = 0; row < classes_.size(); ++row) {
    bytes[names[row]] += lifecycles.size_bytes[row];
  }
  std::vector<std::uint32_t> order(bytes.size());
  std::iota(order.begin(), order.end(), 0U);
  const std::size_t colored = std::min(tol::groups.size(), order.size());
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(colored), order.end(),
                    [&](std::uint32_t a, std::uint32_t b) {
                      if (bytes[a] != bytes[b]) return bytes[a] > bytes[b];
                      return lifecycles.strings.at(a) < lifecycles.strings.at(b);
                    });
  palette_.assign(tol::groups.begin(), tol::groups.end());
  palette_.push_back(tol::grey);
  std::vector<std::uint8_t> rank(bytes.size(), static_cast<std::uint8_t>(tol::groups.size()));
  for (std::size_t i = 0; i < colored; ++i) {
    // A buffer without the name stays grey, however many bytes such buffers have.
    if (order[i] != 0 && bytes[order[i]] != 0) rank[order[i]] = static_cast<std::uint8_t>(i);
  }
  for (std::size_t row = 0; row < classes_.size(); ++row) classes_[row] = rank[names[row]];
}

template <class ValueOf>
void ColorMap::by_magnitude(ValueOf&& value_of) {
  for (std::size_t i = 0; i < magnitude_classes; ++i) {
    palette_.push_back(viridis(static_cast<double>(i) / static_cast<double>(magnitude_classes - 1)));
  }
  if (classes_.empty()) return;
  std::uint64_t lowest = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t highest = 0;
  for (std::size_t row = 0; row < classes_.size(); ++row) {
    const std::uint64_t value = value_of(row);
    lowest = std::min(lowest, value);
    highest = std::max(highest, value);
  }
  const double low = std::log2(static_cast<double>(lowest) + 1);
  const double range = std::log2(static_cast<double>(highest) + 1) - low;
  if (!(range > 0)) {
    std::fill(classes_.begin(), classes_.end(), static_cast<std::uint8_t>(magnitude_classes / 2));
    return;
  }
  const auto class_of = [&](std::uint64_t value) {
    const double at = (std::log2(static_cast<double>(value) + 1) - low) / range;
    return static_cast<std::size_t>(std::lround(at * static_cast<double>(magnitude_classes - 1)));
  };
  // The least value beyond each class, so that rows need no logarithm.
  std::array<std::uint64_t, magnitude_classes - 1> beyond{};
  for (std::size_t i = 0; i < beyond.size(); ++i) {
    std::uint64_t from = lowest;
    std::uint64_t to = highest;
    while (from < to) {
      const std::uint64_t middle = from + (to - from) / 2;
      if (class_of(middle) > i) {
        to = middle;
      } else {
        from = middle + 1;
      }
    }
    beyond[i] = to;
  }
  for (std::size_t row = 0; row < classes_.size(); ++row) {
    const auto above = std::upper_bound(beyond.begin(), beyond.end(), value_of(row));
    classes_[row] = static_cast<std::uint8_t>(above - beyond.begin());
  }
}

}  // namespace bufgc::timeline
