// A trace against another, answered in JSON.
#include <algorithm>

#include "bufgc/viz/site_text.hpp"
#include "timeline/diff.hpp"
#include "timeline/row_names.hpp"
#include "timeline/rows.hpp"
#include "viewer.hpp"

namespace bufgc::viewer {
namespace {

using namespace timeline;

/// Lists end here: groups and lifetimes that differ most stand first, and all are counted.
constexpr std::size_t most_groups = 500;
constexpr std::size_t most_rows = 100;

std::uint64_t whole(double extent) {
  return static_cast<std::uint64_t>(extent);
}

void write_totals(JsonWriter& json, std::string_view name, const DiffTotals& totals) {
  json.key(name).open('{');
#define BUFGC_X(figure) json.member(#figure, totals.figure);
  BUFGC_DIFF_TOTALS(BUFGC_X)
#undef BUFGC_X
  json.close('}');
}

void write_counts(JsonWriter& json, const DiffCounts& counts) {
  json.key("counts")
      .open('{')
      .member("same", counts.same)
      .member("shifted", counts.shifted)
      .member("changed", counts.changed)
      .member("sizeChanged", counts.size_changed)
      .member("dtypeChanged", counts.dtype_changed)
      .member("endChanged", counts.end_changed)
      .member("lifetimeChanged", counts.lifetime_changed)
      .member("onlyFirstBuffers", counts.only_first_buffers)
      .member("onlyFirstBytes", counts.only_first_bytes)
      .member("onlySecondBuffers", counts.only_second_buffers)
      .member("onlySecondBytes", counts.only_second_bytes)
      .close('}');
}

void write_side(JsonWriter& json, std::string_view name, const DiffGroupSide& side) {
  json.key(name)
      .open('{')
      .member("buffers", side.buffers)
      .member("bytes", side.bytes)
      .member("peakBytes", side.peak_bytes)
      .member("aliveBuffers", side.alive_buffers)
      .member("aliveBytes", side.alive_bytes)
      .member("unmatched", side.unmatched)
      .close('}');
}

void write_groups(JsonWriter& json, const std::vector<DiffGroup>& groups) {
  json.member("allGroups", groups.size()).key("groups").open('[');
  for (std::size_t i = 0; i < std::min(groups.size(), most_groups); ++i) {
    json.open('{').member_text("name", groups[i].name);
    write_side(json, "first", groups[i].first);
    write_side(json, "second", groups[i].second);
    json.member("changed", groups[i].changed).close('}');
  }
  json.close(']');
}

void write_row(JsonWriter& json, const Lifecycles& trace, std::uint32_t row, Align align) {
  json.open('{')
      .member("row", row)
      .member_text("idText", std::to_string(trace.id[row]))
      .member_text("label", trace.strings.at(trace.label[row]))
      .member_text("site", site_name(trace.strings.at(trace.site[row])))
      .member_text("dtype", trace.strings.at(trace.dtype[row]))
      .member("size", trace.size_bytes[row])
      .member("allocEvent", trace.alloc_event[row])
      .member("lifetime", diff_lifetime(trace, row, align))
      .member_text("end", end_name(trace, row))
      .close('}');
}

void write_rows(JsonWriter& json, std::string_view name, const Lifecycles& trace,
                const std::vector<std::uint32_t>& rows, Align align) {
  json.key(name).open('[');
  for (std::size_t i = 0; i < std::min(rows.size(), most_rows); ++i) write_row(json, trace, rows[i], align);
  json.close(']');
}

void write_changed(JsonWriter& json, const Lifecycles& first, const Lifecycles& second, const Diff& diff) {
  json.key("changed").open('[');
  for (std::size_t i = 0; i < std::min(diff.changed.size(), most_rows); ++i) {
    const DiffPair& pair = diff.changed[i];
    json.open('{').key("changes").open('[');
    for (const std::string_view word : change_names(pair.changes)) json.text(word);
    json.close(']').key("first");
    write_row(json, first, pair.first, diff.align);
    json.key("second");
    write_row(json, second, pair.second, diff.align);
    json.close('}');
  }
  json.close(']');
}

}  // namespace

const Diff& Viewer::diff_from(Viewer& first, Align align) {
  // Either may be live: what was compared is known by how far both had come.
  const DiffState now{align, first.lifecycles().event_count(), lifecycles().event_count()};
  if (!diff_ || !(compared_ == now)) {
    diff_.emplace(
        compare({first.lifecycles(), first.fresh().levels()}, {lifecycles(), fresh().levels()}, align));
    compared_ = now;
  }
  return *diff_;
}

void Viewer::diff(Viewer& first, Align align, GroupBy by) {
  const Diff& diff = diff_from(first, align);
  const DiffTrace before{first.lifecycles(), first.fresh().levels()};
  const DiffTrace after{lifecycles(), fresh().levels()};
  JsonWriter json(text_);
  json.open('{').key("equal").boolean(diff.equal);
  write_totals(json, "first", diff.first);
  write_totals(json, "second", diff.second);
  write_counts(json, diff.counts);
  json.member("phases", diff.phases.count)
      .member("sharedPhases", diff.phases.shared)
      .member("firstExtent", whole(diff_extent(before, diff.phases.first, align)))
      .member("secondExtent", whole(diff_extent(after, diff.phases.second, align)));
  write_groups(json, diff_groups(before, after, diff, by));
  write_rows(json, "onlyFirst", before.lifecycles, diff.only_first, align);
  write_rows(json, "onlySecond", after.lifecycles, diff.only_second, align);
  write_changed(json, before.lifecycles, after.lifecycles, diff);
  json.close('}');
}

void Viewer::diff_levels(Viewer& first, Align align, const Columns& columns) {
  const Diff& diff = diff_from(first, align);
  const DiffLevels cut = timeline::diff_levels({first.lifecycles(), first.fresh().levels()},
                                               {lifecycles(), fresh().levels()}, diff, columns);
  numbers_.clear();
  for (const std::vector<double>* series :
       {&cut.x, &cut.first_live, &cut.first_reserved, &cut.second_live, &cut.second_reserved})
    numbers_.insert(numbers_.end(), series->begin(), series->end());
}

}  // namespace bufgc::viewer
