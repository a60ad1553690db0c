#pragma once

#include <cstdint>
#include <vector>

#include "bufgc/viz/lifecycles.hpp"
#include "timeline/phases.hpp"

namespace bufgc::timeline {

/// Numbers for the strings of two traces under which equal texts are equal: those of the first trace keep
/// their own, and what only the second has comes behind them.
class CommonStrings {
 public:
  CommonStrings(const StringTable& first, const StringTable& second);
  [[nodiscard]] std::uint32_t of_second(std::uint32_t index) const noexcept { return of_second_[index]; }
  [[nodiscard]] std::uint32_t count() const noexcept { return count_; }

 private:
  std::vector<std::uint32_t> of_second_;
  std::uint32_t count_;
};

/// Which lifetime of one trace is which of another. Each has one partner at most.
struct Matching {
  std::vector<std::uint32_t> second_of;    ///< Of each row of the first trace; `Lifecycles::none` without.
  std::vector<std::uint32_t> only_first;   ///< Rows without a partner, in order of birth.
  std::vector<std::uint32_t> only_second;  ///< The same of the second trace.
};

/// Pairs rows of the same kind, label, site, dtype and size in order of birth: the n-th of the one trace with
/// the n-th of the other. What is left and has a label or a site is then paired by these alone, so that a
/// buffer that changed its size or type is found again; without a name, the size is all that a row is known
/// by. With `phases`, only rows born in the same phase are paired.
///
/// Where one of many like rows is missing in the middle, the last one is told to be: the n-th is known by its
/// number only.
///
/// O(rows + strings): rows are sorted by counting, 16 bits at a time. Takes 8 bytes a row beside the result,
/// 12 with phases.
[[nodiscard]] Matching match_lifecycles(const Lifecycles& first, const Lifecycles& second,
                                        const CommonStrings& strings, const CommonPhases* phases = nullptr);

}  // namespace bufgc::timeline
