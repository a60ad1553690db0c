// Planned mode: an iteration is recorded, planned, and served from its plan.

#include "bufgc/memory/iteration.hpp"

#include <stdexcept>

#include "memory/iteration_support.hpp"

using namespace bufgc;
using namespace bufgc::testing;

TEST_CASE("Planned blocks lie at their offsets, in each iteration at the same place", "[iteration]") {
  CountedSource counted;
  CpuAllocator allocator(counted.source);
  Iteration iteration(allocator);
  const Program program = tight_program();
  CHECK_FALSE(iteration.planned());
  record(iteration, allocator, program);
  const IterationPlan& plan = iteration.plan();
  CHECK(plan.planned_blocks == program.blocks);
  CHECK(plan.height_bytes == 8 * MiB);
  CHECK(plan.lower_bound_bytes == 8 * MiB);
  std::vector<const std::byte*> first;
  for (int turn = 0; turn < 5; ++turn) {
    std::vector<const std::byte*> places;
    REQUIRE(iteration.run([&] { places = program.run(allocator); }) == Status::ok);
    if (first.empty()) first = places;
    CHECK(places == first);
    for (std::size_t i = 0; i < places.size(); ++i) {
      CHECK(static_cast<std::uint64_t>(places[i] - places[0]) ==
            plan.allocations[i].offset_bytes - plan.allocations[0].offset_bytes);
    }
    check_sound(allocator);
  }
  const MemoryStatistics s = allocator.statistics();
  CHECK(s.planned_allocations == 5 * program.blocks);
  CHECK(s.plan_deviations == 0);
  CHECK(s.planned_bytes == plan.height_bytes);
  CHECK(iteration.iterations() == 6);
  CHECK(iteration.deviating_iterations() == 0);
}

TEST_CASE("An allocator that is given a plan reserves exactly its height", "[iteration]") {
  const Program program = tight_program();
  IterationPlan plan;
  {
    CpuAllocator recorder(default_source());
    Iteration iteration(recorder);
    record(iteration, recorder, program);
    plan = iteration.take_plan();
    CHECK_FALSE(iteration.planned());
  }
  CountedSource counted;
  CpuAllocator allocator(counted.source);
  Iteration iteration(allocator);
  REQUIRE(iteration.set_plan(std::move(plan)) == Status::ok);
  for (int turn = 0; turn < 3; ++turn) {
    REQUIRE(iteration.run([&] { program.run(allocator); }) == Status::ok);
  }
  const MemoryStatistics s = allocator.statistics();
  CHECK(s.peak_reserved_bytes == 8 * MiB);
  CHECK(s.peak_live_bytes == 8 * MiB);
  CHECK(s.misses == 1);  // the first block made the region
  CHECK(s.planned_allocations == s.allocations);
  CHECK(allocator.release_cached() == 8 * MiB);
  CHECK(allocator.statistics().reserved_bytes == 0);
  CHECK(allocator.statistics().planned_bytes == 0);
}

TEST_CASE("In an open iteration the figures add up, and pinned blocks and frees go as ever", "[iteration]") {
  CpuAllocator allocator(default_source());
  Iteration iteration(allocator);
  const Program program = tight_program();
  record(iteration, allocator, program);
  REQUIRE(iteration.begin() == Status::ok);
  const Allocation made = allocator.allocate(3 * MiB - 10);
  REQUIRE(made.block != nullptr);
  allocator.pin(made.block);
  check_sound(allocator);
  const MemoryStatistics s = allocator.statistics();
  CHECK(s.live_bytes == 3 * MiB - 10);
  CHECK(s.rounding_bytes == 10);
  CHECK(s.planned_allocations == 1);
  CHECK(s.gap_bytes >= 5 * MiB);  // the rest of the region
  allocator.unpin(made.block);
  CHECK(allocator.deallocate(made.block) == FreedTo::arena);
  CHECK(iteration.end() == Status::ok);
  check_sound(allocator);
}

TEST_CASE("Blocks that outlive the recorded iteration are no part of the plan", "[iteration]") {
  CpuAllocator allocator(default_source());
  Iteration iteration(allocator);
  Program program;
  const std::size_t temporary = program.alloc(MiB);
  program.alloc(2 * MiB);  // the result
  program.free(temporary);
  std::vector<Block*> results;
  for (int turn = 0; turn < 4; ++turn) {
    REQUIRE(iteration.run([&] { program.run(allocator, &results); }) == Status::ok);
    // As a program that holds its last result until the next is there.
    if (results.size() == 2) {
      allocator.deallocate(results.front());
      results.erase(results.begin());
    }
    check_sound(allocator);
  }
  CHECK(iteration.plan().planned_blocks == 1);
  CHECK(iteration.plan().height_bytes == MiB);
  CHECK(allocator.statistics().planned_allocations == 3);
  CHECK(allocator.statistics().plan_deviations == 0);
  CHECK(iteration.deviating_iterations() == 0);
  allocator.deallocate(results.front());
}

TEST_CASE("A block freed in a later iteration than the recorded one is not taken for another",
          "[iteration]") {
  CpuAllocator allocator(default_source());
  std::vector<Block*> left;
  Program escaping;
  escaping.alloc(64 * KiB);
  Iteration first(allocator);
  REQUIRE(first.run([&] { escaping.run(allocator, &left); }) == Status::ok);
  // The block bears the number 1 of that recording; here another one does.
  Iteration second(allocator);
  Block* held = nullptr;
  REQUIRE(second.run([&] {
    held = allocator.allocate(MiB).block;
    allocator.deallocate(left[0]);
    allocator.deallocate(allocator.allocate(2 * MiB).block);
  }) == Status::ok);
  REQUIRE(second.plan().allocations.size() == 2);
  CHECK(second.plan().allocations[0].offset_bytes == IterationPlan::no_offset);
  CHECK(second.plan().allocations[1].offset_bytes == 0);
  allocator.deallocate(held);
}

TEST_CASE("Deviations go the ordinary road and are counted", "[iteration]") {
  CpuAllocator allocator(default_source());
  Iteration iteration(allocator);
  const Program program = tight_program();
  record(iteration, allocator, program);
  const auto deviations = [&] { return allocator.statistics().plan_deviations; };
  const auto served = [&] { return allocator.statistics().planned_allocations; };

  SECTION("another size") {
    Program other = program;
    other.steps[1].size_bytes = MiB;
    REQUIRE(iteration.run([&] { other.run(allocator); }) == Status::ok);
    CHECK(deviations() == 1);
    CHECK(served() == program.blocks - 1);
  }
  SECTION("a size that rounds to what is expected is no deviation") {
    Program other = program;
    other.steps[1].size_bytes -= 63;
    REQUIRE(iteration.run([&] { other.run(allocator); }) == Status::ok);
    CHECK(deviations() == 0);
    CHECK(iteration.deviating_iterations() == 0);
  }
  SECTION("an extra allocation") {
    Program other = program;
    const std::size_t extra = other.alloc(5 * MiB);
    other.free(extra);
    REQUIRE(iteration.run([&] { other.run(allocator); }) == Status::ok);
    CHECK(deviations() == 1);
    CHECK(served() == program.blocks);
  }
  SECTION("another order finds the planned places all the same") {
    Program other = program;
    std::swap(other.steps[0], other.steps[1]);
    REQUIRE(iteration.run([&] { other.run(allocator); }) == Status::ok);
    CHECK(deviations() == 0);
    CHECK(served() == program.blocks);
  }
  SECTION("fewer allocations") {
    REQUIRE(iteration.run([&] { allocator.deallocate(allocator.allocate(3 * MiB).block); }) == Status::ok);
    CHECK(deviations() == 0);
    CHECK(served() == 1);
    CHECK(iteration.deviating_iterations() == 1);
    return;
  }
  SECTION("a longer life: the place of the next one is still held") {
    std::vector<Block*> left;
    Program other = program;
    // The first two frees do not come: what the plan places there goes elsewhere.
    other.steps.erase(other.steps.begin() + 3, other.steps.begin() + 5);
    REQUIRE(iteration.run([&] { other.run(allocator, &left); }) == Status::ok);
    CHECK(left.size() == 2);
    CHECK(deviations() >= 1);
    CHECK(served() + deviations() == program.blocks);
    check_sound(allocator);
    // The survivors hold their places in the next iteration too, until they are freed.
    REQUIRE(iteration.run([&] { program.run(allocator); }) == Status::ok);
    check_sound(allocator);
    for (Block* block : left) allocator.deallocate(block);
    const std::uint64_t before = deviations();
    REQUIRE(iteration.run([&] { program.run(allocator); }) == Status::ok);
    CHECK(deviations() == before);
  }
  check_sound(allocator);
  CHECK(iteration.planned());
}

TEST_CASE("The figures of an open iteration are told while it is open", "[iteration]") {
  CpuAllocator allocator(default_source());
  Iteration iteration(allocator);
  record(iteration, allocator, tight_program());
  REQUIRE(iteration.begin() == Status::ok);
  Block* const planned = allocator.allocate(3 * MiB).block;
  CHECK(allocator.statistics().planned_allocations == 1);
  CHECK(allocator.statistics().plan_deviations == 0);
  Block* const other = allocator.allocate(5 * MiB).block;
  CHECK(allocator.statistics().planned_allocations == 1);
  CHECK(allocator.statistics().plan_deviations == 1);
  allocator.deallocate(planned);
  allocator.deallocate(other);
  REQUIRE(iteration.end() == Status::ok);
  CHECK(allocator.statistics().plan_deviations == 1);
}

TEST_CASE("Missing allocations do not throw the rest off", "[iteration]") {
  CpuAllocator allocator(default_source());
  Iteration iteration(allocator);
  Program program;
  for (std::size_t i = 1; i <= 200; ++i) program.free(program.alloc(i * 4 * KiB));
  record(iteration, allocator, program);
  Program other;
  for (std::size_t i = 1; i <= 200; ++i) {
    if (i % 7 != 0) other.free(other.alloc(i * 4 * KiB));
  }
  REQUIRE(iteration.run([&] { other.run(allocator); }) == Status::ok);
  CHECK(allocator.statistics().planned_allocations == other.blocks);
  CHECK(allocator.statistics().plan_deviations == 0);
  CHECK(iteration.deviating_iterations() == 1);
}

TEST_CASE("After some deviating iterations another is recorded, ever more rarely", "[iteration]") {
  CpuAllocator allocator(default_source());
  Iteration iteration(allocator,
                      {.plan_time_limit = std::chrono::milliseconds(0), .most_deviating_iterations = 2});
  const auto step = [&](std::size_t size_bytes) {
    REQUIRE(iteration.run([&] { allocator.deallocate(allocator.allocate(size_bytes).block); }) == Status::ok);
    check_sound(allocator);
  };
  step(MiB);
  step(2 * MiB);
  REQUIRE(iteration.planned());
  step(2 * MiB);
  REQUIRE_FALSE(iteration.planned());
  CHECK(allocator.statistics().planned_bytes == 0);
  step(2 * MiB);  // recorded
  step(2 * MiB);
  CHECK(iteration.deviating_iterations() == 2);
  CHECK(allocator.statistics().planned_bytes == 2 * MiB);
  // Served as planned once, it stands two again; then four, as that recording did not help.
  std::size_t size = 3 * MiB;
  int stood = 0;
  for (; iteration.planned(); ++stood) step(size += 64 * KiB);
  CHECK(stood == 2);
  step(size += 64 * KiB);
  stood = 0;
  for (; iteration.planned(); ++stood) step(size += 64 * KiB);
  CHECK(stood == 4);
}

TEST_CASE("A plan stands as long as no two iterations in a row deviate from it", "[iteration]") {
  CpuAllocator allocator(default_source());
  IterationOptions options;
  options.most_deviating_iterations = 2;
  Iteration iteration(allocator, options);
  const auto step = [&](std::size_t size_bytes) {
    REQUIRE(iteration.run([&] { allocator.deallocate(allocator.allocate(size_bytes).block); }) == Status::ok);
  };
  step(MiB);
  for (int i = 0; i < 5; ++i) {
    step(2 * MiB);
    REQUIRE(iteration.planned());
    step(MiB);
    REQUIRE(iteration.planned());
  }
  CHECK(iteration.deviating_iterations() == 5);
  step(2 * MiB);
  step(2 * MiB);
  CHECK_FALSE(iteration.planned());
}

TEST_CASE("An iteration of many thousand blocks is recorded whole", "[iteration]") {
  CpuAllocator allocator(default_source());
  Iteration iteration(allocator);
  Random random(11);
  const Program program = random_program(random, 5000);
  record(iteration, allocator, program);
  REQUIRE(iteration.run([&] { program.run(allocator); }) == Status::ok);
  CHECK(allocator.statistics().planned_allocations == 5000);
  CHECK(iteration.deviating_iterations() == 0);
}

TEST_CASE("One iteration is open at a time; cut short, it changes nothing", "[iteration]") {
  CpuAllocator allocator(default_source());
  Iteration outer(allocator);
  Iteration inner(allocator);
  CHECK(outer.end() == Status::invalid_state);
  REQUIRE(outer.begin() == Status::ok);
  CHECK(outer.begin() == Status::invalid_state);
  CHECK(inner.begin() == Status::invalid_state);
  CHECK_FALSE(inner.is_open());
  CHECK(outer.improve_plan(std::chrono::milliseconds(1)) == Status::invalid_state);
  CHECK(outer.set_plan({}) == Status::invalid_state);
  Block* const block = allocator.allocate(MiB).block;
  outer.abandon();
  outer.abandon();
  CHECK(outer.iterations() == 0);
  CHECK_FALSE(outer.planned());
  allocator.deallocate(block);
  // A planned one that is abandoned keeps its plan.
  const Program program = tight_program();
  record(inner, allocator, program);
  REQUIRE(inner.begin() == Status::ok);
  Block* const first = allocator.allocate(3 * MiB).block;
  inner.abandon();
  allocator.deallocate(first);
  CHECK(inner.planned());
  CHECK(inner.deviating_iterations() == 0);
  {
    Iteration leaves_open(allocator);
    REQUIRE(leaves_open.begin() == Status::ok);
  }
  CHECK(outer.begin() == Status::ok);
  CHECK(outer.end() == Status::ok);
  check_sound(allocator);
}

TEST_CASE("While one iteration is open, another is not run and takes nothing from it", "[iteration]") {
  CpuAllocator allocator(default_source());
  Iteration other(allocator);
  const Program program = tight_program();
  {
    Iteration open(allocator);
    record(open, allocator, program);
    record(other, allocator, program);
    REQUIRE(open.begin() == Status::ok);
    Block* const block = allocator.allocate(3 * MiB).block;
    REQUIRE(allocator.statistics().planned_bytes == 8 * MiB);
    bool ran = false;
    CHECK(other.run([&] { ran = true; }) == Status::invalid_state);
    CHECK_FALSE(ran);
    CHECK(open.take_plan().height_bytes == 0);
    CHECK(open.planned());
    CHECK(other.take_plan().height_bytes == 8 * MiB);
    CHECK(allocator.statistics().planned_bytes == 8 * MiB);
    check_sound(allocator);
    allocator.deallocate(block);
  }
  // The one that is left stands alone.
  record(other, allocator, program);
  CHECK(other.take_plan().height_bytes == 8 * MiB);
  CHECK_FALSE(other.planned());
}

TEST_CASE("Of several iterations any may go first", "[iteration]") {
  auto allocator = std::make_unique<CpuAllocator>(default_source());
  std::vector<std::unique_ptr<Iteration>> iterations;
  for (int i = 0; i < 4; ++i) iterations.push_back(std::make_unique<Iteration>(*allocator));
  for (const int goes : {1, 0, 1}) iterations.erase(iterations.begin() + goes);
  REQUIRE(iterations.size() == 1);
  CHECK(iterations[0]->begin() == Status::ok);
  CHECK(iterations[0]->end() == Status::ok);
  allocator.reset();
  CHECK(iterations[0]->begin() == Status::closed);
}

TEST_CASE("A plan outlives its allocator", "[iteration]") {
  auto allocator = std::make_unique<CpuAllocator>(default_source());
  Iteration iteration(*allocator);
  record(iteration, *allocator, tight_program());
  allocator.reset();
  CHECK(iteration.take_plan().height_bytes == 8 * MiB);
  CHECK_FALSE(iteration.planned());
}

#if defined(__cpp_exceptions)
TEST_CASE("A body that throws abandons its iteration", "[iteration]") {
  CpuAllocator allocator(default_source());
  Iteration iteration(allocator);
  CHECK_THROWS_AS(iteration.run([] { throw std::runtime_error("no"); }), std::runtime_error);
  CHECK_FALSE(iteration.is_open());
  CHECK(iteration.iterations() == 0);
}
#endif

TEST_CASE("An iteration may outlive its allocator", "[iteration]") {
  auto allocator = std::make_unique<CpuAllocator>(default_source());
  Iteration open(*allocator);
  Iteration other(*allocator);
  REQUIRE(open.begin() == Status::ok);
  allocator.reset();
  CHECK(open.end() == Status::closed);
  CHECK(other.begin() == Status::closed);
  CHECK(other.set_plan({}) == Status::closed);
}

TEST_CASE("A plan of another alignment is refused, and what has no blocks is planned as such",
          "[iteration]") {
  CpuAllocator coarse(default_source(), {.alignment_bytes = 4096});
  CpuAllocator fine(default_source());
  Iteration from(coarse);
  Iteration to(fine);
  record(from, coarse, tight_program());
  CHECK(to.set_plan(from.take_plan()) == Status::invalid_argument);
  CHECK_FALSE(to.planned());
  REQUIRE(to.run([] {}) == Status::ok);
  CHECK(to.planned());
  CHECK(to.plan().height_bytes == 0);
  REQUIRE(to.run([] {}) == Status::ok);
  CHECK(to.deviating_iterations() == 0);
}

TEST_CASE("A plan made in a hurry is improved when there is time", "[iteration]") {
  CpuAllocator allocator(default_source());
  Iteration iteration(allocator, {.plan_time_limit = std::chrono::nanoseconds(0)});
  Random random(9);
  Program program = random_program(random, 200);
  for (Program::Step& step : program.steps) {
    if (step.size_bytes != 0) step.size_bytes = (1 + below(random, 16)) * 4 * KiB;
  }
  record(iteration, allocator, program);
  const std::uint64_t hurried = iteration.plan().height_bytes;
  REQUIRE(iteration.improve_plan(std::chrono::milliseconds(500)) == Status::ok);
  CHECK(iteration.plan().height_bytes < hurried);
  CHECK(iteration.plan().height_bytes >= iteration.plan().lower_bound_bytes);
  // In a hurry again, a worse one is found; the better one stays.
  const std::uint64_t improved = iteration.plan().height_bytes;
  REQUIRE(iteration.improve_plan(std::chrono::nanoseconds(0)) == Status::ok);
  CHECK(iteration.plan().height_bytes == improved);
  REQUIRE(iteration.run([&] { program.run(allocator); }) == Status::ok);
  CHECK(allocator.statistics().plan_deviations == 0);
  check_sound(allocator);
}
