// The recorded traces that lie beside the project, where they are present.

#if !defined(__EMSCRIPTEN__)

#define RAPIDJSON_HAS_STDSTRING 1
#include <rapidjson/document.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <string>

#include "bufgc/memory/cpu_allocator.hpp"
#include "timeline/reserved_account.hpp"
#include "timeline/summary.hpp"
#include "trace/equal_lifecycles.hpp"
#include "trace/pickle_machine.hpp"
#include "trace/reading.hpp"

using namespace bufgc;

TEST_CASE("the summaries of recorded traces agree with what their recorder counted") {
  for (const std::string name :
       {"conv_jit", "eager_churn", "gpt_generate_noplan", "mlp_jit", "mlp_leak", "mlp_train_noplan_long"}) {
    const std::string base = BUFGC_SHARED_TRACES "/tinygrad/" + name;
    const std::string counted = file_text(base + ".stats.json");
    if (counted.empty()) {
      WARN("skipped: no shared traces");
      return;
    }
    INFO(name);
    rapidjson::Document stats;
    stats.Parse(counted);
    REQUIRE(stats.IsObject());
    const auto number = [&](const char* key) { return stats[key].GetUint64(); };

    const Read trace = read_ndjson(unpacked(base + ".ndjson.gz"));
    INFO(trace.error.message);
    REQUIRE(trace.good);
    const timeline::Summary figures = timeline::summarise(trace.rows);
    CHECK(figures.events == number("events"));
    CHECK(figures.buffers == number("allocs"));
    CHECK(figures.buffers - figures.alive_at_end_buffers == number("frees"));
    CHECK(figures.alive_at_end_buffers == number("end_live"));
    CHECK(figures.alive_at_end_bytes == number("end_live_bytes"));
    CHECK(figures.max_live_bytes == number("peak_bytes"));
    CHECK(figures.max_live_buffers == number("peak_live_bufs"));
    CHECK(figures.total_allocated_bytes == number("total_alloc_bytes"));
    CHECK(figures.distinct_sizes == number("distinct_sizes"));
    CHECK(figures.skipped_events == 0);
    std::uint64_t hits = 0;
    std::uint64_t to_cache = 0;
    for (const std::uint8_t served_by : trace.rows.served_by)
      hits += served_by == static_cast<std::uint8_t>(ServedBy::cache) ? 1 : 0;
    for (const std::uint8_t freed_to : trace.rows.freed_to)
      to_cache += freed_to == static_cast<std::uint8_t>(FreedTo::cache) ? 1 : 0;
    CHECK(hits == number("lru_hits"));
    CHECK(to_cache == number("free_to_lru"));

    const std::string bytes = bufgc_of(trace.rows);
    CHECK(bytes.size() <= 12 * trace.rows.event_count());
    const Read binary = read_bufgc(bytes);
    REQUIRE(binary.good);
    require_equal(trace.rows, binary.rows);

    const Read uses = read_ndjson(unpacked(base + ".use.ndjson.gz"));
    REQUIRE(uses.good);
    CHECK(uses.rows.skipped_events == number("kernel_runs"));  // alone, it names no buffer that is known
  }
}

TEST_CASE("every reserved byte of recorded traces has its place, at any event") {
  for (const std::string name :
       {"conv_jit", "eager_churn", "gpt_generate_noplan", "mlp_jit", "mlp_leak", "mlp_train_noplan_long"}) {
    const Read trace = read_ndjson(unpacked(BUFGC_SHARED_TRACES "/tinygrad/" + name + ".ndjson.gz"));
    if (trace.rows.size() == 0) {
      WARN("skipped: no shared traces");
      return;
    }
    const timeline::Levels levels(trace.rows);
    const timeline::Places places(trace.rows);
    const std::size_t step = trace.rows.event_count() / 40 + 1;
    for (std::size_t event = 0; event < trace.rows.event_count(); event += step) {
      INFO(name << ", event " << event);
      const timeline::ReservedAccount account = timeline::account_reserved(trace.rows, places, levels, event);
      REQUIRE(account.reserved_bytes == levels.at(event).reserved_bytes);
      REQUIRE(account.reserved_bytes ==
              account.live_bytes + account.rounding_bytes + account.cached_bytes + account.gaps_bytes);
      REQUIRE(account.outside_bytes == 0);
    }
  }
}

TEST_CASE("the planning problems are read as they were made") {
  if (file_text(BUFGC_SHARED_TRACES "/planning/minimalloc_A.csv").empty()) {
    WARN("skipped: no shared traces");
    return;
  }
  for (const char* const name : {"A", "E", "G", "I", "K"}) {
    const Read trace =
        read_csv(file_text(BUFGC_SHARED_TRACES "/planning/minimalloc_" + std::string(name) + ".csv"));
    REQUIRE(trace.good);
    CHECK(timeline::summarise(trace.rows).max_live_bytes == 1U << 20U);
    CHECK(timeline::summarise(trace.rows).alive_at_end_buffers == 0);
  }
}

namespace {

/// What the segments of a snapshot add up to, read past the reader of snapshots.
struct SegmentSums {
  std::uint64_t total_bytes = 0, active_bytes = 0, requested_bytes = 0, entries = 0;
  explicit SegmentSums(const std::string& pickle) {
    trace::PickleMachine machine;
    REQUIRE(machine.feed(pickle));
    REQUIRE(machine.finish());
    const trace::PickleValues& values = machine.values();
    const auto find = [&](trace::PickleValue dict, std::string_view key) {
      const auto items = values.items(dict);
      for (std::size_t at = 0; at < items.size(); at += 2)
        if (values.text(items[at]) == key) return items[at + 1];
      return trace::PickleValue{};
    };
    for (const trace::PickleValue segment : values.items(find(machine.result(), "segments"))) {
      total_bytes += find(segment, "total_size").bits;
      active_bytes += find(segment, "active_size").bits;
      requested_bytes += find(segment, "requested_size").bits;
    }
    for (const trace::PickleValue entries_of : values.items(find(machine.result(), "device_traces")))
      for (const trace::PickleValue entry : values.items(entries_of))
        entries += values.text(find(entry, "action")) == "free_requested" ? 0 : 1;
  }
};

}  // namespace

TEST_CASE("PyTorch snapshots end with the bytes that their own segments say") {
  for (const std::string name : {"adam", "older_schema", "short", "train_steps"}) {
    const std::string pickle = unpacked(BUFGC_SHARED_TRACES "/pytorch/" + name + ".pickle.gz");
    if (pickle.empty()) {
      WARN("skipped: no shared traces");
      return;
    }
    INFO(name);
    const SegmentSums sums(pickle);
    const Read trace = read_pytorch(pickle, 65536);
    INFO(trace.error.message);
    REQUIRE(trace.good);
    CHECK(trace.notice.empty());
    CHECK(trace.rows.skipped_events == 0);
    const timeline::Levels levels(trace.rows);
    const auto last = levels.at(trace.rows.event_count() - 1);
    CHECK(capacity_at_end(trace.rows) == sums.active_bytes);
    CHECK(last.live_bytes == sums.requested_bytes);
    CHECK(last.reserved_bytes == sums.total_bytes);
    // Each entry is an event, and so is each buffer and segment that stood before, and a mark behind these.
    std::uint64_t before = 0;
    for (std::size_t mark = 0; mark < trace.rows.marks.size(); ++mark)
      if (trace.rows.strings.at(trace.rows.marks[mark].name) == "recording begins")
        before = trace.rows.marks[mark].event + std::uint64_t{1};
    const std::uint64_t annotations = trace.rows.marks.size() - (before > 0 ? 1 : 0);
    CHECK(trace.rows.event_count() == sums.entries + before + annotations);

    const timeline::Places places(trace.rows);
    const std::size_t step = trace.rows.event_count() / 40 + 1;
    for (std::size_t event = before; event < trace.rows.event_count(); event += step) {
      const timeline::ReservedAccount account = timeline::account_reserved(trace.rows, places, levels, event);
      REQUIRE(account.reserved_bytes ==
              account.live_bytes + account.rounding_bytes + account.cached_bytes + account.gaps_bytes);
      REQUIRE(account.outside_bytes == 0);
    }
  }
}

#endif
