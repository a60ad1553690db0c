#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bufgc/viz/lifecycles.hpp"
#include "timeline/address_blocks.hpp"
#include "timeline/color.hpp"
#include "timeline/grouping.hpp"

namespace bufgc::timeline {

enum class SortKey : std::uint8_t {
  row = 0,
  id = 1,
  size = 2,
  label = 3,
  dtype = 4,
  alloc_event = 5,
  free_event = 6,
  lifetime_events = 7,
  use_count = 8,
  cause = 9
};

struct SortOrder {
  SortKey key = SortKey::row;
  bool descending = false;
  bool alive_first = false;
};

/// The matching rows in order; equal ones stand in order of birth, also when descending.
[[nodiscard]] std::vector<std::uint32_t> sorted_rows(const Lifecycles& lifecycles,
                                                     const std::vector<std::uint8_t>& matches,
                                                     SortOrder order);

struct Group {
  std::string name;  ///< Empty where the trace does not say.
  std::uint64_t buffers = 0;
  std::uint64_t bytes = 0;  ///< Allocated in total; views and external buffers hold none.
  std::uint64_t alive_buffers = 0;
  std::uint64_t alive_bytes = 0;
  Color color;  ///< As the picture shows it when coloured by the same.
  bool has_color = false;
};

/// Counts the matching rows by a property, most bytes first; classes of size and lifetime in their order.
/// What is alive is named "alive at end" in a closed trace, "alive now" in an open one. `colors`, by what
/// `coloring_of` says, gives the groups theirs; null leaves them without.
[[nodiscard]] std::vector<Group> group_rows(const Lifecycles& lifecycles,
                                            const std::vector<std::uint8_t>& matches, GroupBy by,
                                            const ColorMap* colors = nullptr,
                                            TraceEnd end = TraceEnd::closed);

/// Rows that were born at the same address before and after; `Lifecycles::none` where there is none. `blocks`
/// are of all that stands in the lifecycles.
struct Neighbours {
  std::uint32_t previous = Lifecycles::none;
  std::uint32_t next = Lifecycles::none;
};
[[nodiscard]] Neighbours neighbours_at_address(const Lifecycles& lifecycles, const AddressBlocks& blocks,
                                               std::uint32_t row) noexcept;

}  // namespace bufgc::timeline
