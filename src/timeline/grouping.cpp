#include "timeline/grouping.hpp"

#include <algorithm>
#include <array>
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
constexpr std::array<std::uint64_t, 10> powers_of_ten = [] {
  std::array<std::uint64_t, 10> powers{};
  std::uint64_t power = 1;
  for (std::uint64_t& next : powers) {
    next = power;
    power *= 10;
  }
  return powers;
}();
constexpr std::uint32_t lifetime_classes = powers_of_ten.size() + 1;  // Events are counted in 32 bits.
std::uint32_t lifetime_class(std::uint64_t events) noexcept {
  // As many powers as there are decimal digits are not above it: 1,233 / 4,096 is the logarithm of two.
  const unsigned digits = (static_cast<unsigned>(std::bit_width(events)) * 1233U) >> 12U;
  return digits + (digits < powers_of_ten.size() && events >= powers_of_ten[digits] ? 1U : 0U);
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
  const auto named = [&](const NarrowColumn<std::uint32_t>& names) {
    return Grouping{lifecycles.strings.size(), &names, {}};
  };
  const auto classed = [&](std::size_t groups, auto&& class_of) {
    Grouping out{groups, nullptr, std::vector<std::uint32_t>(lifecycles.size())};
    for (std::size_t row = 0; row < out.classes.size(); ++row) out.classes[row] = class_of(row);
    return out;
  };
  switch (by) {
    case GroupBy::label:
      return named(lifecycles.label);
    case GroupBy::dtype:
      return named(lifecycles.dtype);
    case GroupBy::site: {
      SiteNames sites = site_names(lifecycles);
      return {sites.names.size(), nullptr, std::move(sites.of_row)};
    }
    case GroupBy::size:
      return classed(65, [&](std::size_t row) { return size_class(lifecycles.size_bytes[row]); });
    case GroupBy::lifetime:
      return classed(lifetime_classes,
                     [&](std::size_t row) { return lifetime_class(lifetime_events(lifecycles, row)); });
    case GroupBy::state:
      return classed(2, [&](std::size_t row) { return is_alive_at_end(lifecycles, row) ? 1U : 0U; });
    case GroupBy::cause:
      return classed(6, [&](std::size_t row) {
        return is_alive_at_end(lifecycles, row) ? 5U : std::min<std::uint32_t>(lifecycles.cause[row], 4);
      });
  }
  return {};
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
