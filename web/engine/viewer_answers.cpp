// The questions that people open the viewer for, answered in JSON.
#include <algorithm>

#include "timeline/fragmentation.hpp"
#include "timeline/growth.hpp"
#include "timeline/live_set.hpp"
#include "timeline/reserved_account.hpp"
#include "timeline/rows.hpp"
#include "viewer.hpp"

namespace bufgc::viewer {
namespace {

using namespace timeline;

/// Lists end here: what is beyond holds little, and is counted all the same.
constexpr std::size_t most_groups = 500;
constexpr std::size_t most_rows = 100;
constexpr std::size_t most_latencies = 10;

/// As much of a row as a list shows.
void write_brief(JsonWriter& json, const Lifecycles& trace, std::uint32_t row) {
  json.open('{')
      .member("row", row)
      .member_text("idText", std::to_string(trace.id[row]))
      .member_text("label", trace.strings.at(trace.label[row]))
      .member("size", trace.size_bytes[row])
      .close('}');
}

void write_account(JsonWriter& json, const ReservedAccount& account) {
  json.key("account")
      .open('{')
      .member("reserved", account.reserved_bytes)
      .member("live", account.live_bytes)
      .member("rounding", account.rounding_bytes)
      .member("cached", account.cached_bytes)
      .member("gaps", account.gaps_bytes)
      .member("outside", account.outside_bytes)
      .member("largestHole", account.largest_hole_bytes)
      .member("fragmentationPpm", fragmentation_ppm(account.live_bytes, account.reserved_bytes))
      .key("knowsSegments")
      .boolean(account.knows_segments)
      .key("knowsBlocks")
      .boolean(account.knows_blocks)
      .close('}');
}

}  // namespace

void Viewer::moment(std::uint64_t event, GroupBy by, std::string_view filter) {
  const std::vector<std::uint8_t>& matches = fresh().matches(filter);
  const std::optional<ColorBy> coloring = coloring_of(by);
  const ColorMap* const colors = coloring ? &model_.colors(*coloring) : nullptr;
  const Lifecycles& trace = lifecycles();
  const std::size_t events = model_.clock().events();
  event = events == 0 ? 0 : std::min<std::uint64_t>(event, events - 1);
  const LiveSet set = live_set(trace, {event, by, most_rows}, matches, colors);
  const ReservedAccount account = account_reserved(trace, model_.layout().places(), model_.levels(), event);

  JsonWriter json(text_);
  json.open('{')
      .member("event", event)
      .member("timeNs", model_.clock().time_of(event))
      .member("buffers", set.buffers)
      .member("bytes", set.bytes)
      .member("allGroups", set.groups.size())
      .key("groups")
      .open('[');
  for (std::size_t i = 0; i < std::min(set.groups.size(), most_groups); ++i) {
    const LiveGroup& group = set.groups[i];
    json.open('{')
        .member_text("name", group.name)
        .member("buffers", group.buffers)
        .member("bytes", group.bytes)
        .member_name("color", group.has_color ? to_hex(group.color) : std::string())
        .close('}');
  }
  json.close(']').key("largest").open('[');
  for (const std::uint32_t row : set.largest) {
    write_brief(json, trace, row);
  }
  json.close(']');
  write_account(json, account);
  json.close('}');
}

void Viewer::growth(GroupBy by, std::string_view filter) {
  const std::vector<std::uint8_t>& matches = fresh().matches(filter);
  const Growth growth = growth_of_groups(lifecycles(), by, matches, most_groups);
  JsonWriter json(text_);
  json.open('{').member("allGroups", growth.all_groups).key("groups").open('[');
  for (const GroupGrowth& group : growth.groups) {
    json.open('{')
        .member_text("name", group.name)
        .member("buffers", group.buffers)
        .member("bytes", group.bytes)
        .member("totalBuffers", group.total_buffers)
        .key("grows")
        .boolean(group.grows)
        .key("floor")
        .open('[');
    for (const std::uint32_t alive : group.floor) json.number(alive);
    json.close(']').close('}');
  }
  json.close(']').close('}');
}

void Viewer::flame(const Flames& flames, std::string_view filter) {
  const std::vector<std::uint8_t>& matches = fresh().matches(filter);
  FlameQuery query = flames.query;
  const EventRange born = model_.clock().happened_within(flames.axis, flames.t0, flames.t1);
  query.first_event = born.first;
  query.last_event = born.last;
  JsonWriter json(text_);
  json.open('[');
  for (const FlameNode& node : flame_graph(lifecycles(), query, matches)) {
    json.open('{')
        .member("text", node.frame.text)
        .member("depth", node.frame.depth)
        .member_text("name", node.name)
        .key("parent");
    if (node.parent == FlameNode::none) {
      json.null();
    } else {
      json.number(node.parent);
    }
    json.member("start", node.start_bytes)
        .member("bytes", node.bytes)
        .member("selfBytes", node.self_bytes)
        .member("buffers", node.buffers)
        .member("merged", node.merged)
        .close('}');
  }
  json.close(']');
}

void Viewer::area(const Model::Area& area, std::string_view filter) {
  const std::vector<std::uint8_t> inside = fresh().inside(area);
  const AreaStatistics found =
      area_statistics(lifecycles(), inside, model_.matches(filter), model_.happened_in(area));
  JsonWriter json(text_);
  json.open('{')
      .member("buffers", found.buffers)
      .member("bytes", found.bytes)
      .member("leastBytes", found.least_bytes)
      .member("meanBytes", found.mean_bytes)
      .member("mostBytes", found.most_bytes)
      .member("allocations", found.allocations)
      .member("allocatedBytes", found.allocated_bytes)
      .member("frees", found.frees)
      .member("freedBytes", found.freed_bytes)
      .member("external", found.external)
      .close('}');
}

bool Viewer::rectangles(const Picture& picture, std::size_t most) {
  Model& model = fresh();
  const Model::Look& look = picture.look;
  const auto found = look.layout == Layout::stack ? rectangles_of_stack(model.stack_scene(look), picture.view,
                                                                        picture.size.width, most)
                                                  : rectangles_of(model.scene(look), picture.view, most);
  if (!found) return false;
  const Lifecycles& trace = lifecycles();
  std::vector<std::uint32_t> rows;
  for (const Rectangle& rectangle : *found) {
    if (rectangle.row != Lifecycles::none) rows.push_back(rectangle.row);
  }
  std::sort(rows.begin(), rows.end());
  rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
  numbers_.clear();
  for (const auto& [row, t0, t1, y0, y1] : *found) {
    const auto at = std::lower_bound(rows.begin(), rows.end(), row) - rows.begin();
    numbers_.insert(numbers_.end(), {row == Lifecycles::none ? -1 : static_cast<double>(at), t0, t1, y0, y1});
  }
  const std::vector<std::uint8_t>& matches = model.matches(look.filter);
  const ColorMap& colors = model.colors(look.color_by);
  JsonWriter json(text_);
  json.open('[');
  for (const std::uint32_t row : rows) {
    json.open('{')
        .member_text("idText", std::to_string(trace.id[row]))
        .member_text("label", trace.strings.at(trace.label[row]))
        .member("size", trace.size_bytes[row])
        .member_text("color", to_hex(colors.of(row)))
        .key("alive")
        .boolean(is_alive_at_end(trace, row))
        .key("matches")
        .boolean(matches[row] != 0)
        .close('}');
  }
  json.close(']');
  return true;
}

void Viewer::latency(LatencyStage stage, Axis axis, GroupBy by, std::string_view filter) {
  Model& model = fresh();
  const std::vector<std::uint8_t>& matches = model.matches(filter);
  const Latency latency =
      find_latency(lifecycles(), model.layout().places(), {stage, axis, by, most_latencies}, matches);
  JsonWriter json(text_);
  const auto write_figures = [&](const LatencyFigures& figures) {
    json.member("buffers", figures.buffers)
        .member("median", figures.median)
        .member("p95", figures.p95)
        .member("longest", figures.longest);
  };
  json.open('{');
  write_figures(latency.all);
  json.member("without", latency.without).member("allGroups", latency.all_groups).key("bins").open('[');
  for (const LatencyBin& bin : latency.bins) {
    json.open('{').member("from", bin.from).member("to", bin.to).member("buffers", bin.buffers).close('}');
  }
  json.close(']').key("groups").open('[');
  for (const LatencyGroup& group : latency.groups) {
    json.open('{').member_text("name", group.name).member("total", group.total);
    write_figures(group.figures);
    json.close('}');
  }
  json.close(']').close('}');
}

double Viewer::reuse(std::size_t events) {
  // A plan under way is not begun anew because the trace has grown meanwhile.
  Model& model = model_.plans_reuse() ? model_ : fresh();
  const Reuse* const made = model.plan_reuse(events);
  if (made == nullptr) return model.reuse_share();
  const Reuse& reuse = *made;
  const Lifecycles& trace = lifecycles();
  JsonWriter json(text_);
  const auto write_buffer = [&](std::string_view name, std::uint32_t row) {
    json.key(name);
    write_brief(json, trace, row);
  };
  json.open('{')
      .member("actual", reuse.actual_bytes)
      .member("planned", reuse.planned_bytes)
      .member("least", reuse.least_bytes)
      .member("saved", reuse.saved_bytes)
      .member("allPairs", reuse.all_pairs)
      .key("hasAddresses")
      .boolean(model_.layout().has_addresses())
      .key("pairs")
      .open('[');
  for (const ReusePair& pair : reuse.pairs) {
    json.open('{').member("bytes", pair.bytes);
    write_buffer("first", pair.first);
    write_buffer("second", pair.second);
    json.close('}');
  }
  json.close(']').close('}');
  return 1;
}

void Viewer::fragmentation(Axis axis, double t0, double t1, std::size_t columns) {
  Model& model = lagging();
  const Fragmentation& fragmentation = model.fragmentation();
  numbers_ = fragmentation.resample(model.clock(), axis, t0, t1, columns);
}

}  // namespace bufgc::viewer
