#pragma once

// Private to the offset planner.

#include <cstddef>
#include <cstdint>
#include <span>

#include "bufgc/memory/fixed_array.hpp"
#include "bufgc/memory/offset_planner.hpp"
#include "bufgc/status.hpp"

namespace bufgc::planning {

/// A block as the planner sees it: live in the sections `first` to `last`, without `last`.
struct Item {
  std::uint32_t first = 0;
  std::uint32_t last = 0;
  std::uint64_t size = 0;  ///< In granules, as all sizes, offsets and heights here.
};

/// Lifetimes with time cut down to what matters. Of all moments only those count at which the set of
/// live blocks is not part of another moment's set: after the last begin before an end. They are the
/// sections, and a plan is valid when no two items overlap within a section.
struct Problem {
  FixedArray<Item> items;           ///< In the order of the blocks.
  FixedArray<std::uint64_t> loads;  ///< What is live, a section.
  std::uint64_t lower_bound = 0;    ///< The highest load.
};

/// `invalid_argument` and `out_of_memory` as `plan_offsets` says.
[[nodiscard]] Status read_problem(std::span<const PlannedBlock> blocks, std::uint64_t granule_bytes,
                                  Problem& problem) noexcept;

}  // namespace bufgc::planning
