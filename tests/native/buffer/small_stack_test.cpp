// Long chains and rings end on a thread with a stack of 64 KiB: nothing recurses along them.

#if !defined(__EMSCRIPTEN__)

#include <pthread.h>

#include <cstddef>
#include <utility>

#include "support.hpp"

using namespace bufgc;
using bufgc::test::make_chain;
using bufgc::test::require_nothing_left;
using bufgc::test::weightless;

namespace {

// Sanitizers put their own on each stack, and in each frame.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::size_t stack_bytes = std::size_t{256} << 10U;
#else
constexpr std::size_t stack_bytes = std::size_t{64} << 10U;
#endif
constexpr std::uint64_t length = 1'000'000;

template <class Body>
void on_small_stack(Body body) {
  pthread_attr_t attributes;
  REQUIRE(pthread_attr_init(&attributes) == 0);
  REQUIRE(pthread_attr_setstacksize(&attributes, stack_bytes) == 0);
  pthread_t thread{};
  const auto run = [](void* context) -> void* {
    (*static_cast<Body*>(context))();
    return nullptr;
  };
  REQUIRE(pthread_create(&thread, &attributes, run, &body) == 0);
  REQUIRE(pthread_join(thread, nullptr) == 0);
  REQUIRE(pthread_attr_destroy(&attributes) == 0);
}

}  // namespace

TEST_CASE("a chain of a million buffers ends on a stack of 64 KiB", "[collection][stack]") {
  BufferManager manager;
  test::Chain chain = make_chain(manager, length);
  CpuBuffer& head = chain.head;
  CpuBuffer& tail = chain.tail;
  tail = {};
  on_small_stack([&] { head.reset(); });
  REQUIRE(manager.statistics().finalized_buffers == length - 1);
  require_nothing_left(manager);
}

TEST_CASE("a ring of a million buffers is collected on a stack of 64 KiB, by itself too",
          "[collection][automatic][stack]") {
  BufferManager manager;
  test::Chain chain = make_chain(manager, length);
  CpuBuffer& head = chain.head;
  CpuBuffer& tail = chain.tail;
  tail.link(head);
  SECTION("by collect()") {
    tail = {};
    head = {};
    on_small_stack([&] { manager.collect(); });
  }
  SECTION("from one candidate") {
    manager.set_collect_threshold(1);
    manager.collect();
    tail = {};
    on_small_stack([&] {
      head = {};
      CpuBuffer loop = weightless(manager);
      loop.link(loop);
      loop = {};
    });
    manager.collect();
  }
  REQUIRE(manager.statistics().collected_buffers >= length);
  require_nothing_left(manager);
}

TEST_CASE("a chain of a million buffers through finalizers ends on a stack of 64 KiB", "[finalizer][stack]") {
  BufferManager manager;
  std::uint64_t runs = 0;
  CpuBuffer current = weightless(manager);
  for (std::uint64_t i = 1; i < length; ++i) {
    CpuBuffer next = weightless(manager);
    manager.finalize(
        next, [&runs](const CpuBuffer&) { ++runs; }, std::move(current));
    current = std::move(next);
  }
  on_small_stack([&] { current.reset(); });
  REQUIRE(runs == length - 1);
  require_nothing_left(manager);
}

#endif
