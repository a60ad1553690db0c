#include "timeline/grouping.hpp"

#include <algorithm>
#include <bit>
#include <utility>

#include "bufgc/viz/site_text.hpp"
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

/// Power-of-ten class of a lifetime: 0 for none, n for [10^(n-1), 10^n).
constexpr std::uint32_t lifetime_classes = 11;  // Events are counted in 32 bits.
std::uint32_t lifetime_class(std::uint64_t events) noexcept {
  std::uint32_t index = 0;
  for (; events != 0; events /= 10) ++index;
  return index;
}

/// "100 to 1k"
std::string lifetime_class_name(std::size_t index) {
  constexpr std::string_view units[] = {"", "k", "M", "G"};
  const auto power = [&](std::size_t exponent) {
    return (std::string("1").append(exponent % 3, '0')).append(units[exponent / 3]);
  };
  return index == 0 ? "0" : power(index - 1) + " to " + power(index);
}

}  // namespace

SiteNames site_names(const Lifecycles& lifecycles) {
  SiteNames out;
  std::vector<std::uint32_t> of_site(lifecycles.strings.size(), StringTable::absent);
  out.of_row.reserve(lifecycles.size());
  for (const std::uint32_t site : lifecycles.site) {
    if (of_site[site] == StringTable::absent)
      of_site[site] = out.names.intern(site_name(lifecycles.strings.at(site)));
    out.of_row.push_back(of_site[site]);
  }
  return out;
}

Grouping group_of_rows(const Lifecycles& lifecycles, GroupBy by) {
  const std::size_t rows = lifecycles.size();
  Grouping out{0, std::vector<std::uint32_t>(rows)};
  switch (by) {
    case GroupBy::label:
      return {lifecycles.strings.size(), lifecycles.label};
    case GroupBy::dtype:
      return {lifecycles.strings.size(), lifecycles.dtype};
    case GroupBy::site: {
      SiteNames sites = site_names(lifecycles);
      return {sites.names.size(), std::move(sites.of_row)};
    }
    case GroupBy::size:
      out.groups = 65;
      for (std::size_t row = 0; row < rows; ++row) out.of_row[row] = size_class(lifecycles.size_bytes[row]);
      return out;
    case GroupBy::lifetime:
      out.groups = lifetime_classes;
      for (std::size_t row = 0; row < rows; ++row)
        out.of_row[row] = lifetime_class(lifetime_events(lifecycles, row));
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
    case GroupBy::lifetime:
      return lifetime_class_name(index);
    case GroupBy::state:
      return std::string(state_name(lifecycles, some_row));
    case GroupBy::cause:
      return std::string(index == 5 ? state_name(lifecycles, some_row)
                                    : cause_name(static_cast<std::uint8_t>(index)));
    case GroupBy::site:
      return std::string(site_name(lifecycles.strings.at(lifecycles.site[some_row])));
    case GroupBy::label:
    case GroupBy::dtype:
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
    case GroupBy::lifetime:
      return ColorBy::lifetime;
    case GroupBy::site:
    case GroupBy::cause:
      break;
  }
  return std::nullopt;
}

}  // namespace bufgc::timeline
