#include "trace/bufgc_row_reader.hpp"

#include <algorithm>

#include "trace/column_form.hpp"
#include "trace/names.hpp"
#include "trace/utf8.hpp"

namespace bufgc::trace {

using EventKind = Lifecycles::EventKind;

namespace {

constexpr std::size_t max_events = 0xfffffff0U;

template <class Number>
void append_as(std::vector<Number>& to, const std::vector<std::uint64_t>& from) {
  const std::size_t old = to.size();
  to.resize(old + from.size());
  for (std::size_t i = 0; i < from.size(); ++i) to[old + i] = static_cast<Number>(from[i]);
}

/// The other way of the writer's plus one.
std::uint8_t minus_one(std::uint64_t value) noexcept {
  return static_cast<std::uint8_t>(value - 1);
}

bool all_at_most(const std::vector<std::uint64_t>& values, std::uint64_t most) noexcept {
  return std::all_of(values.begin(), values.end(), [&](std::uint64_t value) { return value <= most; });
}

}  // namespace

std::string RowReader::check_place(const BlockHeader& header) const {
  if (header.first_event == events_ && header.first_row == births_) return {};
  return "expected a block that begins with event " + std::to_string(events_) + " and birth " +
         std::to_string(births_) + ", found event " + std::to_string(header.first_event) + " and birth " +
         std::to_string(header.first_row);
}

std::string RowReader::section(const BlockHeader& header, std::string_view payload) {
  if (!any_section_) {
    events_ = header.first_event;
    births_ = first_row_ = header.first_row;
    last_time_ns_ = header.last_time_ns;
  }
  if (std::string wrong = check_place(header); !wrong.empty()) return wrong;
  Lifecycles::Folded totals;
  ByteCursor cursor(payload);
  for (std::uint64_t* const total :
       {&totals.events, &totals.buffers, &totals.bytes, &totals.max_live_bytes, &totals.max_live_buffers}) {
    if (!cursor.varint(*total)) return "expected five totals, found bytes that are none";
  }
  if (cursor.left() > 0 || header.records > 0)
    return "expected the end of the block, found " + std::to_string(cursor.left()) + " more bytes";
  if (!any_section_) builder_.folded() = totals;
  any_section_ = true;
  names_.assign(1, 0);
  return {};
}

std::string RowReader::records(const BlockHeader& header, std::string_view payload) {
  if (!any_section_) return "expected a section before the first block of records, found none";
  if (std::string wrong = check_place(header); !wrong.empty()) return wrong;
  if (std::string wrong = block_.read(header, payload); !wrong.empty()) return wrong;
  if (std::string wrong = add_names(); !wrong.empty()) return wrong;
  const bool standing = header.kind == BlockKind::standing;
  if (standing && any_events_) return {};
  if (builder_.lifecycles().event_count() + header.records > max_events)
    return "expected at most 4,294,967,280 events in one trace, found more";
  if (header.records > 0 && any_time_ && header.first_time_ns < last_time_ns_)
    return "expected a time not before " + std::to_string(last_time_ns_) + ", found " +
           std::to_string(header.first_time_ns);
  if (std::string wrong = check_births(); !wrong.empty()) return wrong;
  any_events_ = !standing;
  add_births(standing);
  if (std::string wrong = add_events(header, standing); !wrong.empty()) return wrong;
  for (const BlockReader::Skipped& skipped : block_.skipped()) builder_.skip(skipped.reason, skipped.events);
  if (header.records == 0) return {};
  last_time_ns_ = header.last_time_ns;
  any_time_ = true;
  return {};
}

std::string RowReader::add_names() {
  StringTable& strings = builder_.strings();
  for (const std::string_view name : block_.names())
    names_.push_back(utf8_valid(name) ? strings.intern(name) : strings.intern(utf8_repaired(name)));
  for (const Column which : {Column::label, Column::dtype, Column::shape, Column::site, Column::thread,
                             Column::kernel, Column::phase}) {
    if (!all_at_most(block_.column(which), names_.size() - 1))
      return "expected the number of a name below " + std::to_string(names_.size()) + ", found a greater one";
  }
  return {};
}

std::string RowReader::check_births() const {
  const bool good = all_at_most(block_.column(Column::id_slot), 0xffffffffU) &&
                    all_at_most(block_.column(Column::id_generation), 0xffffffffU) &&
                    all_at_most(block_.column(Column::kind), std::size(kind_names) - 1) &&
                    all_at_most(block_.column(Column::served_by), std::size(place_names)) &&
                    all_at_most(block_.column(Column::cause), std::size(cause_names)) &&
                    all_at_most(block_.column(Column::freed_to), std::size(place_names));
  const std::vector<std::uint64_t>& file_rows = block_.column(Column::birth_row);
  std::uint64_t least = standing_rows_.empty() ? 0 : standing_rows_.back() + 1;
  for (const std::uint64_t row : file_rows) {
    if (row < least || row >= first_row_) return "expected ascending rows before the section, found others";
    least = row + 1;
  }
  return good ? std::string() : "expected ids, kinds, places and causes within their bounds, found others";
}

void RowReader::add_births(bool standing) {
  Lifecycles& rows = builder_.rows();
  const std::vector<std::uint64_t>& sizes = block_.column(Column::size);
  const std::size_t old = rows.size();
  const std::size_t count = sizes.size();
  const std::size_t all = old + count;
  rows.id.resize(all);
  rows.capacity_bytes.resize(all);
  rows.address.resize(all);
  rows.served_by.resize(all);
  const std::vector<std::uint64_t>& slots = block_.column(Column::id_slot);
  const std::vector<std::uint64_t>& generations = block_.column(Column::id_generation);
  const std::vector<std::uint64_t>& capacities = block_.column(Column::capacity);
  const std::vector<std::uint64_t>& addresses = block_.column(Column::address);
  const std::vector<std::uint64_t>& servers = block_.column(Column::served_by);
  for (std::size_t i = 0; i < count; ++i) {
    rows.id[old + i] = slots[i] | (generations[i] << 32U);
    rows.capacity_bytes[old + i] = sizes[i] + unfold_sign(capacities[i]);
    rows.address[old + i] = addresses[i] - 1;
    rows.served_by[old + i] = minus_one(servers[i]);
  }
  rows.size_bytes.insert(rows.size_bytes.end(), sizes.begin(), sizes.end());
  rows.alloc_event.resize(all);
  rows.free_event.resize(all, none);
  rows.base.resize(all, none);
  rows.cause.resize(all, Lifecycles::unknown);
  rows.freed_to.resize(all, Lifecycles::unknown);
  append_as(rows.kind, block_.column(Column::kind));
  const auto add_named = [&](NarrowColumn<std::uint32_t>& column, Column which) {
    const std::vector<std::uint64_t>& numbers = block_.column(which);
    column.append(count, [&](std::size_t i) { return names_[static_cast<std::size_t>(numbers[i])]; });
  };
  add_named(rows.label, Column::label);
  add_named(rows.dtype, Column::dtype);
  add_named(rows.shape, Column::shape);
  add_named(rows.site, Column::site);
  add_named(rows.thread, Column::thread);
  if (!standing) return;
  const std::vector<std::uint64_t>& file_rows = block_.column(Column::birth_row);
  standing_rows_.insert(standing_rows_.end(), file_rows.begin(), file_rows.end());
}

template <class Visit>
void RowReader::for_each_column(Visit&& visit) {
  Lifecycles& all = builder_.rows();
  for (auto* const column : {&all.id, &all.size_bytes, &all.capacity_bytes, &all.address}) visit(*column);
  for (auto* const column : {&all.alloc_event, &all.free_event, &all.base}) visit(*column);
  for (auto* const column : {&all.label, &all.dtype, &all.shape, &all.site, &all.thread}) visit(*column);
  for (auto* const column : {&all.kind, &all.cause, &all.served_by, &all.freed_to}) visit(*column);
}

void RowReader::drop_births_after(std::size_t rows) {
  for_each_column([&](auto& column) { column.resize(rows); });
}

void RowReader::reserve(std::size_t births, std::size_t events) {
  for_each_column([&](auto& column) { column.reserve(births); });
  Lifecycles& all = builder_.rows();
  all.event_time_ns.reserve(events);
  all.event_kind.reserve(events);
  all.event_row.reserve(events);
}

std::uint32_t RowReader::live_row(std::uint64_t age) const noexcept {
  if (age == 0 || age > births_) return none;
  const std::uint64_t in_file = births_ - age;
  std::size_t row = 0;
  if (in_file >= first_row_) {
    row = static_cast<std::size_t>(in_file - first_row_) + standing_rows_.size();
  } else {
    const auto found = std::lower_bound(standing_rows_.begin(), standing_rows_.end(), in_file);
    if (found == standing_rows_.end() || *found != in_file) return none;
    row = static_cast<std::size_t>(found - standing_rows_.begin());
  }
  const Lifecycles& rows = builder_.lifecycles();
  return row < rows.size() && rows.free_event[row] == none ? static_cast<std::uint32_t>(row) : none;
}

std::string RowReader::add_events(const BlockHeader& header, bool standing) {
  Lifecycles& rows = builder_.rows();
  std::size_t row = rows.size() - header.births;  // of the next birth
  std::size_t end = 0, range = 0, use = 0, used = 0, phase = 0, link = 0, moved = 0;
  auto time_ns = static_cast<std::uint64_t>(header.first_time_ns);
  const std::size_t events_before = rows.event_count();
  const auto event = [&](std::int64_t time, EventKind kind, std::size_t of) {
    rows.event_time_ns.push_back(time);
    rows.event_kind.push_back(kind);
    rows.event_row.push_back(static_cast<std::uint32_t>(of));
    return static_cast<std::uint32_t>(rows.event_count() - 1);
  };
  const auto not_alive = [&](std::string_view what) {
    drop_births_after(row);
    return "expected " + std::string(what) + " of a buffer that is alive, found another";
  };
  for (std::size_t i = 0; i < block_.kinds().size(); ++i) {
    const auto kind = static_cast<EventKind>(block_.kinds()[i]);
    time_ns += block_.column(Column::time)[i];
    const auto time = static_cast<std::int64_t>(time_ns);
    switch (kind) {
      case EventKind::alloc: {
        const std::size_t birth = row + header.births - rows.size();
        if (const std::uint64_t base = block_.column(Column::base)[birth]; base > 0) {
          const std::uint32_t of = live_row(base);
          if (of == none || of >= row) return not_alive("a view");
          rows.base[row] = of;
        }
        rows.alloc_event[row] = event(time, kind, row);
        ++row;
        if (!standing) ++births_;
        break;
      }
      case EventKind::free: {
        const std::uint32_t ended = live_row(block_.column(Column::ended)[end]);
        if (ended == none || ended >= row) return not_alive("the end");
        rows.free_event[ended] = event(time, kind, ended);
        rows.cause[ended] = minus_one(block_.column(Column::cause)[end]);
        rows.freed_to[ended] = minus_one(block_.column(Column::freed_to)[end]);
        ++end;
        break;
      }
      case EventKind::use: {
        const std::uint64_t last = used + block_.column(Column::use_count)[use];
        const std::uint32_t kernel = names_[static_cast<std::size_t>(block_.column(Column::kernel)[use++])];
        const auto number = static_cast<std::uint32_t>(rows.event_count());
        const std::size_t first = rows.uses.size();
        for (; used < last; ++used) {
          const std::uint32_t of = live_row(block_.column(Column::used)[used]);
          if (of == none || of >= row) {
            rows.uses.resize(first);
            return not_alive("a use");
          }
          rows.uses.push_back({number, of, kernel, block_.accesses()[used]});
        }
        event(time, kind, first);
        break;
      }
      case EventKind::mark:
        builder_.mark(time, names_[static_cast<std::size_t>(block_.column(Column::phase)[phase++])]);
        break;
      case EventKind::reserve:
      case EventKind::release: {
        const std::uint64_t address = block_.column(Column::range_address)[range];
        const std::uint64_t size_bytes = block_.column(Column::range_size)[range++];
        if (kind == EventKind::reserve) {
          builder_.reserve(time, address, size_bytes);
        } else {
          builder_.release(time, address, size_bytes);
        }
        break;
      }
      case EventKind::link:
      case EventKind::unlink: {
        const std::uint32_t holder = live_row(block_.column(Column::holder)[link]);
        const std::uint32_t held = live_row(block_.column(Column::held)[link++]);
        if (holder == none || held == none || holder >= row || held >= row) return not_alive("a link");
        const std::uint32_t number = event(time, kind, rows.links.size());
        rows.links.push_back({number, holder, held, static_cast<std::uint8_t>(kind == EventKind::link)});
        break;
      }
      case EventKind::move: {
        const std::uint32_t of = live_row(block_.column(Column::moved)[moved]);
        if (of == none || of >= row) return not_alive("a move");
        const std::uint32_t number = event(time, kind, rows.moves.size());
        rows.moves.push_back(
            {number, of, block_.column(Column::move_from)[moved], block_.column(Column::move_to)[moved]});
        ++moved;
        break;
      }
    }
  }
  if (!standing) events_ += rows.event_count() - events_before;
  return {};
}

}  // namespace bufgc::trace
