#include "timeline/row_names.hpp"

#include <cstdio>

#include "timeline/rows.hpp"

namespace bufgc::timeline {

std::string_view kind_name(std::uint8_t kind) noexcept {
  constexpr std::string_view names[] = {"owned", "view", "external"};
  return kind < 3 ? names[kind] : std::string_view{};
}

std::string_view cause_name(std::uint8_t cause) noexcept {
  constexpr std::string_view names[] = {"dispose", "finalized", "collected", "closed"};
  return cause < 4 ? names[cause] : std::string_view{};
}

std::string_view place_name(std::uint8_t served_by_or_freed_to) noexcept {
  constexpr std::string_view names[] = {"cache", "arena", "source"};
  return served_by_or_freed_to < 3 ? names[served_by_or_freed_to] : std::string_view{};
}

std::string_view access_name(std::uint8_t access) noexcept {
  constexpr std::string_view names[] = {"read", "read", "write", "read_write"};
  return names[access & 3U];
}

std::string_view state_name(const Lifecycles& lifecycles, std::size_t row) noexcept {
  if (is_alive_at_end(lifecycles, row)) return "alive at end";
  return "released";
}

std::string_view end_name(const Lifecycles& lifecycles, std::size_t row) noexcept {
  const std::string_view cause =
      is_alive_at_end(lifecycles, row) ? std::string_view() : cause_name(lifecycles.cause[row]);
  return cause.empty() ? state_name(lifecycles, row) : cause;
}

std::string bytes_text(std::uint64_t bytes) {
  constexpr const char* units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1024 && unit < 6) {
    value /= 1024;
    ++unit;
  }
  char text[32];
  std::snprintf(text, sizeof text, "%.3g %s", value, units[unit]);
  return text;
}

}  // namespace bufgc::timeline
