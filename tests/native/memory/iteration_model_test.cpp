// Random programs, planned: whatever deviates, whatever fails, blocks never overlap and the figures add up.

#include <algorithm>
#include <cstring>

#include "memory/iteration_support.hpp"

using namespace bufgc;
using namespace bufgc::testing;

namespace {

/// Makes some steps otherwise than in `program`.
Program deviating(const Program& program, Random& random) {
  Program other;
  std::vector<std::size_t> number(program.blocks);
  std::vector<std::size_t> left_out;
  for (const Program::Step& step : program.steps) {
    const bool birth = step.size_bytes != 0;
    if (birth && below(random, 40) == 0) other.alloc(mixed_size(random));  // outlives the iteration
    if (birth && below(random, 40) == 0) {
      left_out.push_back(step.block);
      continue;
    }
    if (std::find(left_out.begin(), left_out.end(), step.block) != left_out.end()) continue;
    if (birth) {
      number[step.block] = other.alloc(below(random, 40) == 0 ? mixed_size(random) : step.size_bytes);
    } else if (below(random, 40) != 0) {
      other.free(number[step.block]);
    }
  }
  return other;
}

/// Runs `program`, marks every block from end to end and looks whether the mark is there to the last.
/// Returns how many allocations failed; what is left alive is added to `left`.
int run_marked(const Program& program, CpuAllocator& allocator, std::vector<Block*>& left) {
  std::vector<Block*> live(program.blocks, nullptr);
  int failed = 0;
  const auto mark_of = [](std::size_t block) { return static_cast<unsigned char>(block * 7 + 1); };
  for (const Program::Step& step : program.steps) {
    Block*& block = live[step.block];
    if (step.size_bytes != 0) {
      block = allocator.allocate(step.size_bytes).block;
      if (block == nullptr) {
        ++failed;
      } else {
        std::memset(block->data, mark_of(step.block), block->size_bytes);
      }
    } else if (block != nullptr) {
      const auto mark = std::byte{mark_of(step.block)};
      const std::byte* const end = block->data + block->size_bytes;
      REQUIRE(std::find_if(block->data, const_cast<std::byte*>(end),
                           [&](std::byte b) { return b != mark; }) == end);
      allocator.deallocate(block);
      block = nullptr;
    }
  }
  for (Block* block : live) {
    if (block != nullptr) left.push_back(block);
  }
  return failed;
}

void deallocate_some(CpuAllocator& allocator, std::vector<Block*>& blocks, std::size_t keep) {
  while (blocks.size() > keep) {
    allocator.deallocate(blocks.back());
    blocks.pop_back();
  }
}

}  // namespace

TEST_CASE("Random programs that deviate now and then keep every byte and every figure right",
          "[iteration][model]") {
  const auto seed = GENERATE(range(1, 13));
  INFO("seed " << seed);
  Random random(static_cast<std::uint64_t>(seed));
  SlidingSource sliding;
  HeapSource heap;
  MemorySource* const sources[] = {&default_source(), &sliding, &heap};
  AllocatorOptions options;
  options.cache = seed % 4 != 0;
  if (seed % 5 == 0) options.cache_limit_bytes = MiB;
  CpuAllocator allocator(*sources[seed % 3], options);
  const Program program = random_program(random, 120);
  Iteration iteration(allocator, {.plan_time_limit = std::chrono::milliseconds(2)});
  std::vector<Block*> left;
  for (int turn = 0; turn < 24; ++turn) {
    const Program today = below(random, 3) == 0 ? deviating(program, random) : program;
    REQUIRE(iteration.begin() == Status::ok);
    CHECK(run_marked(today, allocator, left) == 0);
    check_sound(allocator);
    if (below(random, 8) == 0) {
      iteration.abandon();
    } else {
      REQUIRE(iteration.end() == Status::ok);
    }
    check_sound(allocator);
    deallocate_some(allocator, left, below(random, 30));
    if (below(random, 6) == 0) allocator.trim(below(random, 4) * MiB);
    check_sound(allocator);
  }
  CHECK(allocator.statistics().planned_allocations > 0);
  deallocate_some(allocator, left, 0);
  allocator.release_cached();
  CHECK(allocator.statistics().live_blocks == 0);
  CHECK(allocator.statistics().cached_bytes == 0);
  CHECK(allocator.statistics().planned_bytes == 0);
  check_sound(allocator);
}

TEST_CASE("In planned mode a source may fail at any acquisition", "[iteration][failure]") {
  const auto repeat = [](CpuAllocator& allocator) {
    Random random(11);
    const Program program = random_program(random, 80);
    Iteration iteration(allocator, {.plan_time_limit = std::chrono::nanoseconds(0)});
    std::vector<Block*> left;
    int failed = 0;
    for (int turn = 0; turn < 5; ++turn) {
      REQUIRE(iteration.begin() == Status::ok);
      failed += run_marked(program, allocator, left);
      REQUIRE(iteration.end() == Status::ok);
      if (turn == 2) allocator.release_cached();
      deallocate_some(allocator, left, 0);
    }
    check_sound(allocator);
    return failed;
  };
  std::uint64_t acquisitions = 0;
  {
    FailingSource source(default_source());
    CpuAllocator allocator(source);
    CHECK(repeat(allocator) == 0);
    acquisitions = source.acquisitions();
  }
  REQUIRE(acquisitions > 5);
  for (const auto fails : {FailingSource::Fails::once, FailingSource::Fails::for_ever}) {
    for (std::uint64_t nth = 1; nth <= acquisitions; ++nth) {
      INFO("acquisition " << nth);
      FailingSource source(default_source());
      source.fail_at(nth, fails);
      {
        CpuAllocator allocator(source);
        repeat(allocator);
        CHECK(allocator.statistics().live_blocks == 0);
      }
      REQUIRE(source.bytes_out() == 0);
    }
  }
}

TEST_CASE("What fits, fits, also in the middle of a planned iteration", "[iteration][budget]") {
  const auto seed = GENERATE(range(1, 7));
  INFO("seed " << seed);
  Random random(static_cast<std::uint64_t>(seed));
  // Whole pages, so that the budget can be met to the byte.
  Program program = random_program(random, 100);
  std::vector<std::size_t> size(program.blocks);
  std::uint64_t live = 0;
  std::uint64_t max_live = 0;
  for (Program::Step& step : program.steps) {
    if (step.size_bytes != 0) {
      size[step.block] = step.size_bytes = round_up(step.size_bytes, 4 * KiB);
      max_live = std::max(max_live, live += step.size_bytes);
    } else {
      live -= size[step.block];
    }
  }
  AllocatorOptions options;
  options.alignment_bytes = 4096;
  options.budget_bytes = max_live;
  CpuAllocator allocator(default_source(), options);
  if (!default_source().returns_memory()) return;
  Iteration iteration(allocator, {.plan_time_limit = std::chrono::milliseconds(20)});
  std::vector<Block*> left;
  for (int turn = 0; turn < 6; ++turn) {
    REQUIRE(iteration.begin() == Status::ok);
    CHECK(run_marked(program, allocator, left) == 0);
    REQUIRE(iteration.end() == Status::ok);
    check_sound(allocator);
  }
  CHECK(allocator.statistics().peak_reserved_bytes <= max_live);
  CHECK(allocator.statistics().failed_allocations == 0);
}
