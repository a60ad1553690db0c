#include "timeline/latency.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <limits>
#include <map>
#include <string>

#include "timeline/rows.hpp"
#include "trace_maker.hpp"

using namespace bufgc;
using namespace bufgc::timeline;

namespace {

std::vector<std::uint8_t> all_rows(const Lifecycles& trace) {
  return std::vector<std::uint8_t>(trace.size(), 1);
}

/// With uses, of which some rows have none, and names.
Lifecycles used_trace(std::uint32_t seed) {
  Lifecycles trace = random_trace({seed, 600, true, true, seed % 2 == 0});
  std::mt19937 random(seed);
  for (std::uint32_t row = 0; row < trace.size(); ++row) {
    trace.label.set(row, trace.strings.intern("label " + std::to_string(row % 7)));
    if (row % 3 == 0) continue;
    const std::uint32_t end =
        std::min<std::uint32_t>(trace.free_event[row], static_cast<std::uint32_t>(trace.event_count()));
    for (int i = 0; i < 2 && trace.alloc_event[row] < end; ++i) {
      std::uniform_int_distribution<std::uint32_t> within(trace.alloc_event[row], end - 1);
      trace.uses.push_back({within(random), row, 0, 1});
    }
  }
  std::stable_sort(trace.uses.begin(), trace.uses.end(),
                   [](const Lifecycles::Use& a, const Lifecycles::Use& b) { return a.event < b.event; });
  return trace;
}

std::uint64_t at(const Lifecycles& trace, Axis axis, std::uint32_t event) {
  return axis == Axis::event
             ? event
             : static_cast<std::uint64_t>(trace.event_time_ns[event] - trace.event_time_ns[0]);
}

/// The event that takes the row's block again, looked for among all births; where a block's last bytes
/// lie under moves or segments that went, `none`.
std::uint32_t reuse_of(const Lifecycles& trace, std::uint32_t row) {
  const auto address_at_end = [&](std::uint32_t of) {
    std::uint64_t address = trace.address[of];
    for (const Lifecycles::Move& move : trace.moves)
      if (move.row == of) address = move.to;
    return address;
  };
  const std::uint64_t begin = address_at_end(row);
  const std::uint64_t end = begin + extent_bytes(trace, row);
  const bool released = trace.freed_to[row] != static_cast<std::uint8_t>(FreedTo::source);
  if (!released || begin == Lifecycles::no_address || begin == end) return Lifecycles::none;
  const auto meets = [&](std::uint64_t from, std::uint64_t size) {
    return from < end && from + size > begin;
  };
  for (std::uint32_t event = trace.free_event[row] + 1; event < trace.event_count(); ++event) {
    const std::uint32_t index = trace.event_row[event];
    switch (trace.event_kind[event]) {
      case Lifecycles::EventKind::alloc:
        if (trace.kind[index] == 0 && trace.address[index] != Lifecycles::no_address &&
            extent_bytes(trace, index) > 0 && meets(trace.address[index], extent_bytes(trace, index)))
          return event;
        break;
      case Lifecycles::EventKind::move:
        if (trace.kind[trace.moves[index].row] == 0 &&
            meets(trace.moves[index].to, extent_bytes(trace, trace.moves[index].row)))
          return Lifecycles::none;
        break;
      case Lifecycles::EventKind::release:
        if (meets(trace.segments[index].address, trace.segments[index].size_bytes)) return Lifecycles::none;
        break;
      default:
        break;
    }
  }
  return Lifecycles::none;
}

struct Expected {
  std::vector<std::uint64_t> waits;
  std::map<std::string, std::vector<std::uint64_t>> groups;
  std::uint64_t without = 0;
};
Expected count_from_nothing(const Lifecycles& trace, LatencyStage stage, Axis axis) {
  Expected out;
  for (std::uint32_t row = 0; row < trace.size(); ++row) {
    if (trace.kind[row] != 0 || trace.free_event[row] == Lifecycles::none) continue;
    std::uint32_t other = Lifecycles::none;
    if (stage == LatencyStage::idle) {
      other = reuse_of(trace, row);
    } else {
      for (const Lifecycles::Use& use : trace.uses)
        if (use.row == row) other = use.event;
    }
    if (other == Lifecycles::none) {
      ++out.without;
      continue;
    }
    const std::uint64_t released = at(trace, axis, trace.free_event[row]);
    const std::uint64_t event = at(trace, axis, other);
    const std::uint64_t wait = event > released ? event - released : released - event;
    out.waits.push_back(wait);
    out.groups[std::string(trace.strings.at(trace.label[row]))].push_back(wait);
  }
  std::sort(out.waits.begin(), out.waits.end());
  for (auto& [name, waits] : out.groups) std::sort(waits.begin(), waits.end());
  return out;
}

void check_figures(const LatencyFigures& found, const std::vector<std::uint64_t>& waits) {
  REQUIRE(found.buffers == waits.size());
  if (waits.empty()) return;
  const auto rank = [&](double share) {
    // The first that so many are no longer than.
    std::size_t i = 0;
    while (static_cast<double>(i + 1) < share * static_cast<double>(waits.size())) ++i;
    return waits[i];
  };
  REQUIRE(found.median == rank(0.5));
  REQUIRE(found.p95 == rank(0.95));
  REQUIRE(found.longest == waits.back());
}

}  // namespace

TEST_CASE("latency: waits, bins and groups are what a search through all events finds") {
  for (std::uint32_t seed = 1; seed <= 6; ++seed) {
    const Lifecycles trace = used_trace(seed);
    const Places places(trace);
    for (const LatencyStage stage : {LatencyStage::unused, LatencyStage::idle}) {
      for (const Axis axis : {Axis::event, Axis::time}) {
        INFO("seed " << seed << ", stage " << static_cast<int>(stage) << ", axis " << static_cast<int>(axis));
        const Expected expected = count_from_nothing(trace, stage, axis);
        REQUIRE(expected.waits.size() > 20);
        REQUIRE(expected.without > 0);
        const Latency found =
            find_latency(trace, places, {stage, axis, GroupBy::label, 100}, all_rows(trace));
        check_figures(found.all, expected.waits);
        CHECK(found.without == expected.without);
        REQUIRE(found.groups.size() == expected.groups.size());
        CHECK(found.all_groups == found.groups.size());
        std::uint64_t before = std::numeric_limits<std::uint64_t>::max();
        for (const LatencyGroup& group : found.groups) {
          const std::vector<std::uint64_t>& waits = expected.groups.at(group.name);
          check_figures(group.figures, waits);
          std::uint64_t total = 0;
          for (const std::uint64_t wait : waits) total += wait;
          CHECK(group.total == total);
          CHECK(group.total <= before);
          before = group.total;
        }
        CHECK(found.bins.front().buffers > 0);
        CHECK(found.bins.back().buffers > 0);
        for (std::size_t i = 0; i < found.bins.size(); ++i) {
          const LatencyBin& bin = found.bins[i];
          CHECK(bin.buffers == static_cast<std::uint64_t>(std::count_if(
                                   expected.waits.begin(), expected.waits.end(),
                                   [&](std::uint64_t wait) { return wait >= bin.from && wait < bin.to; })));
          if (i > 0) CHECK(bin.from == found.bins[i - 1].to);
        }
        const AddressBlocks blocks(trace, places);
        for (std::uint32_t row = 0; row < trace.size(); ++row) {
          if (trace.kind[row] != 0 || trace.free_event[row] == Lifecycles::none) continue;
          const RowLatency one = latency_of_row(trace, places, blocks, row);
          REQUIRE(one.reuse_event == reuse_of(trace, row));
          if (one.reuse_event != Lifecycles::none) REQUIRE(one.reused_by == trace.event_row[one.reuse_event]);
        }
      }
    }
  }
}

TEST_CASE("latency: edges are 1, 2 and 5 times powers of ten, up to the longest waits there are") {
  TraceMaker maker;
  maker.now = 0;
  const auto wait_for = [&](std::uint64_t length) {
    const std::uint32_t row = maker.alloc({8, 0x1000});
    const auto last = static_cast<std::uint32_t>(maker.trace.event_count() - 1);
    maker.trace.uses.push_back({last, row, 0, 1});
    maker.now += static_cast<std::int64_t>(length);
    maker.free(row);
  };
  constexpr std::uint64_t century = 3'155'695'200'000'000'000;
  for (const std::uint64_t length :
       {0ULL, 1ULL, 2ULL, 4ULL, 5ULL, 19ULL, 20ULL, 49ULL, 999ULL, century + 0ULL})
    wait_for(length);
  const Latency found =
      find_latency(maker.trace, Places(maker.trace), {LatencyStage::unused, Axis::time, GroupBy::label, 1},
                   all_rows(maker.trace));
  std::map<std::uint64_t, std::uint64_t> full;
  for (const LatencyBin& bin : found.bins)
    if (bin.buffers > 0) full[bin.from] = bin.buffers;
  CHECK(full ==
        std::map<std::uint64_t, std::uint64_t>{
            {0, 1}, {1, 1}, {2, 2}, {5, 1}, {10, 1}, {20, 2}, {500, 1}, {2'000'000'000'000'000'000, 1}});
  CHECK(found.bins.back().from == 2'000'000'000'000'000'000);
  CHECK(found.all.median == 5);
  CHECK(found.all.longest == century);
}

TEST_CASE("latency: only rows that match and were released count, and groups beyond the list are told") {
  TraceMaker maker;
  const std::uint32_t first = maker.alloc({8, 0x1000, "a"});
  const std::uint32_t second = maker.alloc({8, 0x2000, "b"});
  maker.alloc({8, 0x3000, "kept"});
  maker.free(first, 0);
  maker.free(second, 2);  // back to the system: what stands there later did not take its block
  maker.alloc({4, 0x1004, "c"});
  maker.alloc({8, 0x2000, "d"});
  const Places places(maker.trace);
  const LatencyQuery query{LatencyStage::idle, Axis::event, GroupBy::label, 0};
  const Latency all = find_latency(maker.trace, places, query, all_rows(maker.trace));
  CHECK(all.all.buffers == 1);
  CHECK(all.all.median == 2);
  CHECK(all.without == 1);
  CHECK(all.groups.empty());
  CHECK(all.all_groups == 1);
  const Latency none = find_latency(maker.trace, places, query, {0, 1, 1, 1, 1});
  CHECK(none.all.buffers == 0);
  CHECK(none.bins.empty());
  CHECK(none.without == 1);
  CHECK(find_latency({}, Places({}), query, {}).all.buffers == 0);
  const AddressBlocks blocks(maker.trace, places);
  CHECK(latency_of_row(maker.trace, places, blocks, 0).reused_by == 3);
  CHECK(latency_of_row(maker.trace, places, blocks, 1).reuse_event == Lifecycles::none);
  CHECK(latency_of_row(maker.trace, places, blocks, 99).last_use_event == Lifecycles::none);
}

TEST_CASE("latency: of two devices' blocks at one address the birth takes the one released last") {
  TraceMaker maker;
  const std::uint32_t first = maker.alloc({8, 0x1000});
  const std::uint32_t second = maker.alloc({8, 0x1000});
  maker.free(first);
  maker.free(second);
  maker.alloc({8, 0x1000});
  const Places places(maker.trace);
  const Latency found = find_latency(
      maker.trace, places, {LatencyStage::idle, Axis::event, GroupBy::label, 1}, all_rows(maker.trace));
  CHECK(found.all.buffers == 1);
  CHECK(found.without == 1);
  const AddressBlocks blocks(maker.trace, places);
  CHECK(latency_of_row(maker.trace, places, blocks, first).reuse_event == Lifecycles::none);
  CHECK(latency_of_row(maker.trace, places, blocks, second).reused_by == 2);
}
