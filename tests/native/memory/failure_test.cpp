#include "memory/support.hpp"

using namespace bufgc;
using namespace bufgc::testing;

namespace {

/// A fixed program; returns how many of its allocations failed.
int run(CpuAllocator& allocator) {
  Random random(5);
  std::vector<Block*> live;
  int failed = 0;
  for (int i = 0; i < 400; ++i) {
    if (live.empty() || below(random, 3) != 0) {
      const Allocation allocation = allocator.allocate(mixed_size(random) * 4);
      if (allocation.block == nullptr) {
        ++failed;
      } else {
        allocation.block->data[0] = std::byte{1};
        live.push_back(allocation.block);
      }
    } else {
      allocator.deallocate(live.back());
      live.pop_back();
    }
    if (i % 50 == 0) allocator.trim(MiB);
  }
  for (Block* block : live) allocator.deallocate(block);
  return failed;
}

std::uint64_t acquisitions_of_run() {
  FailingSource source(default_source());
  CpuAllocator allocator(source);
  run(allocator);
  return source.acquisitions();
}

}  // namespace

TEST_CASE("a source that fails at any one acquisition leaks nothing and breaks nothing",
          "[memory][failure]") {
  const std::uint64_t acquisitions = acquisitions_of_run();
  REQUIRE(acquisitions > 10);
  for (std::uint64_t nth = 1; nth <= acquisitions; ++nth) {
    INFO("acquisition " << nth);
    FailingSource source(default_source());
    source.fail_at(nth, FailingSource::Fails::once);
    {
      CpuAllocator allocator(source);
      run(allocator);
      check_sound(allocator);
      CHECK(allocator.statistics().live_blocks == 0);
    }
    REQUIRE(source.bytes_out() == 0);
  }
}

TEST_CASE("a source that fails from any acquisition on leaks nothing and breaks nothing",
          "[memory][failure]") {
  const std::uint64_t acquisitions = acquisitions_of_run();
  for (std::uint64_t nth = 1; nth <= acquisitions; ++nth) {
    INFO("acquisition " << nth);
    FailingSource source(default_source());
    source.fail_at(nth, FailingSource::Fails::for_ever);
    {
      CpuAllocator allocator(source);
      const int failed = run(allocator);
      const MemoryStatistics s = allocator.statistics();
      CHECK(s.failed_allocations == static_cast<std::uint64_t>(failed));
      if (nth == 1) CHECK(failed > 0);
      check_sound(allocator);
      source.fail_at(0, FailingSource::Fails::once);
      CHECK(allocator.allocate(16 * MiB).block != nullptr);
    }
    REQUIRE(source.bytes_out() == 0);
  }
}

TEST_CASE("a failed allocation leaves what is live and its contents alone", "[memory][failure]") {
  CountedSource counted;
  CpuAllocator allocator(counted.source);
  Block* block = allocator.allocate(1000).block;
  block->data[999] = std::byte{42};
  counted.source.fail_at(1, FailingSource::Fails::for_ever);
  CHECK(allocator.allocate(32 * MiB).block == nullptr);
  CHECK(block->data[999] == std::byte{42});
  CHECK(allocator.statistics().live_bytes == 1000);
  CHECK(allocator.statistics().failed_allocations == 1);
}
