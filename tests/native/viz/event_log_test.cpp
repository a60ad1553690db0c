// The log by itself: bounds, folding, names, reading.

#include "bufgc/viz/event_log.hpp"

#include <catch2/catch.hpp>
#include <chrono>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "bufgc/viz/buffer_visualizer.hpp"
#include "bufgc/viz/lifecycles_builder.hpp"
#include "bufgc/viz/string_table.hpp"
#include "viz/levels_of.hpp"

using namespace bufgc;

namespace {

BufferId id_of(std::uint64_t value) {
  return BufferId::from_value(value);
}

const std::byte* byte_at(std::uint64_t address) {
  return reinterpret_cast<const std::byte*>(static_cast<std::uintptr_t>(address));
}

/// Where each buffer that is alive at the end stands, by id.
std::map<std::uint64_t, std::uint64_t> last_addresses(const Lifecycles& log) {
  std::map<std::uint64_t, std::uint64_t> addresses;
  for (std::size_t row = 0; row < log.size(); ++row)
    if (log.free_event[row] == Lifecycles::none) addresses[log.id[row]] = log.address[row];
  for (const Lifecycles::Move& move : log.moves)
    if (log.free_event[move.row] == Lifecycles::none) addresses[log.id[move.row]] = move.to;
  return addresses;
}

void birth(BufferVisualizer& visualizer, std::uint64_t id, std::uint64_t size, std::string_view label = {}) {
  BufferDescription description;
  description.label = label;
  visualizer.on_alloc({.id = id_of(id),
                       .data = byte_at((std::uint64_t{id_of(id).slot} + 1) << 20U),
                       .size_bytes = size,
                       .capacity_bytes = size,
                       .description = &description});
}

void death(BufferVisualizer& visualizer, std::uint64_t id) {
  visualizer.on_free(id_of(id), Cause::dispose, FreedTo::cache);
}

/// The same random life in two visualizers: one that keeps all, one that must fold.
struct Twins {
  explicit Twins(std::size_t max_events) : folding(VisualizerOptions{max_events}) {}
  BufferVisualizer whole;
  BufferVisualizer folding;

  template <class Action>
  void both(Action&& action) {
    action(whole);
    action(folding);
  }
  /// Random births, deaths, moves, uses, marks, links and segments; slots are used again with new
  /// generations.
  void live(std::uint64_t seed, int steps) {
    std::mt19937_64 random(seed);
    std::vector<std::uint64_t> alive;
    std::vector<std::uint64_t> segments;
    std::map<std::uint64_t, std::uint64_t> addresses;
    std::vector<std::uint32_t> generations(40);
    for (int step = 0; step < steps; ++step) {
      const std::uint64_t choice = random() % 110;
      const auto any = [&] { return alive[random() % alive.size()]; };
      if (choice < 40 || alive.empty()) {
        const auto slot = static_cast<std::uint32_t>(random() % generations.size());
        bool taken = false;
        for (const std::uint64_t id : alive) taken = taken || id_of(id).slot == slot;
        if (taken) continue;
        const std::uint64_t id = BufferId{slot, generations[slot]++}.value();
        const std::uint64_t size = random() % 10000;
        both([&](BufferVisualizer& visualizer) {
          birth(visualizer, id, size, "label " + std::to_string(size % 5));
        });
        alive.push_back(id);
        addresses[id] = (std::uint64_t{slot} + 1) << 20U;
      } else if (choice < 75) {
        const std::size_t which = random() % alive.size();
        const std::uint64_t id = alive[which];
        alive.erase(alive.begin() + static_cast<std::ptrdiff_t>(which));
        both([&](BufferVisualizer& visualizer) { death(visualizer, id); });
      } else if (choice < 85) {
        const std::vector<KernelUse> uses = {{id_of(any()), Access::read}, {id_of(any()), Access::write}};
        both([&](BufferVisualizer& visualizer) { visualizer.use("kernel", uses); });
      } else if (choice < 88) {
        const std::string name = "phase " + std::to_string(step);
        both([&](BufferVisualizer& visualizer) { visualizer.mark(name); });
      } else if (choice < 94) {
        const std::uint64_t a = any();
        const std::uint64_t b = any();
        both([&](BufferVisualizer& visualizer) {
          if (choice < 92) visualizer.on_link(id_of(a), id_of(b));
          if (choice >= 91) visualizer.on_unlink(id_of(a), id_of(b));
        });
      } else if (choice >= 100) {
        const std::uint64_t id = any();
        std::uint64_t& at = addresses[id];
        const std::uint64_t from = std::exchange(at, (random() % 1000 + 1) << 20U);
        both(
            [&](BufferVisualizer& visualizer) { visualizer.on_move(id_of(id), byte_at(from), byte_at(at)); });
      } else if (choice < 97 || segments.empty()) {
        const Segment segment{
            reinterpret_cast<std::byte*>(static_cast<std::uintptr_t>((random() % 1000 + 1) << 16U)), 65536};
        const auto address = reinterpret_cast<std::uintptr_t>(segment.data);
        if (std::find(segments.begin(), segments.end(), address) != segments.end()) continue;
        segments.push_back(address);
        both([&](BufferVisualizer& visualizer) { visualizer.on_segment_reserved(segment); });
      } else {
        const Segment segment{reinterpret_cast<std::byte*>(static_cast<std::uintptr_t>(segments.back())),
                              65536};
        segments.pop_back();
        both([&](BufferVisualizer& visualizer) { visualizer.on_segment_released(segment); });
      }
    }
  }
};

}  // namespace

TEST_CASE("folding keeps totals, levels and what is alive exactly") {
  for (const std::uint64_t seed : {1U, 2U, 3U, 4U, 5U}) {
    for (const std::size_t bound : {1U, 2U, 7U, 100U, 1000U, 5000U}) {
      INFO("seed " << seed << ", bound " << bound);
      Twins twins(bound);
      twins.live(seed, 9000);
      const Lifecycles all = twins.whole.snapshot();
      const Lifecycles kept = twins.folding.snapshot();
      const NaiveLevels all_levels(all);
      const NaiveLevels kept_levels(kept);

      REQUIRE(all.folded.events == 0);
      REQUIRE(kept.folded.events + kept.event_count() == all.event_count());
      REQUIRE(kept.folded.buffers + kept.size() == all.size());
      std::uint64_t all_bytes = 0;
      std::uint64_t kept_bytes = kept.folded.bytes;
      for (const std::uint64_t size : all.size_bytes) all_bytes += size;
      for (const std::uint64_t size : kept.size_bytes) kept_bytes += size;
      REQUIRE(kept_bytes == all_bytes);
      REQUIRE(last_addresses(kept) == last_addresses(all));
      REQUIRE(std::max(kept.folded.max_live_bytes, kept_levels.max_live_bytes()) ==
              all_levels.max_live_bytes());
      REQUIRE(std::max(kept.folded.max_live_buffers, kept_levels.max_live_buffers()) ==
              all_levels.max_live_buffers());

      // The last events, one by one, stand at their own numbers with the same levels and times.
      const std::size_t detailed = std::min<std::size_t>(bound, all.event_count());
      for (std::size_t back = 1; back <= detailed; ++back) {
        const std::size_t in_all = all.event_count() - back;
        const std::size_t in_kept = kept.event_count() - back;
        REQUIRE(in_kept + kept.folded.events == in_all);
        REQUIRE(kept.event_kind[in_kept] == all.event_kind[in_all]);
        REQUIRE(kept_levels.live_bytes[in_kept] == all_levels.live_bytes[in_all]);
        REQUIRE(kept_levels.live_buffers[in_kept] == all_levels.live_buffers[in_all]);
        REQUIRE(kept_levels.reserved_bytes[in_kept] == all_levels.reserved_bytes[in_all]);
      }
      // What is alive at the end is the same, its birth folded away or not.
      std::map<std::uint64_t, std::string> alive[2];
      std::map<std::pair<std::uint64_t, std::uint64_t>, int> links[2];
      std::size_t segments[2] = {0, 0};
      for (const int which : {0, 1}) {
        const Lifecycles& log = which == 0 ? all : kept;
        for (std::size_t row = 0; row < log.size(); ++row)
          if (log.free_event[row] == Lifecycles::none)
            alive[which][log.id[row]] =
                std::to_string(log.size_bytes[row]) + std::string(log.strings.at(log.label[row]));
        for (const Lifecycles::Link& link : log.links) {
          if (log.free_event[link.holder] != Lifecycles::none ||
              log.free_event[link.held] != Lifecycles::none)
            continue;
          int& count = links[which][{log.id[link.holder], log.id[link.held]}];
          count += link.added != 0 ? 1 : (count > 0 ? -1 : 0);
        }
        for (auto link = links[which].begin(); link != links[which].end();)
          link = link->second == 0 ? links[which].erase(link) : std::next(link);
        for (const Lifecycles::SegmentLife& segment : log.segments)
          segments[which] += segment.release_event == Lifecycles::none ? 1 : 0;
      }
      REQUIRE(alive[0] == alive[1]);
      REQUIRE(links[0] == links[1]);
      REQUIRE(segments[0] == segments[1]);
      REQUIRE(std::is_sorted(kept.event_time_ns.begin(), kept.event_time_ns.end()));
      REQUIRE(kept.marks.empty() == all.marks.empty());
      if (!all.marks.empty())
        REQUIRE(kept.strings.at(kept.marks.back().name) == all.strings.at(all.marks.back().name));
    }
  }
}

TEST_CASE("the log's own memory stays bounded however many events come") {
  BufferVisualizer visualizer(VisualizerOptions{10000});
  std::size_t settled = 0;
  for (std::uint32_t round = 0; round < 300000; ++round) {
    const std::uint64_t id = BufferId{round % 64, round / 64}.value();
    birth(visualizer, id, 100, "label " + std::to_string(round));
    visualizer.mark("phase " + std::to_string(round));
    death(visualizer, id);
    if (round == 100000) settled = visualizer.log_bytes();
  }
  CHECK(visualizer.event_count() == 900000);
  CHECK(visualizer.log_bytes() <= settled + settled / 4);
  CHECK(visualizer.log_bytes() < 8U << 20U);
  // The last events, and before them at most the current phase and one birth whose end is kept.
  CHECK(visualizer.snapshot().event_count() >= 10000);
  CHECK(visualizer.snapshot().event_count() <= 10002);
}

TEST_CASE("log_bytes counts the columns that were filled") {
  BufferVisualizer visualizer;
  const std::size_t empty = visualizer.log_bytes();
  for (std::uint32_t i = 0; i < 100000; ++i) birth(visualizer, i, 1);
  CHECK(visualizer.log_bytes() - empty > 100000 * 3 * 8);
  CHECK(visualizer.log_bytes() < 100000 * 250);
}

TEST_CASE("memory_bytes counts names, times, segments and links, each as large as it must be at least") {
  constexpr std::size_t count = 20'000;
  const auto check_growth = [](EventLog& log, std::size_t least_bytes_each, auto&& record) {
    const std::size_t before = log.memory_bytes();
    for (std::uint64_t i = 0; i < count; ++i) record(i);
    const std::size_t after = log.memory_bytes();
    CHECK(after >= before + count * least_bytes_each);
    CHECK(after <= before + count * least_bytes_each * 8);
  };
  constexpr std::size_t word = sizeof(std::uint64_t);
  {
    INFO("names");
    EventLog log(2 * count);
    const std::string rest(200, 'x');
    check_growth(log, word + rest.size(), [&](std::uint64_t i) { log.mark(rest + std::to_string(i)); });
  }
  {
    INFO("times: each event's number and time");
    EventLog log(2 * count);
    check_growth(log, 3 * word, [&](std::uint64_t i) {
      log.mark("name");
      log.stamp(static_cast<std::int64_t>(i) * 10'000);
    });
  }
  const auto reserve_in = [](EventLog& log) {
    return [&log](std::uint64_t i) { log.reserve((2 * i + 1) * 4096, 4096); };
  };
  {
    INFO("segments: the event, and both ends of what is held");
    EventLog log(2 * count);
    check_growth(log, 5 * word, reserve_in(log));
  }
  {
    INFO("segments of folded events: both ends of what is held now, and was held before the oldest event");
    EventLog log(1);
    check_growth(log, 4 * word, reserve_in(log));
  }
  {
    INFO("links of folded events: both ids, number, time and count, in a table of lists");
    EventLog log(1);
    for (std::uint64_t i = 0; i <= count; ++i) log.alloc({.id = id_of(i)}, 0);
    check_growth(log, 5 * word + 2 * sizeof(void*), [&](std::uint64_t i) { log.link(0, i + 1, true); });
  }
}

TEST_CASE("a stamp while there is no event leaves the times of those to come alone") {
  EventLog log(100);
  const auto times = [&log] {
    std::vector<std::int64_t> all;
    log.for_each_since(0, 100, [&all](const EventRecord& event) {
      all.push_back(event.time_ns);
      return true;
    });
    return all;
  };
  for (int round = 0; round < 2; ++round) {
    log.stamp(1'000);
    CHECK(times().empty());
    log.mark("first");
    log.stamp(50'000);
    log.mark("second");
    log.stamp(90'000);
    CHECK(times() == std::vector<std::int64_t>{50'000, 90'000});
    log.clear();
  }
}

TEST_CASE("what a release left of a folded segment is told from the lowest address on") {
  BufferVisualizer visualizer(VisualizerOptions{1});
  constexpr std::uint64_t piece = 65536;
  const auto segment = [](std::uint64_t first, std::size_t pieces) {
    return Segment{const_cast<std::byte*>(byte_at(first * piece)), static_cast<std::size_t>(pieces * piece)};
  };
  visualizer.on_segment_reserved(segment(10, 5));
  visualizer.on_segment_released(segment(11, 1));
  visualizer.on_segment_released(segment(13, 1));
  for (int i = 0; i < 10; ++i) visualizer.mark("later");
  std::vector<std::uint64_t> addresses;
  visualizer.for_each_event_since(0, [&](const EventRecord& event) {
    if (event.kind == Lifecycles::EventKind::reserve) addresses.push_back(event.address);
    return true;
  });
  CHECK(addresses == std::vector<std::uint64_t>{10 * piece, 12 * piece, 14 * piece});
}

TEST_CASE("a birth of 1 MiB has its own time, however closely the others follow") {
  BufferVisualizer visualizer;
  std::uint32_t slot = 0;
  for (std::uint32_t round = 0; round < 4; ++round) {
    for (std::uint32_t i = 0; i < 101 + round; ++i) birth(visualizer, slot++, 100);
    const std::uint32_t before = slot;
    birth(visualizer, slot++, 1U << 20U);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    birth(visualizer, slot++, 1U << 20U);
    const Lifecycles log = visualizer.snapshot();
    CHECK(log.alloc_time_ns(before + 1) - log.alloc_time_ns(before) >= 20'000'000);
  }
}

TEST_CASE("a table of strings counts its text, its ends, and what it finds them by") {
  StringTable strings;
  for (int i = 0; i < 10'000; ++i) strings.intern("string " + std::to_string(i));
  const std::size_t each_bytes = sizeof(std::size_t) + 2 * sizeof(std::uint32_t);
  CHECK(strings.memory_bytes() >= strings.text_bytes() + 10'000 * each_bytes);
  CHECK(strings.memory_bytes() <= 4 * (strings.text_bytes() + 10'000 * each_bytes));
}

TEST_CASE("a name longer than 1 KiB is cut between characters") {
  BufferVisualizer visualizer;
  std::string name(1022, 'x');
  name += "\xe2\x82\xac\xe2\x82\xac";
  visualizer.mark(name);
  const Lifecycles picture = visualizer.snapshot();
  CHECK(picture.strings.at(picture.marks[0].name) == std::string(1022, 'x'));
}

TEST_CASE("names beyond the bound are told as such and recent ones are kept after old ones fold away") {
  BufferVisualizer visualizer(VisualizerOptions{1U << 17U});
  for (int i = 0; i < (1 << 17); ++i) visualizer.mark("phase " + std::to_string(i));
  const Lifecycles full = visualizer.snapshot();
  CHECK(full.strings.size() <= (1U << 16U) + 2);
  CHECK(full.strings.at(full.marks.back().name) == "(one of too many names)");
  CHECK(full.strings.at(full.marks.front().name) == "phase 0");
  for (int i = 0; i < (1 << 18); ++i) visualizer.mark("again " + std::to_string(i % 50));
  const Lifecycles later = visualizer.snapshot();
  CHECK(later.strings.at(later.marks.back().name) == "again " + std::to_string(((1 << 18) - 1) % 50));
}

TEST_CASE("long names are bounded by their bytes, not only by their number") {
  BufferVisualizer visualizer(VisualizerOptions{1U << 17U});
  const std::string rest(1000, 'x');
  constexpr int marks = 40'000;
  for (int i = 0; i < marks; ++i) visualizer.mark(std::to_string(i) + rest);
  const Lifecycles picture = visualizer.snapshot();
  REQUIRE(picture.marks.size() == marks);
  CHECK(picture.strings.at(picture.marks.front().name) == "0" + rest);
  CHECK(picture.strings.at(picture.marks.back().name) == "(one of too many names)");
  CHECK(picture.strings.size() < marks);
}

TEST_CASE("an end of an id that is not alive is counted as skipped and ends nobody else") {
  BufferVisualizer visualizer;
  birth(visualizer, BufferId{3, 1}.value(), 100);
  death(visualizer, BufferId{3, 0}.value());
  death(visualizer, BufferId{4, 0}.value());
  death(visualizer, BufferId{1'000'000, 0}.value());
  const Lifecycles log = visualizer.snapshot();
  CHECK(log.skipped_events == 3);
  REQUIRE(log.size() == 1);
  CHECK(log.free_event[0] == Lifecycles::none);
}

TEST_CASE("a use of ids that are not alive is counted as skipped") {
  BufferVisualizer visualizer;
  birth(visualizer, 1, 10);
  visualizer.use("known", std::vector<KernelUse>{{id_of(1), Access::read_write}});
  visualizer.use("partly", std::vector<KernelUse>{{id_of(1), Access::read}, {id_of(9), Access::read}});
  visualizer.use("unknown", std::vector<KernelUse>{{id_of(9), Access::read}});
  death(visualizer, 9);
  const Lifecycles picture = visualizer.snapshot();
  CHECK(picture.event_count() == 3);
  CHECK(picture.uses.size() == 2);
  CHECK(picture.skipped_events == 3);
  CHECK(picture.skipped_by_reason[static_cast<std::size_t>(SkipReason::use_of_unknown_id)] == 2);
  CHECK(picture.skipped_by_reason[static_cast<std::size_t>(SkipReason::free_of_unknown_id)] == 1);
}

TEST_CASE("a use of more buffers than the log holds keeps the first of them") {
  BufferVisualizer visualizer(VisualizerOptions{4});
  birth(visualizer, 1, 10);
  visualizer.use("many", std::vector<KernelUse>(5000, KernelUse{id_of(1), Access::read}));
  const Lifecycles picture = visualizer.snapshot();
  CHECK(picture.uses.size() > 500);
  CHECK(picture.uses.size() < 5000);
  CHECK(picture.size() == 1);
}

TEST_CASE("clear forgets the past and lists what is alive from event 0 on") {
  BufferVisualizer visualizer;
  birth(visualizer, 1, 10, "first");
  birth(visualizer, 2, 20);
  visualizer.mark("phase");
  death(visualizer, 2);
  birth(visualizer, 3, 30);
  visualizer.on_link(id_of(1), id_of(3));
  visualizer.clear();
  CHECK(visualizer.event_count() == 3);
  const Lifecycles picture = visualizer.snapshot();
  CHECK(picture.folded.events == 0);
  CHECK(picture.folded.buffers == 0);
  REQUIRE(picture.size() == 2);
  CHECK(picture.id == std::vector<std::uint64_t>{1, 3});
  CHECK(picture.alloc_event == std::vector<std::uint32_t>{0, 1});
  CHECK(picture.alloc_time_ns(0) == 0);
  CHECK(picture.alloc_time_ns(1) == 0);
  CHECK(picture.links.size() == 1);
  CHECK(picture.marks.empty());
  death(visualizer, 1);
  CHECK(visualizer.snapshot().free_event[0] == 3);
}

TEST_CASE("a subscriber hears each event's number once, in order, and none after unsubscribing") {
  BufferVisualizer visualizer;
  std::vector<std::uint64_t> heard;
  std::vector<std::uint64_t> counts;
  birth(visualizer, 1, 10);
  const auto subscription = visualizer.subscribe([&](std::uint64_t number) {
    heard.push_back(number);
    counts.push_back(visualizer.event_count());  // the lock is free: a subscriber may read
  });
  birth(visualizer, 2, 10);
  visualizer.mark("m");
  death(visualizer, 1);
  visualizer.unsubscribe(subscription);
  death(visualizer, 2);
  CHECK(heard == std::vector<std::uint64_t>{1, 2, 3});
  CHECK(counts == std::vector<std::uint64_t>{2, 3, 4});
}

TEST_CASE("a subscriber may unsubscribe itself while it is called") {
  BufferVisualizer visualizer;
  int heard = 0;
  BufferVisualizer::SubscriptionId own = 0;
  own = visualizer.subscribe([&](std::uint64_t) {
    ++heard;
    visualizer.unsubscribe(own);
  });
  visualizer.mark("a");
  visualizer.mark("b");
  CHECK(heard == 1);
}

TEST_CASE("the events since a number, piece by piece, make the same lifecycles as a snapshot") {
  const std::uint64_t seed = 77;
  INFO("seed " << seed);
  Twins twins(1U << 20U);
  LifecyclesBuilder builder;
  std::uint64_t next = 0;
  std::uint64_t last = 0;
  for (std::uint64_t piece = 0; piece < 30; ++piece) {
    twins.live(seed + piece, static_cast<int>(piece * 40));
    next = twins.whole.for_each_event_since(next, [&](const EventRecord& event) {
      CHECK(event.number == last);
      last = event.number + 1;
      builder.add(event);
      return true;
    });
    REQUIRE(next == twins.whole.event_count());
  }
  const Lifecycles grown = builder.take();
  const Lifecycles whole = twins.whole.snapshot();
  CHECK(grown.id == whole.id);
  CHECK(grown.alloc_event == whole.alloc_event);
  CHECK(grown.free_event == whole.free_event);
  CHECK(grown.event_time_ns == whole.event_time_ns);
  CHECK(grown.uses.size() == whole.uses.size());
  CHECK(last_addresses(grown) == last_addresses(whole));
}

TEST_CASE("events asked for after they were folded away begin with what still holds") {
  BufferVisualizer visualizer(VisualizerOptions{4});
  birth(visualizer, 0, 10, "old and alive");
  for (std::uint32_t i = 1; i < 20; ++i) {
    birth(visualizer, i, 1);
    death(visualizer, i);
  }
  std::vector<std::uint64_t> numbers;
  const auto collect = [&](const EventRecord& event) {
    numbers.push_back(event.number);
    return true;
  };
  CHECK(visualizer.for_each_event_since(0, collect) == 39);
  CHECK(numbers == std::vector<std::uint64_t>{0, 35, 36, 37, 38});
  numbers.clear();
  CHECK(visualizer.for_each_event_since(1, collect) == 39);
  CHECK(numbers == std::vector<std::uint64_t>{35, 36, 37, 38});
  numbers.clear();
  CHECK(visualizer.for_each_event_since(500, collect) == 39);
  CHECK(numbers.empty());
}

TEST_CASE("a visitor that refuses is told the number to ask for again") {
  BufferVisualizer visualizer;
  for (std::uint32_t i = 0; i < 10; ++i) birth(visualizer, i, 1);
  CHECK(visualizer.for_each_event_since(2, [](const EventRecord& event) { return event.number < 6; }) == 6);
}

TEST_CASE("a lifetime whose end nobody told ends when its slot is used again, never merged") {
  BufferVisualizer visualizer;
  birth(visualizer, BufferId{5, 0}.value(), 10);
  birth(visualizer, BufferId{5, 1}.value(), 20);
  const Lifecycles picture = visualizer.snapshot();
  REQUIRE(picture.size() == 2);
  CHECK(picture.free_event[0] == 1);
  CHECK(picture.cause[0] == Lifecycles::unknown);
  CHECK(picture.free_event[1] == Lifecycles::none);
}

TEST_CASE("links of the dead are forgotten, those of the living stand, however many are folded away") {
  BufferVisualizer visualizer(VisualizerOptions{64});
  birth(visualizer, id_of(0).value(), 10, "holder");
  birth(visualizer, id_of(1).value(), 10, "held");
  visualizer.on_link(id_of(0), id_of(1));
  std::size_t settled = 0;
  for (std::uint32_t round = 0; round < 20000; ++round) {
    const std::uint64_t id = BufferId{2, round}.value();
    birth(visualizer, id, 10);
    visualizer.on_link(id_of(0), id_of(id));
    death(visualizer, id);
    if (round == 5000) settled = visualizer.log_bytes();
  }
  CHECK(visualizer.log_bytes() <= settled + settled / 4);
  const Lifecycles picture = visualizer.snapshot();
  REQUIRE_FALSE(picture.links.empty());
  CHECK(picture.id[picture.links[0].holder] == id_of(0).value());
  CHECK(picture.id[picture.links[0].held] == id_of(1).value());
}

TEST_CASE("a link of an id that is not alive, and a release of no segment, are counted as skipped") {
  BufferVisualizer visualizer;
  birth(visualizer, 1, 10);
  visualizer.on_link(id_of(1), id_of(9));
  visualizer.on_link(id_of(9), id_of(1));
  visualizer.on_unlink(id_of(9), id_of(8));
  visualizer.on_segment_released({const_cast<std::byte*>(byte_at(1U << 20U)), 4096});
  visualizer.on_missed_end(id_of(9));
  CHECK(visualizer.event_count() == 1);
  visualizer.on_missed_end(id_of(1));
  const Lifecycles picture = visualizer.snapshot();
  CHECK(picture.event_count() == 2);
  CHECK(picture.links.empty());
  CHECK(picture.skipped_events == 4);
  CHECK(picture.skipped_by_reason[static_cast<std::size_t>(SkipReason::link_of_unknown_id)] == 3);
  CHECK(picture.skipped_by_reason[static_cast<std::size_t>(SkipReason::release_of_unknown_segment)] == 1);
}

TEST_CASE("names of what lives and of what was used outlive the names around them") {
  BufferVisualizer visualizer(VisualizerOptions{1U << 14U});
  birth(visualizer, 1, 10, "weights");  // folded away, and carried on
  for (int i = 0; i < 100'000; ++i) {
    visualizer.mark("phase " + std::to_string(i));
    if (i % 1000 != 999) continue;
    visualizer.use("kernel", std::vector<KernelUse>{{id_of(1), Access::read}});
    birth(visualizer, id_of(2).value(), 10, "gradient");  // kept
    death(visualizer, id_of(2).value());
  }
  const Lifecycles picture = visualizer.snapshot();
  CHECK(picture.strings.at(picture.marks.back().name) == "phase 99999");
  REQUIRE_FALSE(picture.uses.empty());
  for (const Lifecycles::Use& use : picture.uses) CHECK(picture.strings.at(use.kernel) == "kernel");
  REQUIRE(picture.size() > 1);
  for (std::size_t row = 0; row < picture.size(); ++row) {
    CHECK(picture.strings.at(picture.label[row]) == (picture.id[row] == 1 ? "weights" : "gradient"));
  }
}

TEST_CASE("of several subscribers one may end another, which then hears no more") {
  BufferVisualizer visualizer;
  visualizer.unsubscribe(1);  // there is none
  int first = 0;
  int second = 0;
  BufferVisualizer::SubscriptionId other = 0;
  const BufferVisualizer::SubscriptionId own = visualizer.subscribe([&](std::uint64_t) {
    if (++first == 2) visualizer.unsubscribe(other);
  });
  other = visualizer.subscribe([&](std::uint64_t) { ++second; });
  for (int i = 0; i < 4; ++i) visualizer.mark("again");
  CHECK(first == 4);
  CHECK(second == 1);
  visualizer.unsubscribe(own);
  visualizer.mark("unheard");
  CHECK(first == 4);
}
