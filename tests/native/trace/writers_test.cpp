#define RAPIDJSON_HAS_STDSTRING 1
#include <rapidjson/document.h>

#include <catch2/catch.hpp>
#include <random>
#include <vector>

#include "bufgc/viz/buffer_visualizer.hpp"
#include "bufgc/viz/lifecycles_builder.hpp"
#include "timeline/summary.hpp"
#include "trace/reading.hpp"

using namespace bufgc;

namespace {

/// Equal in every column, strings compared as strings.
void require_equal(const Lifecycles& a, const Lifecycles& b) {
  REQUIRE(a.id == b.id);
  REQUIRE(a.size_bytes == b.size_bytes);
  REQUIRE(a.capacity_bytes == b.capacity_bytes);
  REQUIRE(a.address == b.address);
  REQUIRE(a.alloc_event == b.alloc_event);
  REQUIRE(a.free_event == b.free_event);
  REQUIRE(a.alloc_time_ns == b.alloc_time_ns);
  REQUIRE(a.free_time_ns == b.free_time_ns);
  REQUIRE(a.base == b.base);
  REQUIRE(a.kind == b.kind);
  REQUIRE(a.cause == b.cause);
  REQUIRE(a.served_by == b.served_by);
  REQUIRE(a.freed_to == b.freed_to);
  REQUIRE(a.event_time_ns == b.event_time_ns);
  REQUIRE(a.event_kind == b.event_kind);
  REQUIRE(a.event_row == b.event_row);
  for (std::size_t row = 0; row < a.size(); ++row) {
    REQUIRE(a.strings.at(a.label[row]) == b.strings.at(b.label[row]));
    REQUIRE(a.strings.at(a.dtype[row]) == b.strings.at(b.dtype[row]));
    REQUIRE(a.strings.at(a.shape[row]) == b.strings.at(b.shape[row]));
    REQUIRE(a.strings.at(a.site[row]) == b.strings.at(b.site[row]));
    REQUIRE(a.strings.at(a.thread[row]) == b.strings.at(b.thread[row]));
  }
  REQUIRE(a.uses.size() == b.uses.size());
  for (std::size_t i = 0; i < a.uses.size(); ++i) {
    REQUIRE(a.uses[i].event == b.uses[i].event);
    REQUIRE(a.uses[i].row == b.uses[i].row);
    REQUIRE(a.uses[i].access == b.uses[i].access);
    REQUIRE(a.strings.at(a.uses[i].kernel) == b.strings.at(b.uses[i].kernel));
  }
  REQUIRE(a.marks.size() == b.marks.size());
  for (std::size_t i = 0; i < a.marks.size(); ++i)
    REQUIRE(a.strings.at(a.marks[i].name) == b.strings.at(b.marks[i].name));
  REQUIRE(a.segments.size() == b.segments.size());
  for (std::size_t i = 0; i < a.segments.size(); ++i) {
    REQUIRE(a.segments[i].address == b.segments[i].address);
    REQUIRE(a.segments[i].size_bytes == b.segments[i].size_bytes);
    REQUIRE(a.segments[i].reserve_event == b.segments[i].reserve_event);
    REQUIRE(a.segments[i].release_event == b.segments[i].release_event);
  }
  REQUIRE(a.links.size() == b.links.size());
  for (std::size_t i = 0; i < a.links.size(); ++i) {
    REQUIRE(a.links[i].holder == b.links[i].holder);
    REQUIRE(a.links[i].held == b.links[i].held);
    REQUIRE(a.links[i].added == b.links[i].added);
  }
  REQUIRE(a.moves.size() == b.moves.size());
  for (std::size_t i = 0; i < a.moves.size(); ++i) {
    REQUIRE(a.moves[i].event == b.moves[i].event);
    REQUIRE(a.moves[i].row == b.moves[i].row);
    REQUIRE(a.moves[i].from == b.moves[i].from);
    REQUIRE(a.moves[i].to == b.moves[i].to);
  }
  REQUIRE(a.folded.events == b.folded.events);
  REQUIRE(a.folded.max_live_bytes == b.folded.max_live_bytes);
}

/// A small life of its own in a visualizer: every kind of event, hostile names.
void live(BufferVisualizer& visualizer, std::uint64_t seed, int steps) {
  std::mt19937_64 random(seed);
  std::vector<std::uint32_t> generation(8);
  std::vector<bool> alive(8);
  const std::vector<std::string> names = {
      "",         "plain",        "a\"b\\c",   "line\nbreak",          "\x01\x7f",
      "\xff\xfe", "\xe2\x82\xac", "</script>", std::string("nul\0", 4)};
  const auto any_name = [&] { return names[random() % names.size()]; };
  for (int step = 0; step < steps; ++step) {
    const auto slot = static_cast<std::uint32_t>(random() % alive.size());
    const auto other = static_cast<std::uint32_t>(random() % alive.size());
    const BufferId id{slot, generation[slot]};
    const BufferId other_id{other, generation[other]};
    const auto address =
        reinterpret_cast<std::byte*>(static_cast<std::uintptr_t>((random() % 64 + 1) << 12U));
    switch (random() % 7) {
      case 0:
      case 1:
        if (alive[slot]) {
          visualizer.on_free(id, static_cast<Cause>(random() % 4), static_cast<FreedTo>(random() % 3));
          ++generation[slot];
        } else {
          const std::string label = any_name();
          BufferDescription description;
          description.base = other_id;
          if (random() % 2 == 0) description.shape = Shape{random(), 3, 0};
          description.label = label;
          const auto kind = static_cast<BufferKind>(random() % 3);
          const std::uint64_t size = random();
          visualizer.on_alloc({.id = id,
                               .data = address,
                               .size_bytes = size,
                               .capacity_bytes = kind == BufferKind::owned ? size : 0,
                               .dtype = static_cast<DType>(random() % dtype_count),
                               .kind = kind,
                               .description = &description});
        }
        alive[slot] = !alive[slot];
        break;
      case 2:
        visualizer.use(any_name(),
                       std::vector<KernelUse>{{id, Access::read}, {other_id, Access::read_write}});
        break;
      case 3:
        visualizer.mark(any_name());
        break;
      case 5:
        visualizer.on_move(id, address, address + random() % 4096);
        break;
      case 4:
        if (random() % 2 == 0) {
          visualizer.on_link(id, other_id);
        } else {
          visualizer.on_unlink(id, other_id);
        }
        break;
      default:
        if (random() % 2 == 0) {
          visualizer.on_segment_reserved({address, static_cast<std::size_t>((random() % 8 + 1) << 12U)});
        } else {
          visualizer.on_segment_released({address, static_cast<std::size_t>((random() % 8 + 1) << 12U)});
        }
    }
  }
}

}  // namespace

TEST_CASE("NDJSON read, written and read again is equal in every column") {
  for (const char* const name : {"/every_field.ndjson", "/mlp_train_excerpt.ndjson"}) {
    const Read first = read_ndjson(file_text(BUFGC_TEST_DATA + std::string(name)));
    REQUIRE(first.good);
    const std::string text = ndjson_of(first.rows);
    const Read second = read_ndjson(text);
    INFO(second.error.message);
    REQUIRE(second.good);
    require_equal(first.rows, second.rows);
    CHECK(ndjson_of(second.rows) == text);
  }
}

TEST_CASE("a visualizer's snapshot, folded or not, survives NDJSON unharmed") {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    INFO("seed " << seed);
    BufferVisualizer visualizer(VisualizerOptions{seed % 2 == 0 ? std::size_t{50} : std::size_t{1} << 20U});
    live(visualizer, seed, 600);
    const Lifecycles snapshot = visualizer.snapshot();
    const Read first = read_ndjson(ndjson_of(snapshot));
    INFO(first.error.message);
    REQUIRE(first.good);
    CHECK(first.rows.skipped_events == 0);
    CHECK(first.rows.event_kind == snapshot.event_kind);
    CHECK(first.rows.id == snapshot.id);
    CHECK(first.rows.base == snapshot.base);
    const timeline::Summary a = timeline::summarise(snapshot);
    const timeline::Summary b = timeline::summarise(first.rows);
    CHECK(a.events == b.events);
    CHECK(a.max_live_bytes == b.max_live_bytes);
    CHECK(a.alive_at_end_bytes == b.alive_at_end_bytes);
    CHECK(a.total_allocated_bytes == b.total_allocated_bytes);
    const Read second = read_ndjson(ndjson_of(first.rows));
    REQUIRE(second.good);
    require_equal(first.rows, second.rows);
  }
}

TEST_CASE("the NDJSON pieces of a running visualizer make one trace") {
  BufferVisualizer visualizer;
  const auto reader = trace::make_ndjson_reader();
  std::uint64_t next = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    live(visualizer, seed, 50);
    trace::StringSink sink;
    next = trace::write_ndjson_since(visualizer, next, sink);
    REQUIRE(next == visualizer.event_count());
    INFO(reader->error().message);
    REQUIRE(reader->feed(sink.text));
    REQUIRE(reader->lifecycles().event_count() == next);
  }
  trace::StringSink nothing;
  CHECK(trace::write_ndjson_since(visualizer, next, nothing) == next);
  CHECK(nothing.text.empty());
  CHECK(ndjson_of(reader->lifecycles()) == [&] {
    // The snapshot with its names repaired, as a file holds them.
    return ndjson_of(read_ndjson(ndjson_of(visualizer.snapshot())).rows);
  }());
}

TEST_CASE("CSV keeps what owns memory and reads back with the same levels") {
  const Read first = read_ndjson(file_text(BUFGC_TEST_DATA "/mlp_train_excerpt.ndjson"));
  trace::StringSink sink;
  REQUIRE(trace::write_csv(first.rows, sink));
  const Read second = read_csv(sink.text);
  INFO(second.error.message);
  REQUIRE(second.good);
  CHECK(second.rows.id == first.rows.id);
  CHECK(second.rows.size_bytes == first.rows.size_bytes);
  CHECK(second.rows.free_event == first.rows.free_event);
  CHECK(timeline::summarise(second.rows).max_live_bytes == timeline::summarise(first.rows).max_live_bytes);
}

TEST_CASE("Chrome's form is valid JSON whatever the names hold, with live bytes as a counter") {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    INFO("seed " << seed);
    BufferVisualizer visualizer;
    live(visualizer, seed, 300);
    const Lifecycles snapshot = visualizer.snapshot();
    trace::StringSink sink;
    REQUIRE(trace::write_chrome(snapshot, sink));
    rapidjson::Document document;
    document.Parse<rapidjson::kParseValidateEncodingFlag>(sink.text);
    REQUIRE_FALSE(document.HasParseError());
    std::size_t begun = 0;
    std::size_t ended = 0;
    std::size_t moved = 0;
    double last_time = 0;
    for (const auto& event : document["traceEvents"].GetArray()) {
      const std::string phase = event["ph"].GetString();
      begun += phase == "b" ? 1 : 0;
      ended += phase == "e" ? 1 : 0;
      moved += phase == "n" ? 1 : 0;
      if (!event.HasMember("ts")) continue;
      REQUIRE(event["ts"].GetDouble() >= last_time);
      last_time = event["ts"].GetDouble();
    }
    std::size_t alive = 0;
    for (const std::uint32_t free_event : snapshot.free_event)
      alive += free_event == Lifecycles::none ? 1 : 0;
    CHECK(begun == snapshot.size());
    CHECK(moved == snapshot.moves.size());
    CHECK(ended == snapshot.size() - alive);  // alive at the end is never shown as freed
  }
}

TEST_CASE("a writer stops and says so when the sink refuses") {
  struct Refusing final : trace::Sink {
    int calls = 0;
    bool write(std::string_view) override { return ++calls < 2; }
  };
  LifecyclesBuilder builder;
  for (std::uint64_t id = 0; id < 100000; ++id) {
    EventRecord birth;
    birth.id = id;
    builder.alloc(birth);
  }
  for (const auto write : {&trace::write_ndjson, &trace::write_csv, &trace::write_chrome}) {
    Refusing sink;
    CHECK_FALSE(write(builder.lifecycles(), sink));
    CHECK(sink.calls == 2);
  }
}
