#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>

/// The input, number by number; zeros behind its end.
class BoundaryInput {
 public:
  BoundaryInput(const std::uint8_t* data, std::size_t size)
      : left_(reinterpret_cast<const char*>(data), size) {}
  [[nodiscard]] bool empty() const noexcept { return left_.empty(); }
  std::uint8_t byte() noexcept {
    if (left_.empty()) return 0;
    const auto value = static_cast<std::uint8_t>(left_[0]);
    left_.remove_prefix(1);
    return value;
  }
  std::uint32_t word() noexcept {
    std::uint32_t value = 0;
    for (int i = 0; i < 4; ++i) value = value << 8U | byte();
    return value;
  }
  std::uint32_t size_bytes() noexcept {
    switch (const std::uint32_t how = byte(); how % 8) {
      case 0:
        return word();
      case 1:
        return ~std::uint32_t{0} - byte();
      case 2:
        return word() % (1U << 20U);
      case 3:
        return 1U << (byte() % 32U);
      case 4:
        return word() >> 16U;
      default:
        return how * 16;
    }
  }
  /// A whole number as JavaScript has it, or Infinity.
  double amount() noexcept {
    switch (byte() % 4) {
      case 0:
        return std::numeric_limits<double>::infinity();
      case 1:
        return 9007199254740991.0;
      default:
        return size_bytes();
    }
  }
  std::string_view text(std::size_t bytes) noexcept {
    const std::string_view value = left_.substr(0, bytes);
    left_.remove_prefix(value.size());
    return value;
  }

 private:
  std::string_view left_;
};
