// The binary form: what is written is read back, a time range alone too.

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "bufgc/viz/buffer_visualizer.hpp"
#include "bufgc/viz/lifecycles_builder.hpp"
#include "trace/bufgc_range_reader.hpp"
#include "trace/bufgc_writer.hpp"
#include "trace/equal_lifecycles.hpp"
#include "trace/random_life.hpp"
#include "trace/reading.hpp"
#include "trace/records.hpp"

using namespace bufgc;

namespace {

class TextSource final : public trace::ByteSource {
 public:
  explicit TextSource(std::string bytes) : bytes_(std::move(bytes)) {}
  std::uint64_t size_bytes() override { return bytes_.size(); }
  std::string read(std::uint64_t offset, std::size_t count) override {
    if (offset >= bytes_.size()) return {};
    std::string part = bytes_.substr(static_cast<std::size_t>(offset), count);
    taken += part.size();
    return part;
  }
  std::uint64_t taken = 0;

 private:
  std::string bytes_;
};

/// What a life in a visualizer left, as a file holds it: names repaired.
Lifecycles recorded(std::uint64_t seed, int steps) {
  BufferVisualizer visualizer;
  live(visualizer, seed, steps);
  Read read = read_ndjson(ndjson_of(visualizer.snapshot()));
  REQUIRE(read.good);
  // Clocks differ from run to run: times of their own, some of them equal.
  std::mt19937_64 random(seed);
  std::int64_t time = -100;
  for (std::size_t event = 0; event < read.rows.event_count(); ++event) {
    time += static_cast<std::int64_t>(random() % 3);
    read.rows.event_time_ns[event] = time;
  }
  return std::move(read.rows);
}

/// In blocks and sections so small that there are many.
std::string in_sections(const Lifecycles& rows, bool closed = true) {
  trace::StringSink sink;
  trace::BufgcOptions options;
  options.block_records = 16;
  options.section_records = 50;
  trace::BufgcWriter writer(sink, rows.folded, options);
  trace::Records records(rows);
  for (std::size_t event = 0; event < records.size(); ++event) REQUIRE(writer.add(records.at(event)));
  REQUIRE((closed ? writer.close() : writer.flush()));
  return sink.text;
}

EventRecord birth_of(std::uint64_t id, std::int64_t time_ns) {
  EventRecord event;
  event.kind = Lifecycles::EventKind::alloc;
  event.time_ns = time_ns;
  event.id = id;
  event.size_bytes = event.capacity_bytes = 100;
  return event;
}
EventRecord end_of(std::uint64_t id, std::int64_t time_ns) {
  EventRecord event;
  event.kind = Lifecycles::EventKind::free;
  event.time_ns = time_ns;
  event.id = id;
  return event;
}

}  // namespace

TEST_CASE("every kind of event and every field survives the binary form, read in pieces of any size") {
  for (const char* const name : {"/every_field.ndjson", "/mlp_train_excerpt.ndjson"}) {
    const Read text = read_ndjson(file_text(BUFGC_TEST_DATA + std::string(name)));
    REQUIRE(text.good);
    const std::string bytes = bufgc_of(text.rows);
    for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{64}, bytes.size()}) {
      const Read binary = read_bufgc(bytes, piece);
      INFO(name << ", pieces of " << piece << ": " << binary.error.message);
      REQUIRE(binary.good);
      CHECK(binary.notice.empty());
      require_equal(text.rows, binary.rows);
      CHECK(binary.rows.skipped_events == text.rows.skipped_events);
      CHECK(ndjson_of(binary.rows) == ndjson_of(text.rows));
    }
  }
}

TEST_CASE("random lives survive the binary form, in one block and in many sections") {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    INFO("seed " << seed);
    const Lifecycles rows = recorded(seed, 900);
    const Read one = read_bufgc(bufgc_of(rows));
    INFO(one.error.message);
    REQUIRE(one.good);
    require_equal(rows, one.rows);
    const std::string bytes = in_sections(rows);
    const Read many = read_bufgc(bytes, static_cast<std::size_t>(1 + seed * 13));
    INFO(many.error.message);
    REQUIRE(many.good);
    require_equal(rows, many.rows);
  }
}

TEST_CASE("a folded snapshot keeps its totals, names of no valid UTF-8 are repaired, skips are counted") {
  BufferVisualizer visualizer(VisualizerOptions{50});
  live(visualizer, 3, 600);
  Lifecycles snapshot = visualizer.snapshot();
  REQUIRE(snapshot.folded.events > 0);
  snapshot.skipped_by_reason[static_cast<std::size_t>(SkipReason::no_memory_for_log)] += 7;
  snapshot.skipped_events += 7;
  const Read binary = read_bufgc(bufgc_of(snapshot));
  INFO(binary.error.message);
  REQUIRE(binary.good);
  CHECK(binary.rows.skipped_events == snapshot.skipped_events);
  CHECK(binary.rows.skipped_by_reason == snapshot.skipped_by_reason);
  require_equal(read_ndjson(ndjson_of(snapshot)).rows, binary.rows);
}

TEST_CASE("an empty trace is a file, and a label of a megabyte survives") {
  const Read nothing = read_bufgc(bufgc_of(Lifecycles()));
  CHECK(nothing.good);
  CHECK(nothing.notice.empty());
  CHECK(nothing.rows.event_count() == 0);

  const std::string label(std::size_t{1} << 20U, 'x');
  LifecyclesBuilder builder;
  for (std::uint64_t id = 0; id < 20; ++id) {
    EventRecord birth = birth_of(id, 0);
    const std::string own = label + std::to_string(id);
    birth.name = own;
    builder.alloc(birth);
  }
  const Read large = read_bufgc(bufgc_of(builder.lifecycles()));
  REQUIRE(large.good);
  require_equal(builder.lifecycles(), large.rows);
}

TEST_CASE("a writer skips what does not fit, as a reader of lines does, and puts time in order") {
  trace::StringSink sink;
  trace::BufgcWriter writer(sink);
  CHECK(writer.add(birth_of(1, 10)));
  CHECK(writer.add(birth_of(1, 11)));  // alive
  CHECK(writer.add(end_of(2, 12)));    // unknown
  EventRecord use;
  use.kind = Lifecycles::EventKind::use;
  use.time_ns = 5;  // before the birth
  const EventRecord::Use uses[] = {{1, 1}, {9, 2}};
  use.uses = uses;
  CHECK(writer.add(use));
  CHECK(writer.add(end_of(1, 20)));
  REQUIRE(writer.close());
  CHECK_FALSE(writer.add(birth_of(3, 30)));
  const Read read = read_bufgc(sink.text);
  INFO(read.error.message);
  REQUIRE(read.good);
  CHECK(read.rows.event_time_ns == std::vector<std::int64_t>{10, 10, 20});
  CHECK(read.rows.uses.size() == 1);
  CHECK(read.rows.skipped_events == 3);
  CHECK(read.rows.skipped_by_reason[static_cast<std::size_t>(SkipReason::alloc_of_live_id)] == 1);
  CHECK(read.rows.skipped_by_reason[static_cast<std::size_t>(SkipReason::free_of_unknown_id)] == 1);
  CHECK(read.rows.skipped_by_reason[static_cast<std::size_t>(SkipReason::use_of_unknown_id)] == 1);
}

TEST_CASE("a time range loaded alone equals the whole cut to it, with and without an index") {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    const Lifecycles rows = recorded(seed, 900);
    const std::string closed = in_sections(rows);
    const std::string open = in_sections(rows, false);
    const std::int64_t last = rows.event_time_ns.back();
    std::mt19937_64 random(seed);
    for (int round = 0; round < 12; ++round) {
      trace::TimeRange range;
      range.from_ns = -110 + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(last + 120));
      range.to_ns = range.from_ns + static_cast<std::int64_t>(random() % 200);
      INFO("seed " << seed << ", from " << range.from_ns << " to " << range.to_ns);
      const Lifecycles expected = trace::cut(rows, range);
      for (const std::string* const bytes : {&closed, &open}) {
        TextSource source(*bytes);
        trace::RangeRead read;
        const bool good = trace::read_bufgc_range(source, range, read);
        INFO(read.error.message);
        REQUIRE(good);
        require_equal(expected, read.lifecycles);
      }
    }
  }
}

TEST_CASE("a range that counts from the first event is read from the parts of the file that are asked for") {
  for (std::uint64_t seed = 21; seed <= 26; ++seed) {
    const Lifecycles rows = recorded(seed, 900);
    const std::int64_t first = rows.event_time_ns.front();
    const std::int64_t length = rows.event_time_ns.back() - first;
    std::mt19937_64 random(seed);
    for (const bool closed : {true, false}) {
      const std::string bytes = in_sections(rows, closed);
      for (int round = 0; round < 8; ++round) {
        trace::TimeRange range;
        range.from_ns = static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(length + 20));
        range.to_ns = range.from_ns + static_cast<std::int64_t>(random() % 200);
        INFO("seed " << seed << ", from " << range.from_ns << " to " << range.to_ns);
        trace::BufgcRangeReader reader(bytes.size(), range, trace::RangeStart::first_event);
        for (auto part = reader.wanted(); part.count > 0; part = reader.wanted()) {
          CHECK(reader.lifecycles().event_count() == 0);
          const bool good =
              reader.feed(std::string_view(bytes).substr(static_cast<std::size_t>(part.offset), part.count));
          INFO(reader.error().message);
          REQUIRE(good);
        }
        REQUIRE(reader.finish());
        CHECK(reader.origin_ns() == first);
        require_equal(trace::cut(rows, {first + range.from_ns, first + range.to_ns}), reader.lifecycles());
      }
    }
  }
}

TEST_CASE("a range read in parts tells what is wrong with the file, and of an empty one that it is none") {
  const std::string bytes = bufgc_of(recorded(3, 300));
  const auto read = [](const std::string& file, std::string& error) {
    trace::BufgcRangeReader reader(file.size(), {}, trace::RangeStart::first_event);
    bool good = true;
    for (auto part = reader.wanted(); good && part.count > 0; part = reader.wanted())
      good = reader.feed(std::string_view(file).substr(
          std::min(file.size(), static_cast<std::size_t>(part.offset)), part.count));
    good = good && reader.finish();
    error = reader.error().message;
    return good;
  };
  std::string error;
  CHECK(read(bytes, error));
  std::string spoilt = bytes;
  spoilt[bytes.size() / 2] = static_cast<char>(spoilt[bytes.size() / 2] ^ 1);
  CHECK_FALSE(read(spoilt, error));
  CHECK(error.find("byte ") == 0);
  CHECK_FALSE(read("", error));
  CHECK(error.find("found the end of its first 0 bytes") != std::string::npos);
  for (std::size_t size = 0; size < bytes.size(); size += 7) {
    const bool good = read(bytes.substr(0, size), error);
    CHECK(good == error.empty());
  }
}

TEST_CASE("a range moved beyond the ends of time stays at them") {
  using Limits = std::numeric_limits<std::int64_t>;
  const trace::TimeRange later = trace::moved({5, Limits::max()}, 10);
  CHECK(later.from_ns == 15);
  CHECK(later.to_ns == Limits::max());
  const trace::TimeRange earlier = trace::moved({Limits::min(), 5}, -10);
  CHECK(earlier.from_ns == Limits::min());
  CHECK(earlier.to_ns == -5);
}

TEST_CASE("a cut has in front what stands at its beginning, and exact totals of the rest") {
  LifecyclesBuilder builder;
  builder.reserve(0, 4096, 4096);
  builder.alloc(birth_of(1, 1));
  builder.alloc(birth_of(2, 2));
  builder.free(3, 1, 0, 0);
  builder.link(4, 2, 2, true);
  builder.mark(5, builder.strings().intern("phase"));
  builder.move(6, 2, 0, 5000);
  builder.alloc(birth_of(1, 7));
  builder.free(9, 2, 0, 0);
  const Lifecycles part = trace::cut(builder.lifecycles(), {7, 8});
  CHECK(part.folded.events == 3);  // the first birth, its end, the move
  CHECK(part.folded.buffers == 1);
  CHECK(part.folded.bytes == 100);
  CHECK(part.folded.max_live_bytes == 200);
  CHECK(part.folded.max_live_buffers == 2);
  REQUIRE(part.event_time_ns == std::vector<std::int64_t>{0, 2, 4, 5, 7});
  CHECK(part.id == std::vector<std::uint64_t>{2, 1});
  CHECK(part.address[0] == 5000);
  CHECK(part.free_event[0] == Lifecycles::none);
  CHECK(part.strings.at(part.marks[0].name) == "phase");
  CHECK(trace::cut(builder.lifecycles(), {}).event_count() == builder.lifecycles().event_count());
}

TEST_CASE("a range of a long file reads a part of it only, and hours of events need bounded memory") {
  struct Counting final : trace::Sink {
    std::string* kept = nullptr;
    bool write(std::string_view bytes) override {
      if (kept != nullptr) kept->append(bytes);
      return true;
    }
  };
  std::string bytes;
  Counting sink;
  sink.kept = &bytes;
  trace::BufgcWriter writer(sink);
  constexpr std::uint64_t buffers = 400'000;
  for (std::uint64_t id = 0; id < buffers; ++id) {
    EventRecord birth = birth_of(id, static_cast<std::int64_t>(10 * id));
    const std::string label = "step " + std::to_string(id);  // never the same name twice
    birth.name = label;
    REQUIRE(writer.add(birth));
    if (id >= 10) REQUIRE(writer.add(end_of(id - 10, static_cast<std::int64_t>(10 * id + 5))));
    REQUIRE(writer.standing().live_buffers() <= 11);
    REQUIRE(writer.standing().strings().size() <= 150'000);
  }
  REQUIRE(writer.close());
  TextSource source(bytes);
  trace::RangeRead read;
  REQUIRE(trace::read_bufgc_range(source, {3'000'000, 3'000'099}, read));
  CHECK(read.lifecycles.event_count() == 10 + 20);
  CHECK(read.lifecycles.folded.buffers == 300'000 - 10);
  CHECK(source.taken < bytes.size() / 3);
}
