// What a binding asks and tells that ends and begins lifetimes without a call.

#include <array>

#include "bufgc/buffer/buffer_access.hpp"
#include "bufgc/buffer/buffer_record.hpp"
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

TEST_CASE("there is no room where each birth and end has to be seen", "[turns]") {
  BufferManager manager;
  manager.alloc(4096).reset();
  const CpuBuffer a = manager.alloc(4096);
  REQUIRE(room(manager) == 4096);

  manager.start_visualizer();
  CHECK(room(manager) == 4096);
  manager.stop_visualizer();

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

TEST_CASE("an observer that is told of turns hears what the pairs would have told it", "[turns]") {
  BufferManager called({.visualize = true});
  BufferManager turned({.visualize = true});
  const auto second = [](BufferManager& manager) {
    BufferAccess::release(BufferAccess::detach(manager.alloc(100)), Cause::dispose);
    return BufferAccess::detach(manager.alloc(100));
  };
  BufferRecord* of_called = second(called);
  BufferRecord* const record = second(turned);
  for (int i = 0; i < 3; ++i) {
    BufferAccess::release(of_called, Cause::dispose);
    of_called = BufferAccess::detach(called.alloc(100));
  }
  // What a binding does, `BufferAccess::RecordWords`.
  for (int i = 0; i < 3; ++i) {
    BufferAccess::tell_turn_ended(turned.visualizer(), record);
    record->id_generation.fetch_add(1);
    record->told.store(Told::no);
    record->served_by = ServedBy::cache;
    BufferAccess::tell_turn_begun(turned.visualizer(), record);
  }
  std::array<std::uint32_t, 17> turns{};
  turns[6] = 3;
  BufferAccess::count_turns(BufferAccess::heap(turned), turns, 3 * 100);

  SECTION("and of the end that follows, once") {
    BufferAccess::release(of_called, Cause::dispose);
    BufferAccess::release(record, Cause::dispose);
  }
  SECTION("and not of the release of what has ended") {
    BufferAccess::release(of_called, Cause::dispose);
    BufferAccess::tell_turn_ended(turned.visualizer(), record);
    BufferAccess::release(record, Cause::dispose);
  }
  const Lifecycles expected = called.visualizer().snapshot();
  const Lifecycles heard = turned.visualizer().snapshot();
  CHECK(heard.id == expected.id);
  CHECK(heard.size_bytes == expected.size_bytes);
  CHECK(heard.alloc_event == expected.alloc_event);
  CHECK(heard.free_event == expected.free_event);
  CHECK(heard.cause == expected.cause);
  CHECK(heard.served_by == expected.served_by);
  CHECK(heard.freed_to == expected.freed_to);
  CHECK(turned.visualizer().event_count() == called.visualizer().event_count());
  CHECK(turned.check_invariants() == nullptr);
}
