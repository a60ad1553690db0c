#include <algorithm>
#include <array>
#include <charconv>

#include "bufgc/viz/event_log.hpp"

// How the log is read: as records, one event at a time.

namespace bufgc {

struct EventLog::Reader {
  Reader(const EventLog& log, std::uint64_t number) : times(log.times_, number) {
    const Place& last = log.last_reader_;
    place = last.number > log.first_ && last.number <= number ? last : Place{log.first_, log.queue_.begin()};
    for (; place.number < number; ++place.number)
      place.position += EventWord(log.queue_.at(place.position)).words();
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
      events.push_back(
          {birth.number, EventKind::alloc, {EventWord(birth.words[0]).subject(), 0}, birth.time_ns});
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
  Folded totals = folded_.totals;
  totals.events = first_ - carried().size();
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
    describe_next(record, reader);
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
      describe_birth(find_carried(carried.ends.holder)->words.data(), record, reader);
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

void EventLog::describe_next(EventRecord& record, Reader& reader) const {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-member-init): filled as far as it is read.
  BirthWords copies;
  const std::uint64_t* const words = queue_.read(reader.place.position, most_event_words, copies.data());
  const EventWord event(words[0]);
  record = {};
  record.number = reader.place.number;
  record.kind = event.kind();
  record.time_ns = reader.times.at(record.number);
  switch (record.kind) {
    case EventKind::alloc:
      describe_birth(words, record, reader);
      break;
    case EventKind::free:
      record.id = event.subject();
      record.cause = event.cause();
      record.freed_to = event.freed_to();
      break;
    case EventKind::use:
      record.name = strings_.at(static_cast<std::uint32_t>(words[1]));
      reader.uses.clear();
      for (std::uint64_t use = 0; use < event.subject(); ++use) {
        const std::uint64_t entry = queue_.at(reader.place.position + 2 + use);
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
      record.address = words[1];
      record.size_bytes = words[2];
      break;
    case EventKind::link:
    case EventKind::unlink:
      record.id = event.subject();
      record.held_id = words[1];
      break;
    case EventKind::move:
      record.id = event.subject();
      record.from_address = words[1];
      record.address = words[2];
      break;
  }
  ++reader.place.number;
  reader.place.position += event.words();
}

void EventLog::describe_birth(const std::uint64_t* words, EventRecord& record, Reader& reader) const {
  const LoggedBirth born = unpack_birth(words);
  record.id = born.id;
  record.has_base = born.base_id != LoggedBirth::no_base;
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
