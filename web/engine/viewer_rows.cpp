#include <algorithm>
#include <span>
#include <string>
#include <utility>

#include "bufgc/viz/site_text.hpp"
#include "timeline/flame.hpp"
#include "timeline/latency.hpp"
#include "timeline/row_names.hpp"
#include "timeline/rows.hpp"
#include "trace/writers.hpp"
#include "viewer.hpp"

namespace bufgc::viewer {
namespace {

using namespace timeline;

/// Lists in one row's details end here.
constexpr std::size_t listed = 1000;

std::string hex(std::uint64_t value) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  do {
    text.insert(text.begin(), digits[value & 15U]);
    value >>= 4U;
  } while (value != 0);
  return "0x" + text;
}

void member_row(JsonWriter& json, std::string_view name, std::uint32_t row) {
  json.key(name);
  if (row == Lifecycles::none) {
    json.null();
  } else {
    json.number(row);
  }
}

}  // namespace

void Viewer::write_row(JsonWriter& json, std::uint32_t row) const {
  const Lifecycles& trace = lifecycles();
  const auto text = [&](std::uint32_t index) { return trace.strings.at(index); };
  const bool alive = is_alive_at_end(trace, row);
  const EventClock clock(trace);
  json.member("row", row)
      .member("id", trace.id[row])
      .member_text("idText", std::to_string(trace.id[row]))
      .member_text("kind", kind_name(trace.kind[row]));
  member_row(json, "baseRow", is_view(trace, row) ? trace.base[row] : Lifecycles::none);
  json.member("size", trace.size_bytes[row])
      .member("capacity", trace.capacity_bytes[row])
      .member_name("address",
                   trace.address[row] == Lifecycles::no_address ? std::string() : hex(trace.address[row]))
      .member_text("dtype", text(trace.dtype[row]))
      .member_text("shape", text(trace.shape[row]))
      .member_text("label", text(trace.label[row]))
      .member_text("site", site_name(text(trace.site[row])))
      .member_text("thread", text(trace.thread[row]))
      .member("allocEvent", trace.alloc_event[row]);
  member_row(json, "freeEvent", trace.free_event[row]);
  json.member("allocTimeNs", clock.time_of(trace.alloc_event[row])).key("freeTimeNs");
  if (alive) {
    json.null();
  } else {
    json.number(clock.time_of(trace.free_event[row]));
  }
  json.member("lifetimeEvents", lifetime_events(trace, row))
      .member("lifetimeNs", lifetime_ns(trace, row))
      .member_name("cause", alive ? std::string_view() : cause_name(trace.cause[row]))
      .member_name("servedBy", place_name(trace.served_by[row]))
      .member_name("freedTo", alive ? std::string_view() : place_name(trace.freed_to[row]))
      .member("useCount", use_counts_.of(row));
}

void Viewer::write_details(JsonWriter& json, std::uint32_t row) {
  const Lifecycles& trace = lifecycles();
  const AddressBlocks& blocks = fresh().address_blocks();
  const EventClock clock(trace);
  json.key("stack").open('[');
  if (const std::string_view site = trace.strings.at(trace.site[row]);
      site.find(frame_separator) != std::string_view::npos) {
    const std::vector<std::string_view> frames = split_frames(site);
    for (auto frame = frames.rbegin(); frame != frames.rend(); ++frame) json.text(*frame);
  }
  json.close(']').key("uses").open('[');
  std::size_t written = 0;
  for (const Lifecycles::Use& use : trace.uses) {
    if (use.row != row) continue;
    if (++written > listed) break;
    json.open('{')
        .member("event", use.event)
        .member("timeNs", clock.time_of(use.event))
        .member_text("kernel", trace.strings.at(use.kernel))
        .member_text("access", access_name(use.access))
        .close('}');
  }
  json.close(']').key("moves").open('[');
  written = 0;
  for (const Lifecycles::Move& move : trace.moves) {
    if (move.row != row) continue;
    if (++written > listed) break;
    json.open('{')
        .member("event", move.event)
        .member("timeNs", clock.time_of(move.event))
        .member_text("from", hex(move.from))
        .member_text("to", hex(move.to))
        .close('}');
  }
  json.close(']').key("views").open('[');
  written = 0;
  for (std::uint32_t other = row + 1; other < trace.size() && written < listed; ++other) {
    if (other % AddressBlocks::length == 0 && !blocks.has_views(other / AddressBlocks::length)) {
      other += AddressBlocks::length - 1;
      continue;
    }
    if (!is_view(trace, other) || trace.base[other] != row) continue;
    json.number(other);
    ++written;
  }
  json.close(']').key("links").open('[');
  written = 0;
  for (const Lifecycles::Link& link : trace.links) {
    if (link.added == 0 || (link.holder != row && link.held != row)) continue;
    if (++written > listed) break;
    const bool holds = link.holder == row;
    json.open('{')
        .member("row", holds ? link.held : link.holder)
        .member_text("direction", holds ? "holds" : "held by")
        .close('}');
  }
  json.close(']');
  const RowLatency latency = latency_of_row(trace, Places(trace), blocks, row);
  const auto member_event = [&](std::string_view name, std::uint32_t event) {
    json.key(name);
    if (event == Lifecycles::none) {
      json.null();
    } else {
      json.open('{').member("event", event).member("timeNs", clock.time_of(event)).close('}');
    }
  };
  member_event("lastUse", latency.last_use_event);
  member_event("reuse", latency.reuse_event);
  member_row(json, "reusedBy", latency.reused_by);
  const Neighbours neighbours = neighbours_at_address(trace, blocks, row);
  member_row(json, "previousAtAddress", neighbours.previous);
  member_row(json, "nextAtAddress", neighbours.next);
}

/// Again where the trace has grown.
void Viewer::count_uses() {
  if (counted_uses_ == lifecycles().uses.size()) return;
  use_counts_ = UseCounts(lifecycles());
  counted_uses_ = lifecycles().uses.size();
}

void Viewer::row(std::uint32_t row) {
  text_.clear();
  if (row >= lifecycles().size()) return;
  count_uses();
  JsonWriter json(text_);
  json.open('{');
  write_row(json, row);
  write_details(json, row);
  json.close('}');
}

void Viewer::table_query(std::string_view filter, SortOrder order) {
  table_ = sorted_rows(lifecycles(), fresh().matches(filter), order);
  count_uses();
  std::uint64_t bytes = 0;
  for (const std::uint32_t row : table_) bytes += live_bytes(lifecycles(), row);
  JsonWriter json(text_);
  json.open('{').member("rows", table_.size()).member("bytes", bytes).close('}');
}

void Viewer::table_rows(std::size_t from, std::size_t count) {
  JsonWriter json(text_);
  json.open('[');
  const std::size_t first = std::min(from, table_.size());
  const std::size_t last = first + std::min(count, table_.size() - first);
  for (std::size_t i = first; i < last; ++i) {
    json.open('{');
    write_row(json, table_[i]);
    json.close('}');
  }
  json.close(']');
}

void Viewer::groups(GroupBy by, std::string_view filter) {
  const std::vector<std::uint8_t>& matches = fresh().matches(filter);
  const std::optional<ColorBy> coloring = coloring_of(by);
  const ColorMap* const colors = coloring ? &model_.colors(*coloring) : nullptr;
  JsonWriter json(text_);
  json.open('[');
  for (const Group& group : group_rows(lifecycles(), matches, by, colors, model_.end())) {
    json.open('{')
        .member_text("name", group.name)
        .member("buffers", group.buffers)
        .member("bytes", group.bytes)
        .member("aliveBuffers", group.alive_buffers)
        .member("aliveBytes", group.alive_bytes)
        .member_name("color", group.has_color ? to_hex(group.color) : std::string())
        .close('}');
  }
  json.close(']');
}

std::size_t Viewer::choose(const Model::Area* area, std::string_view filter) {
  std::vector<std::uint8_t> chosen = fresh().matches(filter);
  if (area != nullptr) {
    const std::vector<std::uint8_t> inside = model_.inside(*area);
    for (std::size_t row = 0; row < chosen.size(); ++row) chosen[row] &= inside[row];
  }
  chosen_.clear();
  for (std::uint32_t row = 0; row < chosen.size(); ++row) {
    if (chosen[row] != 0) chosen_.push_back(row);
  }
  return chosen_.size();
}

void Viewer::chosen_csv(std::size_t from, std::size_t count) {
  trace::StringSink sink;
  const std::size_t first = std::min(from, chosen_.size());
  const std::span<const std::uint32_t> rows =
      std::span(chosen_).subspan(first, std::min(count, chosen_.size() - first));
  trace::write_rows_csv(lifecycles(), rows, from == 0, sink);  // such a sink refuses nothing
  text_ = std::move(sink.text);
}

void Viewer::filter_error(std::string_view filter) {
  text_ = RowFilter(filter).error();
}

}  // namespace bufgc::viewer
