// All of bufgc against a reference model, in several worlds.

#include <string>

#include "bufgc/memory/default_source.hpp"
#include "memory/support.hpp"
#include "proof/random_program.hpp"
#include "proof/support.hpp"

using namespace bufgc;
using namespace bufgc::proof;
using bufgc::testing::KiB;
using bufgc::testing::MiB;
using bufgc::testing::SlidingSource;

namespace {

/// A program of so many operations, begun anew every 20,000 so that beginnings and ends are random too.
/// Returns the sum of their figures.
Statistics run(const char* name, const World& world, std::uint64_t operations_of_all) {
  Statistics sum;
  const std::uint64_t first_seed = seed();
  INFO(name << ", seed " << first_seed);
  tell(name, first_seed, operations_of_all);
  std::uint64_t done = 0;
  for (std::uint64_t round = 0; done < operations_of_all; ++round) {
    INFO("round " << round);
    RandomProgram program(world, first_seed + round);
    const std::uint64_t operations = std::min<std::uint64_t>(20000, operations_of_all - done);
    for (std::uint64_t step = 1; step <= operations; ++step) {
      INFO("operation " << step);
      program.step();
      if (step % 500 == 0) program.check_all();
    }
    program.check_all();
    const Statistics now = program.statistics();
    sum.collected_buffers += now.collected_buffers;
    sum.compactions += now.compactions;
    sum.moved_bytes += now.moved_bytes;
    sum.planned_allocations += now.planned_allocations;
    sum.failed_allocations += now.failed_allocations;
    sum.finalizers_run += now.finalizers_run;
    program.end(round % 2 == 0);
    done += operations;
  }
  CHECK(sum.collected_buffers > 0);
  CHECK(sum.finalizers_run > 0);
  return sum;
}

World budgeted(MemorySource& source, std::uint64_t budget_bytes) {
  World world{&source};
  world.allocator.budget_bytes = budget_bytes;
  world.changes_budget = true;
  return world;
}

}  // namespace

TEST_CASE("random programs agree with their model", "[proof][random]") {
  // The worlds share the operations: six of them.
  const std::uint64_t each = std::max<std::uint64_t>(operations(1'000'000) / 6, 1000);

  SECTION("on the platform's memory") {
    const Statistics sum = run("random, the platform's memory", World{&default_source()}, each);
    CHECK(sum.failed_allocations == 0);
  }
  SECTION("under budgets that change") {
    const Statistics sum = run("random, budgets that change", budgeted(default_source(), MiB), each);
    CHECK(sum.failed_allocations > 0);
  }
  SECTION("where blocks slide together") {
    SlidingSource source(std::size_t{8} * MiB);
    const Statistics sum = run("random, blocks that move", budgeted(source, 512 * KiB), each);
    CHECK(sum.compactions > 0);
  }
  SECTION("without a cache, on whole pages") {
    World world = budgeted(default_source(), 8 * MiB);
    world.allocator.alignment_bytes = 4096;
    world.allocator.cache = false;
    run("random, whole pages uncached", world, each);
  }
  SECTION("hardened") {
    World world = budgeted(default_source(), 8 * MiB);
    world.allocator.hardening = Hardening::full;
    world.allocator.quarantine_bytes = 256 * KiB;
    run("random, hardened", world, each);
  }
  SECTION("with pages that change their place at every allocation") {
    World world{&default_source()};
    world.forces_exchange = true;
    world.largest_bytes = 512 * KiB;
    [[maybe_unused]] const Statistics sum = run("random, pages exchanged", world, each);
#if !defined(__EMSCRIPTEN__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    CHECK(sum.moved_bytes > 0);  // a sanitizer's memory stays where it is
#endif
  }
}
