#include "trace/time_range.hpp"

#include <limits>

#include "bufgc/viz/lifecycles_builder.hpp"
#include "trace/records.hpp"
#include "trace/standing.hpp"

namespace bufgc::trace {

TimeRange moved(TimeRange range, std::int64_t by_ns) noexcept {
  for (std::int64_t* const end : {&range.from_ns, &range.to_ns}) {
    using Limits = std::numeric_limits<std::int64_t>;
    if (by_ns > 0) {
      *end = *end > Limits::max() - by_ns ? Limits::max() : *end + by_ns;
    } else {
      *end = *end < Limits::min() - by_ns ? Limits::min() : *end + by_ns;
    }
  }
  return range;
}

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
