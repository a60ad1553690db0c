#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "bufgc/viz/event_record.hpp"
#include "bufgc/viz/lifecycles.hpp"

namespace bufgc::trace {

/// Walks lifecycles event by event, as records; `uses` is the room for the records' spans.
class Records {
 public:
  explicit Records(const Lifecycles& lifecycles);
  [[nodiscard]] std::size_t size() const noexcept { return rows_.event_count(); }
  /// The record of event `event`; it holds until the next call.
  const EventRecord& at(std::size_t event);

 private:
  const Lifecycles& rows_;
  struct Reservation {
    std::uint32_t event;
    std::uint64_t address, size_bytes;
  };
  std::vector<Reservation> reservations_;  // whole, by event: a segment's rows are pieces of them
  EventRecord record_;
  std::vector<EventRecord::Use> uses_;
};

}  // namespace bufgc::trace
