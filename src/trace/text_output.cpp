#include "trace/text_output.hpp"

#include "trace/utf8.hpp"

namespace bufgc::trace {

TextOutput& TextOutput::quoted(std::string_view text) {
  constexpr std::string_view hex_digits = "0123456789abcdef";
  *this << '"';
  while (!text.empty()) {
    // The longest run that stands for itself.
    std::size_t plain = 0;
    while (plain < text.size()) {
      const auto byte = static_cast<unsigned char>(text[plain]);
      if (byte < 0x20 || byte == '"' || byte == '\\' || byte >= 0x7f) break;
      ++plain;
    }
    *this << text.substr(0, plain);
    text.remove_prefix(plain);
    if (text.empty()) break;
    const auto byte = static_cast<unsigned char>(text[0]);
    if (byte >= 0x80) {
      const std::size_t length = utf8_length(text);
      *this << (length > 0 ? text.substr(0, length) : utf8_replacement);
      text.remove_prefix(length > 0 ? length : 1);
      continue;
    }
    if (byte == '"' || byte == '\\') {
      *this << '\\' << text[0];
    } else {
      *this << "\\u00" << hex_digits[byte >> 4U] << hex_digits[byte & 15U];
    }
    text.remove_prefix(1);
  }
  return *this << '"';
}

TextOutput& TextOutput::microseconds(std::int64_t time_ns) {
  std::uint64_t rest = static_cast<std::uint64_t>(time_ns);
  if (time_ns < 0) {
    *this << '-';
    rest = 0 - rest;
  }
  *this << rest / 1000 << '.';
  for (std::uint64_t digit = 100; digit > 0; digit /= 10) *this << static_cast<char>('0' + rest / digit % 10);
  return *this;
}

}  // namespace bufgc::trace
