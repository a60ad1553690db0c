// What a binding asks and tells that ends and begins lifetimes without a call.

#include <array>

#include "bufgc/buffer/buffer_access.hpp"
#include "support.hpp"

using namespace bufgc;

namespace {

std::uint64_t room(BufferManager& manager) {
  return BufferAccess::room_for_turns(BufferAccess::heap(manager));
}

}  // namespace

TEST_CASE("there is room for what the cache takes without a peak that rises", "[turns]") {
  BufferManager manager;
  CHECK(room(manager) == 0);
  CpuBuffer a = manager.alloc(4096);
  CpuBuffer b = manager.alloc(100);
  a.reset();
  b.reset();
  const std::uint64_t peak = manager.statistics().peak_cached_bytes;
  a = manager.alloc(4096);
  b = manager.alloc(100);
  const std::uint64_t most = room(manager);
  CHECK(most == peak - manager.statistics().cached_bytes);
  CHECK(most >= 4096 + 128);
  a.reset();
  CHECK(room(manager) == most - 4096);
  b.reset();
  CHECK(room(manager) == most - 4096 - 128);
  CHECK(manager.statistics().peak_cached_bytes == peak);
}

TEST_CASE("there is no room where each birth and end has to be told", "[turns]") {
  BufferManager manager;
  manager.alloc(4096).reset();
  const CpuBuffer a = manager.alloc(4096);
  REQUIRE(room(manager) == 4096);

  manager.start_visualizer();
  CHECK(room(manager) == 0);
  manager.stop_visualizer();
  CHECK(room(manager) == 4096);

  manager.set_sites_enabled(true);
  CHECK(room(manager) == 0);
  manager.set_sites_enabled(false);
  CHECK(room(manager) == 4096);

  Iteration iteration = manager.iteration();
  REQUIRE(iteration.begin() == Status::ok);
  CHECK(room(manager) == 0);
  REQUIRE(iteration.end() == Status::ok);

  manager.set_cache_enabled(false);
  CHECK(room(manager) == 0);
  manager.close();
  CHECK(room(manager) == 0);
}

TEST_CASE("turns count as the pairs that they stand for", "[turns]") {
  BufferManager called;
  BufferManager told;
  const auto live = [](BufferManager& manager) {
    return std::array{manager.alloc(100), manager.alloc(5000), manager.alloc(5001)};
  };
  const auto kept = live(called);
  const auto also_kept = live(told);
  std::array<std::uint32_t, 17> turns{};
  for (int i = 0; i < 10; ++i) called.alloc(70).destroy();
  for (int i = 0; i < 3; ++i) called.alloc(65'536).destroy();
  told.alloc(70).destroy();
  told.alloc(65'536).destroy();
  turns[6] = 9;
  turns[16] = 2;
  BufferAccess::count_turns(BufferAccess::heap(told), turns, 9 * 70 + 2 * 65'536);

  const Statistics a = called.statistics();
  const Statistics b = told.statistics();
#define BUFGC_X(type, name, unit, meaning) \
  INFO(#name);                             \
  CHECK(a.name == b.name);
  BUFGC_STATISTICS(BUFGC_X)
#undef BUFGC_X
  const SizeHistogram of_called = called.size_histogram();
  const SizeHistogram of_told = told.size_histogram();
  for (std::size_t i = 0; i < of_called.size(); ++i)
    CHECK(of_called[i].allocations == of_told[i].allocations);
  CHECK(told.check_invariants() == nullptr);
}
