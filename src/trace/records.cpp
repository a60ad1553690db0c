#include "trace/records.hpp"

namespace bufgc::trace {

using EventKind = Lifecycles::EventKind;

const EventRecord& Records::at(std::size_t event) {
  record_ = {};
  record_.number = rows_.folded.events + event;
  record_.time_ns = rows_.event_time_ns[event];
  record_.kind = rows_.event_kind[event];
  const std::size_t row = rows_.event_row[event];
  switch (record_.kind) {
    case EventKind::alloc:
      record_.id = rows_.id[row];
      record_.size_bytes = rows_.size_bytes[row];
      record_.capacity_bytes = rows_.capacity_bytes[row];
      record_.address = rows_.address[row];
      record_.has_base = rows_.base[row] != Lifecycles::none;
      if (record_.has_base) record_.base_id = rows_.id[rows_.base[row]];
      record_.name = rows_.strings.at(rows_.label[row]);
      record_.dtype = rows_.strings.at(rows_.dtype[row]);
      record_.shape = rows_.strings.at(rows_.shape[row]);
      record_.site = rows_.strings.at(rows_.site[row]);
      record_.thread = rows_.strings.at(rows_.thread[row]);
      record_.buffer_kind = rows_.kind[row];
      record_.served_by = rows_.served_by[row];
      break;
    case EventKind::free:
      record_.id = rows_.id[row];
      record_.cause = rows_.cause[row];
      record_.freed_to = rows_.freed_to[row];
      break;
    case EventKind::use:
      uses_.clear();
      for (std::size_t use = row; use < rows_.uses.size() && rows_.uses[use].event == event; ++use)
        uses_.push_back({rows_.id[rows_.uses[use].row], rows_.uses[use].access});
      record_.name = rows_.strings.at(rows_.uses[row].kernel);
      record_.uses = uses_;
      break;
    case EventKind::mark:
      record_.name = rows_.strings.at(rows_.marks[row].name);
      break;
    case EventKind::reserve:
    case EventKind::release:
      record_.address = rows_.segments[row].address;
      record_.size_bytes = rows_.segments[row].size_bytes;
      break;
    case EventKind::link:
    case EventKind::unlink:
      record_.id = rows_.id[rows_.links[row].holder];
      record_.held_id = rows_.id[rows_.links[row].held];
      break;
  }
  return record_;
}

}  // namespace bufgc::trace
