// Close, and several managers side by side.

#include <memory>
#include <stdexcept>

#include "support.hpp"

using namespace bufgc;
using bufgc::test::require_nothing_left;

TEST_CASE("close ends live buffers, and handles left over answer destroyed", "[close]") {
  BufferManager manager;
  CpuBuffer a = manager.alloc(100);
  CpuBuffer view = a.view({});
  const WeakBuffer weak = a.weak();
  manager.close();
  REQUIRE(manager.closed());
  REQUIRE(a.destroyed());
  REQUIRE(view.destroyed());
  REQUIRE(a.try_data() == nullptr);
  REQUIRE_FALSE(weak.lock());
  REQUIRE(manager.statistics().closed_buffers == 2);
  REQUIRE(manager.statistics().reserved_bytes == 0);
  require_nothing_left(manager);
}

TEST_CASE("a second close does nothing", "[close]") {
  BufferManager manager;
  const CpuBuffer a = manager.alloc(100);
  int runs = 0;
  manager.finalize(a, [&] { ++runs; });
  manager.close();
  manager.close();
  REQUIRE(runs == 1);
  REQUIRE(manager.statistics().closed_buffers == 1);
}

TEST_CASE("a closed manager allocates no more", "[close]") {
  BufferManager manager;
  manager.close();
  REQUIRE(manager.try_alloc({10, DType::uint8, {}, {}}).status == Status::closed);
  REQUIRE_THROWS_AS(manager.alloc(10), Closed);
}

TEST_CASE("handles and weak references outlive their manager and answer destroyed and gone", "[close]") {
  CpuBuffer a;
  CpuBuffer view;
  WeakBuffer weak;
  {
    BufferManager manager;
    a = manager.alloc(BufferSpec{0, DType::float32, {5, 5}, "survivor"});
    view = a.view({});
    weak = a.weak();
  }
  REQUIRE(a.destroyed());
  REQUIRE(view.destroyed());
  REQUIRE_THROWS_AS(a.data(), UseAfterDestroy);
  REQUIRE(a.size_bytes() == 100);
  REQUIRE(a.label() == "survivor");
  REQUIRE_FALSE(weak.lock());
  const CpuBuffer copy = a;
  a.reset();
  REQUIRE(copy.destroyed());
}

TEST_CASE("a weak reference of a dead manager answers gone while a new manager uses its record", "[close]") {
  std::vector<WeakBuffer> stale;
  for (int round = 0; round < 4; ++round) {
    BufferManager manager;
    std::vector<CpuBuffer> buffers;
    for (int i = 0; i < 200; ++i) buffers.push_back(manager.alloc(16));
    for (const WeakBuffer& weak : stale) {
      REQUIRE_FALSE(weak.lock());
      REQUIRE(weak.expired());
    }
    for (const CpuBuffer& buffer : buffers) stale.push_back(buffer.weak());
  }
}

TEST_CASE("exit finalizers run at close, newest first over all buffers, the others never",
          "[close][finalizer]") {
  std::vector<int> order;
  CpuBuffer a;
  CpuBuffer b;
  {
    BufferManager manager;
    a = manager.alloc(10);
    b = manager.alloc(10);
    manager.finalize(a, [&] { order.push_back(1); });
    manager.finalize(b, [&] { order.push_back(2); });
    manager.finalize(a, [&] { order.push_back(3); }).set_at_exit(false);
    manager.finalize(b, [&] { order.push_back(4); });
    manager.finalize(a, [&] { order.push_back(5); });
  }
  REQUIRE(order == std::vector<int>{5, 4, 2, 1});
}

TEST_CASE("exit finalizers still find their manager open and its buffers alive", "[close][finalizer]") {
  BufferManager manager;
  const CpuBuffer a = manager.alloc(10);
  bool alive = false;
  bool allocated = false;
  manager.finalize(a, [&] {
    alive = a.try_data() != nullptr;
    allocated = static_cast<bool>(manager.alloc(10));
  });
  manager.close();
  REQUIRE(alive);
  REQUIRE(allocated);
}

TEST_CASE("exit finalizers may register, throw and close", "[close][finalizer]") {
  BufferManager manager;
  int errors = 0;
  bool late_ran = false;
  manager.set_error_handler([&](const std::exception_ptr&) { ++errors; });
  const CpuBuffer a = manager.alloc(10);
  manager.finalize(a, [] { throw std::runtime_error("late"); });
  manager.finalize(a, [&] { manager.finalize(a, [&] { late_ran = true; }); });
  manager.finalize(a, [&] { manager.close(); });
  manager.close();
  REQUIRE(errors == 1);
  REQUIRE(late_ran);
  REQUIRE(a.destroyed());
  require_nothing_left(manager);
}

TEST_CASE("a finalizer that registers itself anew at close does not hang it", "[close][finalizer]") {
  BufferManager manager;
  const CpuBuffer a = manager.alloc(10);
  std::uint64_t runs = 0;
  std::function<void()> again = [&] {
    ++runs;
    manager.finalize(a, again);
  };
  manager.finalize(a, again);
  manager.close();
  REQUIRE(runs > 1);
  require_nothing_left(manager);
}

TEST_CASE("a finalizer may close the manager in the midst of a collection", "[close][collection]") {
  BufferManager manager;
  CpuBuffer held = manager.alloc(10);
  {
    CpuBuffer a = manager.alloc(10);
    CpuBuffer b = manager.alloc(10);
    a.link(b);
    b.link(a);
    manager.finalize(a, [&] { manager.close(); });
  }
  manager.collect();
  REQUIRE(manager.closed());
  REQUIRE(held.destroyed());
  require_nothing_left(manager);
}

TEST_CASE("a manager that a finalizer destroys goes with the call that runs it", "[close][finalizer]") {
  auto manager = std::make_unique<BufferManager>();
  auto kept = std::make_shared<int>(0);
  const std::weak_ptr<int> of_manager = kept;
  manager->set_pressure_handler([kept](std::size_t) { return false; });
  kept.reset();
  bool there_after = false;
  CpuBuffer a = manager->alloc(10);
  manager->finalize(a, [&] {
    manager.reset();
    there_after = !of_manager.expired();
  });
  SECTION("the last release") {
    a = {};
  }
  SECTION("a collection") {
    CpuBuffer b = manager->alloc(10);
    a.link(b);
    b.link(a);
    b = {};
    a = {};
    manager->collect();
  }
  SECTION("a drain") {
    {
      const DeferFinalizers deferred;
      a = {};
    }
    manager->drain();
  }
  SECTION("a close, and then the last handle") {
    manager->close();
    REQUIRE_FALSE(of_manager.expired());
    a = {};
  }
  REQUIRE(manager == nullptr);
  REQUIRE(there_after);
  REQUIRE(of_manager.expired());
}

TEST_CASE("what goes back after the close is kept for nobody", "[close]") {
  BufferManager manager;
  CpuBuffer closes = manager.alloc(1 << 20);
  CpuBuffer pinned = manager.alloc(1 << 20);
  BufferPin pin = pinned.pin();
  manager.finalize(closes, [&] { manager.close(); });
  closes.reset();
  // The end around the close is through; the pin holds its bytes still.
  REQUIRE(manager.closed());
  REQUIRE(manager.statistics().cached_bytes == 0);
  manager.set_cache_enabled(true);  // it stays off
  pinned.reset();
  pin = {};
  require_nothing_left(manager);
  REQUIRE(manager.statistics().cached_bytes == 0);
  REQUIRE(manager.statistics().reserved_bytes == 0);
}

TEST_CASE("close ends cycles and chains of links", "[close][collection]") {
  BufferManager manager;
  {
    CpuBuffer a = manager.alloc(10);
    CpuBuffer b = manager.alloc(10);
    a.link(b);
    b.link(a);
    b.link(b.view({}));
  }
  manager.close();
  REQUIRE(manager.statistics().closed_buffers == 3);
  require_nothing_left(manager);
}

TEST_CASE("several managers live side by side", "[close]") {
  auto one = std::make_unique<BufferManager>();
  BufferManager two;
  CpuBuffer a = one->alloc(100);
  CpuBuffer b = two.alloc(200);
  REQUIRE(one->statistics().live_bytes == 100);
  REQUIRE(two.statistics().live_bytes == 200);
  one.reset();
  REQUIRE(a.destroyed());
  REQUIRE_FALSE(b.destroyed());
  b.reset();
  require_nothing_left(two);
}

TEST_CASE("a handle of one manager may die in a finalizer of another", "[close][finalizer]") {
  BufferManager one;
  BufferManager two;
  CpuBuffer a = one.alloc(100);
  {
    const CpuBuffer b = two.alloc(100);
    one.finalize(
        a, [](const CpuBuffer&) {}, b);
  }
  REQUIRE(two.statistics().live_buffers == 1);
  a.reset();
  require_nothing_left(one);
  require_nothing_left(two);
}

TEST_CASE("what a closed manager refuses, it says so of", "[close]") {
  BufferManager manager;
  std::byte bytes[64] = {};
  manager.close();
  CHECK_THROWS_WITH(manager.alloc(64), Catch::Contains("closed"));
  CHECK_THROWS_WITH(manager.alloc(BufferSpec{64, DType::uint8, Shape{64}, {}}), Catch::Contains("closed"));
  CHECK_THROWS_WITH(manager.external(bytes, BufferSpec{64, DType::uint8, {}, {}}), Catch::Contains("closed"));
  for (const bool sites : {true, false}) {  // which decides by what way a birth goes
    manager.set_sites_enabled(sites);
    CHECK(manager.try_alloc(std::uint64_t{64}).status == Status::closed);
  }
}
