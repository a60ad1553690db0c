#include "timeline/row_filter.hpp"

#include <algorithm>
#include <string>

#include "bufgc/viz/site_text.hpp"
#include "timeline/row_names.hpp"
#include "timeline/rows.hpp"
#include "timeline/use_counts.hpp"

namespace bufgc::timeline {
namespace {

using Term = RowFilter::Term;
using Flags = std::vector<std::uint8_t>;

bool contains(std::string_view text, std::string_view lower_needle) {
  const auto same = [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
  };
  return std::search(text.begin(), text.end(), lower_needle.begin(), lower_needle.end(), same) != text.end();
}

bool matches(std::string_view text, const Term& term) {
  if (!term.exact) return contains(text, term.text);
  return text == term.text || (term.field == Term::Field::site && site_name(text) == term.text);
}

/// Each string is looked at once, however many rows have it.
Flags strings_with(const StringTable& strings, const Term& term) {
  Flags found(strings.size());
  for (std::uint32_t i = 0; i < found.size(); ++i) found[i] = matches(strings.at(i), term) ? 1 : 0;
  return found;
}

bool holds(Term::Compare compare, double a, double b) noexcept {
  switch (compare) {
    case Term::Compare::less:
      return a < b;
    case Term::Compare::at_most:
      return a <= b;
    case Term::Compare::equal:
      return a == b;
    case Term::Compare::at_least:
      return a >= b;
    case Term::Compare::more:
      return a > b;
  }
  return false;
}

template <class Holds>
void keep(Flags& flags, bool negated, Holds&& row_holds) {
  for (std::size_t row = 0; row < flags.size(); ++row) {
    if (flags[row] != 0 && row_holds(row) == negated) flags[row] = 0;
  }
}

void keep_text(const Lifecycles& lifecycles, const Term& term, Flags& flags) {
  using Field = Term::Field;
  const Flags found = strings_with(lifecycles.strings, term);
  const auto column = [&](const NarrowColumn<std::uint32_t>& strings) {
    keep(flags, term.negated, [&](std::size_t row) { return found[strings[row]] != 0; });
  };
  switch (term.field) {
    case Field::label:
      return column(lifecycles.label);
    case Field::site:
      return column(lifecycles.site);
    case Field::dtype:
      return column(lifecycles.dtype);
    case Field::shape:
      return column(lifecycles.shape);
    case Field::thread:
      return column(lifecycles.thread);
    case Field::cause:
      return keep(flags, term.negated,
                  [&](std::size_t row) { return matches(cause_name(lifecycles.cause[row]), term); });
    case Field::kind:
      return keep(flags, term.negated,
                  [&](std::size_t row) { return matches(kind_name(lifecycles.kind[row]), term); });
    case Field::id:
      return keep(flags, term.negated,
                  [&](std::size_t row) { return std::to_string(lifecycles.id[row]) == term.text; });
    case Field::any:
      break;
  }
  const bool digits =
      std::all_of(term.text.begin(), term.text.end(), [](char c) { return c >= '0' && c <= '9'; });
  keep(flags, term.negated, [&](std::size_t row) {
    return found[lifecycles.label[row]] != 0 || found[lifecycles.site[row]] != 0 ||
           found[lifecycles.dtype[row]] != 0 || contains(cause_name(lifecycles.cause[row]), term.text) ||
           (digits && contains(std::to_string(lifecycles.id[row]), term.text));
  });
}

void keep_number(const Lifecycles& lifecycles, const Term& term, Flags& flags) {
  const auto compared = [&](auto&& value) {
    keep(flags, term.negated,
         [&](std::size_t row) { return holds(term.compare, static_cast<double>(value(row)), term.value); });
  };
  switch (term.measure) {
    case Term::Measure::size:
      return compared([&](std::size_t row) { return lifecycles.size_bytes[row]; });
    case Term::Measure::events:
      return compared([&](std::size_t row) { return lifetime_events(lifecycles, row); });
    case Term::Measure::nanoseconds:
      return compared([&](std::size_t row) { return lifetime_ns(lifecycles, row); });
    case Term::Measure::uses: {
      const UseCounts counts(lifecycles);
      return compared([&](std::size_t row) { return counts.of(row); });
    }
  }
}

}  // namespace

std::vector<std::uint8_t> RowFilter::apply(const Lifecycles& lifecycles) const {
  Flags flags(lifecycles.size(), 1);
  for (const Term& term : terms_) {
    switch (term.kind) {
      case Term::Kind::word:
      case Term::Kind::field:
        keep_text(lifecycles, term, flags);
        break;
      case Term::Kind::number:
        keep_number(lifecycles, term, flags);
        break;
      case Term::Kind::alive:
        keep(flags, term.negated, [&](std::size_t row) { return is_alive_at_end(lifecycles, row); });
        break;
    }
  }
  return flags;
}

}  // namespace bufgc::timeline
