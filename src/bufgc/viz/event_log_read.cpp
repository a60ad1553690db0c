#include <algorithm>
#include <array>
#include <charconv>

#include "bufgc/viz/event_log.hpp"

// How the log is read: as records, one event at a time.

namespace bufgc {

/// What a record's views point to.
struct EventLog::Scratch {
  std::array<char, 16> thread{};
  std::vector<EventRecord::Use> uses;
};

std::vector<EventLog::Carried> EventLog::carried() const {
  std::vector<Carried> events;
  IdMap rows;
  for (std::uint32_t index = 0; index < rows_made_; ++index) {
    const Row& candidate = row(index);
    if (candidate.alloc_number >= first_) continue;
    events.push_back({candidate.alloc_number, EventKind::alloc, index, {}, candidate.alloc_time_ns});
    if (!standing_links_.empty()) rows.insert(candidate.id, index);
  }
  for (const auto& piece : folded_held_.pieces())
    events.push_back({piece.tag.number, EventKind::reserve, 0, {piece.begin, piece.end}, piece.tag.time_ns});
  for (const auto& [ends, link] : standing_links_) {
    if (rows.find(ends.holder) == IdMap::none || rows.find(ends.held) == IdMap::none) continue;
    for (std::uint64_t copy = 0; copy < link.count; ++copy)
      events.push_back({link.number, EventKind::link, 0, ends, link.time_ns});
  }
  if (standing_mark_.number < first_)
    events.push_back({standing_mark_.number, EventKind::mark, 0, {}, standing_mark_.time_ns});
  std::stable_sort(events.begin(), events.end(),
                   [](const Carried& a, const Carried& b) { return a.number < b.number; });
  return events;
}

EventLog::Folded EventLog::folded() const {
  Folded totals = folded_;
  totals.events -= carried().size();
  return totals;
}

std::uint64_t EventLog::for_each_since(std::uint64_t from, std::uint64_t limit,
                                       const EventVisitor& visit) const {
  EventRecord record;
  Scratch scratch;
  if (from < first_) {
    for (const Carried& event : carried()) {
      if (event.number < from) continue;
      describe(event, record, scratch);
      if (!visit(record)) return from;
    }
    from = first_;
  }
  from = std::min(from, event_count());
  const std::uint64_t end = event_count() - from < limit ? event_count() : from + limit;
  for (std::uint64_t number = from; number < end; ++number) {
    describe(static_cast<std::size_t>(number - first_), record, scratch);
    if (!visit(record)) return number;
  }
  return end;
}

void EventLog::describe(const Carried& carried, EventRecord& record, Scratch& scratch) const {
  record = {};
  record.number = carried.number;
  record.kind = carried.kind;
  record.time_ns = carried.time_ns;
  switch (carried.kind) {
    case EventKind::alloc:
      describe_birth(row(carried.index), record, scratch);
      break;
    case EventKind::reserve:
      record.address = carried.link.holder;
      record.size_bytes = carried.link.held - carried.link.holder;
      break;
    case EventKind::mark:
      record.name = strings_.at(standing_mark_.name);
      break;
    default:
      record.id = carried.link.holder;
      record.held_id = carried.link.held;
      break;
  }
}

void EventLog::describe(std::size_t offset, EventRecord& record, Scratch& scratch) const {
  record = {};
  record.number = first_ + offset;
  record.kind = kinds_.at(offset);
  record.time_ns = times_.at(offset);
  const std::uint32_t index = event_rows_.at(offset);
  switch (record.kind) {
    case EventKind::alloc:
      describe_birth(row(index), record, scratch);
      break;
    case EventKind::free:
      record.id = row(index).id;
      record.cause = row(index).cause;
      record.freed_to = row(index).freed_to;
      break;
    case EventKind::use: {
      const std::size_t side = side_offset(offset);
      record.name = strings_.at(side_.at(side).a);
      scratch.uses.clear();
      for (std::size_t use = 1; use <= side_.at(side).b; ++use) {
        const Pair& entry = side_.at(side + use);
        scratch.uses.push_back({row(entry.a).id, static_cast<std::uint8_t>(entry.b)});
      }
      record.uses = scratch.uses;
      break;
    }
    case EventKind::mark:
      record.name = strings_.at(index);
      break;
    case EventKind::reserve:
    case EventKind::release:
      record.address = segments_[index].address;
      record.size_bytes = segments_[index].size_bytes;
      break;
    case EventKind::link:
    case EventKind::unlink: {
      const Pair& ends = side_.at(side_offset(offset));
      record.id = row(ends.a).id;
      record.held_id = row(ends.b).id;
      break;
    }
  }
}

void EventLog::describe_birth(const Row& born, EventRecord& record, Scratch& scratch) const {
  record.id = born.id;
  record.has_base = born.has_base;
  record.base_id = born.base_id;
  record.size_bytes = born.size_bytes;
  record.capacity_bytes = born.capacity_bytes;
  record.address = born.address;
  record.name = strings_.at(born.label);
  record.dtype = dtype_name(static_cast<DType>(born.dtype));
  record.shape = strings_.at(born.shape);
  record.site = strings_.at(born.site);
  char* const end =
      std::to_chars(scratch.thread.data(), scratch.thread.data() + scratch.thread.size(), born.thread).ptr;
  record.thread = {scratch.thread.data(), static_cast<std::size_t>(end - scratch.thread.data())};
  record.buffer_kind = born.kind;
  record.served_by = born.served_by;
}

}  // namespace bufgc
