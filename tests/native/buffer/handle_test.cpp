// Strong and weak handles, and what a buffer knows of itself.

#include <any>
#include <limits>
#include <string>
#include <utility>

#include "bufgc/buffer/buffer_access.hpp"
#include "bufgc/buffer/raise.hpp"
#include "support.hpp"

using namespace bufgc;
using bufgc::test::require_nothing_left;

TEST_CASE("a buffer knows its size, dtype, shape and label", "[handle]") {
  BufferManager manager;
  const CpuBuffer image = manager.alloc(BufferSpec{0, DType::float32, {3, 5, 7}, "frame"});
  REQUIRE(image.size_bytes() == 3 * 5 * 7 * 4);
  REQUIRE(image.capacity_bytes() >= image.size_bytes());
  REQUIRE(image.dtype() == DType::float32);
  REQUIRE(image.shape() == Shape{3, 5, 7});
  REQUIRE(image.label() == "frame");
  REQUIRE(image.as<float>().size() == 105);
  REQUIRE_FALSE(image.is_view());
  REQUIRE_FALSE(image.is_external());
  REQUIRE_FALSE(image.base());
}

TEST_CASE("a label is kept by the buffer when the caller's text is gone", "[handle]") {
  BufferManager manager;
  std::vector<CpuBuffer> buffers;
  for (int i = 0; i < 10'000; ++i) {
    std::string text = "label number " + std::to_string(i);
    buffers.push_back(manager.alloc(BufferSpec{0, DType::uint8, {0}, text}));
    text.assign(text.size(), '?');
  }
  for (int i = 0; i < 10'000; ++i) {
    REQUIRE(buffers[static_cast<std::size_t>(i)].label() == "label number " + std::to_string(i));
  }
}

TEST_CASE("labels whose hashes are equal are kept apart", "[handle]") {
  BufferManager manager;
  // Of 32-bit FNV-1a.
  const CpuBuffer a = manager.alloc(BufferSpec{1, DType::uint8, {}, "declinate"});
  const CpuBuffer b = manager.alloc(BufferSpec{1, DType::uint8, {}, "macallums"});
  CHECK(a.label() == "declinate");
  CHECK(b.label() == "macallums");
  CHECK(manager.alloc(BufferSpec{1, DType::uint8, {}, "declinate"}).label().data() == a.label().data());
}

TEST_CASE("blocks are aligned to 64 bytes", "[handle]") {
  BufferManager manager;
  std::vector<CpuBuffer> buffers;
  for (std::uint64_t size : {1U, 63U, 64U, 65U, 1000U, 4097U}) {
    buffers.push_back(manager.alloc(size));
    REQUIRE(reinterpret_cast<std::uintptr_t>(buffers.back().data()) % 64 == 0);
  }
}

TEST_CASE("a size that wraps is refused", "[handle]") {
  BufferManager manager;
  const std::uint64_t huge = std::numeric_limits<std::uint64_t>::max();
  REQUIRE_THROWS_AS(manager.alloc(BufferSpec{0, DType::float64, {huge / 4}, {}}), InvalidArgument);
  REQUIRE_THROWS_AS(manager.alloc(BufferSpec{0, DType::uint8, {huge, 2}, {}}), InvalidArgument);
  REQUIRE_THROWS_AS(manager.alloc(huge), OutOfMemory);
  require_nothing_left(manager);
}

TEST_CASE("a shape with more than eight extents, and one that disagrees with the size, are refused",
          "[handle]") {
  BufferManager manager;
  REQUIRE(manager.try_alloc({0, DType::uint8, {1, 1, 1, 1, 1, 1, 1, 1, 1}, {}}).status ==
          Status::invalid_argument);
  REQUIRE(manager.try_alloc({7, DType::uint8, {2, 4}, {}}).status == Status::invalid_argument);
  REQUIRE(manager.try_alloc({8, DType::uint8, {2, 4}, {}}).status == Status::ok);
}

TEST_CASE("a number beyond the last dtype is refused, however the buffer comes about", "[handle]") {
  BufferManager manager;
  const CpuBuffer base = manager.alloc(8);
  alignas(8) std::byte bytes[8] = {};
  for (const std::size_t number : {dtype_count, std::size_t{200}}) {
    const auto dtype = static_cast<DType>(number);
    CHECK(manager.try_alloc({8, dtype, {}, {}}).status == Status::invalid_argument);
    CHECK(manager.try_external(bytes, {8, dtype, {}, {}}, {}).status == Status::invalid_argument);
    CHECK(base.try_view({0, 8, dtype, {}, {}}).status == Status::invalid_argument);
  }
  const auto last = static_cast<DType>(dtype_count - 1);
  CHECK(manager.try_alloc({8, last, {}, {}}).status == Status::ok);
}

TEST_CASE("an error says which call was refused, and why", "[handle]") {
  BufferManager manager;
  CpuBuffer gone = manager.alloc(10);
  const CpuBuffer other = manager.alloc(10);
  CHECK_THROWS_WITH(gone.unlink(other), "unlink(): there is no such link");
  CHECK_THROWS_WITH(gone.link(CpuBuffer{}), "link(): both must be buffers of one manager");
  gone.destroy();
  CHECK_THROWS_WITH(gone.destroy(), "destroy() of a buffer that was destroyed before");
  CHECK_THROWS_WITH(gone.link(other), "link() with a buffer that was destroyed");
  CHECK_THROWS_WITH(CpuBuffer{}.destroy(), "destroy() of an empty handle");
}

TEST_CASE("copies share a buffer and the last one to go releases it", "[handle]") {
  BufferManager manager;
  CpuBuffer a = manager.alloc(10);
  CpuBuffer b = a;
  CpuBuffer c;
  c = b;
  REQUIRE(a == c);
  REQUIRE(a.use_count() == 3);
  a.reset();
  b = CpuBuffer{};
  REQUIRE(manager.statistics().live_buffers == 1);
  c.reset();
  require_nothing_left(manager);
}

TEST_CASE("a moved-from handle is empty and counts nothing", "[handle]") {
  BufferManager manager;
  CpuBuffer a = manager.alloc(10);
  CpuBuffer b = std::move(a);
  REQUIRE_FALSE(a);  // NOLINT(bugprone-use-after-move): what a move leaves is the point
  REQUIRE(b.use_count() == 1);
  CpuBuffer& same = b;
  b = same;
  b = std::move(same);
  REQUIRE(b.use_count() == 1);
}

TEST_CASE("an empty handle answers and refuses politely", "[handle]") {
  CpuBuffer none;
  REQUIRE_FALSE(none);
  REQUIRE_FALSE(none.id().valid());
  REQUIRE(none.size_bytes() == 0);
  REQUIRE(none.try_data() == nullptr);
  REQUIRE_FALSE(none.destroyed());
  REQUIRE_THROWS_AS(none.data(), InvalidArgument);
  REQUIRE(none.try_destroy() == Status::invalid_argument);
  REQUIRE(none.try_view({}).status == Status::invalid_argument);
  REQUIRE_FALSE(none.weak().lock());
  REQUIRE(none.weak().expired());
  REQUIRE(none.capacity_bytes() == 0);
  REQUIRE(none.dtype() == DType::uint8);
  REQUIRE(none.shape() == Shape{});
  REQUIRE(none.label().empty());
  REQUIRE_FALSE(none.is_view());
  REQUIRE_FALSE(none.is_external());
  REQUIRE_FALSE(none.base());
  REQUIRE(none.use_count() == 0);
  REQUIRE_FALSE(none.pin());
  none.reset();

  BufferManager manager;
  CpuBuffer some = manager.alloc(8);
  REQUIRE(none.try_link(some) == Status::invalid_argument);
  REQUIRE(some.try_link(none) == Status::invalid_argument);
  REQUIRE(none.try_unlink(some) == Status::invalid_argument);
  REQUIRE(some.try_unlink(none) == Status::invalid_argument);
  REQUIRE_FALSE(BufferAccess::same_root(none, some));
  REQUIRE_FALSE(BufferAccess::same_root(some, none));
  REQUIRE(BufferAccess::same_root(some, some.view({})));
}

TEST_CASE("shapes are equal when their extents are, and more than eight are no shape", "[handle]") {
  REQUIRE(Shape{2, 3} == Shape{2, 3});
  REQUIRE_FALSE(Shape{2, 3} == Shape{3, 2});
  REQUIRE_FALSE(Shape{2, 3} == Shape{2, 3, 1});
  const Shape nine{1, 1, 1, 1, 1, 1, 1, 1, 1};
  REQUIRE_FALSE(nine.valid());
  REQUIRE(nine.extents().empty());
}

TEST_CASE("a binding reads a buffer through the pointer that it owns, until it is destroyed", "[handle]") {
  BufferManager manager;
  CpuBuffer handle = manager.alloc(8);
  BufferRecord* const record = BufferAccess::detach(std::move(handle));
  REQUIRE(BufferAccess::data(record) != nullptr);
  bool ran = false;
  const Result<Finalizer> finalizer = BufferAccess::finalize(record, [&ran] {
    ran = true;
    return std::any();
  });
  REQUIRE(finalizer);
  REQUIRE(BufferAccess::destroy(record) == Status::ok);
  REQUIRE(ran);
  REQUIRE(BufferAccess::data(record) == nullptr);
  REQUIRE(BufferAccess::finalize(record, [] { return std::any(); }).status == Status::destroyed);
  BufferAccess::release(record, Cause::dispose);
  require_nothing_left(manager);
}

TEST_CASE("each code is thrown as an error of its own type that tells it", "[handle]") {
  REQUIRE_THROWS_AS(raise(Status::invalid_argument, "why"), InvalidArgument);
  REQUIRE_THROWS_AS(raise(Status::destroyed, "why"), UseAfterDestroy);
  REQUIRE_THROWS_AS(raise(Status::closed, "why"), Closed);
  REQUIRE_THROWS_AS(raise(Status::invalid_state, "why"), InvalidState);
  for (const Status status : {Status::invalid_argument, Status::destroyed, Status::closed,
                              Status::invalid_state, Status::out_of_memory}) {
    try {
      raise(status, "why");
    } catch (const Error& error) {
      REQUIRE(error.status() == status);
      REQUIRE(std::string(error.what()).find("why") != std::string::npos);
    }
  }
}

TEST_CASE("reset of the last handle ends with dispose, its going out of scope with finalized", "[handle]") {
  BufferManager manager;
  manager.alloc(10).reset();
  REQUIRE(manager.statistics().disposed_buffers == 1);
  { const CpuBuffer dropped = manager.alloc(10); }
  REQUIRE(manager.statistics().finalized_buffers == 1);
  CpuBuffer destroyed = manager.alloc(10);
  destroyed.destroy();
  REQUIRE(manager.statistics().disposed_buffers == 2);
  destroyed.reset();
  REQUIRE(manager.statistics().disposed_buffers == 2);
}

TEST_CASE("a weak reference gives the buffer while it lives and nothing after", "[weak]") {
  BufferManager manager;
  CpuBuffer a = manager.alloc(10);
  const WeakBuffer weak = a.weak();
  REQUIRE(weak.id() == a.id());
  REQUIRE(weak.lock() == a);
  REQUIRE_FALSE(weak.expired());
  REQUIRE(a.use_count() == 1);
  a.reset();
  REQUIRE(weak.expired());
  REQUIRE_FALSE(weak.lock());
}

TEST_CASE("a weak reference to a destroyed buffer answers gone though handles remain", "[weak]") {
  BufferManager manager;
  CpuBuffer a = manager.alloc(10);
  const WeakBuffer before = a.weak();
  a.destroy();
  REQUIRE_FALSE(before.lock());
  REQUIRE(before.expired());
  REQUIRE_FALSE(a.weak().lock());
  REQUIRE_FALSE(manager.lock(a.id()));
}

TEST_CASE("a stale weak reference never answers with the next buffer in its slot", "[weak]") {
  BufferManager manager;
  CpuBuffer a = manager.alloc(10);
  const WeakBuffer weak = a.weak();
  const BufferId id = a.id();
  a.reset();
  const CpuBuffer next = manager.alloc(10);
  REQUIRE(next.id().slot == id.slot);
  REQUIRE_FALSE(weak.lock());
  REQUIRE_FALSE(manager.lock(id));
  REQUIRE(manager.lock(next.id()) == next);
}

TEST_CASE("a buffer held only by an id is released", "[weak]") {
  BufferManager manager;
  std::vector<WeakBuffer> traversal;
  for (int i = 0; i < 100; ++i) {
    const CpuBuffer held_by_nobody = manager.alloc(10);
    traversal.push_back(held_by_nobody.weak());
  }
  require_nothing_left(manager);
  for (const WeakBuffer& weak : traversal) REQUIRE_FALSE(weak.lock());
}
