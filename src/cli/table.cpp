#include "table.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

#include "trace/utf8.hpp"

namespace bufgc::cli {
namespace {

/// Characters, where the text is UTF-8.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char byte) {
    return (static_cast<unsigned char>(byte) & 0xc0U) != 0x80;
  }));
}

/// U+0080 to U+009F, U+200E, U+200F, U+202A to U+202E, U+2066 to U+2069.
bool controls(std::string_view character) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(character[i]); };
  if (character.size() == 1) return byte(0) < 0x20 || byte(0) == 0x7f;
  if (character.size() == 2) return byte(0) == 0xc2 && byte(1) < 0xa0;
  if (character.size() != 3 || byte(0) != 0xe2) return false;
  return byte(1) == 0x80 ? byte(2) == 0x8e || byte(2) == 0x8f || (byte(2) >= 0xaa && byte(2) <= 0xae)
                         : byte(1) == 0x81 && byte(2) >= 0xa6 && byte(2) <= 0xa9;
}

std::string delta(std::uint64_t before, std::uint64_t after, std::string (*text)(std::uint64_t)) {
  std::string out = after > before ? "+" : "-";
  out += text(after > before ? after - before : before - after);
  return before == after ? "0" : out;
}

}  // namespace

std::string fixed(double value, int digits) {
  std::array<char, 64> text{};
  const int length = std::snprintf(text.data(), text.size(), "%.*f", digits, value);
  return {text.data(), static_cast<std::size_t>(length)};
}

std::string human_bytes(std::uint64_t bytes) {
  constexpr const char* units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  if (bytes < 1024) return std::to_string(bytes) + " B";
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  // From 999.5 on, three digits would show 1000.
  for (; value >= 999.5 && unit < 6; ++unit) value /= 1024;
  return fixed(value, value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2) + " " + units[unit];
}

std::string file_name(const std::string& path) {
  return path.substr(path.find_last_of('/') + 1);
}

std::string human_count(std::uint64_t count) {
  std::string text = std::to_string(count);
  for (std::size_t end = text.size(); end > 3; end -= 3) text.insert(end - 3, 1, ',');
  return text;
}

std::string human_bytes_delta(std::uint64_t before, std::uint64_t after) {
  return delta(before, after, &human_bytes);
}

std::string human_count_delta(std::uint64_t before, std::uint64_t after) {
  return delta(before, after, &human_count);
}

std::string plain_text(std::string_view text) {
  constexpr std::size_t most_characters = 60;
  std::string out;
  for (std::size_t characters = 0; !text.empty(); ++characters) {
    if (characters == most_characters) return out + "…";
    const std::size_t length = trace::utf8_length(text);
    if (length == 0) {
      out += trace::utf8_replacement;
    } else {
      const std::string_view character = text.substr(0, length);
      out += controls(character) ? "." : character;
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return out;
}

void Table::print() const {
  std::vector<std::size_t> widths(rows_.front().size());
  for (const auto& row : rows_)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  for (const auto& row : rows_) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string blanks(widths[i] - width_of(row[i]), ' ');
      line += i == 0 ? row[i] + blanks : "  " + blanks + row[i];
    }
    std::printf("%s\n", line.c_str());
  }
}

}  // namespace bufgc::cli
