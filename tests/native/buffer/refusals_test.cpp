// What is refused is refused as an error of its type, in words that say which call and why, with the code of
// the call that does not throw; and nothing happened.

#include <limits>
#include <string>

#include "bufgc/buffer/buffer_access.hpp"
#include "bufgc/buffer/buffer_record.hpp"
#include "bufgc/memory/range.hpp"
#include "support.hpp"

using namespace bufgc;
using bufgc::test::require_nothing_left;

namespace {

/// `call` throws an `Error_` of these words and this code.
template <class Error_, class Call>
void require_refused(Call&& call, Status status, const std::string& words) {
  INFO(words);
  try {
    call();
  } catch (const Error_& error) {
    CHECK(std::string(error.what()) == words);
    CHECK(error.status() == status);
    return;
  }
  FAIL("not refused");
}

constexpr const char* bad_shape =
    "alloc(): the shape has too many extents, wraps, or disagrees with the size";
constexpr const char* bad_external =
    "external(): no memory at a null pointer, a shape that disagrees with the size, an address not aligned "
    "to "
    "the dtype, or bytes beyond the last address";
constexpr const char* own_target =
    "a finalizer that holds its own target, or a view of it, would keep it alive for ever";

}  // namespace

TEST_CASE("what no manager gives says why", "[refusal]") {
  BufferManager manager;
  std::byte bytes[16] = {};
  const auto refused = [](auto&& call, const char* words) {
    require_refused<InvalidArgument>(call, Status::invalid_argument, words);
  };
  refused([&] { static_cast<void>(manager.alloc(BufferSpec{7, DType::uint8, {2, 4}, {}})); }, bad_shape);
  refused([&] { static_cast<void>(manager.external(nullptr, {8, DType::uint8, {}, {}})); }, bad_external);
  refused([&] { static_cast<void>(manager.external(bytes, {7, DType::uint8, {2, 4}, {}})); }, bad_external);
  require_refused<OutOfMemory>(
      [&] { static_cast<void>(manager.alloc(std::numeric_limits<std::uint64_t>::max())); },
      Status::out_of_memory,
      "out of memory: " + std::to_string(std::numeric_limits<std::size_t>::max()) +
          " bytes do not fit; live 0, cached 0, gaps 0, reserved 0");
  manager.set_budget_bytes(65536);
  const CpuBuffer some = manager.alloc(100);
  manager.trim(0);  // as the request does
  const Statistics now = manager.statistics();
  require_refused<OutOfMemory>(
      [&] {
        static_cast<void>(manager.alloc(BufferSpec{0, DType::float32, {100, 250}, {}}));
      },
      Status::out_of_memory,
      "out of memory: 100000 bytes do not fit; live 100, cached " + std::to_string(now.cached_bytes) +
          ", gaps " + std::to_string(now.gap_bytes) + ", reserved " + std::to_string(now.reserved_bytes) +
          ", budget 65536");
  manager.close();
  const auto closed = [](auto&& call, const char* words) {
    require_refused<Closed>(call, Status::closed, words);
  };
  closed([&] { static_cast<void>(manager.alloc(std::uint64_t{8})); }, "alloc() of a manager that is closed");
  closed(
      [&] {
        static_cast<void>(manager.alloc(BufferSpec{8, DType::uint8, {8}, {}}));
      },
      "alloc() of a manager that is closed");
  closed(
      [&] {
        static_cast<void>(manager.external(bytes, {8, DType::uint8, {}, {}}));
      },
      "external() of a manager that is closed");
}

TEST_CASE("what no finalizer may be says why, and leaves none", "[refusal][finalizer]") {
  BufferManager manager;
  CpuBuffer buffer = manager.alloc(100);
  CpuBuffer view = buffer.view({});
  const auto refused = [](auto&& call, const char* words) {
    require_refused<InvalidArgument>(call, Status::invalid_argument, words);
  };
  int ran = 0;
  const auto count = [&ran](const CpuBuffer&) { ++ran; };
  refused([&] { manager.finalize(CpuBuffer{}, [&ran] { ++ran; }); },
          "a finalizer needs an owner, not an empty handle");
  // As an argument, and in a capture; of the buffer, and of its view.
  refused([&] { manager.finalize(buffer, count, buffer); }, own_target);
  refused([&] { manager.finalize(buffer, count, view); }, own_target);
  refused([&] { manager.finalize(view, count, buffer); }, own_target);
  refused([&] { manager.finalize(buffer, [buffer] { static_cast<void>(buffer.id()); }); }, own_target);
  CHECK(manager.statistics().finalizers_alive == 0);
  CHECK(buffer.use_count() == 2);
  buffer.destroy();
  for (const CpuBuffer* owner : {&buffer, &view}) {
    require_refused<UseAfterDestroy>([&] { manager.finalize(*owner, [&ran] { ++ran; }); }, Status::destroyed,
                                     "a finalizer needs an owner that was not destroyed");
  }
  CHECK(ran == 0);
  CHECK(manager.statistics().finalizers_alive == 0);
}

TEST_CASE("what a handle refuses says why, and changes nothing", "[refusal][handle]") {
  BufferManager manager;
  BufferManager elsewhere;
  CpuBuffer buffer = manager.alloc(100);
  CpuBuffer held = manager.alloc(100);
  CpuBuffer foreign = elsewhere.alloc(100);
  CpuBuffer none;
  const auto refused = [](auto&& call, const char* words) {
    require_refused<InvalidArgument>(call, Status::invalid_argument, words);
  };
  constexpr const char* bad_view = "view(): the range is not within the buffer, or not aligned to the dtype";
  constexpr const char* bad_link = "link(): both must be buffers of one manager";
  constexpr const char* no_link = "unlink(): there is no such link";
  refused([&] { static_cast<void>(none.data()); }, "data() of an empty handle");
  refused([&] { static_cast<void>(none.view({})); }, bad_view);
  refused([&] { static_cast<void>(buffer.view({101, 0, DType::uint8, {}, {}})); }, bad_view);
  refused([&] { static_cast<void>(buffer.view({2, 4, DType::uint32, {}, {}})); }, bad_view);
  refused([&] { none.destroy(); }, "destroy() of an empty handle");
  refused([&] { none.link(buffer); }, bad_link);
  refused([&] { buffer.link(none); }, bad_link);
  refused([&] { buffer.link(foreign); }, bad_link);
  refused([&] { none.unlink(buffer); }, no_link);
  refused([&] { buffer.unlink(foreign); }, no_link);
  refused([&] { buffer.unlink(held); }, no_link);
  buffer.link(held);
  refused([&] { held.unlink(buffer); }, no_link);  // the other way round
  CHECK(manager.statistics().edges == 1);
  CHECK(held.use_count() == 2);
  buffer.destroy();
  CHECK(manager.statistics().edges == 0);
  const auto destroyed = [](auto&& call, const char* words) {
    require_refused<UseAfterDestroy>(call, Status::destroyed, words);
  };
  destroyed([&] { static_cast<void>(buffer.data()); }, "data() of a buffer that was destroyed");
  destroyed([&] { static_cast<void>(buffer.view({})); }, "view() of a buffer that was destroyed");
  destroyed([&] { buffer.destroy(); }, "destroy() of a buffer that was destroyed before");
  destroyed([&] { buffer.link(held); }, "link() with a buffer that was destroyed");
  destroyed([&] { held.link(buffer); }, "link() with a buffer that was destroyed");
  destroyed([&] { buffer.unlink(held); }, "unlink() on a buffer that was destroyed");
  CHECK(held.use_count() == 1);
  buffer.reset();
  held.reset();
  foreign.reset();
  require_nothing_left(manager);
  require_nothing_left(elsewhere);
}

TEST_CASE("a handle that goes out of scope lets go, whatever kind it is", "[refusal][handle]") {
  BufferManager manager;
  CpuBuffer buffer = manager.alloc(100);
  {
    const CpuBuffer copy = buffer;
    const BufferPin pin = buffer.pin();
    const WeakBuffer weak = buffer.weak();
    const CpuBuffer view = buffer.view({});
    const CpuBuffer locked = weak.lock();
    CHECK(buffer.use_count() == 5);
    CHECK(pin.buffer() == buffer);
  }
  CHECK(buffer.use_count() == 1);
  Block* const block = BufferAccess::peek(buffer)->block;
  const auto pins = [block] { return static_cast<const Range*>(block)->pins; };
  CHECK(pins() == 0);
  {
    const BufferPin pin = buffer.pin();
    BufferPin other = buffer.pin();
    CHECK(pins() == 2);
    other = buffer.pin();
    CHECK(pins() == 2);
    other = {};
    CHECK(pins() == 1);
    CHECK_FALSE(other);
  }
  CHECK(pins() == 0);
  buffer.reset();
  require_nothing_left(manager);
}
