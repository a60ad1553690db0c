#include "trace/records.hpp"

#include <algorithm>

namespace bufgc::trace {

using EventKind = Lifecycles::EventKind;

Records::Records(const Lifecycles& lifecycles) : rows_(lifecycles) {
  for (const Lifecycles::SegmentLife& piece : rows_.segments)
    reservations_.push_back({piece.reserve_event, piece.address, piece.size_bytes});
  std::sort(reservations_.begin(), reservations_.end(),
            [](const Reservation& a, const Reservation& b) { return a.event < b.event; });
  std::size_t kept = 0;
  for (std::size_t i = 0; i < reservations_.size(); ++i) {
    Reservation& piece = reservations_[i];
    if (kept > 0 && reservations_[kept - 1].event == piece.event) {
      Reservation& whole = reservations_[kept - 1];
      whole.address = std::min(whole.address, piece.address);
      whole.size_bytes += piece.size_bytes;
    } else {
      reservations_[kept++] = piece;
    }
  }
  reservations_.resize(kept);
}

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
    case EventKind::reserve: {
      const auto whole = std::lower_bound(reservations_.begin(), reservations_.end(), event,
                                          [](const Reservation& a, std::size_t b) { return a.event < b; });
      record_.address = whole->address;
      record_.size_bytes = whole->size_bytes;
      break;
    }
    case EventKind::release:
      record_.address = rows_.segments[row].address;
      record_.size_bytes = rows_.segments[row].size_bytes;
      break;
    case EventKind::link:
    case EventKind::unlink:
      record_.id = rows_.id[rows_.links[row].holder];
      record_.held_id = rows_.id[rows_.links[row].held];
      break;
    case EventKind::move:
      record_.id = rows_.id[rows_.moves[row].row];
      record_.from_address = rows_.moves[row].from;
      record_.address = rows_.moves[row].to;
      break;
  }
  return record_;
}

}  // namespace bufgc::trace
