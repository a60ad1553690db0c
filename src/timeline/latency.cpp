#include "timeline/latency.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "timeline/cache_waits.hpp"
#include "timeline/rows.hpp"

namespace bufgc::timeline {
namespace {

using Kind = Lifecycles::EventKind;

bool is_released(const Lifecycles& lifecycles, std::uint32_t row) noexcept {
  return is_owned(lifecycles, row) && !is_alive_at_end(lifecycles, row);
}

// Of each row the event at which its wait begins (`unused`) or ends (`idle`); `none` where there is none.

std::vector<std::uint32_t> last_uses(const Lifecycles& lifecycles) {
  std::vector<std::uint32_t> events(lifecycles.size(), Lifecycles::none);
  for (const Lifecycles::Use& use : lifecycles.uses)
    if (use.row < events.size()) events[use.row] = use.event;
  return events;
}
std::vector<std::uint32_t> reuses(const Lifecycles& lifecycles, const Places& places) {
  std::vector<std::uint32_t> events(lifecycles.size(), Lifecycles::none);
  const CacheWaits waits = find_cache_waits(lifecycles, places, LeftBlocks::released);
  for (std::uint32_t box = 0; box < waits.size(); ++box) {
    const std::uint32_t event = waits[box];
    if (event != places.end_event(box) && event != Lifecycles::none &&
        lifecycles.event_kind[event] == Kind::alloc) {
      events[places.row_of(box)] = event;
    }
  }
  return events;
}

struct Wait {
  std::uint32_t group;
  std::uint32_t row;
  std::uint64_t length;
};

/// Of waits in order of length, at least one.
template <class Waits>
LatencyFigures figures_of(const Waits& waits) {
  const std::uint64_t count = waits.size();
  const auto p95 = static_cast<std::size_t>((count * 19 + 19) / 20);  // 95 %, rounded up
  return {count, waits[static_cast<std::size_t>(count - 1) / 2].length, waits[p95 - 1].length,
          waits.back().length};
}

/// Edges up to the one above `longest`.
std::vector<LatencyBin> empty_bins(std::uint64_t longest) {
  constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
  std::vector<LatencyBin> bins{{0, 1, 0}};
  for (std::uint64_t i = 0; bins.back().to <= longest && bins.back().to != most; ++i) {
    const std::uint64_t from = bins.back().to;
    // 1 → 2, 2 → 5, 5 → 10
    const std::uint64_t to =
        i % 3 == 1 ? (from > most / 5 ? most : from / 2 * 5) : (from > most / 2 ? most : from * 2);
    bins.push_back({from, to, 0});
  }
  return bins;
}

template <class Waits>
std::vector<LatencyBin> bins_of(const Waits& waits) {
  std::vector<LatencyBin> bins = empty_bins(waits.back().length);
  auto bin = bins.begin();
  for (const Wait& wait : waits) {
    while (wait.length >= bin->to && bin + 1 != bins.end()) ++bin;
    ++bin->buffers;
  }
  const auto first =
      std::find_if(bins.begin(), bins.end(), [](const LatencyBin& bin) { return bin.buffers != 0; });
  bins.erase(bins.begin(), first);
  return bins;
}

}  // namespace

Latency find_latency(const Lifecycles& lifecycles, const Places& places, const LatencyQuery& query,
                     const std::vector<std::uint8_t>& matches) {
  Latency out;
  const bool unused = query.stage == LatencyStage::unused;
  const std::vector<std::uint32_t> events = unused ? last_uses(lifecycles) : reuses(lifecycles, places);
  const Grouping parts = group_of_rows(lifecycles, query.by);
  const EventClock clock(lifecycles);
  std::vector<Wait> waits;
  for (std::uint32_t row = 0; row < matches.size(); ++row) {
    if (matches[row] == 0 || !is_released(lifecycles, row)) continue;
    if (events[row] == Lifecycles::none) {
      ++out.without;
      continue;
    }
    const std::uint64_t released = clock.position(query.axis, lifecycles.free_event[row]);
    const std::uint64_t other = clock.position(query.axis, events[row]);
    waits.push_back({parts.of(row), row, unused ? released - other : other - released});
  }
  if (waits.empty()) return out;
  std::sort(waits.begin(), waits.end(), [](const Wait& a, const Wait& b) { return a.length < b.length; });
  out.all = figures_of(waits);
  out.bins = bins_of(waits);

  std::stable_sort(waits.begin(), waits.end(),
                   [](const Wait& a, const Wait& b) { return a.group < b.group; });
  for (auto from = waits.begin(); from != waits.end();) {
    const auto to =
        std::find_if(from, waits.end(), [&](const Wait& wait) { return wait.group != from->group; });
    LatencyGroup& group = out.groups.emplace_back();
    group.figures = figures_of(std::vector<Wait>(from, to));
    group.name = group_name(lifecycles, query.by, from->group, from->row);
    for (auto wait = from; wait != to; ++wait)
      group.total += std::min(wait->length, std::numeric_limits<std::uint64_t>::max() - group.total);
    from = to;
  }
  std::sort(out.groups.begin(), out.groups.end(), [](const LatencyGroup& a, const LatencyGroup& b) {
    return a.total != b.total ? a.total > b.total : a.name < b.name;
  });
  out.all_groups = out.groups.size();
  if (out.groups.size() > query.most_groups) out.groups.resize(query.most_groups);
  return out;
}

RowLatency latency_of_row(const Lifecycles& lifecycles, const Places& places, const AddressBlocks& blocks,
                          std::uint32_t row) {
  RowLatency found;
  if (row >= lifecycles.size()) return found;
  for (const Lifecycles::Use& use : lifecycles.uses)
    if (use.row == row) found.last_use_event = use.event;
  const std::uint64_t address = places.address(places.last_of(row));
  const std::uint64_t size = extent_bytes(lifecycles, row);
  if (!released_to_allocator(lifecycles, row) || address == Lifecycles::no_address || size == 0) return found;
  const auto meets = [&](std::uint64_t other, std::uint64_t other_size) {
    return other < address ? address - other < other_size : other - address < size;
  };
  const auto holds = [&](std::uint32_t other, std::uint64_t at) {
    return is_owned(lifecycles, other) && at != Lifecycles::no_address &&
           extent_bytes(lifecycles, other) != 0 && meets(at, extent_bytes(lifecycles, other));
  };
  for (std::size_t event = std::size_t{lifecycles.free_event[row]} + 1; event < lifecycles.event_count();
       ++event) {
    if (event % AddressBlocks::length == 0 &&
        !blocks.events_touch(event / AddressBlocks::length, address, size)) {
      event += AddressBlocks::length - 1;
      continue;
    }
    const std::uint32_t index = lifecycles.event_row[event];
    switch (lifecycles.event_kind[event]) {
      case Kind::alloc:
        if (!holds(index, lifecycles.address[index])) break;
        found.reuse_event = static_cast<std::uint32_t>(event);
        found.reused_by = index;
        return found;
      case Kind::free:  // as several devices in one address space have it
        if (released_to_allocator(lifecycles, index) && holds(index, places.address(places.last_of(index))))
          return found;
        break;
      case Kind::move:
        if (holds(lifecycles.moves[index].row, lifecycles.moves[index].to)) return found;
        break;
      case Kind::release:
        if (meets(lifecycles.segments[index].address, lifecycles.segments[index].size_bytes)) return found;
        break;
      default:
        break;
    }
  }
  return found;
}

}  // namespace bufgc::timeline
