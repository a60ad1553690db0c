// The offset planner: plans are valid whatever the lifetimes, and low.

#include "bufgc/memory/offset_planner.hpp"

#include <algorithm>
#include <chrono>
#include <limits>
#include <map>

#include "memory/support.hpp"

using namespace bufgc;
using namespace bufgc::testing;
using namespace std::chrono_literals;

namespace {

using Blocks = std::vector<PlannedBlock>;

std::uint64_t rounded(std::uint64_t size, std::uint64_t granule) {
  return (size + granule - 1) / granule * granule;
}

/// What is wrong with `plan`, or null. Walks the events with an ordered map of what is live, and so
/// shares no idea with the planner.
const char* fault_of(const OffsetPlan& plan, const Blocks& blocks, std::uint64_t granule) {
  if (plan.offsets_bytes.size() != blocks.size()) return "not one offset a block";
  std::vector<std::pair<std::uint64_t, std::size_t>> events;  // ends sort before begins
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    events.emplace_back(std::uint64_t{blocks[i].begin} * 2 + 1, i);
    events.emplace_back(std::uint64_t{blocks[i].end} * 2, i);
  }
  std::sort(events.begin(), events.end());
  std::map<std::uint64_t, std::uint64_t> live;  // by offset, with the end
  std::uint64_t live_bytes = 0;
  std::uint64_t most_bytes = 0;
  std::uint64_t height = 0;
  for (const auto& [time, i] : events) {
    const std::uint64_t offset = plan.offsets_bytes[i];
    const std::uint64_t size = rounded(blocks[i].size_bytes, granule);
    if (time % 2 == 0) {
      live.erase(offset);
      live_bytes -= size;
      continue;
    }
    if (offset % granule != 0) return "an offset off the granule";
    const auto above = live.lower_bound(offset);
    if (above != live.end() && above->first < offset + size) return "overlap with the block above";
    if (above != live.begin() && std::prev(above)->second > offset) return "overlap with the block below";
    live.emplace(offset, offset + size);
    live_bytes += size;
    most_bytes = std::max(most_bytes, live_bytes);
    height = std::max(height, offset + size);
  }
  if (plan.lower_bound_bytes != most_bytes) return "a lower bound that is not the most live";
  if (plan.height_bytes != height) return "a height that is not the blocks'";
  return nullptr;
}

}  // namespace

TEST_CASE("a plan of random lifetimes has no overlap", "[memory][planner]") {
  const std::uint64_t seed = Catch::rngSeed();
  INFO("seed " << seed);
  Random random(seed);
  for (int round = 0; round < 200; ++round) {
    Blocks blocks(below(random, 60));
    for (PlannedBlock& block : blocks) {
      block.begin = static_cast<std::uint32_t>(below(random, 40));
      block.end = block.begin + 1 + static_cast<std::uint32_t>(below(random, 20));
      block.size_bytes = 1 + below(random, 1000);
    }
    const std::uint64_t granule = std::uint64_t{1} << below(random, 8);
    const auto plan = plan_offsets(blocks, granule, 1ms);
    REQUIRE(plan.status == Status::ok);
    const char* fault = fault_of(plan.value, blocks, granule);
    INFO((fault == nullptr ? "" : fault));
    REQUIRE(fault == nullptr);
  }
}

TEST_CASE("what cannot be planned is told", "[memory][planner]") {
  constexpr std::uint64_t half = std::uint64_t{1} << 63U;
  const auto status = [](const Blocks& blocks, std::uint64_t granule = 64) {
    return plan_offsets(blocks, granule, 1ms).status;
  };
  CHECK(status({{1, 1, 64}}) == Status::invalid_argument);
  CHECK(status({{2, 1, 64}}) == Status::invalid_argument);
  CHECK(status({{0, 1, 0}}) == Status::invalid_argument);
  CHECK(status({{0, 1, 64}}, 0) == Status::invalid_argument);
  CHECK(status({{0, 1, 64}}, 48) == Status::invalid_argument);
  CHECK(status({{0, 1, std::numeric_limits<std::uint64_t>::max()}}) == Status::invalid_argument);
  CHECK(status({{0, 1, half}}) == Status::invalid_argument);
  CHECK(status({{0, 1, half / 2}, {1, 2, half / 2}}) == Status::invalid_argument);
  CHECK(status({{0, 1, half - 64}, {1, 2, 1}}) == Status::invalid_argument);
  CHECK(status({{0, 1, half / 2}, {1, 2, half / 2 - 64}}) == Status::ok);
  CHECK(status({{0, 1, half - 1}}, 1) == Status::ok);
  CHECK(status({{0, std::numeric_limits<std::uint32_t>::max(), 1}}, half / 2) == Status::ok);
  CHECK(status({}) == Status::ok);
}
