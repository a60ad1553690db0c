#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace bufgc::timeline {

/// A strip of the vertical axis.
struct Strip {
  std::uint64_t y = 0;
  std::uint64_t height = 0;
  friend bool operator==(const Strip&, const Strip&) = default;
};

/// Where a strip begins and ends.
struct Extent {
  double low;
  double high;
};

/// Where each box stands, by its number. Takes 8 bytes a box where the axis ends below 2^32, as gigabytes of
/// addresses do, and 16 from the first strip on that reaches beyond.
class Strips {
 public:
  Strips() = default;
  /// All of height 0, on an axis that is at least so high.
  Strips(std::size_t boxes, std::uint64_t axis_height) : is_wide_(axis_height > most_narrow) {
    if (is_wide_) {
      wide_.resize(boxes);
    } else {
      narrow_.resize(boxes);
    }
  }

  [[nodiscard]] std::size_t size() const noexcept { return is_wide_ ? wide_.size() : narrow_.size(); }
  [[nodiscard]] Strip operator[](std::size_t box) const noexcept {
    return is_wide_ ? wide_[box] : Strip{narrow_[box].y, narrow_[box].height};
  }
  /// The same, as pictures want it.
  [[nodiscard]] Extent extent(std::size_t box) const noexcept {
    if (is_wide_) {
      const Strip& strip = wide_[box];
      return {static_cast<double>(strip.y), static_cast<double>(strip.y + strip.height)};
    }
    const Narrow& strip = narrow_[box];
    return {static_cast<double>(strip.y), static_cast<double>(strip.y) + static_cast<double>(strip.height)};
  }
  /// Fetches what `extent` will read. WebAssembly has no instruction for that, so it is read and forgotten.
  void fetch(std::size_t box) const noexcept {
    if (is_wide_) return;
    static_cast<void>(*static_cast<const volatile std::uint32_t*>(&narrow_[box].y));
  }
  void set(std::size_t box, const Strip& strip) {
    widen_for(strip);
    if (is_wide_) {
      wide_[box] = strip;
    } else {
      narrow_[box] = narrowed(strip);
    }
  }
  /// That of the next box.
  void add(const Strip& strip) {
    widen_for(strip);
    if (is_wide_) {
      wide_.push_back(strip);
    } else {
      narrow_.push_back(narrowed(strip));
    }
  }

 private:
  static constexpr std::uint64_t most_narrow = std::numeric_limits<std::uint32_t>::max();
  struct Narrow {
    std::uint32_t y = 0;
    std::uint32_t height = 0;
  };
  [[nodiscard]] static Narrow narrowed(const Strip& strip) noexcept {
    return {static_cast<std::uint32_t>(strip.y), static_cast<std::uint32_t>(strip.height)};
  }
  void widen_for(const Strip& strip) {
    if (is_wide_ || (strip.y <= most_narrow && strip.height <= most_narrow)) return;
    is_wide_ = true;
    wide_.reserve(narrow_.size());
    for (const Narrow& narrow : narrow_) wide_.push_back({narrow.y, narrow.height});
    narrow_ = {};
  }

  // One of the two is empty.
  std::vector<Narrow> narrow_;
  std::vector<Strip> wide_;
  bool is_wide_ = false;
};

}  // namespace bufgc::timeline
