#include "timeline/diff.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "timeline/matching.hpp"
#include "timeline/rows.hpp"
#include "timeline/summary.hpp"
#include "trace_maker.hpp"

using namespace bufgc;
using namespace bufgc::timeline;

namespace {

constexpr std::uint32_t none = Lifecycles::none;

/// Lifetimes with few names and few sizes, so that many are alike, and marks among them.
Lifecycles named_trace(std::uint32_t seed, std::uint32_t events) {
  std::mt19937 random(seed);
  const auto roll = [&](std::uint32_t below) { return static_cast<std::uint32_t>(random() % below); };
  TraceMaker maker;
  Lifecycles& trace = maker.trace;
  // Texts get their numbers in an order of each trace's own.
  for (std::uint32_t i = 0; i < 5; ++i) trace.strings.intern("text " + std::to_string(roll(9)));
  std::vector<std::uint32_t> alive;
  while (trace.event_count() < events) {
    maker.now += roll(900);
    const std::uint32_t what = roll(20);
    if (what == 0) {
      const std::uint32_t name = trace.strings.intern("phase " + std::to_string(roll(3)));
      const auto index = static_cast<std::uint32_t>(trace.marks.size());
      trace.marks.push_back({maker.event(Lifecycles::EventKind::mark, index), name});
    } else if (what < 9 && !alive.empty()) {
      const std::uint32_t index = roll(static_cast<std::uint32_t>(alive.size()));
      maker.free(alive[index], Lifecycles::unknown, static_cast<std::uint8_t>(roll(2)));
      alive.erase(alive.begin() + static_cast<std::ptrdiff_t>(index));
    } else {
      TraceMaker::Birth birth{16U * (1 + roll(3))};
      const std::string label = roll(3) == 0 ? std::string() : "text " + std::to_string(roll(3));
      birth.label = label;
      birth.dtype = roll(4) == 0 ? "int8" : "float32";
      if (roll(8) == 0) birth.kind = BufferKind::external;
      if (roll(4) == 0) birth.served_by = from_cache;
      const std::uint32_t row = maker.alloc(birth);
      if (roll(3) == 0) trace.site.set(row, trace.strings.intern("text " + std::to_string(roll(4))));
      alive.push_back(row);
    }
  }
  return trace;
}

struct Both {
  Lifecycles a;
  Lifecycles b;
  Levels levels_a{a};
  Levels levels_b{b};
  [[nodiscard]] DiffTrace first() const { return {a, levels_a}; }
  [[nodiscard]] DiffTrace second() const { return {b, levels_b}; }
};
Both both(Lifecycles a, Lifecycles b) {
  return {std::move(a), std::move(b)};
}

std::string text(const Lifecycles& trace, std::uint32_t index) {
  return std::string(trace.strings.at(index));
}
using Key = std::vector<std::string>;
Key name_of(const Lifecycles& trace, std::uint32_t row, std::uint32_t phase) {
  return {std::to_string(phase), std::to_string(trace.kind[row]), text(trace, trace.label[row]),
          text(trace, trace.site[row])};
}
Key key_of(const Lifecycles& trace, std::uint32_t row, std::uint32_t phase) {
  Key key = name_of(trace, row, phase);
  key.push_back(text(trace, trace.dtype[row]));
  key.push_back(std::to_string(trace.size_bytes[row]));
  return key;
}

std::uint32_t phase_of(const PhaseTrack& track, const Lifecycles& trace, std::uint32_t row) {
  std::size_t own = 0;
  if (!trace.marks.empty() && trace.marks[0].event == 0) --own;  // nothing stands before the first mark
  for (const Lifecycles::Mark& mark : trace.marks) own += mark.event <= trace.alloc_event[row] ? 1 : 0;
  return track.common[own];
}

/// The same by looking through all rows for each.
Matching match_naively(const Lifecycles& a, const Lifecycles& b, const CommonPhases* phases) {
  Matching out{std::vector<std::uint32_t>(a.size(), none), {}, {}};
  std::vector<bool> taken(b.size());
  const auto phase_a = [&](std::uint32_t row) { return phases ? phase_of(phases->first, a, row) : 0; };
  const auto phase_b = [&](std::uint32_t row) { return phases ? phase_of(phases->second, b, row) : 0; };
  for (const bool by_name : {false, true}) {
    for (std::uint32_t i = 0; i < a.size(); ++i) {
      if (out.second_of[i] != none || (by_name && a.label[i] == 0 && a.site[i] == 0)) continue;
      for (std::uint32_t j = 0; j < b.size(); ++j) {
        if (taken[j]) continue;
        const bool alike = by_name ? name_of(a, i, phase_a(i)) == name_of(b, j, phase_b(j))
                                   : key_of(a, i, phase_a(i)) == key_of(b, j, phase_b(j));
        if (!alike) continue;
        out.second_of[i] = j;
        taken[j] = true;
        break;
      }
    }
  }
  for (std::uint32_t i = 0; i < a.size(); ++i)
    if (out.second_of[i] == none) out.only_first.push_back(i);
  for (std::uint32_t j = 0; j < b.size(); ++j)
    if (!taken[j]) out.only_second.push_back(j);
  return out;
}

}  // namespace

TEST_CASE("diff: rows are matched as a search through all of them matches") {
  std::size_t matched = 0;
  std::size_t resized = 0;
  for (std::uint32_t seed = 1; seed <= 12; ++seed) {
    const Lifecycles a = named_trace(seed, 100 + seed * 20);
    const Lifecycles b = named_trace(seed + 100, 100 + seed * 25);
    const CommonStrings strings(a.strings, b.strings);
    const CommonPhases phases = common_phases(a, b);
    for (const CommonPhases* const by : {static_cast<const CommonPhases*>(nullptr), &phases}) {
      INFO("seed " << seed << (by ? ", by phase" : ""));
      const Matching found = match_lifecycles(a, b, strings, by);
      const Matching expected = match_naively(a, b, by);
      CHECK(found.second_of == expected.second_of);
      CHECK(found.only_first == expected.only_first);
      CHECK(found.only_second == expected.only_second);
      for (std::uint32_t row = 0; row < a.size(); ++row) {
        if (found.second_of[row] == none) continue;
        ++matched;
        resized += a.size_bytes[row] != b.size_bytes[found.second_of[row]] ? 1 : 0;
      }
    }
  }
  CHECK(matched > 500);
  CHECK(resized > 20);
}

TEST_CASE("diff: sizes of all 64 bits and texts beyond 65,536 are told apart") {
  TraceMaker one;
  TraceMaker other;
  const std::vector<std::uint64_t> sizes = {1, 1ULL << 16U, 1ULL << 32U, 1ULL << 48U, (1ULL << 48U) + 1};
  for (const std::uint64_t size : sizes) one.alloc({size});
  for (auto size = sizes.rbegin(); size != sizes.rend(); ++size) other.alloc({*size});
  for (std::uint32_t i = 0; i < 70'000; ++i) {
    const std::string label = "label " + std::to_string(i);
    TraceMaker::Birth birth{8};
    birth.label = label;
    one.alloc(birth);
    if (i % 7 != 0) other.alloc(birth);
  }
  const CommonStrings strings(one.trace.strings, other.trace.strings);
  const Matching found = match_lifecycles(one.trace, other.trace, strings);
  for (std::uint32_t i = 0; i < sizes.size(); ++i) CHECK(found.second_of[i] == sizes.size() - 1 - i);
  CHECK(found.only_first.size() == 10'000);
  CHECK(found.only_second.empty());
  std::uint32_t wrong = 0;
  for (std::uint32_t row = 0; row < one.trace.size(); ++row) {
    const std::uint32_t partner = found.second_of[row];
    if (partner == none) continue;
    wrong += text(one.trace, one.trace.label[row]) != text(other.trace, other.trace.label[partner]) ? 1 : 0;
  }
  CHECK(wrong == 0);
}

TEST_CASE("diff: totals, counts and groups are what a count from nothing finds, and add up") {
  for (std::uint32_t seed = 1; seed <= 8; ++seed) {
    const Both traces = both(named_trace(seed, 300), named_trace(seed + 50, 340));
    for (const Align align : {Align::event, Align::time, Align::phase}) {
      INFO("seed " << seed << ", alignment " << static_cast<int>(align));
      const Diff diff = compare(traces.first(), traces.second(), align);
      const Summary summary = summarise(traces.a);
      CHECK(diff.first.buffers == summary.buffers);
      CHECK(diff.first.max_live_bytes == summary.max_live_bytes);
      CHECK(diff.first.frees + diff.first.alive_at_end_buffers == diff.first.buffers);
      CHECK(diff.first.max_reserved_bytes == traces.levels_a.maxima().reserved_bytes);
      CHECK(diff.first.cache_hits > 0);

      const CommonPhases phases = common_phases(traces.a, traces.b);
      const CommonPhases* const by = align == Align::phase ? &phases : nullptr;
      const Matching expected = match_naively(traces.a, traces.b, by);
      DiffCounts counts;
      std::map<std::string, std::uint64_t> changed_by_label;
      for (std::uint32_t i = 0; i < traces.a.size(); ++i) {
        const std::uint32_t j = expected.second_of[i];
        if (j == none) continue;
        const Lifecycles& a = traces.a;
        const Lifecycles& b = traces.b;
        const bool alive_a = a.free_event[i] == none;
        const bool alive_b = b.free_event[j] == none;
        const bool size = a.size_bytes[i] != b.size_bytes[j];
        const bool dtype = text(a, a.dtype[i]) != text(b, b.dtype[j]);
        const bool end = alive_a != alive_b || (!alive_a && a.cause[i] != b.cause[j]);
        const auto lived = [&](const Lifecycles& trace, std::uint32_t row) {
          return align == Align::time
                     ? static_cast<std::uint64_t>(trace.free_time_ns(row) - trace.alloc_time_ns(row))
                     : std::uint64_t{trace.free_event[row]} - trace.alloc_event[row];
        };
        const bool lifetime = !alive_a && !alive_b && lived(a, i) != lived(b, j);
        counts.size_changed += size ? 1 : 0;
        counts.dtype_changed += dtype ? 1 : 0;
        counts.end_changed += end ? 1 : 0;
        counts.lifetime_changed += lifetime ? 1 : 0;
        const auto born = [&](const Lifecycles& trace, std::uint32_t row) {
          if (align == Align::time)
            return static_cast<std::uint64_t>(trace.alloc_time_ns(row) - trace.event_time_ns[0]);
          std::uint64_t begin = 0;
          if (align == Align::phase)
            for (const Lifecycles::Mark& mark : trace.marks)
              if (mark.event <= trace.alloc_event[row]) begin = mark.event;
          return trace.alloc_event[row] - begin;
        };
        if (size || dtype || end || lifetime) {
          ++counts.changed;
          ++changed_by_label[text(a, a.label[i])];
        } else {
          ++(born(a, i) == born(b, j) ? counts.same : counts.shifted);
        }
      }
      CHECK(diff.counts.same == counts.same);
      CHECK(diff.counts.shifted == counts.shifted);
      CHECK(diff.counts.changed == counts.changed);
      CHECK(diff.counts.size_changed == counts.size_changed);
      CHECK(diff.counts.dtype_changed == counts.dtype_changed);
      CHECK(diff.counts.end_changed == counts.end_changed);
      CHECK(diff.counts.lifetime_changed == counts.lifetime_changed);
      CHECK(diff.changed.size() == counts.changed);
      CHECK(diff.counts.only_first_buffers == expected.only_first.size());
      CHECK(diff.counts.only_second_buffers == expected.only_second.size());
      CHECK_FALSE(diff.equal);

      for (const GroupBy property : {GroupBy::label, GroupBy::site, GroupBy::dtype, GroupBy::size}) {
        DiffGroupSide sum_a;
        DiffGroupSide sum_b;
        std::uint64_t changed = 0;
        for (const DiffGroup& group : diff_groups(traces.first(), traces.second(), diff, property)) {
          sum_a.buffers += group.first.buffers;
          sum_a.bytes += group.first.bytes;
          sum_a.peak_bytes += group.first.peak_bytes;
          sum_a.alive_bytes += group.first.alive_bytes;
          sum_a.unmatched += group.first.unmatched;
          sum_b.buffers += group.second.buffers;
          sum_b.bytes += group.second.bytes;
          sum_b.peak_bytes += group.second.peak_bytes;
          sum_b.alive_buffers += group.second.alive_buffers;
          sum_b.unmatched += group.second.unmatched;
          changed += group.changed;
          if (property == GroupBy::label) {
            INFO(group.name);
            std::uint64_t bytes = 0;
            for (std::uint32_t row = 0; row < traces.b.size(); ++row)
              if (text(traces.b, traces.b.label[row]) == group.name) bytes += live_bytes(traces.b, row);
            CHECK(group.second.bytes == bytes);
            CHECK(group.changed == changed_by_label[group.name]);
          }
        }
        CHECK(sum_a.buffers == diff.first.buffers);
        CHECK(sum_a.bytes == diff.first.total_allocated_bytes);
        CHECK(sum_a.peak_bytes == diff.first.max_live_bytes);
        CHECK(sum_a.alive_bytes == diff.first.alive_at_end_bytes);
        CHECK(sum_a.unmatched == diff.counts.only_first_buffers);
        CHECK(sum_b.buffers == diff.second.buffers);
        CHECK(sum_b.bytes == diff.second.total_allocated_bytes);
        CHECK(sum_b.peak_bytes == diff.second.max_live_bytes);
        CHECK(sum_b.alive_buffers == diff.second.alive_at_end_buffers);
        CHECK(sum_b.unmatched == diff.counts.only_second_buffers);
        CHECK(changed == diff.counts.changed);
      }
    }
  }
}

TEST_CASE("diff: what one trace lacks stands first, then the largest difference") {
  TraceMaker one;
  TraceMaker other;
  const auto add = [](TraceMaker& maker, std::string_view label, std::uint64_t size) {
    TraceMaker::Birth birth{size};
    birth.label = label;
    return maker.alloc(birth);
  };
  one.free(add(one, "same", 4096));
  one.free(add(one, "grows", 100));
  one.free(add(one, "gone", 8));
  other.free(add(other, "same", 4096));
  other.free(add(other, "new", 16));
  other.free(add(other, "grows", 900));
  const Both traces = both(one.trace, other.trace);
  const Diff diff = compare(traces.first(), traces.second(), Align::event);
  const std::vector<DiffGroup> groups = diff_groups(traces.first(), traces.second(), diff, GroupBy::label);
  std::vector<std::string> names;
  for (const DiffGroup& group : groups) names.push_back(group.name);
  CHECK(names == std::vector<std::string>{"new", "gone", "grows", "same"});
  REQUIRE(diff.changed.size() == 1);
  CHECK(diff.changed[0].changes == DiffPair::size);
  CHECK(diff.only_first == std::vector<std::uint32_t>{2});
  CHECK(diff.only_second == std::vector<std::uint32_t>{1});
}

TEST_CASE("diff: sites are put together by their names, whichever stacks led there") {
  TraceMaker makers[2];
  const std::string_view sites[2][3] = {{"f <- > a.py:1 g <- main", "b.py:2 h", "a.py:1 g"},
                                        {"new", "a.py:1 g <- other", "b.py:2 h"}};
  for (std::size_t trace = 0; trace < 2; ++trace) {
    for (const std::string_view site : sites[trace]) {
      const std::uint32_t row = makers[trace].alloc({trace + 1});
      makers[trace].trace.site.set(row, makers[trace].trace.strings.intern(site));
    }
  }
  const Levels levels[2] = {Levels(makers[0].trace), Levels(makers[1].trace)};
  const DiffTrace first{makers[0].trace, levels[0]};
  const DiffTrace second{makers[1].trace, levels[1]};
  std::map<std::string, std::pair<std::uint64_t, std::uint64_t>> found;
  for (const DiffGroup& group :
       diff_groups(first, second, compare(first, second, Align::event), GroupBy::site))
    found[group.name] = {group.first.buffers, group.second.buffers};
  CHECK(found == std::map<std::string, std::pair<std::uint64_t, std::uint64_t>>{
                     {"a.py:1 g", {2, 1}}, {"b.py:2 h", {1, 1}}, {"new", {0, 1}}});
}

TEST_CASE("diff: by event no clock matters, by time it does, and a trace equals itself") {
  Lifecycles a = named_trace(7, 200);
  Lifecycles slow = a;
  for (std::int64_t& time : slow.event_time_ns) time *= 2;
  const Both traces = both(a, slow);
  CHECK(compare(traces.first(), traces.second(), Align::event).equal);
  CHECK(compare(traces.first(), traces.second(), Align::phase).equal);
  const Diff by_time = compare(traces.first(), traces.second(), Align::time);
  CHECK_FALSE(by_time.equal);
  CHECK(by_time.counts.lifetime_changed > 0);
  for (const Align align : {Align::event, Align::time, Align::phase}) {
    const Diff itself = compare(traces.first(), traces.first(), align);
    CHECK(itself.equal);
    CHECK(itself.counts.same == a.size());
  }
}

TEST_CASE("diff: another order of the same births is no equal run") {
  TraceMaker one;
  TraceMaker other;
  const auto life = [](TraceMaker& maker, std::uint64_t size) { maker.free(maker.alloc({size})); };
  life(one, 64);
  life(one, 32);
  life(other, 32);
  life(other, 64);
  const Both traces = both(one.trace, other.trace);
  const Diff diff = compare(traces.first(), traces.second(), Align::event);
  CHECK(diff.first == diff.second);
  CHECK(diff.changed.empty());
  CHECK(diff.counts.shifted == 2);
  CHECK_FALSE(diff.equal);
}

TEST_CASE("diff: an extra iteration is a phase of one trace, and what comes after it still matches") {
  const auto run = [](std::initializer_list<std::string_view> steps) {
    TraceMaker maker;
    for (const std::string_view step : steps) {
      const auto index = static_cast<std::uint32_t>(maker.trace.marks.size());
      maker.trace.marks.push_back(
          {maker.event(Lifecycles::EventKind::mark, index), maker.trace.strings.intern(step)});
      TraceMaker::Birth birth{step == "eval" ? 10U : 20U};
      birth.label = "buffer";
      maker.free(maker.alloc(birth));
    }
    return maker.trace;
  };
  const Both traces = both(run({"warm", "eval", "train"}), run({"warm", "train"}));
  const Diff diff = compare(traces.first(), traces.second(), Align::phase);
  CHECK(diff.phases.count == 3);
  CHECK(diff.phases.shared == 2);
  CHECK(diff.counts.same == 2);
  CHECK(diff.only_first == std::vector<std::uint32_t>{1});
  CHECK(diff.only_second.empty());
  CHECK(compare(traces.first(), traces.second(), Align::event).counts.shifted == 1);

  // Three columns a phase; the second trace stands still where it has no such phase.
  const DiffLevels levels = diff_levels(traces.first(), traces.second(), diff, {0, 3, 9});
  CHECK(levels.first_live == std::vector<double>{0, 20, 0, 0, 10, 0, 0, 20, 0});
  CHECK(levels.second_live == std::vector<double>{0, 20, 0, 0, 0, 0, 0, 20, 0});
  CHECK(diff_extent(traces.first(), diff.phases.first, Align::phase) == 3);
  CHECK(diff_extent(traces.second(), diff.phases.second, Align::phase) == 3);
}

TEST_CASE("diff: phases are paired by name and number, in the longest run that both keep") {
  std::size_t marked_at_once = 0;
  for (std::uint32_t seed = 1; seed <= 60; ++seed) {
    const Lifecycles a = named_trace(seed, 300);
    const Lifecycles b = named_trace(seed + 70, 260);
    const CommonPhases phases = common_phases(a, b);
    const auto names = [](const Lifecycles& trace) {
      std::vector<std::string> all;
      if (trace.marks.empty() || trace.marks[0].event > 0) all.emplace_back("(before)");
      std::map<std::string, int> seen;
      for (const Lifecycles::Mark& mark : trace.marks) {
        const std::string name = text(trace, mark.name);
        all.push_back(name + " #" + std::to_string(++seen[name]));
      }
      return all;
    };
    const std::vector<std::string> of_a = names(a);
    marked_at_once += of_a.front() == "(before)" ? 0 : 1;
    const std::vector<std::string> of_b = names(b);
    INFO("seed " << seed);
    REQUIRE(phases.first.common.size() == of_a.size());
    REQUIRE(phases.second.common.size() == of_b.size());
    CHECK(std::is_sorted(phases.first.common.begin(), phases.first.common.end()));
    CHECK(std::is_sorted(phases.second.common.begin(), phases.second.common.end()));
    std::map<std::uint32_t, std::string> name_of_common;
    for (std::size_t i = 0; i < of_a.size(); ++i) name_of_common[phases.first.common[i]] = of_a[i];
    std::size_t shared = 0;
    for (std::size_t j = 0; j < of_b.size(); ++j) {
      const auto found = name_of_common.find(phases.second.common[j]);
      if (found == name_of_common.end()) continue;
      CHECK(found->second == of_b[j]);
      ++shared;
    }
    CHECK(phases.shared == shared);
    CHECK(phases.count == of_a.size() + of_b.size() - shared);
    // Every name with its number is there once in either, so the longest common run is the longest of all.
    std::vector<std::vector<std::size_t>> longest(of_a.size() + 1, std::vector<std::size_t>(of_b.size() + 1));
    for (std::size_t i = 0; i < of_a.size(); ++i)
      for (std::size_t j = 0; j < of_b.size(); ++j)
        longest[i + 1][j + 1] =
            of_a[i] == of_b[j] ? longest[i][j] + 1 : std::max(longest[i][j + 1], longest[i + 1][j]);
    CHECK(shared == longest.back().back());
  }
  CHECK(marked_at_once > 0);
}

TEST_CASE("diff: levels by event and by time are those of either trace, zero beyond its end") {
  const Both traces = both(named_trace(3, 120), named_trace(4, 300));
  for (const Align align : {Align::event, Align::time}) {
    const Diff diff = compare(traces.first(), traces.second(), align);
    const double extent = diff_extent(traces.second(), {}, align);
    CHECK(diff_extent(traces.first(), {}, align) < extent);
    const DiffLevels levels = diff_levels(traces.first(), traces.second(), diff, {0, extent, 300});
    const auto highest = [](const std::vector<double>& series) {
      return static_cast<std::uint64_t>(*std::max_element(series.begin(), series.end()));
    };
    CHECK(highest(levels.first_live) == diff.first.max_live_bytes);
    CHECK(highest(levels.second_live) == diff.second.max_live_bytes);
    CHECK(highest(levels.first_reserved) == diff.first.max_reserved_bytes);
    CHECK(highest(levels.second_reserved) == diff.second.max_reserved_bytes);
    CHECK(levels.first_live.back() == 0);
    if (align == Align::event) {
      for (std::uint32_t event = 0; event < 120; ++event)
        CHECK(levels.first_live[event] == static_cast<double>(traces.levels_a.at(event).live_bytes));
    }
  }
}

TEST_CASE("diff: traces without rows, events or marks are equal, and differ from others") {
  const Both empty = both({}, {});
  for (const Align align : {Align::event, Align::time, Align::phase})
    CHECK(compare(empty.first(), empty.second(), align).equal);
  const Both half = both({}, named_trace(2, 50));
  const Diff diff = compare(half.first(), half.second(), Align::phase);
  CHECK_FALSE(diff.equal);
  CHECK(diff.only_second.size() == half.b.size());
  CHECK(diff_groups(half.first(), half.second(), diff, GroupBy::size).front().first.buffers == 0);
}
