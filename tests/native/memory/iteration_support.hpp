#pragma once

#include <cstddef>
#include <vector>

#include "bufgc/memory/cpu_allocator.hpp"
#include "bufgc/memory/iteration.hpp"
#include "memory/support.hpp"

namespace bufgc::testing {

/// A program's iteration: blocks by number, born and freed in a given order.
struct Program {
  struct Step {
    std::size_t block;
    std::size_t size_bytes;  ///< 0: free it.
  };
  std::vector<Step> steps;
  std::size_t blocks = 0;

  std::size_t alloc(std::size_t size_bytes) {
    steps.push_back({blocks, size_bytes});
    return blocks++;
  }
  void free(std::size_t block) { steps.push_back({block, 0}); }

  /// Runs it; where each block was. What it leaves alive is freed by the caller.
  std::vector<const std::byte*> run(CpuAllocator& allocator,
                                    std::vector<Block*>* left_alive = nullptr) const {
    std::vector<Block*> live(blocks, nullptr);
    std::vector<const std::byte*> places(blocks, nullptr);
    for (const Step& step : steps) {
      Block*& block = live[step.block];
      if (step.size_bytes == 0) {
        allocator.deallocate(block);
        block = nullptr;
        continue;
      }
      block = allocator.allocate(step.size_bytes).block;
      REQUIRE(block != nullptr);
      places[step.block] = block->data;
    }
    for (Block* block : live) {
      if (block == nullptr) continue;
      if (left_alive != nullptr) {
        left_alive->push_back(block);
      } else {
        allocator.deallocate(block);
      }
    }
    return places;
  }
};

/// Blocks that a best fit places badly: a plan needs 8 MiB, and has all of it live at once.
inline Program tight_program() {
  Program program;
  const std::size_t a = program.alloc(3 * MiB);
  const std::size_t b = program.alloc(2 * MiB);
  const std::size_t c = program.alloc(3 * MiB);
  program.free(a);
  program.free(c);
  const std::size_t d = program.alloc(4 * MiB);
  const std::size_t e = program.alloc(2 * MiB);
  program.free(b);
  program.free(d);
  const std::size_t f = program.alloc(6 * MiB);
  program.free(e);
  program.free(f);
  return program;
}

/// `count` blocks of mixed sizes, a dozen or so alive at once.
inline Program random_program(Random& random, std::size_t count) {
  Program program;
  std::vector<std::size_t> alive;
  while (program.blocks < count || !alive.empty()) {
    if (program.blocks < count && (alive.empty() || below(random, 24) > alive.size())) {
      alive.push_back(program.alloc(mixed_size(random)));
    } else {
      const std::size_t at = below(random, alive.size());
      program.free(alive[at]);
      alive.erase(alive.begin() + static_cast<std::ptrdiff_t>(at));
    }
  }
  return program;
}

/// Records `program` and is planned.
inline void record(Iteration& iteration, CpuAllocator& allocator, const Program& program) {
  REQUIRE(iteration.run([&] { program.run(allocator); }) == Status::ok);
  REQUIRE(iteration.planned());
}

}  // namespace bufgc::testing
