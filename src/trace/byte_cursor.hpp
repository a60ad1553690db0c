#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace bufgc::trace {

/// A number in as many bytes as it needs, seven bits each, lowest first (LEB128).
inline void append_varint(std::string& to, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7U) to.push_back(static_cast<char>(value | 0x80U));
  to.push_back(static_cast<char>(value));
}

/// Reads on in bytes of a file, never beyond their end. After the first failure it stays failed.
class ByteCursor {
 public:
  explicit ByteCursor(std::string_view bytes) : bytes_(bytes) {}

  [[nodiscard]] std::size_t at() const noexcept { return at_; }
  [[nodiscard]] std::size_t left() const noexcept { return bytes_.size() - at_; }
  /// False when there are not so many.
  bool take(std::size_t count, std::string_view& taken) noexcept {
    if (count > left()) return false;
    taken = bytes_.substr(at_, count);
    at_ += count;
    return true;
  }
  bool byte(std::uint8_t& value) noexcept {
    if (left() == 0) return false;
    value = static_cast<std::uint8_t>(bytes_[at_++]);
    return true;
  }
  /// False at the end, and where the number has more than 64 bits.
  bool varint(std::uint64_t& value) noexcept {
    value = 0;
    for (unsigned shift = 0; shift < 64 && at_ < bytes_.size(); shift += 7) {
      const auto next = static_cast<unsigned char>(bytes_[at_++]);
      value |= std::uint64_t{next & 0x7fU} << shift;
      if (next < 0x80) return shift < 63 || next <= 1;
    }
    return false;
  }

 private:
  std::string_view bytes_;
  std::size_t at_ = 0;
};

}  // namespace bufgc::trace
