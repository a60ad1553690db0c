#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace bufgc {

/// Strings kept once and named by a number; number 0 is the empty string. All text lies in one
/// piece, so a copy is a few block copies and a lookup allocates nothing.
class StringTable {
 public:
  StringTable() { intern({}); }
  /// The number of `text`, which is added when new.
  std::uint32_t intern(std::string_view text);
  /// The number of `text`, or `absent`.
  static constexpr std::uint32_t absent = 0xffffffffU;
  [[nodiscard]] std::uint32_t find(std::string_view text) const noexcept;
  /// The string; the view holds until the next new string is added. An index out of range is empty.
  [[nodiscard]] std::string_view at(std::uint32_t index) const noexcept {
    if (index >= ends_.size()) return {};
    const std::size_t begin = index == 0 ? 0 : ends_[index - 1];
    return {text_.data() + begin, ends_[index] - begin};
  }
  [[nodiscard]] std::size_t size() const noexcept { return ends_.size(); }
  /// Bytes of all strings together.
  [[nodiscard]] std::size_t text_bytes() const noexcept { return text_.size(); }
  /// Bytes that the table itself occupies.
  [[nodiscard]] std::size_t memory_bytes() const noexcept;

 private:
  void grow();
  [[nodiscard]] std::size_t slot_of(std::string_view text, std::uint32_t hash) const noexcept;

  std::vector<char> text_;
  std::vector<std::size_t> ends_;
  std::vector<std::uint32_t> hashes_;  // of each string, so that growing need not read the text
  std::vector<std::uint32_t> slots_;   // open addressing; a string's index + 1, 0 where free
};

}  // namespace bufgc
