// A running visualizer written into the binary form.

#include "trace/trace_stream.hpp"

#include <catch2/catch.hpp>
#include <cstdint>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "bufgc/buffer_manager.hpp"
#include "timeline/summary.hpp"
#include "trace/equal_lifecycles.hpp"
#include "trace/random_life.hpp"
#include "trace/reading.hpp"

using namespace bufgc;

namespace {

/// Of each buffer, by id: still alive at the end, and where it stood last.
std::map<std::uint64_t, std::uint64_t> alive_in(const Lifecycles& rows) {
  std::vector<std::uint64_t> address = rows.address;
  for (const Lifecycles::Move& move : rows.moves) address[move.row] = move.to;
  std::map<std::uint64_t, std::uint64_t> alive;
  for (std::size_t row = 0; row < rows.size(); ++row)
    if (rows.free_event[row] == Lifecycles::none) alive[rows.id[row]] = address[row];
  return alive;
}
std::uint64_t reserved_in(const Lifecycles& rows) {
  std::uint64_t sum = 0;
  for (const Lifecycles::SegmentLife& segment : rows.segments)
    if (segment.release_event == Lifecycles::none) sum += segment.size_bytes;
  return sum;
}

}  // namespace

TEST_CASE("what a stream wrote, pulled now and then, is the visualizer's own trace") {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    INFO("seed " << seed);
    BufferVisualizer visualizer;
    live(visualizer, seed, 70);  // it begins with what is known
    trace::StringSink sink;
    trace::TraceStream stream(visualizer, sink);
    for (std::uint64_t more = 0; more < 30; ++more) {
      live(visualizer, seed * 1000 + more, 40);
      REQUIRE((more % 5 == 0 ? stream.flush() : stream.pull()));
    }
    const Read open = read_bufgc(sink.text);  // as a crash would leave it
    CHECK(open.good);
    CHECK(open.notice.find("was not closed") != std::string::npos);
    CHECK(open.rows.event_count() > 0);
    REQUIRE(stream.close());
    CHECK(stream.lost_events() == 0);
    CHECK(stream.written_bytes() == sink.text.size());
    const Read read = read_bufgc(sink.text);
    INFO(read.error.message);
    REQUIRE(read.good);
    CHECK(read.notice.empty());
    require_equal(read_ndjson(ndjson_of(visualizer.snapshot())).rows, read.rows);
    CHECK_FALSE(stream.pull());
  }
}

TEST_CASE("events that were folded away unwritten are counted, and what they ended has ended") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    INFO("seed " << seed);
    BufferVisualizer visualizer(VisualizerOptions{40});
    trace::StringSink sink;
    trace::TraceStream stream(visualizer, sink);
    std::uint64_t seen = 0;
    for (std::uint64_t more = 0; more < 12; ++more) {
      live(visualizer, seed * 100 + more, more % 3 == 0 ? 300 : 20);
      REQUIRE(stream.pull());
    }
    REQUIRE(stream.close());
    CHECK(stream.lost_events() > 500);
    const Read read = read_bufgc(sink.text);
    INFO(read.error.message);
    REQUIRE(read.good);
    const Lifecycles& rows = read.rows;
    CHECK(rows.skipped_by_reason[static_cast<std::size_t>(SkipReason::folded_before_written)] ==
          stream.lost_events());
    CHECK(rows.skipped_events == stream.lost_events());  // nothing that was written did not fit
    const Lifecycles snapshot = visualizer.snapshot();
    CHECK(alive_in(rows) == alive_in(snapshot));
    CHECK(reserved_in(rows) == reserved_in(snapshot));
    for (const Lifecycles::Mark& mark : rows.marks) seen += mark.event;
    CHECK(seen > 0);
  }
}

TEST_CASE("a log that is cleared under a stream goes on with what is alive") {
  BufferManager manager({.visualize = true});
  trace::StringSink sink;
  trace::TraceStream stream(manager.visualizer(), sink);
  CpuBuffer kept = manager.alloc(1000);
  CpuBuffer gone = manager.alloc(2000);
  REQUIRE(stream.pull());
  for (int i = 0; i < 50; ++i) static_cast<void>(manager.alloc(64));
  gone = {};
  CpuBuffer unseen = manager.alloc(3000);
  manager.visualizer().clear();
  CpuBuffer later = manager.alloc(4000);
  REQUIRE(stream.close());
  const Read read = read_bufgc(sink.text);
  INFO(read.error.message);
  REQUIRE(read.good);
  const timeline::Summary figures = timeline::summarise(read.rows);
  CHECK(figures.alive_at_end_buffers == 3);
  CHECK(figures.alive_at_end_bytes == 8000);
  CHECK(read.rows.skipped_events == 0);
}

TEST_CASE("a stream that pulls by itself loses nothing in a log that holds little, and stays small") {
  constexpr std::size_t log_events = 4096;
  constexpr int buffers = 100'000;
  BufferManager manager({.visualizer = {log_events}, .visualize = true});
  trace::StringSink sink;
  trace::TraceStream stream(manager.visualizer(), sink, {log_events / 4});
  for (int i = 0; i < buffers; ++i) static_cast<void>(manager.alloc(256));
  CHECK(manager.visualizer().log_bytes() < 2U << 20U);
  REQUIRE(stream.close());
  CHECK(stream.lost_events() == 0);
  const Read read = read_bufgc(sink.text);
  REQUIRE(read.good);
  const timeline::Summary figures = timeline::summarise(read.rows);
  CHECK(figures.buffers == buffers);
  CHECK(figures.total_allocated_bytes == manager.statistics().total_allocated_bytes);
  CHECK(sink.text.size() < 12 * read.rows.event_count());
}

TEST_CASE("a sink that refuses ends a stream") {
  struct Refusing final : trace::Sink {
    bool write(std::string_view) override { return ++calls < 4; }
    int calls = 0;
  };
  BufferManager manager({.visualize = true});
  Refusing sink;
  trace::TraceStream stream(manager.visualizer(), sink);
  const CpuBuffer buffer = manager.alloc(1);
  CHECK_FALSE(stream.flush());
  CHECK_FALSE(stream.pull());
  CHECK_FALSE(stream.close());
  CHECK(sink.calls == 4);
}

#if !defined(__EMSCRIPTEN__)
TEST_CASE("threads that record while a stream pulls leave one consistent trace", "[threads]") {
  BufferManager manager({.visualizer = {std::size_t{1} << 14U}, .visualize = true});
  trace::StringSink sink;
  trace::TraceStream stream(manager.visualizer(), sink, {1024});
  const auto work = [&] {
    for (int i = 0; i < 20'000; ++i) static_cast<void>(manager.alloc(64 + static_cast<std::uint64_t>(i % 7)));
  };
  std::thread other(work);
  work();
  other.join();
  REQUIRE(stream.close());
  const Read read = read_bufgc(sink.text);
  INFO(read.error.message);
  REQUIRE(read.good);
  CHECK(read.rows.skipped_events == stream.lost_events());
  CHECK(timeline::summarise(read.rows).alive_at_end_buffers == 0);
  CHECK(alive_in(read.rows) == alive_in(manager.visualizer().snapshot()));
}
#endif
