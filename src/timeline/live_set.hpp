#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "bufgc/viz/lifecycles.hpp"
#include "timeline/color.hpp"
#include "timeline/grouping.hpp"

namespace bufgc::timeline {

struct LiveGroup {
  std::string name;  ///< Empty where the trace does not say.
  std::uint64_t buffers = 0;
  std::uint64_t bytes = 0;
  Color color;  ///< As the picture shows it when coloured by the same.
  bool has_color = false;
};

/// Who held memory at one moment. `buffers` and `bytes` are those of `Levels::at`, and what the groups add
/// up to.
struct LiveSet {
  std::uint64_t buffers = 0;
  std::uint64_t bytes = 0;
  std::vector<LiveGroup> groups;       ///< Most bytes first, then most buffers.
  std::vector<std::uint32_t> largest;  ///< Rows that hold bytes, the largest first; equals in order of birth.
};

struct LiveSetQuery {
  std::uint64_t event = 0;  ///< The set after this event; past the end, after the last.
  GroupBy by = GroupBy::label;
  std::size_t most_rows = 100;  ///< So many of the largest are listed.
};

/// Groups are of all that lived; the largest rows are of those that match. `colors`, by what `coloring_of`
/// says, gives the groups theirs; null leaves them without. O(rows).
[[nodiscard]] LiveSet live_set(const Lifecycles& lifecycles, const LiveSetQuery& query,
                               const std::vector<std::uint8_t>& matches, const ColorMap* colors = nullptr);

}  // namespace bufgc::timeline
