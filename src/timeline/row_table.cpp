#include "timeline/row_table.hpp"

#include <algorithm>
#include <numeric>

#include "timeline/rows.hpp"
#include "timeline/use_counts.hpp"

namespace bufgc::timeline {
namespace {

/// Each string's place in alphabetical order, so that rows compare numbers.
std::vector<std::uint32_t> alphabetical(const StringTable& strings) {
  std::vector<std::uint32_t> order(strings.size());
  std::iota(order.begin(), order.end(), 0U);
  std::sort(order.begin(), order.end(),
            [&](std::uint32_t a, std::uint32_t b) { return strings.at(a) < strings.at(b); });
  std::vector<std::uint32_t> rank(order.size());
  for (std::uint32_t i = 0; i < order.size(); ++i) rank[order[i]] = i;
  return rank;
}

template <class Column>
std::vector<std::uint64_t> keys_of(std::size_t rows, Column&& column) {
  std::vector<std::uint64_t> keys(rows);
  for (std::size_t row = 0; row < rows; ++row) keys[row] = column(row);
  return keys;
}

std::vector<std::uint64_t> sort_keys(const Lifecycles& lifecycles, SortKey key) {
  const std::size_t rows = lifecycles.size();
  switch (key) {
    case SortKey::row:
      break;
    case SortKey::id:
      return lifecycles.id;
    case SortKey::size:
      return lifecycles.size_bytes;
    case SortKey::label:
    case SortKey::dtype: {
      const std::vector<std::uint32_t> rank = alphabetical(lifecycles.strings);
      const auto& names = key == SortKey::label ? lifecycles.label : lifecycles.dtype;
      return keys_of(rows, [&](std::size_t row) { return rank[names[row]]; });
    }
    case SortKey::alloc_event:
      return {lifecycles.alloc_event.begin(), lifecycles.alloc_event.end()};
    case SortKey::free_event:
      return {lifecycles.free_event.begin(), lifecycles.free_event.end()};
    case SortKey::lifetime_events:
      return keys_of(rows, [&](std::size_t row) { return lifetime_events(lifecycles, row); });
    case SortKey::use_count: {
      const UseCounts counts(lifecycles);
      return keys_of(rows, [&](std::size_t row) { return counts.of(row); });
    }
    case SortKey::cause:
      return {lifecycles.cause.begin(), lifecycles.cause.end()};
  }
  return {};
}

void sort_by_key(const Lifecycles& lifecycles, SortOrder order, std::vector<std::uint32_t>& rows) {
  const std::vector<std::uint64_t> keys = sort_keys(lifecycles, order.key);
  const auto before = [&](std::uint32_t a, std::uint32_t b) {
    return order.descending ? keys[a] > keys[b] : keys[a] < keys[b];
  };
  if (!std::is_sorted(rows.begin(), rows.end(), before)) std::stable_sort(rows.begin(), rows.end(), before);
}

void count(const Lifecycles& lifecycles, std::size_t row, Group& group) {
  const std::uint64_t bytes = live_bytes(lifecycles, row);
  ++group.buffers;
  group.bytes += bytes;
  if (is_alive_at_end(lifecycles, row)) {
    ++group.alive_buffers;
    group.alive_bytes += bytes;
  }
}

}  // namespace

std::vector<std::uint32_t> sorted_rows(const Lifecycles& lifecycles, const std::vector<std::uint8_t>& matches,
                                       SortOrder order) {
  std::vector<std::uint32_t> rows;
  rows.reserve(static_cast<std::size_t>(
      std::count_if(matches.begin(), matches.end(), [](std::uint8_t match) { return match != 0; })));
  for (std::uint32_t row = 0; row < matches.size(); ++row) {
    if (matches[row] != 0) rows.push_back(row);
  }
  if (order.key != SortKey::row) {
    sort_by_key(lifecycles, order, rows);
  } else if (order.descending) {
    std::reverse(rows.begin(), rows.end());
  }
  if (order.alive_first) {
    std::stable_partition(rows.begin(), rows.end(),
                          [&](std::uint32_t row) { return is_alive_at_end(lifecycles, row); });
  }
  return rows;
}

std::vector<Group> group_rows(const Lifecycles& lifecycles, const std::vector<std::uint8_t>& matches,
                              GroupBy by, const ColorMap* colors, TraceEnd end) {
  const Grouping parts = group_of_rows(lifecycles, by);
  std::vector<Group> counts(parts.groups);
  std::vector<std::uint32_t> some_row(parts.groups, Lifecycles::none);
  for (std::size_t row = 0; row < matches.size(); ++row) {
    if (matches[row] == 0) continue;
    count(lifecycles, row, counts[parts.of(row)]);
    some_row[parts.of(row)] = static_cast<std::uint32_t>(row);
  }
  std::vector<Group> groups;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i].buffers == 0) continue;
    counts[i].name = group_name(lifecycles, by, i, some_row[i], end);
    counts[i].has_color = colors != nullptr;
    // A released external buffer has a colour of its own; the group shows that of the others.
    if (colors != nullptr) {
      counts[i].color = by == GroupBy::state && i == 0 ? released_color : colors->of(some_row[i]);
    }
    groups.push_back(std::move(counts[i]));
  }
  if (!is_ordered(by)) {
    std::stable_sort(groups.begin(), groups.end(),
                     [](const Group& a, const Group& b) { return a.bytes > b.bytes; });
  }
  return groups;
}

Neighbours neighbours_at_address(const Lifecycles& lifecycles, const AddressBlocks& blocks,
                                 std::uint32_t row) noexcept {
  constexpr std::uint32_t length = AddressBlocks::length;
  Neighbours found;
  const std::uint64_t address = lifecycles.address[row];
  if (address == Lifecycles::no_address || is_view(lifecycles, row)) return found;
  const auto same = [&](std::uint32_t other) {
    return lifecycles.address[other] == address && !is_view(lifecycles, other);
  };
  for (std::uint32_t other = row; other-- > 0;) {
    if (other % length == length - 1 && !blocks.rows_touch(other / length, address, 1)) {
      other -= length - 1;
    } else if (same(other)) {
      found.previous = other;
      break;
    }
  }
  for (std::uint32_t other = row + 1; other < lifecycles.size(); ++other) {
    if (other % length == 0 && !blocks.rows_touch(other / length, address, 1)) {
      other += length - 1;
    } else if (same(other)) {
      found.next = other;
      break;
    }
  }
  return found;
}

}  // namespace bufgc::timeline
