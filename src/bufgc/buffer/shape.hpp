#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>

namespace bufgc {

/// The extents of an array, outermost first, at most eight. Rank 0 means "not given":
/// the buffer is then a flat row of elements.
class Shape {
 public:
  static constexpr std::size_t max_rank = 8;

  // The extents beyond the rank stay unwritten: nobody reads them.
  // NOLINTBEGIN(cppcoreguidelines-pro-type-member-init)
  constexpr Shape() noexcept {}
  /// More than `max_rank` extents make a shape that `valid()` denies.
  constexpr Shape(std::initializer_list<std::uint64_t> extents) noexcept
      : Shape(std::span<const std::uint64_t>(extents.begin(), extents.size())) {}
  explicit constexpr Shape(std::span<const std::uint64_t> extents) noexcept {
    if (extents.size() > max_rank) {
      rank_ = max_rank + 1;
      return;
    }
    for (std::uint64_t extent : extents) extents_[rank_++] = extent;
  }

  constexpr Shape(const Shape& other) noexcept { *this = other; }
  // NOLINTEND(cppcoreguidelines-pro-type-member-init)
  /// Copies the extents that there are: most buffers have few or none.
  constexpr Shape& operator=(const Shape& other) noexcept {
    rank_ = other.rank_;
    for (std::size_t i = 0; i < extents().size(); ++i) extents_[i] = other.extents_[i];
    return *this;
  }
  ~Shape() = default;

  [[nodiscard]] constexpr bool valid() const noexcept { return rank_ <= max_rank; }
  [[nodiscard]] constexpr std::size_t rank() const noexcept { return rank_; }
  [[nodiscard]] constexpr std::span<const std::uint64_t> extents() const noexcept {
    return {extents_.data(), valid() ? rank() : 0};
  }
  /// The product of the extents; false when it does not fit 64 bits.
  [[nodiscard]] constexpr bool element_count(std::uint64_t& count) const noexcept {
    count = 1;
    bool fits = true;
    bool empty = false;
    for (std::uint64_t extent : extents()) {
      empty = empty || extent == 0;
      fits = !__builtin_mul_overflow(count, extent, &count) && fits;
    }
    if (empty) count = 0;
    return fits || empty;
  }
  friend constexpr bool operator==(const Shape& a, const Shape& b) noexcept {
    if (a.rank_ != b.rank_) return false;
    for (std::size_t i = 0; i < a.extents().size(); ++i)
      if (a.extents_[i] != b.extents_[i]) return false;
    return true;
  }

 private:
  std::uint8_t rank_ = 0;
  std::array<std::uint64_t, max_rank> extents_;
};

}  // namespace bufgc
