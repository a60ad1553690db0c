#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "bufgc/memory/errors.hpp"
#include "memory/support.hpp"

using namespace bufgc;
using namespace bufgc::testing;

TEST_CASE("the reserve never passes the budget and what fits exactly is served", "[memory][budget]") {
  CountedSource counted;
  CpuAllocator allocator(counted.source, {64, MiB});
  Block* half = allocator.allocate(MiB / 2).block;
  Block* rest = allocator.allocate(MiB / 2).block;
  REQUIRE(half != nullptr);
  REQUIRE(rest != nullptr);
  MemoryStatistics s = allocator.statistics();
  CHECK(s.reserved_bytes == MiB);
  CHECK(s.live_bytes == MiB);
  CHECK(s.budget_bytes == MiB);
  CHECK(allocator.allocate(1).block == nullptr);
  CHECK(allocator.statistics().failed_allocations == 1);
  allocator.deallocate(rest);
  CHECK(allocator.allocate(1).block != nullptr);
  CHECK(allocator.statistics().peak_reserved_bytes == MiB);
  check_sound(allocator);
}

TEST_CASE("a budget that is no multiple of a page is not passed by a byte", "[memory][budget]") {
  CountedSource counted;
  const std::uint64_t budget = 100 * KiB + 1;
  CpuAllocator allocator(counted.source, {64, budget});
  while (allocator.allocate(1000).block != nullptr) {
    REQUIRE(allocator.statistics().reserved_bytes <= budget);
  }
  CHECK(allocator.statistics().reserved_bytes == 100 * KiB);
  CHECK(allocator.statistics().live_bytes == 102 * 1000 - 2 * 1000);
  check_sound(allocator);
}

TEST_CASE("a source that gives more than it was asked for does not carry the reserve past the budget",
          "[memory][budget]") {
  class Generous final : public MemorySource {
   public:
    explicit Generous(MemorySource& source) : source_(source) {}
    [[nodiscard]] Segment acquire(std::size_t min_bytes) noexcept override {
      return source_.acquire(min_bytes + 64 * KiB);
    }
    [[nodiscard]] Segment acquire_at(std::byte* address, std::size_t min_bytes) noexcept override {
      return source_.acquire_at(address, min_bytes + 64 * KiB);
    }
    void release(Segment segment) noexcept override { source_.release(segment); }
    [[nodiscard]] std::size_t granularity_bytes() const noexcept override {
      return source_.granularity_bytes();
    }

   private:
    MemorySource& source_;
  };
  CountedSource counted;
  Generous source(counted.source);
  AllocatorOptions options;
  options.budget_bytes = MiB;
  CpuAllocator allocator(source, options);
  int served = 0;
  while (allocator.allocate(100 * KiB).block != nullptr) {
    ++served;
    CHECK(allocator.statistics().reserved_bytes <= MiB);
    CHECK(counted.source.bytes_out() == allocator.statistics().reserved_bytes);
  }
  CHECK(served >= 8);
  CHECK(counted.source.bytes_out() == allocator.statistics().reserved_bytes);
  check_sound(allocator);
}

TEST_CASE("at the budget cached blocks of other sizes make room", "[memory][budget]") {
  CountedSource counted;
  CpuAllocator allocator(counted.source, {64, MiB});
  std::vector<Block*> blocks;
  for (std::size_t i = 0; i < 16; ++i) blocks.push_back(allocator.allocate(64 * KiB).block);
  for (Block* block : blocks) {
    REQUIRE(block != nullptr);
    allocator.deallocate(block);
  }
  CHECK(allocator.allocate(MiB).block != nullptr);
  CHECK(allocator.statistics().failed_allocations == 0);
}

TEST_CASE("free segments that are each too small make room for one that is not", "[memory][budget]") {
  HeapSource heap;
  FailingSource source(heap);
  CpuAllocator allocator(source, {64, 4 * MiB});
  std::vector<Block*> blocks;
  for (int i = 0; i < 3; ++i) blocks.push_back(allocator.allocate(MiB).block);
  for (Block* block : blocks) allocator.deallocate(block);
  const Allocation large = allocator.allocate(3 * MiB);
  CHECK(large.block != nullptr);
  CHECK(large.served_by == ServedBy::source);
  CHECK(allocator.statistics().peak_reserved_bytes <= 4 * MiB);
  check_sound(allocator);
}

TEST_CASE("where the source has no more, free pages go back to it for what fits then", "[memory][budget]") {
  /// As a system that lets a process have so much and no more.
  class Scarce final : public MemorySource {
   public:
    explicit Scarce(MemorySource& source) noexcept : source_(source) {}
    [[nodiscard]] Segment acquire(std::size_t min_bytes) noexcept override {
      return has(min_bytes) ? taken(source_.acquire(min_bytes)) : Segment{};
    }
    [[nodiscard]] Segment acquire_at(std::byte* address, std::size_t min_bytes) noexcept override {
      return has(min_bytes) ? taken(source_.acquire_at(address, min_bytes)) : Segment{};
    }
    void release(Segment segment) noexcept override {
      bytes_left_ += segment.size_bytes;
      source_.release(segment);
    }
    [[nodiscard]] std::size_t granularity_bytes() const noexcept override {
      return source_.granularity_bytes();
    }
    [[nodiscard]] std::size_t least_move_bytes() const noexcept override { return 64 * KiB; }

   private:
    [[nodiscard]] bool has(std::size_t min_bytes) const noexcept {
      return round_up(min_bytes, source_.granularity_bytes()) <= bytes_left_;
    }
    [[nodiscard]] Segment taken(Segment segment) noexcept {
      bytes_left_ -= segment.size_bytes;
      return segment;
    }
    MemorySource& source_;
    std::size_t bytes_left_ = 8 * MiB;
  };
  HeapSource heap;
  Scarce source(heap);
  CpuAllocator allocator(source);
  std::vector<Block*> blocks;
  for (int i = 0; i < 8; ++i) blocks.push_back(allocator.allocate(MiB).block);
  for (const std::size_t i : {1U, 3U, 5U, 7U}) allocator.deallocate(blocks[i]);
  CHECK(allocator.allocate(3 * MiB).block != nullptr);
  CHECK(allocator.statistics().failed_allocations == 0);
  CHECK(allocator.statistics().reserved_bytes <= 8 * MiB);
  check_sound(allocator);
}

#if !defined(__EMSCRIPTEN__)  // where no pages change their place
TEST_CASE("in a reserve torn into hundreds of pieces what fits is served", "[memory][budget]") {
  CountedSource counted;
  CpuAllocator allocator(counted.source);
  std::vector<Block*> blocks;
  for (int i = 0; i < 700; ++i) {
    blocks.push_back(allocator.allocate(64 * KiB).block);
    blocks.back()->data[100] = static_cast<std::byte>(i % 251);
  }
  for (std::size_t i = 0; i < blocks.size(); i += 2) allocator.deallocate(std::exchange(blocks[i], nullptr));
  allocator.trim(0);
  REQUIRE(allocator.statistics().segments > 300);
  allocator.set_budget_bytes(allocator.statistics().reserved_bytes);
  for (std::size_t i = 1; i <= 320; i += 20) allocator.deallocate(std::exchange(blocks[i], nullptr));
  Block* const large = allocator.allocate(MiB).block;
  REQUIRE(large != nullptr);
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    if (blocks[i] != nullptr) CHECK(blocks[i]->data[100] == static_cast<std::byte>(i % 251));
  }
  check_sound(allocator);
}
#endif

TEST_CASE("a budget set below the reserve gives back what is cached", "[memory][budget]") {
  CountedSource counted;
  CpuAllocator allocator(counted.source);
  Block* live = allocator.allocate(MiB).block;
  Block* freed = allocator.allocate(8 * MiB).block;
  allocator.deallocate(freed);
  allocator.set_budget_bytes(2 * MiB);
  CHECK(allocator.statistics().reserved_bytes <= 2 * MiB);
  CHECK(allocator.allocate(4 * MiB).block == nullptr);
  allocator.set_budget_bytes(8 * MiB);
  CHECK(allocator.allocate(4 * MiB).block != nullptr);
  allocator.deallocate(live);
  check_sound(allocator);
}

TEST_CASE("a budget set below what is live leaves that alone", "[memory][budget]") {
  CountedSource counted;
  CpuAllocator allocator(counted.source);
  Block* const live = allocator.allocate(4 * MiB).block;
  allocator.deallocate(allocator.allocate(2 * MiB).block);
  allocator.set_budget_bytes(MiB);
  const MemoryStatistics s = allocator.statistics();
  CHECK(s.cached_bytes == 0);
  CHECK(s.live_bytes == 4 * MiB);
  CHECK(s.reserved_bytes < 5 * MiB);
  CHECK(allocator.allocate(64 * KiB).block == nullptr);
  check_sound(allocator);
  allocator.deallocate(live);
  CHECK(allocator.statistics().reserved_bytes <= MiB);
}

TEST_CASE("a budget that live blocks pass is met block by block, and then memory is kept again",
          "[memory][budget]") {
  [[maybe_unused]] const auto threaded = GENERATE(false, true);
  const auto hardening = GENERATE(Hardening::off, Hardening::full);
  const auto cache_limit_bytes = GENERATE(as<std::uint64_t>{}, 64 * KiB, no_budget);
  CountedSource counted;
  AllocatorOptions options;
  options.hardening = hardening;
  options.cache_limit_bytes = cache_limit_bytes;
  CpuAllocator allocator(counted.source, options);
  std::vector<Block*> blocks;
  for (int i = 0; i < 256; ++i) blocks.push_back(allocator.allocate(16 * KiB).block);
#if !defined(__EMSCRIPTEN__)
  // A second thread's cache keeps some.
  if (threaded) {
    std::thread([&allocator, &blocks] {
      for (int i = 0; i < 64; ++i) blocks.push_back(allocator.allocate(4 * KiB).block);
      for (int i = 0; i < 32; ++i) {
        allocator.deallocate(blocks.back());
        blocks.pop_back();
      }
    }).join();
  }
#endif
  allocator.set_budget_bytes(MiB);
  MemoryStatistics now = allocator.statistics();
  CHECK(now.cached_bytes == 0);
  while (now.reserved_bytes > MiB) {
    REQUIRE(!blocks.empty());
    allocator.deallocate(blocks.back());
    blocks.pop_back();
    now = allocator.statistics();
    REQUIRE((now.reserved_bytes <= MiB || now.cached_bytes == 0));
  }
  // It is not paid more than it asked: what is left over is kept, as far as it may be.
  CHECK(now.reserved_bytes > MiB - 64 * KiB);
  check_sound(allocator);
  allocator.deallocate(blocks.back());
  blocks.pop_back();
  const auto turn = [&allocator] {
    Block* const block = allocator.allocate(16 * KiB).block;
    REQUIRE(block != nullptr);
    allocator.deallocate(block);
  };
  turn();  // what is left may lie so that the first needs a page more
  const std::uint64_t calls = allocator.statistics().source_calls;
  for (int i = 0; i < 100; ++i) turn();
  CHECK(allocator.statistics().source_calls == calls);
  for (Block* const block : blocks) allocator.deallocate(block);
  check_sound(allocator);
}

TEST_CASE("the pressure handler is asked while it frees and the allocation is retried",
          "[memory][budget][pressure]") {
  CountedSource counted;
  CpuAllocator allocator(counted.source, {64, MiB});
  std::vector<Block*> held;
  for (int i = 0; i < 16; ++i) held.push_back(allocator.allocate(64 * KiB).block);
  std::vector<std::size_t> asked;
  allocator.set_pressure_handler([&](std::size_t needed) {
    asked.push_back(needed);
    allocator.deallocate(held.back());
    held.pop_back();
    return true;
  });
  const Allocation allocation = allocator.allocate(200 * KiB);
  CHECK(allocation.block != nullptr);
  CHECK(asked == std::vector<std::size_t>(4, 200 * KiB));
  CHECK(allocator.statistics().pressure_calls == 4);
  CHECK(allocator.statistics().failed_allocations == 0);
}

TEST_CASE("the pressure handler may allocate and is not asked from within itself",
          "[memory][budget][pressure]") {
  CountedSource counted;
  CpuAllocator allocator(counted.source, {64, 256 * KiB});
  Block* held = allocator.allocate(128 * KiB).block;
  static_cast<void>(allocator.allocate(64 * KiB));
  int calls = 0;
  Block* inner = nullptr;
  allocator.set_pressure_handler([&](std::size_t) {
    ++calls;
    CHECK(allocator.allocate(MiB / 4).block == nullptr);
    CHECK(allocator.statistics().live_blocks == 2);
    if (held == nullptr) return false;
    allocator.deallocate(held);
    held = nullptr;
    inner = allocator.allocate(1000).block;
    return true;
  });
  CHECK(allocator.allocate(100 * KiB).block != nullptr);
  CHECK(inner != nullptr);
  CHECK(calls == 1);
  check_sound(allocator);
}

TEST_CASE("a pressure handler that says no ends the allocation", "[memory][budget][pressure]") {
  CountedSource counted;
  CpuAllocator allocator(counted.source, {64, 64 * KiB});
  int calls = 0;
  allocator.set_pressure_handler([&](std::size_t) {
    ++calls;
    return false;
  });
  static_cast<void>(allocator.allocate(64 * KiB));
  CHECK(allocator.allocate(100).block == nullptr);
  CHECK(calls == 1);
  CHECK(allocator.statistics().failed_allocations == 1);
}

TEST_CASE("a pressure handler that was taken away is not asked", "[memory][budget][pressure]") {
  CountedSource counted;
  CpuAllocator allocator(counted.source, {64, 64 * KiB});
  int calls = 0;
  allocator.set_pressure_handler([&](std::size_t) {
    ++calls;
    return false;
  });
  static_cast<void>(allocator.allocate(64 * KiB));
  allocator.set_pressure_handler({});
  CHECK(allocator.allocate(100).block == nullptr);
  CHECK(calls == 0);
}

TEST_CASE("a pressure handler that only claims to free does not hang the allocation",
          "[memory][budget][pressure]") {
  CountedSource counted;
  CpuAllocator allocator(counted.source, {64, 64 * KiB});
  allocator.set_pressure_handler([](std::size_t) { return true; });
  static_cast<void>(allocator.allocate(64 * KiB));
  CHECK(allocator.allocate(100).block == nullptr);
  CHECK(allocator.statistics().pressure_calls < 100);
}

TEST_CASE("what no budget could hold fails without asking anyone", "[memory][budget][pressure]") {
  CountedSource counted;
  CpuAllocator allocator(counted.source, {64, 64 * KiB});
  allocator.set_pressure_handler([](std::size_t) { return true; });
  CHECK(allocator.allocate(65 * KiB).block == nullptr);
  CHECK(allocator.statistics().pressure_calls == 0);
}

TEST_CASE("what a pressure handler throws fails the allocation and nothing else",
          "[memory][budget][pressure]") {
  CountedSource counted;
  CpuAllocator allocator(counted.source, {64, 64 * KiB});
  allocator.set_pressure_handler([](std::size_t) -> bool { throw std::runtime_error("no"); });
  Block* block = allocator.allocate(64 * KiB).block;
  CHECK(allocator.allocate(100).block == nullptr);
  allocator.deallocate(block);
  CHECK(allocator.allocate(100).block != nullptr);
}

TEST_CASE("the out-of-memory error carries the request and the figures", "[memory][errors]") {
  MemoryStatistics s;
  s.live_bytes = 123456;
  s.budget_bytes = 200000;
  const OutOfMemory error(99999, s);
  CHECK(error.requested_bytes() == 99999);
  CHECK(error.statistics().live_bytes == 123456);
  CHECK(error.status() == Status::out_of_memory);
  CHECK_THAT(error.what(),
             Catch::Contains("99999") && Catch::Contains("123456") && Catch::Contains("200000"));
  CHECK_THAT(error.what(), Catch::Contains("budget"));
  CHECK_THAT(OutOfMemory(99999, MemoryStatistics{.budget_bytes = no_budget}).what(),
             !Catch::Contains("budget"));
}
