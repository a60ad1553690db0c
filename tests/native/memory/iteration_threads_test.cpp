// Whose allocations are planned when several threads share the allocator.

#include "bufgc/memory/lock.hpp"
#include "memory/iteration_support.hpp"

#if !defined(BUFGC_SINGLE_THREADED)

#include <atomic>
#include <thread>

using namespace bufgc;
using namespace bufgc::testing;

TEST_CASE("Only the thread that opened the iteration is recorded and planned", "[iteration][threads]") {
  CpuAllocator allocator(default_source());
  Iteration iteration(allocator);
  const Program program = tight_program();
  for (int turn = 0; turn < 4; ++turn) {
    REQUIRE(iteration.begin() == Status::ok);
    std::thread other([&] {
      for (int i = 0; i < 200; ++i) allocator.deallocate(allocator.allocate(64 * KiB).block);
    });
    program.run(allocator);
    other.join();
    REQUIRE(iteration.end() == Status::ok);
  }
  CHECK(iteration.plan().allocations.size() == program.blocks);
  CHECK(allocator.statistics().planned_allocations == 3 * program.blocks);
  CHECK(allocator.statistics().plan_deviations == 0);
  check_sound(allocator);
}

TEST_CASE("Planned blocks may be freed by another thread", "[iteration][threads]") {
  CpuAllocator allocator(default_source());
  Iteration iteration(allocator);
  for (int turn = 0; turn < 3; ++turn) {
    REQUIRE(iteration.begin() == Status::ok);
    for (int i = 0; i < 20; ++i) {
      Block* const block = allocator.allocate(MiB).block;
      std::thread([&] { allocator.deallocate(block); }).join();
    }
    REQUIRE(iteration.end() == Status::ok);
  }
  CHECK(iteration.plan().height_bytes == MiB);
  CHECK(allocator.statistics().planned_allocations == 40);
}

TEST_CASE("Threads allocate and free while iterations open, are served and close", "[iteration][threads]") {
  CountedSource counted;
  CpuAllocator allocator(counted.source);
  std::atomic<bool> over{false};
  std::vector<std::thread> others;
  for (std::uint64_t seed = 1; seed <= 2; ++seed) {
    others.emplace_back([&allocator, &over, seed] {
      Random random(seed);
      std::vector<Block*> live;
      while (!over) {
        if (live.size() < 20 && below(random, 2) == 0) {
          Block* const block = allocator.allocate(mixed_size(random)).block;
          if (block != nullptr) live.push_back(block);
        } else if (!live.empty()) {
          allocator.deallocate(live.back());
          live.pop_back();
        }
      }
      for (Block* block : live) allocator.deallocate(block);
    });
  }
  Random random(3);
  const Program program = random_program(random, 60);
  Iteration iteration(allocator, {.plan_time_limit = std::chrono::milliseconds(5)});
  for (int turn = 0; turn < 40; ++turn) {
    REQUIRE(iteration.run([&] { program.run(allocator); }) == Status::ok);
    if (turn % 10 == 9) allocator.release_cached();
  }
  over = true;
  for (std::thread& thread : others) thread.join();
  CHECK(iteration.iterations() == 40);
  CHECK(allocator.statistics().planned_allocations > 30 * program.blocks);
  check_sound(allocator);
  allocator.release_cached();
  CHECK(allocator.statistics().reserved_bytes == 0);
}

#endif
