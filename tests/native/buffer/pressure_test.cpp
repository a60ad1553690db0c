// What happens at the budget: flush, collect, ask, and only then fail.

#include "bufgc/memory/default_source.hpp"
#include "support.hpp"

using namespace bufgc;

namespace {

ManagerOptions with_budget(std::uint64_t bytes) {
  ManagerOptions options;
  options.allocator.budget_bytes = bytes;
  return options;
}

constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20U;

}  // namespace

TEST_CASE("at the budget the failure tells size and figures", "[pressure]") {
  BufferManager manager(with_budget(8 * mebibyte));
  const CpuBuffer held = manager.alloc(5 * mebibyte);
  try {
    static_cast<void>(manager.alloc(5 * mebibyte));
    FAIL("5 MiB beside 5 MiB fit a budget of 8 MiB");
  } catch (const OutOfMemory& error) {
    REQUIRE(error.requested_bytes() == 5 * mebibyte);
    REQUIRE(error.statistics().live_bytes == 5 * mebibyte);
    REQUIRE(error.statistics().budget_bytes == 8 * mebibyte);
  }
  REQUIRE(manager.statistics().peak_reserved_bytes <= 8 * mebibyte);
  REQUIRE(manager.check_invariants() == nullptr);
}

TEST_CASE("the failure of a buffer with a shape tells all its bytes", "[pressure]") {
  BufferManager manager(with_budget(mebibyte));
  try {
    static_cast<void>(manager.alloc(BufferSpec{0, DType::float32, Shape{1024, 1024}, {}}));
    FAIL("4 MiB fit a budget of 1 MiB");
  } catch (const OutOfMemory& error) {
    REQUIRE(error.requested_bytes() == 4 * mebibyte);
  }
}

TEST_CASE("the pressure handler is not asked for what it allocates itself", "[pressure]") {
  BufferManager manager(with_budget(8 * mebibyte));
  const CpuBuffer held = manager.alloc(5 * mebibyte);
  int asked = 0;
  Status inside = Status::ok;
  manager.set_pressure_handler([&](std::size_t) {
    ++asked;
    inside = manager.try_alloc(5 * mebibyte).status;
    return false;
  });
  REQUIRE(manager.try_alloc(5 * mebibyte).status == Status::out_of_memory);
  REQUIRE(asked == 1);
  REQUIRE(inside == Status::out_of_memory);
  manager.set_pressure_handler({});
  REQUIRE(manager.try_alloc(5 * mebibyte).status == Status::out_of_memory);
  REQUIRE(asked == 1);
}

TEST_CASE("at the budget dead cycles are collected before the allocation fails", "[pressure][collection]") {
  BufferManager manager(with_budget(8 * mebibyte));
  {
    CpuBuffer a = manager.alloc(3 * mebibyte);
    CpuBuffer b = manager.alloc(3 * mebibyte);
    a.link(b);
    b.link(a);
  }
  const CpuBuffer fits = manager.alloc(5 * mebibyte);
  REQUIRE(fits);
  REQUIRE(manager.statistics().collected_buffers == 2);
}

TEST_CASE("at the budget the pressure handler is asked after cycles were collected", "[pressure]") {
  BufferManager manager(with_budget(8 * mebibyte));
  std::vector<CpuBuffer> cache;
  cache.push_back(manager.alloc(3 * mebibyte));
  cache.push_back(manager.alloc(3 * mebibyte));
  int asked = 0;
  manager.set_pressure_handler([&](std::size_t needed) {
    ++asked;
    REQUIRE(needed >= 5 * mebibyte);
    if (cache.empty()) return false;
    cache.pop_back();
    return true;
  });
  REQUIRE(manager.try_alloc({5 * mebibyte, DType::uint8, {}, {}}));
  REQUIRE(asked >= 1);
}

TEST_CASE("a pressure handler that allocates is not asked again for itself", "[pressure]") {
  BufferManager manager(with_budget(4 * mebibyte));
  const CpuBuffer held = manager.alloc(3 * mebibyte);
  int asked = 0;
  manager.set_pressure_handler([&](std::size_t) {
    ++asked;
    REQUIRE(manager.try_alloc({3 * mebibyte, DType::uint8, {}, {}}).status == Status::out_of_memory);
    return false;
  });
  REQUIRE(manager.try_alloc({3 * mebibyte, DType::uint8, {}, {}}).status == Status::out_of_memory);
  REQUIRE(asked == 1);
}

TEST_CASE("a pressure handler that allocates from another manager has that one's handler asked",
          "[pressure]") {
  BufferManager one(with_budget(4 * mebibyte));
  BufferManager two(with_budget(4 * mebibyte));
  const CpuBuffer held = one.alloc(3 * mebibyte);
  CpuBuffer spare = two.alloc(3 * mebibyte);
  int asked_one = 0;
  one.set_pressure_handler([&](std::size_t) {
    ++asked_one;
    REQUIRE(two.try_alloc(3 * mebibyte));
    return false;
  });
  int asked_two = 0;
  two.set_pressure_handler([&](std::size_t) {
    ++asked_two;
    REQUIRE_FALSE(one.try_alloc(3 * mebibyte));  // which asks nobody again
    spare.reset();
    return true;
  });
  REQUIRE_FALSE(one.try_alloc(3 * mebibyte));
  REQUIRE(asked_one == 1);
  REQUIRE(asked_two == 1);
}

TEST_CASE("what a pressure handler throws reaches the error handler and the allocation fails", "[pressure]") {
  BufferManager manager(with_budget(4 * mebibyte));
  const CpuBuffer held = manager.alloc(3 * mebibyte);
  int errors = 0;
  manager.set_error_handler([&](const std::exception_ptr&) { ++errors; });
  manager.set_pressure_handler([](std::size_t) -> bool { throw std::runtime_error("no"); });
  REQUIRE(manager.try_alloc({3 * mebibyte, DType::uint8, {}, {}}).status == Status::out_of_memory);
  REQUIRE(errors == 1);
}

TEST_CASE("finalizers of a cycle collected at the budget may allocate what was freed",
          "[pressure][collection]") {
  BufferManager manager(with_budget(8 * mebibyte));
  CpuBuffer small;
  {
    CpuBuffer a = manager.alloc(6 * mebibyte);
    a.link(a);
    manager.finalize(a, [&] { small = manager.alloc(1000); });
  }
  REQUIRE(manager.try_alloc({6 * mebibyte, DType::uint8, {}, {}}));
  REQUIRE(small);
}
