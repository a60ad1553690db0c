#include "timeline/growth.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "timeline/rows.hpp"

namespace bufgc::timeline {
namespace {

constexpr std::size_t samples = GroupGrowth::samples;
constexpr std::uint32_t unlisted = std::numeric_limits<std::uint32_t>::max();

struct Candidate {
  std::uint32_t group = 0;
  std::uint32_t some_row = 0;
  std::uint64_t buffers = 0;
  std::uint64_t bytes = 0;
};

/// Every group with a member alive at the end, the largest first.
std::vector<Candidate> alive_groups(const Lifecycles& lifecycles, const Grouping& parts,
                                    const std::vector<std::uint8_t>& matches) {
  std::vector<Candidate> all(parts.groups);
  for (std::uint32_t row = 0; row < matches.size(); ++row) {
    if (matches[row] == 0 || !is_alive_at_end(lifecycles, row)) continue;
    Candidate& group = all[parts.of(row)];
    group.group = parts.of(row);
    group.some_row = row;
    ++group.buffers;
    group.bytes += live_bytes(lifecycles, row);
  }
  std::erase_if(all, [](const Candidate& group) { return group.buffers == 0; });
  std::stable_sort(all.begin(), all.end(), [](const Candidate& a, const Candidate& b) {
    return std::pair(a.bytes, a.buffers) > std::pair(b.bytes, b.buffers);
  });
  return all;
}

/// How many of each listed group live as the events go by.
class Census {
 public:
  Census(const Lifecycles& lifecycles, std::vector<std::uint32_t> place_of_row, std::vector<GroupGrowth>& out)
      : lifecycles_(lifecycles), place_of_row_(std::move(place_of_row)), out_(out), alive_(out.size()) {}

  void count() {
    for (std::uint32_t row = 0; row < place_of_row_.size(); ++row) {
      if (place_of_row_[row] != unlisted && !born_in_log(lifecycles_, row)) ++alive_[place_of_row_[row]];
    }
    const std::size_t events = lifecycles_.event_count();
    for (std::size_t part = 0; part < samples; ++part) {
      for (std::size_t i = 0; i < out_.size(); ++i) out_[i].floor[part] = alive_[i];
      const std::size_t end = events * (part + 1) / samples;
      for (std::size_t event = events * part / samples; event < end; ++event) step(event, part);
    }
  }

 private:
  void step(std::size_t event, std::size_t part) {
    using Kind = Lifecycles::EventKind;
    const Kind kind = lifecycles_.event_kind[event];
    if (kind != Kind::alloc && kind != Kind::free) return;
    const std::uint32_t row = lifecycles_.event_row[event];
    if (row >= place_of_row_.size() || place_of_row_[row] == unlisted) return;
    const std::uint32_t place = place_of_row_[row];
    if (kind == Kind::alloc) {
      ++alive_[place];
    } else {
      std::uint32_t& floor = out_[place].floor[part];
      floor = std::min(floor, --alive_[place]);
    }
  }

  const Lifecycles& lifecycles_;
  std::vector<std::uint32_t> place_of_row_;
  std::vector<GroupGrowth>& out_;
  std::vector<std::uint32_t> alive_;
};

}  // namespace

bool rises(const std::array<std::uint32_t, samples>& floor) noexcept {
  constexpr std::size_t quarter = samples / 4;
  std::size_t rising = 0;
  std::uint32_t before = floor.front();
  for (std::size_t end = quarter - 1; end < samples; end += quarter) {
    if (floor[end] > before) ++rising;
    before = floor[end];
  }
  return rising >= 3 && before == *std::max_element(floor.begin(), floor.end());
}

Growth growth_of_groups(const Lifecycles& lifecycles, GroupBy by, const std::vector<std::uint8_t>& matches,
                        std::size_t most_groups) {
  Growth growth;
  const Grouping parts = group_of_rows(lifecycles, by);
  std::vector<Candidate> listed = alive_groups(lifecycles, parts, matches);
  growth.all_groups = listed.size();
  listed.resize(std::min(listed.size(), most_groups));

  std::vector<std::uint32_t> place_of_group(parts.groups, unlisted);
  for (const Candidate& group : listed) {
    place_of_group[group.group] = static_cast<std::uint32_t>(growth.groups.size());
    GroupGrowth& out = growth.groups.emplace_back();
    out.name = group_name(lifecycles, by, group.group, group.some_row);
    out.buffers = group.buffers;
    out.bytes = group.bytes;
  }
  std::vector<std::uint32_t> place_of_row(matches.size(), unlisted);
  for (std::uint32_t row = 0; row < matches.size(); ++row) {
    if (matches[row] == 0) continue;
    place_of_row[row] = place_of_group[parts.of(row)];
    if (place_of_row[row] != unlisted) ++growth.groups[place_of_row[row]].total_buffers;
  }
  Census(lifecycles, std::move(place_of_row), growth.groups).count();
  for (GroupGrowth& group : growth.groups) group.grows = rises(group.floor);
  return growth;
}

}  // namespace bufgc::timeline
