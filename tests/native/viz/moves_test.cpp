// What the visualizer says of buffers that compaction moved.

#include <catch2/catch.hpp>
#include <cstring>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "bufgc/buffer_manager.hpp"
#include "memory/support.hpp"

using namespace bufgc;
using bufgc::testing::KiB;
using bufgc::testing::SlidingSource;

namespace {

constexpr std::size_t size = 64 * KiB;

ManagerOptions options_for(SlidingSource& source, std::uint64_t budget_bytes, bool visualize) {
  ManagerOptions options;
  options.allocator.budget_bytes = budget_bytes;
  options.visualize = visualize;
  options.source = &source;
  return options;
}

std::uint64_t address_of(const CpuBuffer& buffer) {
  return reinterpret_cast<std::uintptr_t>(buffer.data());
}

/// Where the picture says that a buffer stands now.
std::map<std::uint64_t, std::uint64_t> addresses_in(const Lifecycles& log) {
  std::map<std::uint64_t, std::uint64_t> addresses;
  for (std::size_t row = 0; row < log.size(); ++row) addresses[log.id[row]] = log.address[row];
  for (const Lifecycles::Move& move : log.moves) {
    REQUIRE(addresses[log.id[move.row]] == move.from);
    addresses[log.id[move.row]] = move.to;
  }
  return addresses;
}

}  // namespace

TEST_CASE("the picture follows a buffer and its views from address to address", "[viz][moves]") {
  SlidingSource source;
  BufferManager manager(options_for(source, 4 * size, true));
  CpuBuffer a = manager.alloc(size);
  const CpuBuffer b = manager.alloc(size);
  CpuBuffer c = manager.alloc(2 * size);
  const CpuBuffer view = b.view({100, 50, DType::uint8, {}, {}});
  const std::uint64_t before = address_of(b);
  a.reset();
  c.reset();
  const CpuBuffer large = manager.alloc(3 * size);
  const Lifecycles log = manager.visualizer().snapshot();
  REQUIRE(log.moves.size() == 2);
  for (const Lifecycles::Move& move : log.moves) {
    const bool is_view = log.id[move.row] == view.id().value();
    CHECK(log.id[move.row] == (is_view ? view : b).id().value());
    CHECK(move.from == before + (is_view ? 100 : 0));
    CHECK(move.to == address_of(is_view ? view : b));
    CHECK(log.event_kind[move.event] == Lifecycles::EventKind::move);
    CHECK(log.event_time_ns[move.event] >= log.alloc_time_ns(move.row));
  }
  // Both before the birth that needed the room.
  CHECK(log.alloc_event.back() > log.moves.back().event);
  CHECK(log.address.back() == address_of(large));
}

TEST_CASE("while the visualizer is off buffers move untold", "[viz][moves]") {
  SlidingSource source;
  BufferManager manager(options_for(source, 4 * size, true));
  CpuBuffer a = manager.alloc(size);
  const CpuBuffer b = manager.alloc(size);
  CpuBuffer c = manager.alloc(2 * size);
  const std::uint64_t before = address_of(b);
  a.reset();
  c.reset();
  manager.stop_visualizer();
  const CpuBuffer large = manager.alloc(3 * size);
  REQUIRE(address_of(b) != before);
  CHECK(manager.visualizer().snapshot().moves.empty());
  CHECK(manager.check_invariants() == nullptr);
}

TEST_CASE("what moved while the visualizer was off is told when it is on again, in one move",
          "[viz][moves]") {
  SlidingSource source;
  BufferManager manager(options_for(source, 8 * size, true));
  CpuBuffer a = manager.alloc(size);
  CpuBuffer gone = manager.alloc(size);
  CpuBuffer b = manager.alloc(size);
  CpuBuffer c = manager.alloc(size);
  const CpuBuffer d = manager.alloc(size);
  const CpuBuffer view = d.view({100, 50, DType::uint8, {}, {}});
  CpuBuffer rest = manager.alloc(3 * size);
  const std::uint64_t before = address_of(d);
  manager.stop_visualizer();
  const BufferId ended = gone.id();
  gone.reset();
  rest.reset();
  a.reset();
  CpuBuffer large = manager.alloc(4 * size);  // the others slide
  REQUIRE(address_of(d) != before);
  b.reset();
  c.reset();
  large.reset();
  large = manager.alloc(6 * size);  // and again
  const CpuBuffer late = manager.alloc(size);
  manager.start_visualizer();
  const Lifecycles log = manager.visualizer().snapshot();
  auto addresses = addresses_in(log);
  CHECK(log.moves.size() == 2);
  CHECK(addresses[d.id().value()] == address_of(d));
  CHECK(addresses[view.id().value()] == address_of(view));
  CHECK(addresses[late.id().value()] == address_of(late));
  CHECK(addresses[ended.value()] != 0);
  // No more of it the next time.
  manager.stop_visualizer();
  manager.start_visualizer();
  CHECK(manager.visualizer().snapshot().moves.size() == 2);
  CHECK(manager.check_invariants() == nullptr);
}

TEST_CASE("after any compactions every address in the picture is the buffer's own", "[viz][moves]") {
  for (const std::size_t max_events : {std::size_t{1} << 20U, std::size_t{64}}) {
    for (std::uint32_t seed = 1; seed <= 4; ++seed) {
      INFO("seed " << seed << ", " << max_events << " events");
      SlidingSource source;
      ManagerOptions options = options_for(source, 40 * size, true);
      options.visualizer.max_events = max_events;
      BufferManager manager(options);
      std::mt19937 random(seed);
      std::vector<CpuBuffer> held;
      for (int step = 0; step < 600; ++step) {
        const std::uint64_t bytes = 1 + random() % (4 * size);
        if (Result<CpuBuffer> made = manager.try_alloc(bytes)) {
          if (random() % 3 == 0) held.push_back(made.value.view({random() % bytes, 0, DType::uint8, {}, {}}));
          held.push_back(std::move(made.value));
        }
        while (held.size() > 12 || (!held.empty() && random() % 3 == 0)) {
          held.erase(held.begin() + static_cast<std::ptrdiff_t>(random() % held.size()));
        }
        if (step % 100 != 99) continue;
        const std::map<std::uint64_t, std::uint64_t> shown = addresses_in(manager.visualizer().snapshot());
        for (const CpuBuffer& buffer : held) REQUIRE(shown.at(buffer.id().value()) == address_of(buffer));
      }
      CHECK(manager.statistics().compactions > 3);
      REQUIRE(manager.check_invariants() == nullptr);
    }
  }
}

TEST_CASE("with the visualizer on the same blocks move, and buffers end in the same order", "[viz][moves]") {
  const auto run = [](bool visualize) {
    SlidingSource source;
    BufferManager manager(options_for(source, 30 * size, visualize));
    std::vector<std::string> story;
    std::mt19937 random(7);
    std::vector<CpuBuffer> held;
    for (int step = 0; step < 500; ++step) {
      if (Result<CpuBuffer> made = manager.try_alloc(1 + random() % (4 * size))) {
        manager.finalize(made.value, [&story, step] { story.push_back(std::to_string(step)); });
        held.push_back(std::move(made.value));
      }
      if (held.size() > 8) held.erase(held.begin() + static_cast<std::ptrdiff_t>(random() % held.size()));
      story.push_back(std::to_string(manager.statistics().moved_bytes));
    }
    CHECK(manager.statistics().compactions > 3);
    return story;
  };
  REQUIRE(run(true) == run(false));
}

TEST_CASE("a move is not told under the allocator's lock: the next event's number has passed it",
          "[viz][moves]") {
  SlidingSource source;
  BufferManager manager(options_for(source, 4 * size, true));
  CpuBuffer a = manager.alloc(size);
  const CpuBuffer b = manager.alloc(size);
  CpuBuffer c = manager.alloc(2 * size);
  a.reset();
  c.reset();
  std::vector<std::uint64_t> told;
  std::uint64_t live_bytes = 0;
  const auto subscription = manager.visualizer().subscribe([&](std::uint64_t number) {
    told.push_back(number);
    live_bytes = manager.statistics().live_bytes;  // asks the allocator, whose lock is free
  });
  const std::uint64_t before = manager.visualizer().event_count();
  const CpuBuffer large = manager.alloc(3 * size);
  manager.visualizer().unsubscribe(subscription);
  REQUIRE(manager.statistics().compactions == 1);
  REQUIRE(told.size() == 1);
  CHECK(told[0] > before);
  CHECK(live_bytes == 4 * size);
}

TEST_CASE("a move of a buffer that is not known is left out and counted", "[viz][moves]") {
  BufferVisualizer visualizer;
  std::byte bytes[2];
  visualizer.on_move(BufferId{3, 0}, bytes, bytes + 1);
  const Lifecycles log = visualizer.snapshot();
  CHECK(log.moves.empty());
  CHECK(log.event_count() == 0);
  CHECK(log.skipped_by_reason[static_cast<std::size_t>(SkipReason::move_of_unknown_id)] == 1);
}

TEST_CASE("after clear() buffers are listed where they stand", "[viz][moves]") {
  SlidingSource source;
  BufferManager manager(options_for(source, 4 * size, true));
  CpuBuffer a = manager.alloc(size);
  const CpuBuffer b = manager.alloc(size);
  CpuBuffer c = manager.alloc(2 * size);
  a.reset();
  c.reset();
  const CpuBuffer large = manager.alloc(3 * size);
  manager.visualizer().clear();
  const Lifecycles log = manager.visualizer().snapshot();
  CHECK(log.moves.empty());
  CHECK(addresses_in(log).at(b.id().value()) == address_of(b));
}

TEST_CASE("moves take a bounded part of the log", "[viz][moves]") {
  BufferVisualizer visualizer(VisualizerOptions{1000});
  BufferBirth birth;
  birth.id = BufferId{0, 0};
  std::byte bytes[2];
  visualizer.on_alloc(birth);
  for (int i = 0; i < 10000; ++i) visualizer.on_move(birth.id, bytes + i % 2, bytes + (i + 1) % 2);
  const std::size_t full = visualizer.log_bytes();
  for (int i = 0; i < 100000; ++i) visualizer.on_move(birth.id, bytes + i % 2, bytes + (i + 1) % 2);
  CHECK(visualizer.log_bytes() == full);
  const Lifecycles log = visualizer.snapshot();
  CHECK(log.moves.size() >= 999);
  CHECK(log.folded.events + log.event_count() == 110001);
  CHECK(addresses_in(log).at(0) == reinterpret_cast<std::uintptr_t>(bytes));
}
