#include "bufgc/memory/offset_planner_problem.hpp"

#include <algorithm>
#include <limits>

#include "bufgc/memory/align.hpp"

namespace bufgc::planning {
namespace {

constexpr std::uint64_t most_bytes = std::numeric_limits<std::uint64_t>::max() / 2;
constexpr std::size_t most_blocks = std::size_t{1} << 31U;

bool is_power_of_two(std::uint64_t value) noexcept {
  return value != 0 && (value & (value - 1)) == 0;
}

/// An event that sorts by time, ends before begins.
constexpr std::uint64_t event_key(std::uint32_t time, bool is_begin, std::size_t index) noexcept {
  return std::uint64_t{time} << 32U | std::uint64_t{is_begin} << 31U | index;
}

/// Reads sizes into granules; lifetimes become sections later.
Status read_sizes(std::span<const PlannedBlock> blocks, std::uint64_t granule_bytes,
                  FixedArray<Item>& items) noexcept {
  std::uint64_t rest = most_bytes;
  const unsigned shift = floor_log2(granule_bytes);
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const PlannedBlock& block = blocks[i];
    if (block.begin >= block.end || block.size_bytes == 0) return Status::invalid_argument;
    const std::uint64_t granules = ((block.size_bytes - 1) >> shift) + 1;
    if (granules > rest >> shift) return Status::invalid_argument;
    rest -= granules << shift;
    items[i].size = granules;
  }
  return Status::ok;
}

/// Cuts time into sections; answers how many there are.
std::uint32_t read_sections(const FixedArray<std::uint64_t>& events, FixedArray<Item>& items) noexcept {
  constexpr std::uint64_t begin_bit = std::uint64_t{1} << 31U;
  std::uint32_t section = 0;
  bool ended = false;
  for (const std::uint64_t event : events) {
    Item& item = items[static_cast<std::size_t>(event & (begin_bit - 1))];
    if ((event & begin_bit) == 0) {
      item.last = section + 1;
      ended = true;
    } else {
      if (ended) ++section;
      ended = false;
      item.first = section;
    }
  }
  return section + 1;
}

}  // namespace

Status read_problem(std::span<const PlannedBlock> blocks, std::uint64_t granule_bytes,
                    Problem& problem) noexcept {
  if (!is_power_of_two(granule_bytes) || blocks.size() > most_blocks) return Status::invalid_argument;
  FixedArray<std::uint64_t> events;
  if (!problem.items.allocate(blocks.size()) || !events.allocate(blocks.size() * 2)) {
    return Status::out_of_memory;
  }
  const Status status = read_sizes(blocks, granule_bytes, problem.items);
  if (status != Status::ok) return status;
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    events[2 * i] = event_key(blocks[i].begin, true, i);
    events[2 * i + 1] = event_key(blocks[i].end, false, i);
  }
  std::sort(events.begin(), events.end());
  if (!problem.loads.allocate(read_sections(events, problem.items))) return Status::out_of_memory;

  // First the changes from section to section (unsigned arithmetic may wrap here), then their sums.
  for (const Item& item : problem.items) {
    problem.loads[item.first] += item.size;
    if (item.last < problem.loads.size()) problem.loads[item.last] -= item.size;
  }
  std::uint64_t load = 0;
  for (std::uint64_t& change : problem.loads) {
    load += change;
    change = load;
    problem.lower_bound = std::max(problem.lower_bound, load);
  }
  return Status::ok;
}

}  // namespace bufgc::planning
