// The parts of the offset planner against plain ways to the same: what it makes of lifetimes, and its first
// plan.

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <vector>

#include "bufgc/memory/offset_planner_best_fit.hpp"
#include "bufgc/memory/offset_planner_problem.hpp"
#include "memory/support.hpp"

using namespace bufgc;
using namespace bufgc::planning;
using namespace bufgc::testing;

namespace {

std::vector<PlannedBlock> random_blocks(Random& random, std::size_t count) {
  const std::size_t times = 1 + below(random, 2 * count + 2);
  const std::size_t most = std::size_t{1} << below(random, 12);
  std::vector<PlannedBlock> blocks;
  for (std::size_t i = 0; i < count; ++i) {
    const auto begin = static_cast<std::uint32_t>(below(random, times));
    const auto end = static_cast<std::uint32_t>(begin + 1 + below(random, times));
    blocks.push_back({begin, end, 1 + below(random, most)});
  }
  return blocks;
}

/// Each in the smallest gap that holds it, the lowest of equals, or on top; the large ones of a moment first.
std::vector<std::uint64_t> plain_best_fit(const FixedArray<Item>& items) {
  std::vector<std::uint32_t> order;
  for (std::uint32_t i = 0; i < items.size(); ++i) order.push_back(i);
  std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    return std::tuple(items[a].first, items[b].size, a) < std::tuple(items[b].first, items[a].size, b);
  });
  std::vector<std::uint64_t> offsets(items.size());
  std::vector<std::uint32_t> live;
  for (const std::uint32_t born : order) {
    live.erase(std::remove_if(live.begin(), live.end(),
                              [&](std::uint32_t item) { return items[item].last <= items[born].first; }),
               live.end());
    std::map<std::uint64_t, std::uint64_t> ends;  // by offset
    for (const std::uint32_t item : live) ends[offsets[item]] = offsets[item] + items[item].size;
    std::uint64_t at = 0;
    std::uint64_t smallest = ~std::uint64_t{0};
    std::uint64_t end = 0;
    for (const auto& [offset, next_end] : ends) {
      const std::uint64_t gap = offset - end;
      if (gap >= items[born].size && gap < smallest) {
        smallest = gap;
        at = end;
      }
      end = next_end;
    }
    offsets[born] = smallest == ~std::uint64_t{0} ? end : at;
    live.push_back(born);
  }
  return offsets;
}

}  // namespace

TEST_CASE("of lifetimes the sections are what can be live together, and their loads how much that is",
          "[memory][planner]") {
  Random random(41);
  for (int round = 0; round < 200; ++round) {
    const std::vector<PlannedBlock> blocks = random_blocks(random, 1 + below(random, 30));
    const std::uint64_t granule = std::uint64_t{1} << below(random, 6);
    Problem problem;
    REQUIRE(read_problem(blocks, granule, problem) == Status::ok);
    REQUIRE(problem.items.size() == blocks.size());
    std::uint64_t highest = 0;
    for (std::size_t i = 0; i < blocks.size(); ++i) {
      REQUIRE(problem.items[i].size == (blocks[i].size_bytes + granule - 1) / granule);
      REQUIRE(problem.items[i].first < problem.items[i].last);
      REQUIRE(problem.items[i].last <= problem.loads.size());
      for (std::size_t j = 0; j < i; ++j) {
        const bool meet = blocks[i].begin < blocks[j].end && blocks[j].begin < blocks[i].end;
        const bool share =
            problem.items[i].first < problem.items[j].last && problem.items[j].first < problem.items[i].last;
        REQUIRE(meet == share);
      }
    }
    std::set<std::vector<bool>> sets;
    for (std::uint32_t section = 0; section < problem.loads.size(); ++section) {
      std::uint64_t load = 0;
      std::vector<bool> live;
      for (const Item& item : problem.items) {
        live.push_back(item.first <= section && section < item.last);
        load += live.back() ? item.size : 0;
      }
      REQUIRE(problem.loads[section] == load);
      highest = std::max(highest, load);
      // Each tells something that no other does.
      REQUIRE(sets.insert(live).second);
      if (section > 0) {
        const auto began = [&](const Item& item) { return item.first == section; };
        REQUIRE(std::any_of(problem.items.begin(), problem.items.end(), began));
        const auto ended = [&](const Item& item) { return item.last == section; };
        REQUIRE(std::any_of(problem.items.begin(), problem.items.end(), ended));
      }
    }
    REQUIRE(problem.lower_bound == highest);
  }
}

TEST_CASE("the first plan is the best fit, item by item", "[memory][planner]") {
  Random random(42);
  BestFit best_fit;
  REQUIRE(best_fit.allocate(60));  // for one problem after the other
  for (int round = 0; round < 400; ++round) {
    const std::vector<PlannedBlock> blocks = random_blocks(random, 1 + below(random, 60));
    Problem problem;
    REQUIRE(read_problem(blocks, 1, problem) == Status::ok);
    std::vector<std::uint64_t> offsets(blocks.size());
    best_fit.plan({problem.items.data(), problem.items.size()}, offsets);
    REQUIRE(offsets == plain_best_fit(problem.items));
  }
}
