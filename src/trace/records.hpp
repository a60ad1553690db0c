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
  explicit Records(const Lifecycles& lifecycles) : rows_(lifecycles) {}
  [[nodiscard]] std::size_t size() const noexcept { return rows_.event_count(); }
  /// The record of event `event`; it holds until the next call.
  const EventRecord& at(std::size_t event);

 private:
  const Lifecycles& rows_;
  EventRecord record_;
  std::vector<EventRecord::Use> uses_;
};

}  // namespace bufgc::trace
