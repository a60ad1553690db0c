// Buffers whose blocks compaction moves, and those that are pinned.

#include <cstring>
#include <utility>
#include <vector>

#include "buffer/support.hpp"
#include "bufgc/buffer/buffer_heap.hpp"
#include "memory/support.hpp"

using namespace bufgc;
using bufgc::testing::KiB;
using bufgc::testing::SlidingSource;

namespace {

constexpr std::size_t size = 64 * KiB;

/// Eight buffers that fill the budget, every second one let go.
struct Comb {
  Comb() : manager(options(source)) {
    for (int i = 0; i < 8; ++i) {
      buffers.push_back(manager.alloc(size));
      std::memset(buffers.back().data(), i + 1, size);
    }
    for (std::size_t i = 0; i < 8; i += 2) buffers[i].reset();
  }
  static ManagerOptions options(SlidingSource& source) {
    ManagerOptions options;
    options.allocator.budget_bytes = 8 * size;
    options.source = &source;
    return options;
  }
  [[nodiscard]] bool holds(std::size_t i) const {
    for (const std::byte byte : buffers[i].bytes()) {
      if (byte != static_cast<std::byte>(i + 1)) return false;
    }
    return true;
  }
  SlidingSource source;
  BufferManager manager;
  std::vector<CpuBuffer> buffers;
};

}  // namespace

TEST_CASE("buffers and views follow their bytes when compaction moves them", "[buffer][moving]") {
  Comb comb;
  const CpuBuffer view = comb.buffers[3].view({100, 1000, DType::uint8, {}, {}});
  const CpuBuffer inner = view.view({28, 4, DType::uint8, {}, {}});
  const std::byte* before = comb.buffers[3].data();
  const CpuBuffer large = comb.manager.alloc(4 * size);
  CHECK(comb.manager.statistics().compactions == 1);
  CHECK(comb.buffers[3].data() != before);
  for (std::size_t i = 1; i < 8; i += 2) CHECK(comb.holds(i));
  CHECK(view.data() == comb.buffers[3].data() + 100);
  CHECK(inner.data() == comb.buffers[3].data() + 128);
  CHECK(comb.manager.check_invariants() == nullptr);
}

TEST_CASE("hardened buffers and their views follow their bytes too", "[buffer][moving][hardening]") {
  SlidingSource source;
  ManagerOptions options = Comb::options(source);
  options.allocator.hardening = GENERATE(Hardening::checks, Hardening::full);
  options.allocator.budget_bytes = 8 * (size + KiB);  // with the strips around each
  BufferManager manager(options);
  std::vector<CpuBuffer> buffers;
  for (int i = 0; i < 8; ++i) {
    buffers.push_back(manager.alloc(size));
    std::memset(buffers.back().data(), i + 1, size);
  }
  for (std::size_t i = 0; i < 8; i += 2) buffers[i].reset();
  const CpuBuffer view = buffers[3].view({100, 1000, DType::uint8, {}, {}});
  const std::byte* const before = buffers[3].data();
  const CpuBuffer large = manager.alloc(4 * size);
  REQUIRE(buffers[3].data() != before);
  CHECK(view.data() == buffers[3].data() + 100);
  for (std::size_t i = 1; i < 8; i += 2) {
    CHECK(buffers[i].bytes().front() == static_cast<std::byte>(i + 1));
    CHECK(buffers[i].bytes().back() == static_cast<std::byte>(i + 1));
  }
  CHECK(manager.check_invariants() == nullptr);
}

TEST_CASE("a pinned buffer stays while its pin lives, whichever handle pinned it", "[buffer][moving]") {
  Comb comb;
  const CpuBuffer view = comb.buffers[5].view({64, 64, DType::uint8, {}, {}});
  BufferPin pin = view.pin();
  REQUIRE(pin);
  const std::byte* place = pin.data();
  CHECK(comb.manager.try_alloc({4 * size, DType::uint8, {}, {}}).status == Status::out_of_memory);
  const CpuBuffer fits = comb.manager.alloc(2 * size);
  CHECK(pin.data() == place);
  CHECK(view.data() == place);
  BufferPin moved = std::move(pin);
  CHECK_FALSE(pin);
  CHECK(moved.data() == place);
  moved.reset();
  const CpuBuffer rest = comb.manager.alloc(2 * size);
  for (std::size_t i = 1; i < 8; i += 2) CHECK(comb.holds(i));
  CHECK(comb.manager.check_invariants() == nullptr);
}

TEST_CASE("a pin keeps its buffer alive, and outlives an explicit end", "[buffer][moving]") {
  Comb comb;
  BufferPin pin = comb.buffers[1].pin();
  const WeakBuffer weak = comb.buffers[1].weak();
  comb.buffers[1].reset();
  CHECK_FALSE(weak.expired());
  CpuBuffer(pin.buffer()).destroy();
  CHECK(pin.data() == nullptr);
  // The block, pinned no more, serves another buffer, which may move.
  const CpuBuffer all = comb.manager.alloc(5 * size);
  pin.reset();
  CHECK(weak.expired());
  CHECK_FALSE(CpuBuffer().pin());
  CHECK(comb.manager.check_invariants() == nullptr);
}

TEST_CASE("the end of what was pinned leaves no pin to whose the memory is next", "[buffer][moving]") {
  Comb comb;
  BufferPin pin = comb.buffers[1].pin();
  const std::byte* const place = pin.data();
  comb.buffers[1].destroy();
  comb.buffers[1] = comb.manager.alloc(size);
  REQUIRE(comb.buffers[1].data() == place);
  SECTION("while it stands") {}
  SECTION("when it went") {
    pin.reset();
  }
  // All four that live have to move for this.
  CHECK(comb.manager.try_alloc(4 * size));
  CHECK(comb.manager.check_invariants() == nullptr);
}

TEST_CASE("a view that ends under its pins leaves its base free to move", "[buffer][moving]") {
  Comb comb;
  const BufferPin of_base = comb.buffers[7].pin();
  CpuBuffer view = comb.buffers[1].view({});
  BufferPin first = view.pin();
  BufferPin second = view.pin();
  first.reset();
  view.destroy();
  CHECK(second.data() == nullptr);
  SECTION("while they stand") {}
  SECTION("when they went") {
    second.reset();
  }
  CHECK(comb.manager.try_alloc(4 * size));  // in front of the last, which stays
  CHECK(comb.manager.check_invariants() == nullptr);
}

TEST_CASE("a view's end leaves the pins of others", "[buffer][moving]") {
  Comb comb;
  BufferPin of_base = comb.buffers[1].pin();
  CpuBuffer view = comb.buffers[1].view({});
  const BufferPin of_view = view.pin();
  view.destroy();
  CHECK_FALSE(comb.manager.try_alloc(4 * size));
  of_base.reset();
  CHECK(comb.manager.try_alloc(4 * size));
}

TEST_CASE("a view that ends after its base, pinned, touches nobody's pins", "[buffer][moving]") {
  Comb comb;
  CpuBuffer view = comb.buffers[1].view({});
  BufferPin of_view = view.pin();
  comb.buffers[1].destroy();
  comb.buffers[1] = comb.manager.alloc(size);
  BufferPin of_next = comb.buffers[1].pin();
  of_view.reset();
  view.reset();
  CHECK_FALSE(comb.manager.try_alloc(4 * size));
  of_next.reset();
  CHECK(comb.manager.try_alloc(4 * size));
}

TEST_CASE("a close takes the pin of a view whose base went before, and nothing else", "[buffer][moving]") {
  Comb comb;
  CpuBuffer view = comb.buffers[1].view({});
  const BufferPin of_view = view.pin();
  comb.buffers[1].destroy();
  comb.buffers[1] = comb.manager.alloc(size);
  const BufferPin of_next = comb.buffers[1].pin();
  comb.manager.close();
  CHECK(of_view.data() == nullptr);
  CHECK(of_next.data() == nullptr);
  bufgc::test::require_nothing_left(comb.manager);
}

TEST_CASE("external buffers and views of them stay where they are, pinned or not", "[buffer][moving]") {
  Comb comb;
  CpuBuffer external = bufgc::test::weightless(comb.manager);
  CpuBuffer view = external.view({16, 16, DType::uint8, {}, {}});
  const std::byte* const place = external.data();
  BufferPin pin;
  SECTION("not") {}
  SECTION("pinned") {
    pin = external.pin();
  }
  SECTION("pinned by the view, which ends") {
    pin = view.pin();
    CHECK(pin.data() == place + 16);
    view.destroy();
    CHECK(pin.data() == nullptr);
    view = external.view({16, 16, DType::uint8, {}, {}});
  }
  CHECK(comb.manager.try_alloc(4 * size));
  CHECK(comb.manager.statistics().compactions == 1);
  CHECK(external.data() == place);
  CHECK(view.data() == place + 16);
  pin.reset();
  CHECK(comb.manager.check_invariants() == nullptr);
}

TEST_CASE("a pin that is moved to itself stands", "[buffer][moving]") {
  Comb comb;
  BufferPin pin = comb.buffers[5].pin();
  BufferPin& same = pin;
  pin = std::move(same);
  REQUIRE(pin);
  CHECK(comb.manager.try_alloc({4 * size, DType::uint8, {}, {}}).status == Status::out_of_memory);
  pin.reset();
  CHECK(comb.manager.try_alloc(4 * size));
}

TEST_CASE("what a finalizer allocates may move the buffer that is dying", "[buffer][moving]") {
  Comb comb;
  CpuBuffer large;
  comb.manager.finalize(comb.buffers[7], [&] { large = comb.manager.alloc(4 * size); });
  comb.buffers[7].reset();
  REQUIRE(large);
  CHECK(comb.manager.statistics().compactions == 1);
  CHECK(comb.manager.statistics().live_bytes == 7 * size);
  for (std::size_t i = 1; i < 7; i += 2) CHECK(comb.holds(i));
  CHECK(comb.manager.check_invariants() == nullptr);
}

TEST_CASE("an observer is told of each buffer and view that moved, from where and where to",
          "[buffer][moving]") {
  struct Watcher final : BufferObserver {
    void on_alloc(const BufferBirth&) noexcept override {}
    void on_free(BufferId, Cause, FreedTo) noexcept override {}
    void on_link(BufferId, BufferId) noexcept override {}
    void on_unlink(BufferId, BufferId) noexcept override {}
    void on_move(BufferId id, const std::byte* from, const std::byte* to) noexcept override {
      moves.push_back({id, from, to});
    }
    struct Move {
      BufferId id;
      const std::byte* from;
      const std::byte* to;
    };
    std::vector<Move> moves;
  };
  // The manager has no door for observers; the heap has.
  SlidingSource source;
  AllocatorOptions options;
  options.budget_bytes = 4 * size;
  CpuAllocator allocator(source, options);
  auto* heap = new BufferHeap(
      allocator, [](void*) {}, nullptr);
  Watcher watcher;
  heap->set_observer(&watcher);
  {
    CpuBuffer a = heap->allocate({size, DType::uint8, {}, {}}, {}).value;
    CpuBuffer b = heap->allocate({size, DType::uint8, {}, {}}, {}).value;
    CpuBuffer c = heap->allocate({2 * size, DType::uint8, {}, {}}, {}).value;
    const CpuBuffer view = b.view({8, 8, DType::uint8, {}, {}});
    const std::byte* const before = b.data();
    a.reset();
    c.reset();
    const CpuBuffer large = heap->allocate({3 * size, DType::uint8, {}, {}}, {}).value;
    REQUIRE(large);
    REQUIRE(watcher.moves.size() == 2);
    CHECK(watcher.moves[0].id == view.id());
    CHECK(watcher.moves[0].from == before + 8);
    CHECK(watcher.moves[0].to == view.data());
    CHECK(watcher.moves[1].id == b.id());
    CHECK(watcher.moves[1].from == before);
    CHECK(watcher.moves[1].to == b.data());
  }
  heap->set_observer(nullptr);
  heap->close();  // takes back the slots that this thread keeps
  delete heap;
}
