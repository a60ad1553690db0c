// Planned mode through the manager: buffers, finalizers, the visualizer, closing.

#include "bufgc/memory/iteration.hpp"

#include <algorithm>

#include "buffer/support.hpp"

using namespace bufgc;
using namespace bufgc::test;

namespace {

constexpr std::uint64_t MiB = std::uint64_t{1} << 20U;

void step(BufferManager& manager) {
  CpuBuffer a = manager.alloc(3 * MiB);
  const CpuBuffer b = manager.alloc(2 * MiB);
  const CpuBuffer part = a.view({.offset_bytes = MiB, .size_bytes = 100, .dtype = DType::uint8});
  a = {};  // the view keeps it
  const CpuBuffer c = manager.alloc(3 * MiB);
  std::fill_n(part.data(), 100, std::byte{7});
}

}  // namespace

TEST_CASE("A manager's buffers are planned, views and finalizers as ever", "[iteration]") {
  BufferManager manager({.visualize = true});
  Iteration iteration = manager.iteration();
  int finalized = 0;
  for (int turn = 0; turn < 4; ++turn) {
    REQUIRE(iteration.run([&] {
      step(manager);
      const CpuBuffer last = manager.alloc(MiB);
      manager.finalize(last, [&finalized] { ++finalized; });
    }) == Status::ok);
    require_nothing_left(manager);
  }
  CHECK(finalized == 4);
  CHECK(iteration.plan().height_bytes == 8 * MiB);
  const Statistics s = manager.statistics();
  CHECK(s.planned_allocations == 12);
  CHECK(s.plan_deviations == 0);
  CHECK(s.planned_bytes == 8 * MiB);
  // The log has the planned addresses, the same each time.
  const Lifecycles seen = manager.visualizer().snapshot();
  std::vector<std::uint64_t> places;
  for (std::size_t row = 0; row < seen.size(); ++row) {
    if (seen.kind[row] == static_cast<std::uint8_t>(BufferKind::owned)) places.push_back(seen.address[row]);
  }
  REQUIRE(places.size() == 16);
  CHECK(std::equal(places.begin() + 4, places.begin() + 8, places.begin() + 8));
  CHECK(std::equal(places.begin() + 4, places.begin() + 8, places.begin() + 12));
}

TEST_CASE("Closing within an open iteration gives everything back", "[iteration][close]") {
  BufferManager manager;
  Iteration iteration = manager.iteration();
  REQUIRE(iteration.run([&] { step(manager); }) == Status::ok);
  REQUIRE(iteration.begin() == Status::ok);
  CpuBuffer held = manager.alloc(3 * MiB);
  REQUIRE(manager.statistics().planned_bytes == 8 * MiB);
  manager.close();
  CHECK(manager.statistics().reserved_bytes == 0);
  held = {};
  CHECK(iteration.end() == Status::ok);
  require_nothing_left(manager);
}

TEST_CASE("An iteration may outlive its manager, open or not", "[iteration][close]") {
  auto manager = std::make_unique<BufferManager>();
  Iteration open = manager->iteration();
  Iteration idle = manager->iteration();
  REQUIRE(open.begin() == Status::ok);
  CpuBuffer buffer = manager->alloc(100);
  manager.reset();
  buffer = {};  // and with it all that was left of the manager
  open.abandon();
  CHECK(idle.begin() == Status::closed);
}

TEST_CASE("The pressure handler and the budget work within an iteration", "[iteration][pressure]") {
  ManagerOptions options;
  options.allocator.budget_bytes = 8 * MiB;
  BufferManager manager(options);
  Iteration iteration = manager.iteration();
  REQUIRE(iteration.run([&] { step(manager); }) == Status::ok);
  CpuBuffer keep;
  manager.set_pressure_handler([&](std::size_t) {
    const bool had = static_cast<bool>(keep);
    keep = {};
    return had;
  });
  REQUIRE(iteration.begin() == Status::ok);
  keep = manager.alloc(3 * MiB);
  const CpuBuffer large = manager.alloc(7 * MiB);  // needs the region, and what the handler lets go
  CHECK(large.data() != nullptr);
  CHECK_FALSE(manager.try_alloc(2 * MiB));
  CHECK(manager.statistics().reserved_bytes <= 8 * MiB);
  CHECK(manager.check_invariants() == nullptr);
  CHECK(iteration.end() == Status::ok);
}
