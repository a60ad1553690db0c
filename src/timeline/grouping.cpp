#include "timeline/grouping.hpp"

#include <algorithm>
#include <bit>

#include "timeline/row_names.hpp"
#include "timeline/rows.hpp"

namespace bufgc::timeline {
namespace {

/// Power-of-two class of a size: 0 for none, n for [2^(n-1), 2^n).
unsigned size_class(std::uint64_t bytes) noexcept {
  return static_cast<unsigned>(std::bit_width(bytes));
}

std::string size_class_name(std::size_t index) {
  if (index == 0) return "0 B";
  const std::uint64_t lower = std::uint64_t{1} << (index - 1);
  if (index == 1) return "1 B";
  return bytes_text(lower) + " to " + (index >= 64 ? "16 EiB" : bytes_text(lower * 2));
}

}  // namespace

Grouping group_of_rows(const Lifecycles& lifecycles, GroupBy by) {
  const std::size_t rows = lifecycles.size();
  Grouping out{0, std::vector<std::uint32_t>(rows)};
  switch (by) {
    case GroupBy::label:
      return {lifecycles.strings.size(), lifecycles.label};
    case GroupBy::dtype:
      return {lifecycles.strings.size(), lifecycles.dtype};
    case GroupBy::site:
      return {lifecycles.strings.size(), lifecycles.site};
    case GroupBy::size:
      out.groups = 65;
      for (std::size_t row = 0; row < rows; ++row) out.of_row[row] = size_class(lifecycles.size_bytes[row]);
      return out;
    case GroupBy::state:
      out.groups = 2;
      for (std::size_t row = 0; row < rows; ++row) out.of_row[row] = is_alive_at_end(lifecycles, row) ? 1 : 0;
      return out;
    case GroupBy::cause:
      out.groups = 6;
      for (std::size_t row = 0; row < rows; ++row) {
        const bool alive = is_alive_at_end(lifecycles, row);
        out.of_row[row] = alive ? 5 : std::min<std::uint32_t>(lifecycles.cause[row], 4);
      }
      return out;
  }
  return out;
}

std::string group_name(const Lifecycles& lifecycles, GroupBy by, std::size_t index, std::size_t some_row,
                       TraceEnd end) {
  const bool state = by == GroupBy::state || (by == GroupBy::cause && index == 5);
  if (state && end == TraceEnd::open && is_alive_at_end(lifecycles, some_row)) return "alive now";
  switch (by) {
    case GroupBy::size:
      return size_class_name(index);
    case GroupBy::state:
      return std::string(state_name(lifecycles, some_row));
    case GroupBy::cause:
      return std::string(index == 5 ? state_name(lifecycles, some_row)
                                    : cause_name(static_cast<std::uint8_t>(index)));
    case GroupBy::label:
    case GroupBy::dtype:
    case GroupBy::site:
      break;
  }
  return std::string(lifecycles.strings.at(static_cast<std::uint32_t>(index)));
}

std::optional<ColorBy> coloring_of(GroupBy by) noexcept {
  switch (by) {
    case GroupBy::label:
      return ColorBy::label;
    case GroupBy::dtype:
      return ColorBy::dtype;
    case GroupBy::size:
      return ColorBy::size;
    case GroupBy::state:
      return ColorBy::state;
    case GroupBy::site:
    case GroupBy::cause:
      break;
  }
  return std::nullopt;
}

}  // namespace bufgc::timeline
