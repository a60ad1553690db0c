// Views: parts of a buffer that keep its bytes alive.

#include <cstring>
#include <limits>

#include "support.hpp"

using namespace bufgc;
using bufgc::test::require_nothing_left;

TEST_CASE("a view shows the bytes of its base from its offset on", "[view]") {
  BufferManager manager;
  const CpuBuffer base = manager.alloc(BufferSpec{0, DType::uint8, {256}, {}});
  for (std::size_t i = 0; i < 256; ++i) base.bytes()[i] = static_cast<std::byte>(i);
  const CpuBuffer view = base.view({16, 8, DType::uint8, {}, "part"});
  REQUIRE(view.is_view());
  REQUIRE(view.size_bytes() == 8);
  REQUIRE(view.capacity_bytes() == 0);
  REQUIRE(view.label() == "part");
  REQUIRE(view.bytes()[0] == std::byte{16});
  view.bytes()[0] = std::byte{99};
  REQUIRE(base.bytes()[16] == std::byte{99});
}

TEST_CASE("a view keeps its base alive", "[view]") {
  BufferManager manager;
  CpuBuffer base = manager.alloc(256);
  std::memset(base.data(), 3, 256);
  CpuBuffer view = base.view({128, 64, DType::uint8, {}, {}});
  base.reset();
  REQUIRE(manager.statistics().live_buffers == 1);
  REQUIRE(view.bytes()[0] == std::byte{3});
  REQUIRE(view.base().size_bytes() == 256);
  view.reset();
  require_nothing_left(manager);
}

TEST_CASE("a view of a view holds the root, not the view between", "[view]") {
  BufferManager manager;
  CpuBuffer base = manager.alloc(256);
  CpuBuffer outer = base.view({64, 128, DType::uint8, {}, {}});
  const CpuBuffer inner = outer.view({32, 16, DType::uint8, {}, {}});
  REQUIRE(inner.data() == base.data() + 96);
  REQUIRE(inner.base() == base);
  outer.reset();
  REQUIRE(manager.statistics().live_views == 1);
  REQUIRE(inner.try_data() != nullptr);
}

TEST_CASE("a view may read the bytes as another dtype", "[view]") {
  BufferManager manager;
  const CpuBuffer base = manager.alloc(BufferSpec{0, DType::uint32, {4}, {}});
  base.as<std::uint32_t>()[1] = 0x3f800000U;
  const CpuBuffer view = base.view({4, ViewSpec::to_the_end, DType::float32, {3}, {}});
  REQUIRE(view.dtype() == DType::float32);
  REQUIRE(view.shape() == Shape{3});
  REQUIRE(view.as<float>()[0] == 1.0F);
}

TEST_CASE("a view beyond the end, misaligned, or with sizes that wrap is refused", "[view]") {
  BufferManager manager;
  const CpuBuffer base = manager.alloc(256);
  const std::uint64_t huge = std::numeric_limits<std::uint64_t>::max();
  const auto refused = [](const CpuBuffer& of, const ViewSpec& spec) {
    return of.try_view(spec).status == Status::invalid_argument;
  };
  REQUIRE(refused(base, {257, ViewSpec::to_the_end, DType::uint8, {}, {}}));
  REQUIRE(refused(base, {200, 57, DType::uint8, {}, {}}));
  REQUIRE(refused(base, {8, huge - 4, DType::uint8, {}, {}}));
  REQUIRE(refused(base, {huge, 8, DType::uint8, {}, {}}));
  REQUIRE(refused(base, {2, 8, DType::float32, {}, {}}));
  REQUIRE(refused(base, {0, ViewSpec::to_the_end, DType::float32, {huge / 2}, {}}));
  REQUIRE(refused(base, {0, 8, DType::float32, {3}, {}}));
  REQUIRE(refused(base.view({1, 100, DType::uint8, {}, {}}), {0, 8, DType::float32, {}, {}}));
  REQUIRE(refused(base.view({0, 100, DType::uint8, {}, {}}), {0, 101, DType::uint8, {}, {}}));
  REQUIRE_THROWS_AS(base.view({257, 1, DType::uint8, {}, {}}), InvalidArgument);
  REQUIRE(base.view({256, ViewSpec::to_the_end, DType::uint8, {}, {}}).size_bytes() == 0);
}

TEST_CASE("destroying a view ends the view alone", "[view]") {
  BufferManager manager;
  CpuBuffer base = manager.alloc(256);
  CpuBuffer view = base.view({});
  const CpuBuffer other = base.view({});
  view.destroy();
  REQUIRE(view.destroyed());
  REQUIRE_FALSE(view.base());
  REQUIRE_FALSE(base.destroyed());
  REQUIRE_FALSE(other.destroyed());
  REQUIRE(view.try_destroy() == Status::destroyed);
  REQUIRE(base.use_count() == 2);
}

TEST_CASE("a destroyed base destroys the bytes of all its views", "[view]") {
  BufferManager manager;
  CpuBuffer base = manager.alloc(256);
  CpuBuffer view = base.view({});
  const WeakBuffer weak = view.weak();
  base.destroy();
  REQUIRE(view.destroyed());
  REQUIRE_FALSE(weak.lock());
  REQUIRE_FALSE(weak.expired());
  REQUIRE_FALSE(manager.lock(view.id()));
  REQUIRE(view.try_destroy() == Status::destroyed);
  REQUIRE(view.try_view({}).status == Status::destroyed);
  REQUIRE(manager.statistics().live_bytes == 0);
  view.reset();
  REQUIRE(weak.expired());
  base.reset();
  require_nothing_left(manager);
}
