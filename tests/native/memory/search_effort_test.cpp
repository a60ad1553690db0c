// How much the offset planner's search has to try. Each rule by which it passes over a choice, and the order
// in which it tries the others, has its part in these numbers: they stay as they are until one is meant to
// change.

#include <algorithm>
#include <chrono>
#include <numeric>
#include <tuple>
#include <utility>
#include <vector>

#include "bufgc/memory/offset_planner_part.hpp"
#include "bufgc/memory/offset_planner_problem.hpp"
#include "bufgc/memory/offset_planner_search.hpp"
#include "memory/support.hpp"

using namespace bufgc;
using namespace bufgc::planning;
using namespace bufgc::testing;

namespace {

/// A problem as the search wants it.
struct Sorted {
  std::vector<Item> items;
  std::size_t sections = 0;
  std::uint64_t lower_bound = 0;

  /// A rectangle of `times` by `height` cut into so many: a plan of just that height has no room to spare.
  Sorted(Random& random, std::size_t count, std::size_t times, std::size_t height) {
    std::vector<PlannedBlock> blocks{{0, static_cast<std::uint32_t>(times), height}};
    while (blocks.size() < count) {
      PlannedBlock& whole = blocks[below(random, blocks.size())];
      PlannedBlock other = whole;
      if (below(random, 2) == 0 && whole.size_bytes > 1) {
        other.size_bytes = 1 + below(random, static_cast<std::size_t>(whole.size_bytes) - 1);
        whole.size_bytes -= other.size_bytes;
      } else if (whole.end - whole.begin > 1) {
        other.begin += static_cast<std::uint32_t>(1 + below(random, whole.end - whole.begin - 1));
        whole.end = other.begin;
      } else {
        continue;
      }
      blocks.push_back(other);
    }
    // Some of it is left out, or takes the place of that.
    if (below(random, 2) == 0) blocks.pop_back();
    if (below(random, 2) == 0) {
      PlannedBlock& longer = blocks[below(random, blocks.size())];
      longer.end = std::min(longer.end + 1, static_cast<std::uint32_t>(times));
    }
    Problem problem;
    REQUIRE(read_problem(blocks, 1, problem) == Status::ok);
    items.assign(problem.items.begin(), problem.items.end());
    std::sort(items.begin(), items.end(), [](const Item& a, const Item& b) {
      return std::tuple(a.first, ~a.last, ~a.size) < std::tuple(b.first, ~b.last, ~b.size);
    });
    sections = problem.loads.size();
    lower_bound = problem.lower_bound;
  }
};

const Deadline never(std::chrono::hours(1));

struct Shape {
  std::size_t items;
  std::size_t times;
  std::size_t height;
  std::uint64_t expected;
};

/// The nodes that a search looks at until it knows; `most` when it does not before.
std::uint64_t nodes_needed(Search& search, const std::vector<std::uint32_t>& ranks, std::int32_t height,
                           std::uint64_t most) {
  if (search.run(ranks, height, most, never) == Outcome::gave_up) return most;
  std::uint64_t too_few = 0;
  std::uint64_t enough = most;
  while (enough - too_few > 1) {
    const std::uint64_t middle = too_few + (enough - too_few) / 2;
    (search.run(ranks, height, middle, never) == Outcome::gave_up ? too_few : enough) = middle;
  }
  return enough;
}

}  // namespace

TEST_CASE("the search passes over what it may pass over, and looks at no more", "[memory][planner]") {
  constexpr Shape shapes[] = {
      {12, 8, 30, 430}, {20, 10, 40, 925}, {40, 20, 100, 1768}, {60, 30, 60, 14687}, {80, 20, 400, 56805}};
  Random random(51);
  for (const Shape& shape : shapes) {
    std::uint64_t nodes = 0;
    for (int round = 0; round < 12; ++round) {
      const Sorted sorted(random, shape.items, shape.times, shape.height);
      Search search;
      REQUIRE(search.prepare(sorted.items, sorted.sections));
      std::vector<std::uint32_t> ranks(sorted.items.size());
      std::iota(ranks.begin(), ranks.end(), 0);
      for (std::size_t i = ranks.size(); i > 1; --i) std::swap(ranks[i - 1], ranks[below(random, i)]);
      for (const std::uint64_t above : {0U, 1U, 3U}) {
        nodes += nodes_needed(search, ranks, static_cast<std::int32_t>(sorted.lower_bound + above), 4000);
      }
    }
    INFO(shape.items << " items");
    CHECK(nodes == shape.expected);
  }
}

TEST_CASE("so many tries lead to the lowest plans", "[memory][planner]") {
  constexpr Shape shapes[] = {{60, 30, 60, 28}, {80, 30, 200, 34}, {100, 20, 100, 215}};
  Random random(52);
  for (const Shape& shape : shapes) {
    std::uint64_t tries = 0;
    for (int round = 0; round < 20; ++round) {
      const Sorted sorted(random, shape.items, shape.times, shape.height);
      PartSearch search;
      Progress progress;
      progress.height = std::accumulate(sorted.items.begin(), sorted.items.end(), std::uint64_t{1},
                                        [](std::uint64_t sum, const Item& item) { return sum + item.size; });
      std::vector<std::uint64_t> offsets(sorted.items.size());
      search.lower(sorted.items, sorted.sections, 0, 0, progress, offsets, never);
      REQUIRE(progress.is_over);
      std::uint64_t height = 0;
      for (std::size_t i = 0; i < offsets.size(); ++i)
        height = std::max(height, offsets[i] + sorted.items[i].size);
      REQUIRE(progress.height == height);
      REQUIRE(height >= sorted.lower_bound);
      tries += progress.round;
    }
    INFO(shape.items << " items");
    CHECK(tries == shape.expected);
  }
}
