// Finalizers, after CPython's weakref.finalize.

#include <any>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "bufgc/buffer/buffer_access.hpp"
#include "bufgc/buffer/buffer_record.hpp"
#include "support.hpp"

using namespace bufgc;
using bufgc::test::require_nothing_left;
using bufgc::test::weightless;

TEST_CASE("finalizers of a buffer run newest first, once, when the last handle goes", "[finalizer]") {
  BufferManager manager;
  std::vector<int> order;
  CpuBuffer a = manager.alloc(10);
  for (int i = 0; i < 4; ++i) manager.finalize(a, [&order, i] { order.push_back(i); });
  CpuBuffer same = a;
  a.reset();
  REQUIRE(order.empty());
  same.reset();
  REQUIRE(order == std::vector<int>{3, 2, 1, 0});
  REQUIRE(manager.statistics().finalizers_run == 4);
  require_nothing_left(manager);
}

TEST_CASE("finalizers run on destroy, and no second time when the handles go", "[finalizer]") {
  BufferManager manager;
  int runs = 0;
  CpuBuffer a = manager.alloc(10);
  manager.finalize(a, [&] {
    ++runs;
    REQUIRE(a.destroyed());
  });
  a.destroy();
  REQUIRE(runs == 1);
  a.reset();
  REQUIRE(runs == 1);
}

TEST_CASE("a finalizer's arguments are kept by value and its result is what call returns", "[finalizer]") {
  BufferManager manager;
  const CpuBuffer a = manager.alloc(10);
  std::string word = "kept";
  Finalizer finalizer = manager.finalize(
      a, [](const std::string& text, int n) { return text + std::to_string(n); }, word, 7);
  word = "changed";
  REQUIRE(finalizer.alive());
  REQUIRE(std::any_cast<std::string>(finalizer.call()) == "kept7");
  REQUIRE_FALSE(finalizer.alive());
  REQUIRE_FALSE(finalizer.call().has_value());
}

TEST_CASE("a called finalizer does not run at its owner's death", "[finalizer]") {
  BufferManager manager;
  int runs = 0;
  CpuBuffer a = manager.alloc(10);
  Finalizer finalizer = manager.finalize(a, [&] { ++runs; });
  finalizer.call();
  a.reset();
  REQUIRE(runs == 1);
}

TEST_CASE("a detached finalizer never runs and hands its callback back", "[finalizer]") {
  BufferManager manager;
  int runs = 0;
  CpuBuffer a = manager.alloc(10);
  Finalizer finalizer = manager.finalize(a, [&] { ++runs; });
  const auto detached = finalizer.detach();
  REQUIRE(detached);
  REQUIRE(detached->owner == a.id());
  REQUIRE_FALSE(finalizer.detach());
  REQUIRE_FALSE(finalizer.peek());
  a.reset();
  REQUIRE(runs == 0);
  detached->callback();
  REQUIRE(runs == 1);
  REQUIRE(manager.statistics().finalizers_run == 0);
}

TEST_CASE("peek tells the owner and at_exit and leaves the finalizer alive", "[finalizer]") {
  BufferManager manager;
  int runs = 0;
  CpuBuffer a = manager.alloc(10);
  Finalizer finalizer = manager.finalize(a, [&] { ++runs; });
  REQUIRE(finalizer.at_exit());
  finalizer.set_at_exit(false);
  REQUIRE_FALSE(finalizer.at_exit());
  const auto seen = finalizer.peek();
  REQUIRE(seen);
  REQUIRE(seen->owner == a.id());
  REQUIRE_FALSE(seen->at_exit);
  REQUIRE(finalizer.alive());
  a.reset();
  REQUIRE(runs == 1);
  REQUIRE_FALSE(finalizer.peek());
}

TEST_CASE("a dropped finalizer handle leaves the registration", "[finalizer]") {
  BufferManager manager;
  int runs = 0;
  CpuBuffer a = manager.alloc(10);
  {
    const Finalizer dropped = manager.finalize(a, [&] { ++runs; });
  }
  a.reset();
  REQUIRE(runs == 1);
}

TEST_CASE("an empty finalizer handle answers dead", "[finalizer]") {
  Finalizer none;
  REQUIRE_FALSE(none.alive());
  REQUIRE_FALSE(none.call().has_value());
  REQUIRE_FALSE(none.peek());
  REQUIRE_FALSE(none.detach());
  none.set_at_exit(true);
  REQUIRE_FALSE(none.at_exit());
}

TEST_CASE("what one finalizer throws reaches the handler and stops no other", "[finalizer]") {
  BufferManager manager;
  std::vector<std::string> errors;
  manager.set_error_handler([&](const std::exception_ptr& error) {
    try {
      std::rethrow_exception(error);
    } catch (const std::exception& caught) {
      errors.emplace_back(caught.what());
    }
  });
  int runs = 0;
  CpuBuffer a = manager.alloc(10);
  manager.finalize(a, [&] { ++runs; });
  manager.finalize(a, [] { throw std::runtime_error("first"); });
  manager.finalize(a, [&] { ++runs; });
  manager.finalize(a, [] { throw std::logic_error("second"); });
  a.reset();
  REQUIRE(runs == 2);
  REQUIRE(errors == std::vector<std::string>{"second", "first"});
  REQUIRE(manager.statistics().finalizer_errors == 2);
  require_nothing_left(manager);
}

TEST_CASE("an error handler that throws against its promise ends nothing", "[finalizer]") {
  BufferManager manager;
  manager.set_error_handler([](const std::exception_ptr&) { throw std::runtime_error("handler"); });
  CpuBuffer a = manager.alloc(10);
  int runs = 0;
  manager.finalize(a, [&] { ++runs; });
  manager.finalize(a, [] { throw std::runtime_error("finalizer"); });
  a.reset();
  REQUIRE(runs == 1);
}

TEST_CASE("without an error handler what finalizers throw, whatever it is, ends nothing", "[finalizer]") {
  BufferManager manager;
  SECTION("none was ever set") {}
  SECTION("it was taken away") {
    manager.set_error_handler({});
  }
  CpuBuffer a = manager.alloc(10);
  int runs = 0;
  manager.finalize(a, [&] { ++runs; });
  manager.finalize(a, [] { throw std::runtime_error("of a test, to be told on stderr"); });
  manager.finalize(a, [] { throw 42; });
  a.reset();
  REQUIRE(runs == 1);
  REQUIRE(manager.statistics().finalizer_errors == 2);
  require_nothing_left(manager);
}

TEST_CASE("a binding's finalizer without a callback does nothing, once", "[finalizer]") {
  BufferManager manager;
  CpuBuffer a = manager.alloc(10);
  Result<Finalizer> called = BufferAccess::finalize(BufferAccess::peek(a), {});
  Result<Finalizer> left = BufferAccess::finalize(BufferAccess::peek(a), {});
  REQUIRE(called);
  REQUIRE_FALSE(called.value.call().has_value());
  REQUIRE_FALSE(called.value.alive());
  a.reset();
  REQUIRE_FALSE(left.value.alive());
  REQUIRE(manager.statistics().finalizer_errors == 0);
  require_nothing_left(manager);
}

TEST_CASE("what call throws reaches the caller of call", "[finalizer]") {
  BufferManager manager;
  const CpuBuffer a = manager.alloc(10);
  Finalizer finalizer = manager.finalize(a, [] { throw std::runtime_error("mine"); });
  REQUIRE_THROWS_WITH(finalizer.call(), "mine");
  REQUIRE_FALSE(finalizer.alive());
}

TEST_CASE("a callback holding its own target, or a view of it, is refused", "[finalizer]") {
  BufferManager manager;
  const CpuBuffer a = manager.alloc(10);
  const CpuBuffer view = a.view({});
  const CpuBuffer other = manager.alloc(10);
  const auto callback = [](const CpuBuffer&) {};
  REQUIRE_THROWS_AS(manager.finalize(a, callback, a), InvalidArgument);
  REQUIRE_THROWS_AS(manager.finalize(a, callback, view), InvalidArgument);
  REQUIRE_THROWS_AS(manager.finalize(view, callback, a), InvalidArgument);
  REQUIRE(manager.finalize(a, callback, other).alive());
  REQUIRE(manager.statistics().finalizers_alive == 1);
}

TEST_CASE("a view that has ended holds nothing that is born in the record of its base", "[finalizer][view]") {
  BufferManager manager;
  CpuBuffer base = manager.alloc(64);
  CpuBuffer view = base.view({});
  const BufferRecord* const record = BufferAccess::peek(base);
  view.destroy();
  base.reset();
  CpuBuffer owner = manager.alloc(64);
  REQUIRE(BufferAccess::peek(owner) == record);
  int runs = 0;
  manager.finalize(
      owner, [&runs](const CpuBuffer& held) { runs += held.destroyed() ? 1 : 100; }, view);
  owner.reset();
  REQUIRE(runs == 1);
}

TEST_CASE("a capture or a container that holds the target is refused, and leaves no trace", "[finalizer]") {
  BufferManager manager;
  const bool automatic = GENERATE(false, true);
  if (automatic) manager.set_collect_threshold(1000);
  CpuBuffer a = manager.alloc(10);
  CpuBuffer other = manager.alloc(10);
  a.link(other);  // watched, where collections are automatic
  other.link(a);
  const std::vector<CpuBuffer> several{other, a};
  REQUIRE_THROWS_AS(manager.finalize(a, [a] { static_cast<void>(a.id()); }), InvalidArgument);
  REQUIRE_THROWS_AS(manager.finalize(
                        a, [](const std::vector<CpuBuffer>&) {}, several),
                    InvalidArgument);
  REQUIRE_THROWS_AS(manager.finalize(a, [held = std::make_pair(1, a)] { static_cast<void>(held); }),
                    InvalidArgument);
  const CpuBuffer view = a.view({});
  REQUIRE_THROWS_AS(manager.finalize(view, [a] { static_cast<void>(a.id()); }), InvalidArgument);
  REQUIRE_THROWS_AS(manager.finalize(view, [view] { static_cast<void>(view.id()); }), InvalidArgument);
  REQUIRE(manager.statistics().finalizers_alive == 0);
  REQUIRE(a.use_count() == 4);  // the handle, the vector's, the view's and the link's
  // Another's handle, a weak reference and a reference hold nothing of it.
  REQUIRE(manager.finalize(a, [other] { static_cast<void>(other.id()); }).alive());
  REQUIRE(manager.finalize(a, [weak = a.weak()] { static_cast<void>(weak.expired()); }).alive());
  REQUIRE(manager.finalize(a, [&a] { static_cast<void>(a.id()); }).alive());
  REQUIRE(manager.check_invariants() == nullptr);
}

TEST_CASE("a buffer whose callback was looked at is let go of by the short way again", "[finalizer]") {
  BufferManager manager;
  CpuBuffer owner = manager.alloc(10);
  const BufferRecord& record = *BufferAccess::peek(owner);
  const auto is_attentive = [&record] { return (record.word & record_word::attentive) != 0; };
  CHECK_FALSE(is_attentive());
  const CpuBuffer other = manager.alloc(10);
  Finalizer kept = manager.finalize(owner, [other] { static_cast<void>(other.id()); });
  CHECK_FALSE(is_attentive());
  CHECK_THROWS_AS(manager.finalize(owner, [owner] { static_cast<void>(owner.id()); }), InvalidArgument);
  CHECK_FALSE(is_attentive());
  // Where it is watched it stays so, for that.
  manager.set_collect_threshold(1000);
  owner.link(other);
  CHECK(is_attentive());
  manager.finalize(owner, [] {});
  CHECK(is_attentive());
  manager.set_collect_threshold(0);
  CHECK_FALSE(is_attentive());
}

TEST_CASE("a finalizer for a destroyed buffer is refused", "[finalizer]") {
  BufferManager manager;
  CpuBuffer a = manager.alloc(10);
  CpuBuffer view = a.view({});
  a.destroy();
  REQUIRE_THROWS_AS(manager.finalize(a, [] {}), UseAfterDestroy);
  REQUIRE_THROWS_AS(manager.finalize(view, [] {}), UseAfterDestroy);
  REQUIRE_THROWS_AS(manager.finalize(CpuBuffer{}, [] {}), InvalidArgument);
  REQUIRE(manager.statistics().finalizers_alive == 0);
}

TEST_CASE("a finalizer may allocate, free, collect, register, detach and look up", "[finalizer]") {
  BufferManager manager;
  CpuBuffer victim = manager.alloc(500);
  CpuBuffer kept;
  CpuBuffer self_loop = manager.alloc(7);
  self_loop.link(self_loop);
  self_loop.reset();
  bool second_ran = false;
  bool detached_ran = false;
  CpuBuffer a = manager.alloc(10);
  const BufferId id = a.id();
  const WeakBuffer weak = a.weak();
  Finalizer to_detach = manager.finalize(a, [&] { detached_ran = true; });
  manager.finalize(a, [&] {
    kept = manager.alloc(100);
    victim.destroy();
    REQUIRE(manager.collect().buffers == 1);
    manager.finalize(kept, [&] { second_ran = true; });
    REQUIRE(to_detach.detach());
    REQUIRE_FALSE(manager.lock(id));
    REQUIRE_FALSE(weak.lock());
    REQUIRE(manager.check_invariants() == nullptr);
  });
  a.reset();
  REQUIRE_FALSE(detached_ran);
  REQUIRE(victim.destroyed());
  REQUIRE_FALSE(kept.destroyed());
  kept.reset();
  REQUIRE(second_ran);
  require_nothing_left(manager);
}

TEST_CASE("a finalizer may bring back what it alone held, whose finalizers run at its own end",
          "[finalizer]") {
  BufferManager manager;
  const bool collected = GENERATE(false, true);
  CpuBuffer rescued;
  int ends = 0;
  WeakBuffer weak;
  {
    CpuBuffer owner = manager.alloc(10);
    CpuBuffer given = manager.alloc(20);
    weak = given.weak();
    manager.finalize(given, [&] { ++ends; });
    manager.finalize(
        owner, [&](const CpuBuffer& kept) { rescued = kept; }, given);
    if (collected) owner.link(owner);
  }
  if (collected) REQUIRE(manager.collect().buffers == 1);
  REQUIRE(rescued.try_data() != nullptr);
  REQUIRE(weak.lock());
  REQUIRE(ends == 0);
  rescued.reset();
  REQUIRE(ends == 1);
  require_nothing_left(manager);
}

TEST_CASE("each registration rescues once", "[finalizer]") {
  BufferManager manager;
  CpuBuffer rescued;
  CpuBuffer given = manager.alloc(10);
  const WeakBuffer weak = given.weak();
  int rescues = 0;
  for (int i = 0; i < 3; ++i) {
    CpuBuffer owner = manager.alloc(10);
    manager.finalize(
        owner,
        [&](const CpuBuffer& kept) {
          rescued = kept;
          ++rescues;
        },
        std::exchange(given, {}));
    owner.reset();
    REQUIRE(rescues == i + 1);
    given = std::move(rescued);
    REQUIRE(given.use_count() == 1);
  }
  given.reset();
  REQUIRE_FALSE(weak.lock());
  require_nothing_left(manager);
}

TEST_CASE("what a finalizer rescues at close ends with it", "[finalizer][close]") {
  CpuBuffer rescued;
  {
    BufferManager manager;
    CpuBuffer given = manager.alloc(20);
    const CpuBuffer owner = manager.alloc(10);
    manager.finalize(
        owner, [&](const CpuBuffer& kept) { rescued = kept; }, std::move(given));
    manager.close();
    REQUIRE(rescued);
    require_nothing_left(manager);
  }
  REQUIRE(rescued.destroyed());
}

TEST_CASE("a chain through finalizers, each holding the next buffer, dies on a small stack", "[finalizer]") {
  BufferManager manager;
  constexpr int length = 200'000;
  int runs = 0;
  CpuBuffer first = weightless(manager);
  {
    CpuBuffer current = first;
    for (int i = 0; i < length; ++i) {
      CpuBuffer next = weightless(manager);
      manager.finalize(
          current, [&runs](const CpuBuffer&) { ++runs; }, next);
      current = next;
    }
  }
  first.reset();
  REQUIRE(runs == length);
  require_nothing_left(manager);
}

TEST_CASE("at any depth what ends after a drain within a finalizer ends, too", "[finalizer][deferred]") {
  for (int depth = 1; depth <= 40; ++depth) {
    INFO(depth);
    BufferManager manager;
    int runs = 0;
    CpuBuffer last = manager.alloc(10);
    manager.finalize(last, [&] { ++runs; });
    CpuBuffer deferred = manager.alloc(10);
    manager.finalize(deferred, [&] { ++runs; });
    {
      const DeferFinalizers deferring;
      deferred.reset();
    }
    CpuBuffer next = manager.alloc(10);
    manager.finalize(next, [&] {
      CHECK(manager.drain() == 1);
      last.reset();
      ++runs;
    });
    for (int i = 1; i < depth; ++i) {
      CpuBuffer outer = manager.alloc(10);
      manager.finalize(outer, [held = std::make_shared<CpuBuffer>(std::move(next))] { held->reset(); });
      next = std::move(outer);
    }
    next.reset();
    CHECK(runs == 3);
    require_nothing_left(manager);
  }
}

TEST_CASE("a finalizer may reset the very handle whose destroy runs it", "[finalizer]") {
  BufferManager manager;
  CpuBuffer a = manager.alloc(10);
  manager.finalize(a, [&] { a.reset(); });
  a.destroy();
  REQUIRE_FALSE(a);
  require_nothing_left(manager);
}

TEST_CASE("a finalizer handle outlives its manager", "[finalizer]") {
  Finalizer finalizer;
  {
    BufferManager manager;
    const CpuBuffer a = manager.alloc(10);
    finalizer = manager.finalize(a, [] {});
  }
  REQUIRE_FALSE(finalizer.alive());
  REQUIRE_FALSE(finalizer.call().has_value());
}

TEST_CASE("registering and detaching for ever on one buffer leaves nothing", "[finalizer]") {
  BufferManager manager;
  const CpuBuffer a = manager.alloc(10);
  for (int i = 0; i < 100'000; ++i) manager.finalize(a, [] {}).detach();
  REQUIRE(manager.statistics().finalizers_alive == 0);
  REQUIRE(manager.check_invariants() == nullptr);
}
