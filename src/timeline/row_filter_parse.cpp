#include <array>
#include <optional>
#include <string>
#include <utility>

#include "timeline/row_filter.hpp"

namespace bufgc::timeline {
namespace {

using Term = RowFilter::Term;

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

constexpr std::array<std::pair<std::string_view, Term::Field>, 8> fields{{{"label", Term::Field::label},
                                                                          {"site", Term::Field::site},
                                                                          {"dtype", Term::Field::dtype},
                                                                          {"shape", Term::Field::shape},
                                                                          {"thread", Term::Field::thread},
                                                                          {"cause", Term::Field::cause},
                                                                          {"kind", Term::Field::kind},
                                                                          {"id", Term::Field::id}}};

std::optional<Term::Field> field_named(std::string_view name) {
  for (const auto& [field_name, field] : fields) {
    if (field_name == name) return field;
  }
  return std::nullopt;
}

std::optional<double> unit_of(std::string_view unit, bool time) {
  constexpr double k = 1024;
  constexpr std::array<std::pair<std::string_view, double>, 14> bytes{{{"", 1},
                                                                       {"b", 1},
                                                                       {"kib", k},
                                                                       {"mib", k * k},
                                                                       {"gib", k * k * k},
                                                                       {"tib", k * k * k * k},
                                                                       {"k", k},
                                                                       {"m", k * k},
                                                                       {"g", k * k * k},
                                                                       {"t", k * k * k * k},
                                                                       {"kb", 1e3},
                                                                       {"mb", 1e6},
                                                                       {"gb", 1e9},
                                                                       {"tb", 1e12}}};
  constexpr std::array<std::pair<std::string_view, double>, 4> times{
      {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}}};
  if (time) {
    for (const auto& [name, factor] : times) {
      if (unit == name) return factor;
    }
    return std::nullopt;
  }
  for (const auto& [name, factor] : bytes) {
    if (unit == name) return factor;
  }
  return std::nullopt;
}

/// Digits with at most one point at the front of `text`, which they are taken off from.
std::optional<double> take_number(std::string_view& text) {
  double value = 0;
  double place = 0;
  bool digits = false;
  std::size_t i = 0;
  for (; i < text.size(); ++i) {
    const char c = text[i];
    if (c >= '0' && c <= '9') {
      digits = true;
      if (place == 0) {
        value = value * 10 + (c - '0');
      } else {
        value += (c - '0') * place;
        place /= 10;
      }
    } else if (c == '.' && place == 0) {
      place = 0.1;
    } else {
      break;
    }
  }
  if (!digits) return std::nullopt;
  text.remove_prefix(i);
  return value;
}

/// Splits "size>=1MiB" at its comparison; false when there is none.
bool split_comparison(std::string_view word, std::string_view& name, Term::Compare& compare,
                      std::string_view& value) {
  const std::size_t at = word.find_first_of("<>=");
  if (at == std::string_view::npos || at == 0) return false;
  name = word.substr(0, at);
  const bool or_equal = word[at] != '=' && at + 1 < word.size() && word[at + 1] == '=';
  value = word.substr(at + (or_equal ? 2 : 1));
  if (word[at] == '=') {
    compare = Term::Compare::equal;
  } else if (word[at] == '<') {
    compare = or_equal ? Term::Compare::at_most : Term::Compare::less;
  } else {
    compare = or_equal ? Term::Compare::at_least : Term::Compare::more;
  }
  return true;
}

/// The measure a comparison is about; false when the name is none.
bool parse_measure(std::string_view name, std::string_view value, Term& term) {
  const bool is_size = name == "size";
  const bool is_lifetime = name == "lifetime";
  if (!is_size && !is_lifetime && name != "uses") return false;
  const std::optional<double> number = take_number(value);
  if (!number) return false;
  const bool in_time = is_lifetime && !value.empty();
  const std::optional<double> factor = unit_of(value, in_time);
  if (!factor) return false;
  if (name == "uses" && !value.empty()) return false;
  term.kind = Term::Kind::number;
  term.value = *number * *factor;
  term.measure = is_size       ? Term::Measure::size
                 : in_time     ? Term::Measure::nanoseconds
                 : is_lifetime ? Term::Measure::events
                               : Term::Measure::uses;
  return true;
}

}  // namespace

RowFilter::RowFilter(std::string_view text) {
  std::string word;
  bool in_quotes = false;
  bool phrase = false;
  bool quotes = false;
  for (const char c : text) {
    if (c == '"') {
      // A phrase is quoted as a whole; in label:"two words" the field is still read.
      phrase = phrase || word.empty();
      quotes = true;
      in_quotes = !in_quotes;
    } else if (!in_quotes && (c == ' ' || c == '\t' || c == '\n')) {
      add(word, phrase, quotes);
      word.clear();
      phrase = false;
      quotes = false;
    } else {
      word += c;
    }
  }
  add(word, phrase, quotes);
}

void RowFilter::complain(std::string_view word, std::string_view what) {
  error_.assign(1, '"').append(word).append("\": ").append(what);
}

void RowFilter::add(std::string_view word, bool phrase, bool quotes) {
  Term term;
  if (!phrase && word.size() > 1 && (word.front() == '-' || word.front() == '!')) {
    term.negated = true;
    word.remove_prefix(1);
  }
  if (word.empty()) return;
  const std::string all = lower(word);
  const std::string_view text = all;
  std::string_view name;
  std::string_view value;
  if (!phrase && (text == "alive" || text == "leaked" || text == "released")) {
    term.kind = Term::Kind::alive;
    term.negated = term.negated != (text == "released");
  } else if (const bool compared = !phrase && split_comparison(text, name, term.compare, value);
             compared && field_named(name) && term.compare == Term::Compare::equal) {
    term.kind = Term::Kind::field;
    term.field = *field_named(name);
    term.exact = true;
    term.text = word.substr(text.size() - value.size());
    if (term.text.empty() && !quotes) {
      complain(word, "expected what the field should be");
      return;
    }
  } else if (compared && (name == "size" || name == "lifetime" || name == "uses")) {
    if (!parse_measure(name, value, term)) {
      complain(word, "expected a number, as in size>1MiB, lifetime<5ms or uses=0");
      return;
    }
  } else {
    term.text = all;
    const std::size_t colon = phrase ? std::string_view::npos : text.find(':');
    if (colon != std::string_view::npos) {
      if (const std::optional<Term::Field> field = field_named(text.substr(0, colon))) {
        term.kind = Term::Kind::field;
        term.field = *field;
        term.text = all.substr(colon + 1);
      }
      if (term.kind == Term::Kind::field && term.text.empty()) {
        complain(word, "expected what the field should contain");
        return;
      }
    }
  }
  terms_.push_back(std::move(term));
}

}  // namespace bufgc::timeline
