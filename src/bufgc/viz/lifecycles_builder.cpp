#include "bufgc/viz/lifecycles_builder.hpp"

#include <algorithm>
#include <utility>

namespace bufgc {

using EventKind = Lifecycles::EventKind;

std::uint32_t LifecyclesBuilder::event(std::int64_t time_ns, EventKind kind, std::size_t row) {
  const auto number = static_cast<std::uint32_t>(rows_.event_count());
  rows_.event_time_ns.push_back(time_ns);
  rows_.event_kind.push_back(kind);
  rows_.event_row.push_back(static_cast<std::uint32_t>(row));
  return number;
}

void LifecyclesBuilder::skip(SkipReason reason, std::uint64_t events) noexcept {
  rows_.skipped_events += events;
  rows_.skipped_by_reason[static_cast<std::size_t>(reason)] += events;
}

bool LifecyclesBuilder::alloc(const EventRecord& birth) {
  const std::size_t row = rows_.size();
  if (!live_.insert(birth.id, static_cast<std::uint32_t>(row))) {
    skip(SkipReason::alloc_of_live_id);
    return false;
  }
  StringTable& strings = rows_.strings;
  rows_.id.push_back(birth.id);
  rows_.size_bytes.push_back(birth.size_bytes);
  rows_.capacity_bytes.push_back(birth.capacity_bytes);
  rows_.address.push_back(birth.address);
  rows_.alloc_event.push_back(event(birth.time_ns, EventKind::alloc, row));
  rows_.free_event.push_back(Lifecycles::none);
  rows_.label.push_back(strings.intern(birth.name));
  rows_.dtype.push_back(strings.intern(birth.dtype));
  rows_.shape.push_back(strings.intern(birth.shape));
  rows_.site.push_back(strings.intern(birth.site));
  rows_.thread.push_back(strings.intern(birth.thread));
  rows_.base.push_back(birth.has_base && birth.base_id != birth.id ? live_.find(birth.base_id)
                                                                   : Lifecycles::none);
  rows_.kind.push_back(birth.buffer_kind);
  rows_.cause.push_back(Lifecycles::unknown);
  rows_.served_by.push_back(birth.served_by);
  rows_.freed_to.push_back(Lifecycles::unknown);
  return true;
}

bool LifecyclesBuilder::free(std::int64_t time_ns, std::uint64_t id, std::uint8_t cause,
                             std::uint8_t freed_to) {
  const std::uint32_t row = live_.erase(id);
  if (row == IdMap::none) {
    skip(SkipReason::free_of_unknown_id);
    return false;
  }
  rows_.free_event[row] = event(time_ns, EventKind::free, row);
  rows_.cause[row] = cause;
  rows_.freed_to[row] = freed_to;
  return true;
}

bool LifecyclesBuilder::use(std::int64_t time_ns, std::uint32_t kernel,
                            std::span<const EventRecord::Use> uses) {
  const std::size_t first = rows_.uses.size();
  const auto number = static_cast<std::uint32_t>(rows_.event_count());
  for (const EventRecord::Use& use : uses) {
    const std::uint32_t row = live_.find(use.id);
    if (row != IdMap::none) rows_.uses.push_back({number, row, kernel, use.access});
  }
  if (rows_.uses.size() - first < uses.size() || uses.empty()) skip(SkipReason::use_of_unknown_id);
  if (rows_.uses.size() == first) return false;
  event(time_ns, EventKind::use, first);
  return true;
}

bool LifecyclesBuilder::mark(std::int64_t time_ns, std::uint32_t name) {
  rows_.marks.push_back({event(time_ns, EventKind::mark, rows_.marks.size()), name});
  return true;
}

bool LifecyclesBuilder::reserve(std::int64_t time_ns, std::uint64_t address, std::uint64_t size_bytes) {
  const std::uint64_t end = segments_.end_of(address, size_bytes);
  if (end == address || segments_.overlaps(address, end)) {
    skip(SkipReason::reserve_of_held_segment);
    return false;
  }
  const std::size_t row = rows_.segments.size();
  segments_.insert(address, end, static_cast<std::uint32_t>(row));
  rows_.segments.push_back(
      {address, end - address, event(time_ns, EventKind::reserve, row), Lifecycles::none});
  return true;
}

bool LifecyclesBuilder::release(std::int64_t time_ns, std::uint64_t address, std::uint64_t size_bytes) {
  std::vector<Lifecycles::SegmentLife>& rows = rows_.segments;
  const std::uint64_t end = segments_.end_of(address, size_bytes);
  const auto pieces = segments_.take(address, end);
  if (pieces.empty()) {
    skip(SkipReason::release_of_unknown_segment);
    return false;
  }
  const auto split = [&](std::uint32_t row, std::uint64_t from, std::uint64_t to) {
    rows.push_back({from, to - from, rows[row].reserve_event, Lifecycles::none});
    return static_cast<std::uint32_t>(rows.size() - 1);
  };
  for (const auto& piece : pieces) {
    const std::uint64_t from = std::max(piece.begin, address);
    const std::uint64_t to = std::min(piece.end, end);
    // The piece's own row stays with what is released; what sticks out gets new ones.
    if (piece.begin < from) segments_.insert(piece.begin, from, split(piece.tag, piece.begin, from));
    if (to < piece.end) segments_.insert(to, piece.end, split(piece.tag, to, piece.end));
    rows[piece.tag].address = from;
    rows[piece.tag].size_bytes = to - from;
    rows[piece.tag].release_event = event(time_ns, EventKind::release, piece.tag);
  }
  return true;
}

bool LifecyclesBuilder::link(std::int64_t time_ns, std::uint64_t holder_id, std::uint64_t held_id,
                             bool added) {
  const std::uint32_t holder = live_.find(holder_id);
  const std::uint32_t held = live_.find(held_id);
  if (holder == IdMap::none || held == IdMap::none) {
    skip(SkipReason::link_of_unknown_id);
    return false;
  }
  const std::uint32_t number =
      event(time_ns, added ? EventKind::link : EventKind::unlink, rows_.links.size());
  rows_.links.push_back({number, holder, held, static_cast<std::uint8_t>(added)});
  return true;
}

bool LifecyclesBuilder::move(std::int64_t time_ns, std::uint64_t id, std::uint64_t from, std::uint64_t to) {
  const std::uint32_t row = live_.find(id);
  if (row == IdMap::none) {
    skip(SkipReason::move_of_unknown_id);
    return false;
  }
  rows_.moves.push_back({event(time_ns, EventKind::move, rows_.moves.size()), row, from, to});
  return true;
}

bool LifecyclesBuilder::add(const EventRecord& record) {
  switch (record.kind) {
    case EventKind::alloc:
      return alloc(record);
    case EventKind::free:
      return free(record.time_ns, record.id, record.cause, record.freed_to);
    case EventKind::use:
      return use(record.time_ns, rows_.strings.intern(record.name), record.uses);
    case EventKind::mark:
      return mark(record.time_ns, rows_.strings.intern(record.name));
    case EventKind::reserve:
      return reserve(record.time_ns, record.address, record.size_bytes);
    case EventKind::release:
      return release(record.time_ns, record.address, record.size_bytes);
    case EventKind::link:
    case EventKind::unlink:
      return link(record.time_ns, record.id, record.held_id, record.kind == EventKind::link);
    case EventKind::move:
      return move(record.time_ns, record.id, record.from_address, record.address);
  }
  return false;
}

Lifecycles LifecyclesBuilder::take() {
  Lifecycles result = std::move(rows_);
  *this = LifecyclesBuilder();
  return result;
}

}  // namespace bufgc
