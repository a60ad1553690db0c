// The manager and its visualizer: attached and detached at run time, it tells what is and changes nothing.

#include <algorithm>
#include <string>

#include "support.hpp"

using namespace bufgc;

namespace {

std::size_t alive_in(const Lifecycles& log) {
  return static_cast<std::size_t>(std::count(log.free_event.begin(), log.free_event.end(), Lifecycles::none));
}

std::size_t row_of(const Lifecycles& log, BufferId id) {
  const auto found = std::find(log.id.begin(), log.id.end(), id.value());
  REQUIRE(found != log.id.end());
  return static_cast<std::size_t>(found - log.id.begin());
}

}  // namespace

TEST_CASE("a visualizer started late lists the buffers alive already, bases before views", "[visualizer]") {
  BufferManager manager;
  CpuBuffer reused = manager.alloc(10);
  const CpuBuffer base = manager.alloc(BufferSpec{0, DType::float32, {4, 4}, "weights"});
  reused.reset();
  const CpuBuffer view = base.view({});  // in a lower slot than its base
  REQUIRE(view.id().slot < base.id().slot);
  REQUIRE_FALSE(manager.visualizing());
  manager.start_visualizer();
  REQUIRE(manager.visualizing());
  const Lifecycles log = manager.visualizer().snapshot();
  REQUIRE(log.size() == 2);
  REQUIRE(alive_in(log) == 2);
  const std::size_t base_row = row_of(log, base.id());
  REQUIRE(log.size_bytes[base_row] == 64);
  REQUIRE(log.capacity_bytes[base_row] == base.capacity_bytes());
  REQUIRE(log.strings.at(log.label[base_row]) == "weights");
  REQUIRE(log.strings.at(log.dtype[base_row]) == "float32");
  REQUIRE(log.base[row_of(log, view.id())] == base_row);
}

TEST_CASE("each end is told with its cause", "[visualizer]") {
  ManagerOptions options;
  options.visualize = true;
  BufferManager manager(options);
  CpuBuffer disposed = manager.alloc(10);
  CpuBuffer dropped = manager.alloc(10);
  CpuBuffer cyclic = manager.alloc(10);
  CpuBuffer left = manager.alloc(10);
  CpuBuffer destroyed = manager.alloc(10);
  const std::vector<BufferId> ids{disposed.id(), dropped.id(), cyclic.id(), left.id(), destroyed.id()};
  cyclic.link(cyclic);
  disposed.reset();
  dropped = CpuBuffer{};
  cyclic = CpuBuffer{};
  manager.collect();
  destroyed.destroy();
  manager.close();
  const Lifecycles log = manager.visualizer().snapshot();
  const std::vector<Cause> causes{Cause::dispose, Cause::finalized, Cause::collected, Cause::closed,
                                  Cause::dispose};
  REQUIRE(log.size() == ids.size());
  REQUIRE(alive_in(log) == 0);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    REQUIRE(log.cause[row_of(log, ids[i])] == static_cast<std::uint8_t>(causes[i]));
  }
}

TEST_CASE("a buffer held only by the visualizer is released", "[visualizer]") {
  ManagerOptions options;
  options.visualize = true;
  BufferManager manager(options);
  { const CpuBuffer dropped = manager.alloc(1000); }
  REQUIRE(manager.statistics().live_bytes == 0);
  const Lifecycles exported = manager.visualizer().snapshot();
  REQUIRE(exported.size() == 1);
  REQUIRE(alive_in(exported) == 0);
}

TEST_CASE("what ends while the visualizer is off is not shown alive when it is on again", "[visualizer]") {
  ManagerOptions options;
  options.visualize = true;
  BufferManager manager(options);
  CpuBuffer seen = manager.alloc(10);
  const CpuBuffer stays = manager.alloc(20);
  manager.stop_visualizer();
  seen.reset();
  manager.alloc(30).reset();
  const CpuBuffer born_unseen = manager.alloc(40);
  manager.start_visualizer();
  const Lifecycles log = manager.visualizer().snapshot();
  REQUIRE(log.size() == 3);
  REQUIRE(alive_in(log) == 2);
  REQUIRE(log.free_event[row_of(log, stays.id())] == Lifecycles::none);
  REQUIRE(log.free_event[row_of(log, born_unseen.id())] == Lifecycles::none);
  REQUIRE(log.cause[0] == Lifecycles::unknown);
}

TEST_CASE("a buffer that was destroyed and is held still is not shown alive", "[visualizer]") {
  BufferManager manager;
  CpuBuffer destroyed = manager.alloc(10);
  const CpuBuffer lives = manager.alloc(20);
  destroyed.destroy();
  manager.start_visualizer();
  const Lifecycles log = manager.visualizer().snapshot();
  REQUIRE(log.id == std::vector<std::uint64_t>{lives.id().value()});
}

TEST_CASE("what a visualizer was told of by others than its manager is over when it is started",
          "[visualizer]") {
  BufferManager manager;
  const CpuBuffer lives = manager.alloc(10);
  BufferId other_lifetime = lives.id();
  ++other_lifetime.generation;
  for (const BufferId id : {BufferId{1'000'000, 0}, other_lifetime}) {
    manager.visualizer().on_alloc({.id = id, .size_bytes = 1});
  }
  manager.start_visualizer();
  const Lifecycles log = manager.visualizer().snapshot();
  REQUIRE(log.size() == 3);
  REQUIRE(alive_in(log) == 1);
  REQUIRE(log.free_event[row_of(log, lives.id())] == Lifecycles::none);
}

TEST_CASE("a visualizer that is started or stopped twice tells everything once", "[visualizer]") {
  BufferManager manager;
  manager.stop_visualizer();
  REQUIRE_FALSE(manager.visualizing());
  const CpuBuffer before = manager.alloc(10);
  manager.start_visualizer();
  manager.start_visualizer();
  manager.alloc(20).reset();
  const Lifecycles log = manager.visualizer().snapshot();
  REQUIRE(log.size() == 2);
  REQUIRE(alive_in(log) == 1);
  REQUIRE(manager.visualizer().event_count() == 4);  // a segment, two births, an end
}

TEST_CASE("with the visualizer on the same buffers die at the same events with the same counts",
          "[visualizer]") {
  const auto run = [](bool visualize) {
    ManagerOptions options;
    options.visualize = visualize;
    BufferManager manager(options);
    std::vector<std::string> deaths;
    std::vector<CpuBuffer> held;
    std::uint32_t state = 4711;
    for (int step = 0; step < 400; ++step) {
      state = state * 1664525U + 1013904223U;
      held.push_back(manager.alloc(64 + (state >> 16U) % 4096));
      const std::uint64_t id = held.back().id().value();
      manager.finalize(held.back(), [&deaths, step, id] {
        deaths.push_back(std::to_string(step) + " " + std::to_string(id));
      });
      if (held.size() > 3) held[(state >> 8U) % held.size()].link(held[(state >> 12U) % held.size()]);
      if (held.size() > 10) {
        deaths.push_back("step " + std::to_string(step));
        held.erase(held.begin() + static_cast<std::ptrdiff_t>((state >> 4U) % held.size()));
      }
      if (step % 50 == 0) deaths.push_back("collected " + std::to_string(manager.collect().buffers));
    }
    held.clear();
    deaths.push_back("collected " + std::to_string(manager.collect().buffers));
    const Statistics end = manager.statistics();
    for (const std::uint64_t figure :
         {end.peak_live_bytes, end.peak_reserved_bytes, end.hits, end.splits, end.merges, end.source_calls,
          end.finalized_buffers, end.collected_buffers}) {
      deaths.push_back(std::to_string(figure));
    }
    return deaths;
  };
  REQUIRE(run(true) == run(false));
}

TEST_CASE("sites are recorded when switched on", "[visualizer]") {
  ManagerOptions options;
  options.visualize = true;
  BufferManager manager(options);
  const CpuBuffer without = manager.alloc(10);
  manager.set_sites_enabled(true);
  const CpuBuffer with = manager.alloc(10);
  const std::string line = std::to_string(__LINE__ - 1);
  const Lifecycles log = manager.visualizer().snapshot();
  REQUIRE(log.strings.at(log.site[row_of(log, without.id())]).empty());
  const std::string site(log.strings.at(log.site[row_of(log, with.id())]));
  REQUIRE(site.find("observation_test.cpp:" + line) != std::string::npos);
}

TEST_CASE("a buffer in a block that was used before has a site too", "[visualizer]") {
  ManagerOptions options;
  options.visualize = true;
  options.sites = true;
  BufferManager manager(options);
  manager.alloc(10).reset();
  const CpuBuffer again = manager.alloc(10);
  const std::string line = std::to_string(__LINE__ - 1);
  REQUIRE(manager.statistics().hits == 1);
  const Lifecycles log = manager.visualizer().snapshot();
  const std::string site(log.strings.at(log.site[row_of(log, again.id())]));
  REQUIRE(site.find("observation_test.cpp:" + line) != std::string::npos);
}

TEST_CASE("a site without a line is its text alone, one without a file is none", "[visualizer]") {
  ManagerOptions options;
  options.visualize = true;
  options.sites = true;
  BufferManager manager(options);
  const CpuBuffer stack = manager.alloc(10, Site{"train.py:12 train <- train.py:40 <module>", 0});
  const CpuBuffer empty = manager.alloc(10, Site{"", 7});
  const CpuBuffer null = manager.alloc(10, Site{nullptr, 7});
  const Lifecycles log = manager.visualizer().snapshot();
  const auto site_of = [&log](const CpuBuffer& buffer) {
    return log.strings.at(log.site[row_of(log, buffer.id())]);
  };
  REQUIRE(site_of(stack) == "train.py:12 train <- train.py:40 <module>");
  REQUIRE(site_of(empty).empty());
  REQUIRE(site_of(null).empty());
}

TEST_CASE("of a file's name that is too long the beginning is kept, and the line", "[visualizer]") {
  ManagerOptions options;
  options.visualize = true;
  BufferManager manager(options);
  manager.set_sites_enabled(true);
  const std::string file(5000, 'a');
  const CpuBuffer buffer = manager.alloc(10, Site{file.c_str(), 4294967295U});
  const Lifecycles log = manager.visualizer().snapshot();
  const std::string site(log.strings.at(log.site[row_of(log, buffer.id())]));
  REQUIRE(site.size() < 1024);
  REQUIRE(site.substr(0, 900) == file.substr(0, 900));
  REQUIRE(site.substr(site.rfind(':')) == ":4294967295");
}
