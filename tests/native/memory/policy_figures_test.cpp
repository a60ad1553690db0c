#if !defined(__EMSCRIPTEN__)  // whose records are of another size

// What fixed programs cost where every address is known beforehand. Each rule of the allocator (when it
// flushes, how far it grows, what it gives back, moves, keeps or lets decay) has its part in these figures:
// they stay as they are until a rule is meant to change, and then tell by how much.

#include <algorithm>
#include <string>
#include <thread>

#include "bufgc/memory/iteration.hpp"
#include "memory/field_source.hpp"
#include "memory/support.hpp"

using namespace bufgc;
using namespace bufgc::testing;

namespace {

std::string figures_of(const CpuAllocator& allocator) {
  check_sound(allocator);
  const MemoryStatistics s = allocator.statistics();
  const auto figure = [](const char* name, std::uint64_t value) {
    return value == 0 ? std::string() : std::string(name) + " " + std::to_string(value) + ", ";
  };
  return figure("misses", s.misses) + figure("splits", s.splits) + figure("merges", s.merges) +
         figure("source calls", s.source_calls) + figure("compactions", s.compactions) +
         figure("moved", s.moved_bytes) + figure("pages moved", s.moved_pages) +
         figure("decayed", s.decayed_bytes) + figure("planned", s.planned_allocations) +
         figure("deviations", s.plan_deviations) + figure("failed", s.failed_allocations) +
         figure("peak cached", s.peak_cached_bytes) + figure("peak reserved", s.peak_reserved_bytes) +
         figure("live", s.live_bytes) + figure("reserved", s.reserved_bytes);
}

/// A program's blocks, of sizes that come again, and some that do not.
class Program {
 public:
  explicit Program(CpuAllocator& allocator, std::uint64_t seed = 1) : allocator_(allocator), random_(seed) {
    for (int i = 0; i < 24; ++i) usual_.push_back(some_size());
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  ~Program() { free_all(); }

  void run(std::size_t steps, std::size_t most_blocks) {
    for (std::size_t step = 0; step < steps; ++step) {
      const bool full = blocks_.size() >= most_blocks;
      if (!blocks_.empty() && (full || below(random_, 5) < 2)) {
        free_at(below(random_, blocks_.size()));
      } else {
        allocate(below(random_, 5) != 0 ? usual_[below(random_, usual_.size())] : some_size());
      }
    }
  }
  void allocate(std::size_t size_bytes) {
    if (Block* const block = allocator_.allocate(size_bytes).block; block != nullptr)
      blocks_.push_back(block);
  }
  void free_all() {
    while (!blocks_.empty()) free_at(blocks_.size() / 2);
  }
  [[nodiscard]] std::vector<Block*> take() { return std::exchange(blocks_, {}); }

 private:
  std::size_t some_size() { return (std::size_t{1} << (5 + below(random_, 11))) + below(random_, 300); }
  void free_at(std::size_t index) {
    allocator_.deallocate(blocks_[index]);
    blocks_[index] = blocks_.back();
    blocks_.pop_back();
  }

  CpuAllocator& allocator_;
  Random random_;
  std::vector<std::size_t> usual_;
  std::vector<Block*> blocks_;
};

void phases(CpuAllocator& allocator) {
  Program program(allocator);
  for (const std::size_t most_blocks : {50, 400, 100, 600, 20, 300}) program.run(2500, most_blocks);
  allocator.trim(100'000);
  program.run(1000, 300);
}

void rounds(CpuAllocator& allocator) {
  for (int round = 0; round < 30; ++round) {
    Program program(allocator, 7);
    program.run(700, 150);
  }
}

void large_and_small(CpuAllocator& allocator) {
  Program program(allocator, 3);
  for (const std::size_t large_blocks : {30, 10, 10}) {
    for (std::size_t i = 0; i < large_blocks; ++i) program.allocate(200'000);
    program.free_all();
    Random random(large_blocks);
    for (int i = 0; i < 4000; ++i) {
      program.allocate(1 + below(random, 64 * KiB));
      program.free_all();
    }
  }
}

void at_a_budget(CpuAllocator& allocator) {
  Program program(allocator, 4);
  for (const std::uint64_t budget_bytes : {1'500'000, 3'000'000, 700'001, 2'000'000}) {
    allocator.set_budget_bytes(budget_bytes);
    program.run(1500, 400);
  }
}

void cached_little(CpuAllocator& allocator) {
  Program program(allocator, 5);
  program.run(3000, 200);
  allocator.set_cache_enabled(false);
  program.run(1000, 200);
  allocator.set_cache_enabled(true);
  program.run(1000, 100);
}

void planned(CpuAllocator& allocator) {
  Iteration iteration(allocator, {std::chrono::hours(1), 2});
  for (int round = 0; round < 12; ++round) {
    REQUIRE(iteration.begin() == Status::ok);
    Program program(allocator, round == 5 || round == 6 ? 9 : 8);
    program.run(30, 8);
    program.free_all();
    REQUIRE(iteration.end() == Status::ok);
    Program between(allocator, 10);
    between.run(100, 20);
  }
}

struct Expected {
  const char* name;
  void (*program)(CpuAllocator& allocator);
  AllocatorOptions options;
  const char*
      figures[3];  ///< Where pages return and may be moved, where they only return, where none returns.
};

AllocatorOptions with(void (*change)(AllocatorOptions& options)) {
  AllocatorOptions options;
  change(options);
  return options;
}

}  // namespace

TEST_CASE("fixed programs cost what they cost", "[memory][policy]") {
  const Expected all[] = {
      {"phases",
       phases,
       {},
       {"misses 141, splits 2277, merges 2046, source calls 306, moved 626688, pages moved 153, peak cached "
        "2226432, peak reserved 2293760, reserved 1720320, ",
        "misses 172, splits 2316, merges 2137, source calls 368, peak cached 2234624, peak reserved 2318336, "
        "reserved 1802240, ",
        "misses 72, splits 4960, merges 4655, source calls 75, compactions 18, moved 506401, peak cached "
        "2246144, peak reserved 2265088, reserved 1642496, "}},
      {"rounds",
       rounds,
       {},
       {"misses 157, splits 4053, merges 4129, source calls 368, moved 1449984, pages moved 354, peak cached "
        "1089920, peak reserved 1159168, reserved 1159168, ",
        "misses 225, splits 4202, merges 4314, source calls 622, peak cached 1069440, peak reserved 1146880, "
        "reserved 1118208, ",
        "misses 35, splits 8778, merges 8670, source calls 35, compactions 1, moved 49369, peak cached "
        "1134592, peak reserved 1159168, reserved 1159168, "}},
      {"large and small",
       large_and_small,
       with([](AllocatorOptions& o) { o.decay_after_allocations = 1000; }),
       {"misses 40, splits 11612, merges 11601, source calls 42, decayed 5742592, peak cached 6000640, peak "
        "reserved 6000640, reserved 2015232, ",
        "misses 40, splits 11612, merges 11601, source calls 42, decayed 5742592, peak cached 6000640, peak "
        "reserved 6000640, reserved 2015232, ",
        "misses 30, splits 12040, merges 12068, source calls 30, peak cached 6008832, peak reserved 6008832, "
        "reserved 6008832, "}},
      {"at a budget",
       at_a_budget,
       {},
       {"misses 245, splits 1435, merges 1254, source calls 637, moved 1417216, pages moved 346, failed 746, "
        "peak cached 1867712, peak reserved 2998272, reserved 1998848, ",
        "misses 313, splits 1483, merges 1364, source calls 776, failed 744, peak cached 1787136, peak "
        "reserved 2998272, reserved 1994752, ",
        "misses 262, splits 1637, merges 1394, source calls 262, compactions 174, moved 68160066, failed "
        "685, peak cached 1956864, peak reserved 2998272, reserved 1998848, "}},
      {"cached little",
       cached_little,
       with([](AllocatorOptions& o) { o.cache_limit_bytes = 300'000; }),
       {"misses 212, splits 1145, merges 1329, source calls 645, moved 286720, pages moved 70, peak cached "
        "299968, peak reserved 1646592, reserved 372736, ",
        "misses 206, splits 1174, merges 1363, source calls 601, peak cached 299968, peak reserved 1646592, "
        "reserved 372736, ",
        "misses 59, splits 1387, merges 3806, source calls 3096, compactions 12, moved 594056, peak cached "
        "299968, peak reserved 1585152, reserved 360448, "}},
      {"planned",
       planned,
       {},
       {"misses 7, splits 622, merges 650, source calls 7, planned 146, deviations 28, peak cached 176448, "
        "peak reserved 180224, reserved 180224, ",
        "misses 7, splits 622, merges 650, source calls 7, planned 146, deviations 28, peak cached 176448, "
        "peak reserved 180224, reserved 180224, ",
        "misses 6, splits 840, merges 869, source calls 6, planned 146, deviations 28, peak cached 210560, "
        "peak reserved 212992, reserved 212992, "}},
      {"pages",
       phases,
       with([](AllocatorOptions& o) { o.alignment_bytes = 4096; }),
       {"misses 188, splits 766, merges 573, source calls 288, moved 557056, pages moved 136, peak cached "
        "4050944, peak reserved 4091904, reserved 2621440, ",
        "misses 223, splits 774, merges 526, source calls 407, peak cached 4050944, peak reserved 4091904, "
        "reserved 2564096, ",
        "misses 128, splits 1157, merges 968, source calls 143, compactions 14, moved 444879, peak cached "
        "4055040, peak reserved 4096000, reserved 2707456, "}},
      {"hardened",
       rounds,
       with([](AllocatorOptions& o) {
         o.hardening = Hardening::full;
         o.quarantine_bytes = 200'000;
       }),
       {"misses 234, splits 4181, merges 4280, source calls 754, moved 3051520, pages moved 745, peak cached "
        "1291392, peak reserved 1376256, reserved 1376256, ",
        "misses 433, splits 4170, merges 4514, source calls 1098, peak cached 1234048, peak reserved "
        "1380352, reserved 1331200, ",
        "misses 41, splits 8500, merges 8375, source calls 41, compactions 7, moved 220480, peak cached "
        "1324160, peak reserved 1359872, reserved 1359872, "}},
  };
  for (const Expected& expected : all) {
    for (const int kind : {0, 1, 2}) {
      INFO(expected.name << ", source " << kind);
      Field source(8192, kind != 2, kind == 0);
      {
        CpuAllocator allocator(source, expected.options);
        expected.program(allocator);
        CHECK(figures_of(allocator) == expected.figures[kind]);
      }
      CHECK(source.pages_out() == 0);
    }
  }
}

#endif
