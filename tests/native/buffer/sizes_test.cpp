// Sizes at the bounds of the integers: a typed error or the size itself, never one that wrapped.

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "support.hpp"

using namespace bufgc;
using bufgc::test::require_nothing_left;

namespace {

constexpr std::uint64_t gib = std::uint64_t{1} << 30U;
constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint64_t most_here = std::numeric_limits<std::size_t>::max();

BufferSpec of_shape(DType dtype, Shape shape) {
  return {0, dtype, shape, {}};
}

}  // namespace

TEST_CASE("sizes near 2 GiB, 4 GiB and the largest integers that do not fit are refused with their figures",
          "[handle][sizes]") {
  ManagerOptions options;
  options.allocator.budget_bytes = gib;
  BufferManager manager(options);
  std::uint64_t failures = 0;
  for (const std::uint64_t around : {2 * gib, 4 * gib, most_here / 2, most_here, most / 2}) {
    for (const std::int64_t off : {-4097, -4096, -65, -64, -1, 0, 1, 63, 64, 4096}) {
      const std::uint64_t size = around + static_cast<std::uint64_t>(off);
      if (size < gib) continue;  // it wrapped in this test
      INFO("size " << size);
      const Result<CpuBuffer> result = manager.try_alloc(size);
      REQUIRE(result.status == Status::out_of_memory);
      REQUIRE_FALSE(result.value);
      REQUIRE(manager.try_alloc(of_shape(DType::uint8, {size})).status == Status::out_of_memory);
      try {
        const CpuBuffer buffer = manager.alloc(size);
        FAIL("it was given");
      } catch (const OutOfMemory& error) {
        REQUIRE(error.requested_bytes() == std::min(size, most_here));
        ++failures;
      }
    }
  }
  REQUIRE(failures > 40);
  REQUIRE(manager.statistics().reserved_bytes <= gib);
  REQUIRE(manager.alloc(100).try_data() != nullptr);
  require_nothing_left(manager);
}

TEST_CASE("shapes whose product or size in bytes wraps, in any order of extents, are refused",
          "[handle][sizes]") {
  BufferManager manager;
  const std::uint64_t half = std::uint64_t{1} << 32U;
  const std::array<std::pair<DType, Shape>, 6> wrapping{{
      {DType::uint8, {half, half}},
      {DType::uint8, {half, 1, half}},
      {DType::uint8, {3, most / 2}},
      {DType::uint8, {most, most, most, most, most, most, most, most}},
      {DType::float64, {std::uint64_t{1} << 61U}},
      {DType::float32, {half, std::uint64_t{1} << 30U}},
  }};
  for (const auto& [dtype, shape] : wrapping) {
    REQUIRE(manager.try_alloc(of_shape(dtype, shape)).status == Status::invalid_argument);
  }
  // One extent of 0 makes the product 0, whatever the others.
  const CpuBuffer none = manager.alloc(of_shape(DType::float64, {half, 0, half, half}));
  REQUIRE(none.size_bytes() == 0);
}

TEST_CASE(
    "an external buffer beyond 4 GiB keeps its exact size where addresses do, and one that wraps is refused",
    "[external][sizes]") {
  BufferManager manager;
  std::array<std::byte, 64> bytes{};
  int released = 0;
  const auto external = [&](std::uint64_t size_bytes) {
    return manager.try_external(bytes.data(), {size_bytes, DType::uint8, {}, {}},
                                [&](std::byte*, std::uint64_t) { ++released; });
  };
  for (const std::uint64_t size : {most, most - 1, most_here, most_here - 64, most / 2 + most / 4 * 2}) {
    INFO("size " << size);
    REQUIRE(external(size).status == Status::invalid_argument);
  }
  REQUIRE(released == 0);
  if (sizeof(std::size_t) == 4) {
    REQUIRE(external(4 * gib).status == Status::invalid_argument);
    return;
  }
  for (const std::uint64_t size : {2 * gib - 1, 2 * gib, 4 * gib - 1, 4 * gib, 4 * gib + 1}) {
    const Result<CpuBuffer> large = external(size);  // none of its bytes is touched
    REQUIRE(large);
    REQUIRE(large.value.size_bytes() == size);
    REQUIRE(manager.statistics().external_bytes == size);
    REQUIRE(large.value.view({size, ViewSpec::to_the_end, DType::uint8, {}, {}}).size_bytes() == 0);
    REQUIRE(large.value.view({size - 1, 1, DType::uint8, {}, {}}).try_data() ==
            bytes.data() + static_cast<std::size_t>(size - 1));
    REQUIRE(large.value.try_view({size - 1, 2, DType::uint8, {}, {}}).status == Status::invalid_argument);
    REQUIRE(large.value.try_view({1, size, DType::uint8, {}, {}}).status == Status::invalid_argument);
    REQUIRE(large.value.try_view({0, 0, DType::uint8, {size + 1}, {}}).status == Status::invalid_argument);
  }
  REQUIRE(released == 5);
  require_nothing_left(manager);
}
