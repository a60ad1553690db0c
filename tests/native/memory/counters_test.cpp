// What one thread counts, against the plain sums; and that a rise above the mark is told once it is one, for
// bytes and for blocks apart.

#include "bufgc/memory/counters.hpp"

#include <vector>

#include "memory/support.hpp"

using namespace bufgc;
using namespace bufgc::testing;

namespace {

/// Sums, as they come.
struct Plain {
  std::uint64_t allocations = 0;
  std::uint64_t allocated_bytes = 0;
  std::int64_t live_bytes = 0;
  std::int64_t live_blocks = 0;
  std::vector<std::uint64_t> by_class = std::vector<std::uint64_t>(64);

  void allocate(std::size_t size_bytes) {
    ++allocations;
    allocated_bytes += size_bytes;
    live_bytes += static_cast<std::int64_t>(size_bytes);
    ++live_blocks;
    ++by_class[class_of(size_bytes)];
  }
  void free(std::uint64_t blocks, std::uint64_t bytes) {
    live_blocks -= static_cast<std::int64_t>(blocks);
    live_bytes -= static_cast<std::int64_t>(bytes);
  }
  static std::size_t class_of(std::size_t size_bytes) {
    std::size_t of = 0;
    while ((size_bytes >>= 1U) != 0) ++of;
    return of;
  }
};

void require_equal(const ShareCounters& counters, const Plain& plain) {
  REQUIRE(counters.allocations() == plain.allocations);
  REQUIRE(counters.allocated_bytes() == plain.allocated_bytes);
  REQUIRE(counters.live_bytes() == static_cast<std::uint64_t>(plain.live_bytes));
  REQUIRE(counters.live_blocks() == static_cast<std::uint64_t>(plain.live_blocks));
  SizeHistogram histogram{};
  histogram[3].allocations = 1;  // it is added
  counters.add_to(histogram);
  for (std::size_t i = 0; i < histogram.size(); ++i) {
    std::uint64_t expected = plain.by_class[i] + (i == 3 ? 1U : 0U);
    for (std::size_t of = histogram.size(); i + 1 == histogram.size() && of < 64; ++of) {
      expected += plain.by_class[of];
    }
    REQUIRE(histogram[i].allocations == expected);
  }
}

}  // namespace

TEST_CASE("a rise is told from the first byte and the first block above its mark on", "[memory][counters]") {
  for (const std::uint64_t bytes : {0U, 1U, 63U, 64U}) {
    for (const std::uint64_t blocks : {0U, 1U, 2U, 5U}) {
      INFO(bytes << " bytes, " << blocks << " blocks");
      ShareCounters counters;
      static_cast<void>(counters.on_allocate(1000));
      counters.on_free(0, 100);
      counters.set_marks(bytes, blocks);
      CHECK(counters.live_bytes() == 900);
      CHECK(counters.live_blocks() == 1);
      // Blocks of no bytes, up to the mark; then the bytes up to theirs, in one.
      for (std::uint64_t block = 1; block < blocks; ++block) REQUIRE(counters.on_allocate(0));
      if (blocks > 0) {
        ShareCounters above = counters;
        CHECK(counters.on_allocate(static_cast<std::size_t>(bytes)));
        CHECK_FALSE(above.on_allocate(static_cast<std::size_t>(bytes) + 1));
      }
      CHECK_FALSE(counters.on_allocate(0));
      CHECK(counters.live_blocks() == 1 + blocks + 1);
      // What is freed may be allocated again.
      counters.set_marks(0, 0);
      counters.on_free(1, 10);
      CHECK(counters.on_allocate(10));
      CHECK_FALSE(counters.on_allocate(0));
    }
  }
}

TEST_CASE("counters add up to what happened, whoever freed it and however it was told",
          "[memory][counters]") {
  Random random(4711);
  for (int round = 0; round < 50; ++round) {
    ShareCounters counters[2];
    Plain plain[2];
    for (int step = 0; step < 200; ++step) {
      const std::size_t at = below(random, 2);
      const std::size_t size_bytes = below(random, 8) == 0 ? below(random, 3) : mixed_size(random);
      switch (below(random, 5)) {
        case 0:
        case 1:
          static_cast<void>(counters[at].on_allocate(size_bytes));
          plain[at].allocate(size_bytes);
          break;
        case 2: {
          const std::uint64_t blocks = below(random, 3);
          counters[at].on_free(blocks, size_bytes);
          plain[at].free(blocks, size_bytes);
          break;
        }
        case 3: {
          const std::uint64_t turns = below(random, 4);
          counters[at].on_turns(turns, size_bytes);
          for (std::uint64_t turn = 0; turn < turns; ++turn) {
            plain[at].free(1, size_bytes);
            plain[at].allocate(size_bytes);
          }
          break;
        }
        default: {
          std::vector<std::uint32_t> turns(20);
          std::uint64_t bytes = 0;
          for (std::size_t of = 0; of < turns.size(); of += 1 + below(random, 7)) {
            turns[of] = static_cast<std::uint32_t>(1 + below(random, 3));
            for (std::uint32_t turn = 0; turn < turns[of]; ++turn) {
              const std::size_t turned_bytes = std::size_t{1} << of;
              bytes += turned_bytes;
              plain[at].free(1, turned_bytes);
              plain[at].allocate(turned_bytes);
            }
          }
          std::uint64_t sum = 0;
          for (const std::uint32_t of_class : turns) sum += of_class;
          REQUIRE(counters[at].on_turns(turns, bytes) == sum);
          break;
        }
      }
      if (below(random, 10) == 0) counters[at].set_marks(below(random, 1000), below(random, 5));
      require_equal(counters[at], plain[at]);
    }
    counters[0].add(counters[1]);
    plain[0].allocations += plain[1].allocations;
    plain[0].allocated_bytes += plain[1].allocated_bytes;
    plain[0].live_bytes += plain[1].live_bytes;
    plain[0].live_blocks += plain[1].live_blocks;
    for (std::size_t i = 0; i < 64; ++i) plain[0].by_class[i] += plain[1].by_class[i];
    require_equal(counters[0], plain[0]);
    // It still tells what is freed from what was.
    counters[0].on_free(1, 1);
    plain[0].free(1, 1);
    require_equal(counters[0], plain[0]);
  }
}
