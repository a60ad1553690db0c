#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace bufgc::trace {

inline constexpr std::string_view utf8_replacement = "\xef\xbf\xbd";  // U+FFFD

/// The length of the UTF-8 character that `text` begins with; 0 when its bytes are none
/// (truncated, overlong, a surrogate, beyond U+10FFFF).
[[nodiscard]] std::size_t utf8_length(std::string_view text) noexcept;
/// Whether all of it is UTF-8.
[[nodiscard]] bool utf8_valid(std::string_view text) noexcept;
/// The text with each byte that is no part of a character replaced by U+FFFD.
[[nodiscard]] std::string utf8_repaired(std::string_view text);

}  // namespace bufgc::trace
