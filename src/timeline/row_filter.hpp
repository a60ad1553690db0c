#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bufgc/viz/lifecycles.hpp"

namespace bufgc::timeline {

/// Which rows a person asked for. Terms stand side by side, all must hold; compiled once, applied to
/// any lifecycles.
///
///     conv                 label, site, dtype, id or cause contains it (case does not matter)
///     "two words"          the same with a blank in it
///     label:conv           one field: label, site, dtype, shape, thread, cause, kind, id (exact)
///     label=conv1          the field is just that, case and all; label="" has none. A site may also be
///                          told by its name (`site_text.hpp`)
///     size>1MiB            also <, <=, >=, =; units B, KiB, MiB, GiB, KB, MB, GB, k, M, G
///     lifetime<5ms         units ns, us, ms, s; without a unit, in events
///     uses=0               how often kernels used it
///     alive, leaked        no free before the end;  released: the opposite
///     -term or !term       the opposite of a term
///
/// A term that is not finished yet ("size>") holds for every row and is named by `error()`.
class RowFilter {
 public:
  RowFilter() = default;
  explicit RowFilter(std::string_view text);

  [[nodiscard]] bool matches_all() const noexcept { return terms_.empty(); }
  /// Why a term was passed over; empty when all is well.
  [[nodiscard]] const std::string& error() const noexcept { return error_; }
  /// 1 for every row that matches, else 0.
  [[nodiscard]] std::vector<std::uint8_t> apply(const Lifecycles& lifecycles) const;

  struct Term {
    enum class Kind : std::uint8_t { word, field, number, alive };
    enum class Field : std::uint8_t { any, label, site, dtype, shape, thread, cause, kind, id };
    enum class Measure : std::uint8_t { size, events, nanoseconds, uses };
    enum class Compare : std::uint8_t { less, at_most, equal, at_least, more };
    Kind kind = Kind::word;
    Field field = Field::any;
    Measure measure = Measure::size;
    Compare compare = Compare::equal;
    bool negated = false;
    bool exact = false;  ///< The text is all of the field, not a part of it.
    double value = 0;
    std::string text;  ///< In lower case, unless exact.
  };

 private:
  /// A word without its quotation marks: `phrase` when they stood around the whole of it.
  void add(std::string_view word, bool phrase, bool quotes);
  void complain(std::string_view word, std::string_view what);

  std::vector<Term> terms_;
  std::string error_;
};

}  // namespace bufgc::timeline
