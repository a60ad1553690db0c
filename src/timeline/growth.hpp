#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "bufgc/viz/lifecycles.hpp"
#include "timeline/grouping.hpp"

namespace bufgc::timeline {

/// A group with members alive at the end, and how its number of live buffers went over the trace.
struct GroupGrowth {
  static constexpr std::size_t samples = 32;

  std::string name;                 ///< Empty where the trace does not say.
  std::uint64_t buffers = 0;        ///< Alive at the end.
  std::uint64_t bytes = 0;          ///< Theirs; views and external buffers hold none.
  std::uint64_t total_buffers = 0;  ///< Ever allocated.
  /// The fewest that lived at any moment of each 32nd of the events. What is released in waves, as garbage
  /// is, comes down between them; what leaks does not.
  std::array<std::uint32_t, samples> floor{};
  /// The floor rises through three quarters of the trace or all four, and is highest at the end.
  bool grows = false;
};

struct Growth {
  std::vector<GroupGrowth> groups;  ///< Most bytes alive at the end first, then most buffers.
  std::size_t all_groups = 0;       ///< As many there are; only the first are listed.
};

/// O(rows + events). Of the rows that match.
[[nodiscard]] Growth growth_of_groups(const Lifecycles& lifecycles, GroupBy by,
                                      const std::vector<std::uint8_t>& matches, std::size_t most_groups);

/// The verdict on its own.
[[nodiscard]] bool rises(const std::array<std::uint32_t, GroupGrowth::samples>& floor) noexcept;

}  // namespace bufgc::timeline
