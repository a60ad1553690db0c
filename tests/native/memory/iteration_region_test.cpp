// The region that a plan is served from, and when it becomes ordinary memory again.

#include "bufgc/memory/iteration.hpp"
#include "memory/iteration_support.hpp"

using namespace bufgc;
using namespace bufgc::testing;

TEST_CASE("Where an allocation would fail, the region is given up", "[iteration]") {
  CountedSource counted;
  CpuAllocator allocator(counted.source);
  Iteration iteration(allocator);
  const Program program = tight_program();
  record(iteration, allocator, program);
  REQUIRE(iteration.run([&] { program.run(allocator); }) == Status::ok);
  allocator.set_budget_bytes(8 * MiB);
  SECTION("between iterations") {
    Block* const block = allocator.allocate(7 * MiB).block;
    REQUIRE(block != nullptr);
    check_sound(allocator);
    // Beside it there is no room for the region, but for each block of a smaller step.
    REQUIRE(iteration.begin() == Status::ok);
    Block* const other = allocator.allocate(MiB).block;
    CHECK(other != nullptr);
    CHECK(iteration.end() == Status::ok);
    allocator.deallocate(other);
    allocator.deallocate(block);
  }
  SECTION("within one") {
    REQUIRE(iteration.begin() == Status::ok);
    Block* const planned = allocator.allocate(3 * MiB).block;
    REQUIRE(allocator.statistics().planned_bytes == 8 * MiB);
    Block* const other = allocator.allocate(5 * MiB).block;
    REQUIRE(other != nullptr);
    CHECK(allocator.statistics().planned_bytes == 0);
    check_sound(allocator);
    CHECK(allocator.allocate(64).block == nullptr);
    allocator.deallocate(planned);
    allocator.deallocate(other);
    CHECK(iteration.end() == Status::ok);
  }
  CHECK(allocator.statistics().peak_reserved_bytes >= allocator.statistics().reserved_bytes);
  CHECK(allocator.statistics().reserved_bytes <= 8 * MiB);
  check_sound(allocator);
  // With the memory free again the next one is planned again.
  const std::uint64_t before = allocator.statistics().planned_allocations;
  REQUIRE(iteration.run([&] { program.run(allocator); }) == Status::ok);
  CHECK(allocator.statistics().planned_allocations == before + program.blocks);
}

TEST_CASE("A region for which the source has no memory is done without", "[iteration]") {
  FailingSource source(default_source());
  CpuAllocator allocator(source);
  Iteration iteration(allocator);
  Program program;
  for (int i = 0; i < 10; ++i) program.free(program.alloc(MiB));
  record(iteration, allocator, program);
  allocator.release_cached();
  source.fail_at(1, FailingSource::Fails::for_ever);
  REQUIRE(iteration.begin() == Status::ok);
  CHECK(allocator.allocate(MiB).block == nullptr);
  CHECK(iteration.end() == Status::ok);
  CHECK(allocator.statistics().planned_bytes == 0);
  check_sound(allocator);
  source.fail_at(0, FailingSource::Fails::once);
  REQUIRE(iteration.run([&] { program.run(allocator); }) == Status::ok);
  CHECK(allocator.statistics().planned_bytes == MiB);
}

TEST_CASE("With the cache off or small the region is held within iterations only", "[iteration]") {
  AllocatorOptions options;
  SECTION("off") {
    options.cache = false;
  }
  SECTION("limited to less") {
    options.cache_limit_bytes = MiB;
  }
  CpuAllocator allocator(default_source(), options);
  Iteration iteration(allocator);
  const Program program = tight_program();
  record(iteration, allocator, program);
  for (int turn = 0; turn < 3; ++turn) {
    REQUIRE(iteration.begin() == Status::ok);
    program.run(allocator);
    CHECK(allocator.statistics().planned_bytes == 8 * MiB);
    check_sound(allocator);
    CHECK(iteration.end() == Status::ok);
    CHECK(allocator.statistics().planned_bytes == 0);
    CHECK(allocator.statistics().reserved_bytes <= (options.cache ? MiB : 0));
  }
  CHECK(allocator.statistics().plan_deviations == 0);
}

TEST_CASE("Turning the cache off gives the idle region back", "[iteration]") {
  CpuAllocator allocator(default_source());
  Iteration iteration(allocator);
  const Program program = tight_program();
  record(iteration, allocator, program);
  REQUIRE(iteration.run([&] { program.run(allocator); }) == Status::ok);
  REQUIRE(allocator.statistics().planned_bytes == 8 * MiB);
  allocator.set_cache_enabled(false);
  CHECK(allocator.statistics().reserved_bytes == 0);
  check_sound(allocator);
}

TEST_CASE("The cache may be turned off and on within an iteration, which keeps its region", "[iteration]") {
  CpuAllocator allocator(default_source());
  Iteration iteration(allocator);
  const Program program = tight_program();
  record(iteration, allocator, program);
  REQUIRE(iteration.begin() == Status::ok);
  Block* const first = allocator.allocate(3 * MiB).block;
  REQUIRE(allocator.statistics().planned_bytes == 8 * MiB);
  for (const bool enabled : {false, true, false}) {
    allocator.set_cache_enabled(enabled);
    CHECK(allocator.statistics().planned_bytes == 8 * MiB);
    check_sound(allocator);
  }
  allocator.deallocate(first);
  CHECK(iteration.end() == Status::ok);
  CHECK(allocator.statistics().reserved_bytes == 0);
  allocator.set_cache_enabled(true);
  check_sound(allocator);
}

TEST_CASE("An idle region is given up before the reserve would pass what was live by far", "[iteration]") {
  CountedSource counted;
  CpuAllocator allocator(counted.source);
  Iteration iteration(allocator);
  const Program program = tight_program();
  record(iteration, allocator, program);
  REQUIRE(iteration.run([&] { program.run(allocator); }) == Status::ok);
  allocator.release_cached();
  REQUIRE(iteration.run([&] { program.run(allocator); }) == Status::ok);
  REQUIRE(allocator.statistics().planned_bytes == 8 * MiB);
  // A little beside it is no reason.
  Block* const small = allocator.allocate(16 * KiB).block;
  CHECK(allocator.statistics().planned_bytes == 8 * MiB);
  Block* const large = allocator.allocate(6 * MiB).block;
  REQUIRE(large != nullptr);
  CHECK(allocator.statistics().planned_bytes == 0);
  CHECK(allocator.statistics().reserved_bytes < 9 * MiB);
  check_sound(allocator);
  allocator.deallocate(small);
  allocator.deallocate(large);
}

TEST_CASE("A block that outlives its planned iteration leaves the region to the next one", "[iteration]") {
  CountedSource counted;
  CpuAllocator allocator(counted.source);
  Iteration iteration(allocator);
  Program program;
  const std::size_t large = program.alloc(8 * MiB);
  program.free(program.alloc(64 * KiB));
  program.free(large);
  record(iteration, allocator, program);
  Block* late = nullptr;
  REQUIRE(iteration.run([&] {
    Block* const block = allocator.allocate(8 * MiB).block;
    late = allocator.allocate(64 * KiB).block;
    REQUIRE(late->data == block->data + 8 * MiB);
    allocator.deallocate(block);
  }) == Status::ok);
  const std::uint64_t calls = allocator.statistics().source_calls;
  REQUIRE(iteration.run([&] { allocator.deallocate(allocator.allocate(8 * MiB).block); }) == Status::ok);
  CHECK(allocator.statistics().planned_bytes == 8 * MiB + 64 * KiB);
  CHECK(allocator.statistics().source_calls == calls);
  allocator.deallocate(late);
  check_sound(allocator);
}

TEST_CASE("Two iterations share one region, as high as the higher", "[iteration]") {
  CpuAllocator allocator(default_source());
  Iteration low(allocator);
  Iteration high(allocator);
  Program program;
  const std::size_t a = program.alloc(6 * MiB);
  const std::size_t b = program.alloc(6 * MiB);
  program.free(a);
  program.free(b);
  record(low, allocator, tight_program());
  record(high, allocator, program);
  for (int turn = 0; turn < 3; ++turn) {
    REQUIRE(low.run([&] { tight_program().run(allocator); }) == Status::ok);
    REQUIRE(high.run([&] { program.run(allocator); }) == Status::ok);
    check_sound(allocator);
  }
  const MemoryStatistics s = allocator.statistics();
  CHECK(s.planned_bytes == 12 * MiB);
  CHECK(s.plan_deviations == 0);
  CHECK(s.reserved_bytes < 13 * MiB);
}

TEST_CASE("Compaction leaves planned blocks where they are", "[iteration]") {
  SlidingSource source(28 * MiB);
  CpuAllocator allocator(source);
  Iteration iteration(allocator);
  const Program program = tight_program();
  // Ordinary blocks around the region, in holes that only compaction joins.
  std::vector<Block*> others;
  for (int i = 0; i < 8; ++i) others.push_back(allocator.allocate(MiB).block);
  record(iteration, allocator, program);
  REQUIRE(iteration.begin() == Status::ok);
  Block* const planned = allocator.allocate(3 * MiB).block;
  REQUIRE(allocator.statistics().planned_bytes == 8 * MiB);
  std::byte* const place = planned->data;
  // No room is left but what is freed of the others, a MiB here and there.
  std::vector<Block*> fill;
  while (allocator.statistics().largest_free_bytes >= MiB) {
    fill.push_back(
        allocator.allocate(static_cast<std::size_t>(allocator.statistics().largest_free_bytes)).block);
    REQUIRE(fill.back() != nullptr);
  }
  allocator.set_budget_bytes(allocator.statistics().reserved_bytes);
  for (std::size_t i = 0; i < others.size(); i += 2) allocator.deallocate(others[i]);
  Block* const large = allocator.allocate(3 * MiB + 4 * KiB).block;  // the plan does not expect it
  REQUIRE(large != nullptr);
  CHECK(allocator.statistics().compactions > 0);
  CHECK(planned->data == place);
  CHECK(allocator.statistics().planned_bytes == 8 * MiB);
  for (Block* block : fill) allocator.deallocate(block);
  check_sound(allocator);
  allocator.deallocate(large);
  allocator.deallocate(planned);
  for (std::size_t i = 1; i < others.size(); i += 2) allocator.deallocate(others[i]);
  CHECK(iteration.end() == Status::ok);
  check_sound(allocator);
}
