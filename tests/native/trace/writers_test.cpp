#define RAPIDJSON_HAS_STDSTRING 1
#include <rapidjson/document.h>

#include <catch2/catch.hpp>
#include <vector>

#include "bufgc/viz/buffer_visualizer.hpp"
#include "bufgc/viz/lifecycles_builder.hpp"
#include "timeline/summary.hpp"
#include "trace/equal_lifecycles.hpp"
#include "trace/random_life.hpp"
#include "trace/reading.hpp"

using namespace bufgc;

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
  for (const auto write :
       {&trace::write_ndjson, &trace::write_bufgc, &trace::write_csv, &trace::write_chrome}) {
    Refusing sink;
    CHECK_FALSE(write(builder.lifecycles(), sink));
    CHECK(sink.calls == 2);
  }
}

TEST_CASE("rows for a spreadsheet: text in quotation marks where it must, and never a formula") {
  constexpr const char* text =
      R"json({"t":100,"op":"alloc","id":1,"size":64,"addr":"0x1000","label":"a,b","dtype":"say \"hi\"","site":"two\nlines"}
{"t":110,"op":"alloc","id":2,"size":32,"block":64,"label":"=HYPERLINK(\"http://x\")","dtype":"float32","shape":"2x4","thread":"main"}
{"t":120,"op":"free","id":2,"cause":"finalized"}
)json";
  const Read read = read_ndjson(text);
  REQUIRE(read.good);
  trace::StringSink sink;
  const std::vector<std::uint32_t> rows{1, 0};
  REQUIRE(trace::write_rows_csv(read.rows, rows, true, sink));
  const std::uint64_t block = read.rows.capacity_bytes[1];
  CHECK(sink.text ==
        "id,kind,label,dtype,shape,size_bytes,block_bytes,address,born_event,born_ns,released_event,released_"
        "ns,"
        "cause,site,thread\r\n"
        "2,owned,\"'=HYPERLINK(\"\"http://x\"\")\",float32,2x4,32," +
            std::to_string(block) +
            ",,1,10,2,20,finalized,,main\r\n"
            "1,owned,\"a,b\",\"say \"\"hi\"\"\",,64,64,0x1000,0,0,,,,\"two\nlines\",\r\n");
  trace::StringSink part;
  REQUIRE(trace::write_rows_csv(read.rows, std::span(rows).subspan(1), false, part));
  CHECK(part.text.substr(0, 8) == "1,owned,");
}

TEST_CASE(
    "text for a spreadsheet is cut, is UTF-8, and holds nothing that a terminal or a formula would act on") {
  Lifecycles rows;
  const auto cell = [&](std::string_view label) {
    rows = {};
    rows.label.push_back(rows.strings.intern(label));
    for (auto* const column : {&rows.dtype, &rows.shape, &rows.site, &rows.thread}) column->resize(1);
    rows.id = rows.size_bytes = rows.capacity_bytes = rows.address = {0};
    rows.alloc_event = rows.free_event = {0};
    rows.event_time_ns = {0};
    rows.kind = rows.cause = {0};
    trace::StringSink sink;
    const std::uint32_t row = 0;
    REQUIRE(trace::write_rows_csv(rows, {&row, 1}, false, sink));
    const std::string before = "0,owned,";
    return sink.text.substr(before.size(), sink.text.find(",,,0,0,") - before.size());
  };
  for (const char* const formula :
       {"=1", "+1", "-1", "@x", "\tx", "\uff1d1", "\uff0b1", "\uff0d1", "\uff20x"})
    CHECK(cell(formula) == "'" + std::string(formula));
  CHECK(cell("\r=1") == "\"'\r=1\"");
  CHECK(cell("a=1") == "a=1");
  CHECK(cell("\x1b[31m") == "\ufffd[31m");
  CHECK(cell("a\xff") == "a\ufffd");
  CHECK(cell(std::string(1024, 'x')) == std::string(1024, 'x'));
  CHECK(cell(std::string(1'000'000, 'x')) == std::string(1024, 'x') + "\u2026");
  CHECK(cell(std::string(1023, 'x') + "\u00e9") == std::string(1023, 'x') + "\u2026");
}
