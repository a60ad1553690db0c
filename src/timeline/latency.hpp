#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "bufgc/viz/lifecycles.hpp"
#include "timeline/address_blocks.hpp"
#include "timeline/axis.hpp"
#include "timeline/grouping.hpp"
#include "timeline/places.hpp"

namespace bufgc::timeline {

/// How long a buffer takes from unreachable to released to reused. No trace tells when the last reference
/// went: what a kernel did last with the buffer is as near as it comes, so `unused` is the most that the wait
/// for the release can have been, and not known of buffers that no kernel used.
enum class LatencyStage : std::uint8_t {
  unused = 0,  ///< From the last use by a kernel to the release.
  idle = 1     ///< From the release to the birth that takes the block, or a part of it.
};

struct LatencyQuery {
  LatencyStage stage = LatencyStage::unused;
  Axis axis = Axis::event;  ///< In events or in nanoseconds.
  GroupBy by = GroupBy::label;
  std::size_t most_groups = 0;
};

/// Of so many buffers, in units of the axis; of p95 95 in a hundred are no longer than that. Nearest ranks:
/// each is a wait that there was.
struct LatencyFigures {
  std::uint64_t buffers = 0;
  std::uint64_t median = 0;
  std::uint64_t p95 = 0;
  std::uint64_t longest = 0;
};

/// Waits within [from, to); the first bin holds those of 0 alone, and the edges behind it are 1, 2 and 5
/// times powers of ten.
struct LatencyBin {
  std::uint64_t from = 0;
  std::uint64_t to = 0;
  std::uint64_t buffers = 0;
};

struct LatencyGroup {
  std::string name;  ///< Empty where the trace does not say.
  LatencyFigures figures;
  std::uint64_t total = 0;  ///< All waits together; at the highest number where they come to more.
};

struct Latency {
  LatencyFigures all;
  std::vector<LatencyBin> bins;      ///< From the first one that holds any to the last.
  std::vector<LatencyGroup> groups;  ///< Greatest total first, then by name.
  std::size_t all_groups = 0;        ///< As many there are; only the first are listed.
  /// Owned buffers that were released and whose wait is not known or not over. unused: used by no kernel.
  /// idle: without an address, given back to the system, moved over, or not taken again by the end.
  std::uint64_t without = 0;
};

/// O(events + n log n). Of the rows that match.
[[nodiscard]] Latency find_latency(const Lifecycles& lifecycles, const Places& places,
                                   const LatencyQuery& query, const std::vector<std::uint8_t>& matches);

/// The same of one row, as events; `Lifecycles::none` where it is not known. O(events up to the answer), but
/// for blocks that do not come near the row's address. `blocks` are of all that stands in the lifecycles.
struct RowLatency {
  std::uint32_t last_use_event = Lifecycles::none;
  std::uint32_t reuse_event = Lifecycles::none;
  std::uint32_t reused_by = Lifecycles::none;  ///< The row born then.
};
[[nodiscard]] RowLatency latency_of_row(const Lifecycles& lifecycles, const Places& places,
                                        const AddressBlocks& blocks, std::uint32_t row);

}  // namespace bufgc::timeline
