#include <algorithm>
#include <array>
#include <charconv>

#include "bufgc/viz/event_log.hpp"

// How the log is read: as records, one event at a time.

namespace bufgc {

struct EventLog::Reader {
  Reader(const EventLog& log, std::uint64_t number) : times(log.times_, number) {
    const Place& last = log.last_reader_;
    place = last.number >= log.first_ && last.number <= number ? last : log.oldest_;
    while (place.number < number)
      place.pass(log.events_.at(static_cast<std::size_t>(place.number - log.first_)));
  }

  Place place;
  EventTimes::Cursor times;
  // What a record's views point to.
  std::array<char, 16> thread{};
  std::vector<EventRecord::Use> uses;
};

std::vector<EventLog::Carried> EventLog::carried() const {
  std::vector<Carried> events;
  for (const auto& page : carried_births_) {
    for (std::size_t i = 0; page && i < page_entries; ++i) {
      const CarriedBirth& birth = page[i];
      if (birth.number == never) continue;
      events.push_back({birth.number, EventKind::alloc, {birth.birth.id, 0}, birth.time_ns});
    }
  }
  for (const auto& piece : folded_held_.pieces())
    events.push_back({piece.tag.number, EventKind::reserve, {piece.begin, piece.end}, piece.tag.time_ns});
  for (const auto& [ends, link] : standing_links_) {
    if (find_carried(ends.holder) == nullptr || find_carried(ends.held) == nullptr) continue;
    for (std::uint64_t copy = 0; copy < link.count; ++copy)
      events.push_back({link.number, EventKind::link, ends, link.time_ns});
  }
  if (standing_mark_.number < first_)
    events.push_back({standing_mark_.number, EventKind::mark, {}, standing_mark_.time_ns});
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
  const std::uint64_t begin = std::clamp(from, first_, event_count());
  Reader reader(*this, begin);
  if (from < first_) {
    for (const Carried& event : carried()) {
      if (event.number < from) continue;
      describe(event, record, reader);
      if (!visit(record)) return from;
    }
  }
  const std::uint64_t end = event_count() - begin < limit ? event_count() : begin + limit;
  for (std::uint64_t number = begin; number < end; ++number) {
    describe(static_cast<std::size_t>(number - first_), record, reader);
    if (!visit(record)) return number;
  }
  last_reader_ = reader.place;
  return end;
}

void EventLog::describe(const Carried& carried, EventRecord& record, Reader& reader) const {
  record = {};
  record.number = carried.number;
  record.carried = true;
  record.kind = carried.kind;
  record.time_ns = carried.time_ns;
  switch (carried.kind) {
    case EventKind::alloc:
      describe_birth(find_carried(carried.ends.holder)->birth, record, reader);
      break;
    case EventKind::reserve:
      record.address = carried.ends.holder;
      record.size_bytes = carried.ends.held - carried.ends.holder;
      break;
    case EventKind::mark:
      record.name = strings_.at(standing_mark_.name);
      break;
    default:
      record.id = carried.ends.holder;
      record.held_id = carried.ends.held;
      break;
  }
}

void EventLog::describe(std::size_t offset, EventRecord& record, Reader& reader) const {
  const Event& event = events_.at(offset);
  const auto side = static_cast<std::size_t>(reader.place.side - oldest_.side);
  record = {};
  record.number = first_ + offset;
  record.kind = event.kind();
  record.time_ns = reader.times.at(record.number);
  switch (record.kind) {
    case EventKind::alloc:
      describe_birth(births_.at(static_cast<std::size_t>(reader.place.births - oldest_.births)), record,
                     reader);
      break;
    case EventKind::free:
      record.id = event.subject();
      record.cause = event.cause();
      record.freed_to = event.freed_to();
      break;
    case EventKind::use:
      record.name = strings_.at(static_cast<std::uint32_t>(side_.at(side)));
      reader.uses.clear();
      for (std::size_t use = 1; use < event.place(); ++use) {
        const std::uint64_t entry = side_.at(side + use);
        reader.uses.push_back({entry & ((std::uint64_t{1} << access_shift) - 1),
                               static_cast<std::uint8_t>(entry >> access_shift)});
      }
      record.uses = reader.uses;
      break;
    case EventKind::mark:
      record.name = strings_.at(static_cast<std::uint32_t>(event.subject()));
      break;
    case EventKind::reserve:
    case EventKind::release:
      record.address = segments_[event.place()].address;
      record.size_bytes = segments_[event.place()].size_bytes;
      break;
    case EventKind::link:
    case EventKind::unlink:
      record.id = side_.at(side);
      record.held_id = side_.at(side + 1);
      break;
    case EventKind::move:
      record.id = event.subject();
      record.from_address = side_.at(side);
      record.address = side_.at(side + 1);
      break;
  }
  reader.place.pass(event);
}

void EventLog::describe_birth(const Birth& born, EventRecord& record, Reader& reader) const {
  record.id = born.id;
  record.has_base = born.base_id != no_base;
  record.base_id = record.has_base ? born.base_id : BufferId{}.value();
  record.size_bytes = born.size_bytes;
  record.capacity_bytes = born.capacity_bytes;
  record.address = born.address;
  record.name = strings_.at(born.label);
  record.dtype = dtype_name(static_cast<DType>(born.dtype));
  record.shape = strings_.at(born.shape);
  record.site = strings_.at(born.site);
  char* const end =
      std::to_chars(reader.thread.data(), reader.thread.data() + reader.thread.size(), born.thread).ptr;
  record.thread = {reader.thread.data(), static_cast<std::size_t>(end - reader.thread.data())};
  record.buffer_kind = born.kind;
  record.served_by = born.served_by;
}

}  // namespace bufgc
