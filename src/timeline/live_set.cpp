#include "timeline/live_set.hpp"

#include <algorithm>
#include <utility>

#include "timeline/rows.hpp"

namespace bufgc::timeline {
namespace {

void keep_largest(const Lifecycles& lifecycles, std::vector<std::uint32_t>& rows, std::size_t most) {
  const auto larger = [&](std::uint32_t a, std::uint32_t b) {
    const std::uint64_t size_a = lifecycles.size_bytes[a];
    const std::uint64_t size_b = lifecycles.size_bytes[b];
    return size_a != size_b ? size_a > size_b : a < b;
  };
  const std::size_t kept = std::min(most, rows.size());
  const auto end = rows.begin() + static_cast<std::ptrdiff_t>(kept);
  std::partial_sort(rows.begin(), end, rows.end(), larger);
  rows.erase(end, rows.end());
}

}  // namespace

LiveSet live_set(const Lifecycles& lifecycles, const LiveSetQuery& query,
                 const std::vector<std::uint8_t>& matches, const ColorMap* colors) {
  LiveSet set;
  if (lifecycles.event_count() == 0) return set;
  const std::uint64_t event = std::min<std::uint64_t>(query.event, lifecycles.event_count() - 1);
  const Grouping parts = group_of_rows(lifecycles, query.by);
  std::vector<LiveGroup> counts(parts.groups);
  std::vector<std::uint32_t> some_row(parts.groups, Lifecycles::none);
  for (std::uint32_t row = 0; row < lifecycles.size(); ++row) {
    if (!lives_after(lifecycles, row, event)) continue;
    const std::uint64_t bytes = live_bytes(lifecycles, row);
    LiveGroup& group = counts[parts.of(row)];
    ++group.buffers;
    group.bytes += bytes;
    ++set.buffers;
    set.bytes += bytes;
    some_row[parts.of(row)] = row;
    if (bytes != 0 && row < matches.size() && matches[row] != 0) set.largest.push_back(row);
  }
  keep_largest(lifecycles, set.largest, query.most_rows);
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i].buffers == 0) continue;
    counts[i].name = group_name(lifecycles, query.by, i, some_row[i]);
    counts[i].has_color = colors != nullptr;
    if (colors != nullptr) counts[i].color = colors->of(some_row[i]);
    set.groups.push_back(std::move(counts[i]));
  }
  std::stable_sort(set.groups.begin(), set.groups.end(), [](const LiveGroup& a, const LiveGroup& b) {
    return std::pair(a.bytes, a.buffers) > std::pair(b.bytes, b.buffers);
  });
  return set;
}

}  // namespace bufgc::timeline
