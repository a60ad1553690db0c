#include "timeline/diff.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "timeline/matching.hpp"
#include "timeline/rows.hpp"
#include "timeline/summary.hpp"

namespace bufgc::timeline {
namespace {

std::uint64_t distance(std::uint64_t a, std::uint64_t b) noexcept {
  return a < b ? b - a : a - b;
}

DiffTotals totals_of(const DiffTrace& trace) {
  const Summary summary = summarise(trace.lifecycles, trace.levels);
  DiffTotals totals;
  totals.events = summary.events;
  totals.buffers = summary.buffers;
  totals.frees = summary.buffers - summary.alive_at_end_buffers;
  totals.total_allocated_bytes = summary.total_allocated_bytes;
  totals.max_live_bytes = summary.max_live_bytes;
  totals.max_live_buffers = summary.max_live_buffers;
  totals.max_reserved_bytes = trace.levels.maxima().reserved_bytes;
  totals.alive_at_end_buffers = summary.alive_at_end_buffers;
  totals.alive_at_end_bytes = summary.alive_at_end_bytes;
  totals.cache_hits = cache_hits(trace.lifecycles);
  return totals;
}

/// Where a row was born, from the beginning of what it is aligned by.
std::uint64_t birth_place(const Lifecycles& trace, const PhaseTrack& track, std::uint32_t row, Align align) {
  const std::uint32_t event = trace.alloc_event[row];
  switch (align) {
    case Align::event:
      break;
    case Align::time:
      return EventClock(trace).time_of(event);
    case Align::phase:
      return event - track.first_event[track.own_at(event)];
  }
  return event;
}

bool ends_differ(const Lifecycles& a, std::uint32_t row_a, const Lifecycles& b, std::uint32_t row_b) {
  if (is_alive_at_end(a, row_a) || is_alive_at_end(b, row_b))
    return is_alive_at_end(a, row_a) != is_alive_at_end(b, row_b);
  return a.cause[row_a] != b.cause[row_b] && a.cause[row_a] != Lifecycles::unknown &&
         b.cause[row_b] != Lifecycles::unknown;
}

std::uint8_t changes_of(const Lifecycles& a, std::uint32_t row_a, const Lifecycles& b, std::uint32_t row_b,
                        const CommonStrings& strings, Align align) {
  unsigned changes = 0;
  if (a.size_bytes[row_a] != b.size_bytes[row_b]) changes |= DiffPair::size;
  if (a.dtype[row_a] != strings.of_second(b.dtype[row_b])) changes |= DiffPair::dtype;
  if (ends_differ(a, row_a, b, row_b)) changes |= DiffPair::end;
  const bool released = !is_alive_at_end(a, row_a) && !is_alive_at_end(b, row_b);
  if (released && diff_lifetime(a, row_a, align) != diff_lifetime(b, row_b, align))
    changes |= DiffPair::lifetime;
  return static_cast<std::uint8_t>(changes);
}

/// A changed pair and how far to the front it belongs: the lower rank, then the greater weight.
struct WeighedPair {
  DiffPair pair;
  std::uint8_t rank;
  std::uint64_t weight;
};
WeighedPair weighed(const DiffPair& pair, const Lifecycles& a, const Lifecycles& b, Align align) {
  if ((pair.changes & (DiffPair::size | DiffPair::dtype)) != 0)
    return {pair, 0, distance(a.size_bytes[pair.first], b.size_bytes[pair.second])};
  if ((pair.changes & DiffPair::end) != 0) return {pair, 1, a.size_bytes[pair.first]};
  return {pair, 2, distance(diff_lifetime(a, pair.first, align), diff_lifetime(b, pair.second, align))};
}

std::vector<DiffPair> sorted_pairs(std::vector<WeighedPair> pairs) {
  std::sort(pairs.begin(), pairs.end(), [](const WeighedPair& one, const WeighedPair& other) {
    if (one.rank != other.rank) return one.rank < other.rank;
    if (one.weight != other.weight) return one.weight > other.weight;
    return one.pair.first < other.pair.first;
  });
  std::vector<DiffPair> out;
  out.reserve(pairs.size());
  for (const WeighedPair& entry : pairs) out.push_back(entry.pair);
  return out;
}

std::vector<std::uint32_t> largest_first(const Lifecycles& trace, std::vector<std::uint32_t> rows) {
  std::stable_sort(rows.begin(), rows.end(), [&](std::uint32_t a, std::uint32_t b) {
    return trace.size_bytes[a] > trace.size_bytes[b];
  });
  return rows;
}

void count_changes(DiffCounts& counts, std::uint8_t changes) {
  ++counts.changed;
  if ((changes & DiffPair::size) != 0) ++counts.size_changed;
  if ((changes & DiffPair::dtype) != 0) ++counts.dtype_changed;
  if ((changes & DiffPair::end) != 0) ++counts.end_changed;
  if ((changes & DiffPair::lifetime) != 0) ++counts.lifetime_changed;
}

/// The groups of two traces under one numbering: what both name alike is one group.
struct CommonGrouping {
  Grouping first;
  Grouping second;
  std::size_t groups = 0;
};
CommonGrouping common_grouping(const Lifecycles& a, const Lifecycles& b, GroupBy by) {
  CommonGrouping out{group_of_rows(a, by), group_of_rows(b, by)};
  out.groups = out.first.groups;
  if (by == GroupBy::label || by == GroupBy::dtype || by == GroupBy::site) {
    const bool sites = by == GroupBy::site;
    const CommonStrings strings =
        sites ? CommonStrings(site_names(a).names, site_names(b).names) : CommonStrings(a.strings, b.strings);
    if (const auto* const names = std::exchange(out.second.names, nullptr); names != nullptr)
      out.second.classes.assign(names->begin(), names->end());
    for (std::uint32_t& group : out.second.classes) group = strings.of_second(group);
    out.groups = strings.count();
  }
  return out;
}

/// The number of a row's group in its own trace.
std::uint32_t own_number(const Lifecycles& trace, GroupBy by, std::uint32_t row, std::uint32_t common) {
  switch (by) {
    case GroupBy::label:
      return trace.label[row];
    case GroupBy::dtype:
      return trace.dtype[row];
    case GroupBy::site:
    case GroupBy::size:
    case GroupBy::state:
    case GroupBy::cause:
    case GroupBy::lifetime:
      break;
  }
  return common;
}

struct GroupCounts {
  DiffGroup group;
  std::uint32_t row = Lifecycles::none;  ///< Some member, and of which trace it is.
  bool of_first = false;
};

void count_rows(const DiffTrace& trace, const Grouping& parts, DiffGroupSide DiffGroup::*side,
                std::vector<GroupCounts>& counts) {
  const Lifecycles& rows = trace.lifecycles;
  const std::uint32_t peak = trace.levels.max_live_event();
  for (std::uint32_t row = 0; row < rows.size(); ++row) {
    GroupCounts& entry = counts[parts.of(row)];
    DiffGroupSide& figures = entry.group.*side;
    const std::uint64_t bytes = live_bytes(rows, row);
    ++figures.buffers;
    figures.bytes += bytes;
    if (lives_after(rows, row, peak)) figures.peak_bytes += bytes;
    if (is_alive_at_end(rows, row)) {
      ++figures.alive_buffers;
      figures.alive_bytes += bytes;
    }
    if (entry.row == Lifecycles::none) {
      entry.row = row;
      entry.of_first = side == &DiffGroup::first;
    }
  }
}

bool goes_before(const DiffGroup& a, const DiffGroup& b) noexcept {
  const auto weight = [](const DiffGroup& group) {
    const DiffGroupSide& first = group.first;
    const DiffGroupSide& second = group.second;
    return std::tuple(first.buffers == 0 || second.buffers == 0, distance(first.bytes, second.bytes),
                      distance(first.peak_bytes, second.peak_bytes),
                      distance(first.alive_bytes, second.alive_bytes),
                      distance(first.buffers, second.buffers), group.changed);
  };
  return weight(a) > weight(b);
}

struct LevelSeries {
  std::vector<double> live;
  std::vector<double> reserved;
};

LevelSeries levels_of(const DiffTrace& trace, const PhaseTrack& track, Align align, const Columns& columns) {
  const EventClock clock(trace.lifecycles);
  if (align != Align::phase) {
    LevelColumns cut = trace.levels.resample(clock, align == Align::time ? Axis::time : Axis::event, columns);
    return {std::move(cut.live_max), std::move(cut.reserved_max)};
  }
  // Phases differ in length, so columns of one width are not so in events: one at a time.
  LevelSeries out;
  for (std::uint32_t column = 0; column < columns.count; ++column) {
    const double begin = event_in_phases(track, columns.left(column));
    const double end = event_in_phases(track, columns.left(std::int64_t{column} + 1));
    const LevelColumns one = trace.levels.resample(clock, Axis::event, {begin, end, 1});
    out.live.push_back(one.live_max.front());
    out.reserved.push_back(one.reserved_max.front());
  }
  return out;
}

}  // namespace

std::vector<std::string_view> change_names(std::uint8_t changes) {
  std::vector<std::string_view> names;
  if ((changes & DiffPair::size) != 0) names.emplace_back("size");
  if ((changes & DiffPair::dtype) != 0) names.emplace_back("dtype");
  if ((changes & DiffPair::end) != 0) names.emplace_back("end");
  if ((changes & DiffPair::lifetime) != 0) names.emplace_back("lifetime");
  return names;
}

std::uint64_t diff_lifetime(const Lifecycles& lifecycles, std::uint32_t row, Align align) noexcept {
  return align == Align::time ? lifetime_ns(lifecycles, row) : lifetime_events(lifecycles, row);
}

Diff compare(const DiffTrace& first, const DiffTrace& second, Align align) {
  const Lifecycles& a = first.lifecycles;
  const Lifecycles& b = second.lifecycles;
  Diff diff;
  diff.align = align;
  diff.first = totals_of(first);
  diff.second = totals_of(second);
  if (align == Align::phase) diff.phases = common_phases(a, b);
  const CommonStrings strings(a.strings, b.strings);
  Matching matching = match_lifecycles(a, b, strings, align == Align::phase ? &diff.phases : nullptr);

  DiffCounts& counts = diff.counts;
  std::vector<WeighedPair> changed;
  for (std::uint32_t row = 0; row < a.size(); ++row) {
    const std::uint32_t partner = matching.second_of[row];
    if (partner == Lifecycles::none) continue;
    const std::uint8_t changes = changes_of(a, row, b, partner, strings, align);
    if (changes != 0) {
      count_changes(counts, changes);
      changed.push_back(weighed({row, partner, changes}, a, b, align));
    } else if (birth_place(a, diff.phases.first, row, align) ==
               birth_place(b, diff.phases.second, partner, align)) {
      ++counts.same;
    } else {
      ++counts.shifted;
    }
  }
  diff.changed = sorted_pairs(std::move(changed));
  diff.only_first = largest_first(a, std::move(matching.only_first));
  diff.only_second = largest_first(b, std::move(matching.only_second));
  counts.only_first_buffers = diff.only_first.size();
  counts.only_second_buffers = diff.only_second.size();
  for (const std::uint32_t row : diff.only_first) counts.only_first_bytes += live_bytes(a, row);
  for (const std::uint32_t row : diff.only_second) counts.only_second_bytes += live_bytes(b, row);
  diff.equal = diff.first == diff.second && counts.shifted == 0 && diff.changed.empty() &&
               diff.only_first.empty() && diff.only_second.empty();
  return diff;
}

std::vector<DiffGroup> diff_groups(const DiffTrace& first, const DiffTrace& second, const Diff& diff,
                                   GroupBy by) {
  const CommonGrouping parts = common_grouping(first.lifecycles, second.lifecycles, by);
  std::vector<GroupCounts> counts(parts.groups);
  count_rows(first, parts.first, &DiffGroup::first, counts);
  count_rows(second, parts.second, &DiffGroup::second, counts);
  for (const std::uint32_t row : diff.only_first) ++counts[parts.first.of(row)].group.first.unmatched;
  for (const std::uint32_t row : diff.only_second) ++counts[parts.second.of(row)].group.second.unmatched;
  for (const DiffPair& pair : diff.changed) ++counts[parts.first.of(pair.first)].group.changed;

  std::vector<DiffGroup> groups;
  for (std::uint32_t group = 0; group < counts.size(); ++group) {
    GroupCounts& entry = counts[group];
    if (entry.row == Lifecycles::none) continue;
    const Lifecycles& trace = entry.of_first ? first.lifecycles : second.lifecycles;
    entry.group.name = group_name(trace, by, own_number(trace, by, entry.row, group), entry.row);
    groups.push_back(std::move(entry.group));
  }
  std::stable_sort(groups.begin(), groups.end(), goes_before);
  return groups;
}

double diff_extent(const DiffTrace& trace, const PhaseTrack& track, Align align) noexcept {
  if (align == Align::phase) return static_cast<double>(track.common.back()) + 1;
  const Axis axis = align == Align::time ? Axis::time : Axis::event;
  return static_cast<double>(EventClock(trace.lifecycles).extent(axis));
}

DiffLevels diff_levels(const DiffTrace& first, const DiffTrace& second, const Diff& diff,
                       const Columns& columns) {
  DiffLevels out;
  for (std::uint32_t column = 0; column < columns.count; ++column) out.x.push_back(columns.left(column));
  LevelSeries of_first = levels_of(first, diff.phases.first, diff.align, columns);
  LevelSeries of_second = levels_of(second, diff.phases.second, diff.align, columns);
  out.first_live = std::move(of_first.live);
  out.first_reserved = std::move(of_first.reserved);
  out.second_live = std::move(of_second.live);
  out.second_reserved = std::move(of_second.reserved);
  return out;
}

}  // namespace bufgc::timeline
