#include "trace/time_range.hpp"

#include "bufgc/viz/lifecycles_builder.hpp"
#include "trace/records.hpp"
#include "trace/standing.hpp"

namespace bufgc::trace {

Lifecycles cut(const Lifecycles& lifecycles, TimeRange range) {
  Standing before(lifecycles.folded);
  Records records(lifecycles);
  std::size_t event = 0;
  for (; event < records.size() && lifecycles.event_time_ns[event] < range.from_ns; ++event) {
    SkipReason reason{};
    before.add(records.at(event), reason);
  }
  LifecyclesBuilder builder;
  builder.folded() = before.folded();
  before.for_each([&](const EventRecord& record) { return builder.add(record); });
  for (; event < records.size() && lifecycles.event_time_ns[event] <= range.to_ns; ++event)
    builder.add(records.at(event));
  for (std::size_t reason = 0; reason < skip_reason_count; ++reason)
    builder.skip(static_cast<SkipReason>(reason), lifecycles.skipped_by_reason[reason]);
  return builder.take();
}

}  // namespace bufgc::trace
