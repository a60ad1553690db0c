// Parts by themselves, with a heap that fails at each of their allocations in turn, or counts them.

#include <catch2/catch.hpp>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "bufgc/buffer/text_table.hpp"
#include "bufgc/buffer_manager.hpp"
#include "bufgc/memory/address_ranges.hpp"
#include "bufgc/memory/cpu_allocator.hpp"
#include "bufgc/memory/default_source.hpp"
#include "bufgc/memory/failing_source.hpp"
#include "bufgc/memory/iteration.hpp"
#include "failing_heap.hpp"

#if !defined(__EMSCRIPTEN__)
#include "bufgc/memory/system_pages.hpp"
#endif

using namespace bufgc;

namespace {

/// Calls `walk(n)` for n from 0 on until it asks for no allocation with the number n.
template <class Walk>
void fail_each(Walk walk) {
  std::size_t n = 0;
  while (walk(n) > n) ++n;
  CHECK(n > 0);
}

}  // namespace

TEST_CASE("a hardened allocator without heap for its records refuses, and goes on", "[proof][failure]") {
  for (const std::size_t count : {std::size_t{1}, ~std::size_t{0}}) {
    fail_each([count](std::size_t n) {
      INFO("allocation " << n << " of the heap");
      FailingSource source(default_source());
      std::size_t asked = 0;
      {
        int told = 0;
        AllocatorOptions options;
        options.hardening = Hardening::full;
        CpuAllocator allocator(source, options);
        allocator.set_misuse_handler([&told](const Misuse&) { ++told; });
        std::vector<Block*> blocks;
        blocks.reserve(600);
        std::uint64_t refused = 0;
        {
          const FailingHeap failing(n, count);
          for (std::size_t i = 0; i < 600; ++i) {
            Block* const block = allocator.allocate(i % 20).block;
            if (block == nullptr) {
              ++refused;
            } else {
              std::memset(block->data, 1, i % 20);
              blocks.push_back(block);
            }
          }
          asked = FailingHeap::asked();
        }
        CHECK(allocator.statistics().live_blocks == blocks.size());
        CHECK(allocator.statistics().failed_allocations == refused);
        for (Block* block : blocks) allocator.deallocate(block);
        Block* const again = allocator.allocate(100).block;
        CHECK(again != nullptr);
        allocator.deallocate(again);
        CHECK(allocator.check_invariants() == nullptr);
        CHECK(told == 0);
      }
      CHECK(source.bytes_out() == 0);
      return asked;
    });
  }
}

TEST_CASE("what address ranges have reserved needs no more memory", "[proof][failure]") {
  AddressRanges ranges;
  REQUIRE(ranges.reserve(100));
  const FailingHeap none(0);
  CHECK(ranges.reserve(1));
  CHECK(ranges.reserve(100));
  CHECK_FALSE(ranges.reserve(101));
}

TEST_CASE("labels that are alike are kept once", "[proof]") {
  BufferManager manager;
  std::vector<CpuBuffer> buffers;
  buffers.reserve(1000);
  const auto blocks_for = [&manager, &buffers](std::string_view label) {
    const std::int64_t before = FailingHeap::blocks_out();
    for (int i = 0; i < 500; ++i) buffers.push_back(manager.alloc(BufferSpec{10, DType::uint8, {}, label}));
    return FailingHeap::blocks_out() - before;
  };
  const std::int64_t without = blocks_for({});
  CHECK(blocks_for("activation") <= without + 10);
  CHECK(buffers.back().label() == "activation");
}

TEST_CASE("labels and sites of their own go with a buffer that is collected, and with one refused",
          "[proof]") {
  BufferManager manager;
  manager.set_sites_enabled(true);
  // Beyond so many, each buffer has its own.
  for (std::uint32_t i = 0; i < TextTable::max_shared; ++i) {
    static_cast<void>(manager.alloc(BufferSpec{1, DType::uint8, {}, "label " + std::to_string(i)}));
  }
  std::byte bytes[8] = {};
  const auto blocks_left = [](auto&& make) {
    std::int64_t left = 0;
    for (std::uint32_t round = 0; round < 3; ++round) {
      const std::int64_t before = FailingHeap::blocks_out();
      for (std::uint32_t i = 1; i <= 100; ++i) make("number " + std::to_string(i), Site{"file", i});
      left = FailingHeap::blocks_out() - before;  // the first round makes what is made once
    }
    return left;
  };
  const std::int64_t of_collected = blocks_left([&](const std::string& label, Site site) {
    CpuBuffer buffer = manager.external(bytes, {8, DType::uint8, {}, label}, {}, site);
    buffer.link(buffer);
    REQUIRE(buffer.label() == label);
    buffer.reset();
    REQUIRE(manager.collect().buffers == 1);
  });
  CHECK(of_collected == 0);
  manager.close();
  const std::int64_t of_refused = blocks_left([&](const std::string& label, Site site) {
    REQUIRE(manager.try_external(bytes, {8, DType::uint8, {}, label}, {}, site).status == Status::closed);
  });
  CHECK(of_refused == 0);
}

TEST_CASE("what a handle kept of a manager that is gone goes with it", "[proof]") {
  std::int64_t left = 0;
  for (int round = 0; round < 3; ++round) {
    const std::int64_t before = FailingHeap::blocks_out();
    {
      CpuBuffer kept;
      {
        BufferManager manager;
        kept = manager.alloc(256);
        REQUIRE(manager.alloc(256));
      }
      REQUIRE(FailingHeap::blocks_out() > before);
      REQUIRE(kept.destroyed());
    }
    left = FailingHeap::blocks_out() - before;  // the first round makes what is made once
  }
  CHECK(left == 0);
}

TEST_CASE("an iteration that there is no memory to record is not planned, and the next is",
          "[proof][failure]") {
  CpuAllocator allocator(default_source());
  Iteration iteration(allocator);
  const auto step = [&allocator] { allocator.deallocate(allocator.allocate(1000).block); };
  step();
  REQUIRE(iteration.begin() == Status::ok);
  {
    const FailingHeap none(0);
    step();
  }
  CHECK(iteration.end() == Status::out_of_memory);
  CHECK_FALSE(iteration.planned());
  CHECK(iteration.run(step) == Status::ok);
  CHECK(iteration.planned());
  CHECK(iteration.run(step) == Status::ok);
  CHECK(iteration.deviating_iterations() == 0);
}

#if !defined(__EMSCRIPTEN__)

TEST_CASE("the system's pages without heap for their records are refused, and had again later",
          "[proof][failure]") {
  fail_each([](std::size_t n) {
    INFO("allocation " << n << " of the heap");
    SystemPages source;
    constexpr std::size_t piece = 64 * std::size_t{1024};
    std::size_t asked = 0;
    {
      const FailingHeap failing(n, 1);
      const Segment whole = source.acquire(64 * piece);
      const Segment to = source.acquire(4 * piece);
      if (whole) {
        for (std::size_t i = 1; i < 64; i += 2) source.release({whole.data + i * piece, piece});
        if (to && source.move({whole.data, piece}, to.data)) {
          source.release({to.data, 4 * piece});
        } else {
          source.release({whole.data, piece});
          if (to) source.release(to);
        }
        for (std::size_t i = 2; i < 64; i += 2) source.release({whole.data + i * piece, piece});
      } else if (to) {
        source.release(to);
      }
      asked = FailingHeap::asked();
    }
    const Segment again = source.acquire(64 * piece);
    REQUIRE(again);
    std::memset(again.data, 1, again.size_bytes);
    source.release(again);
    return asked;
  });
}

#endif
