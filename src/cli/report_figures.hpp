#pragma once

#include <cstdint>
#include <vector>

#include "bufgc/viz/lifecycles.hpp"
#include "timeline/growth.hpp"
#include "timeline/live_set.hpp"
#include "timeline/reserved_account.hpp"
#include "timeline/reuse.hpp"
#include "timeline/row_table.hpp"
#include "timeline/summary.hpp"

namespace bufgc::cli {

/// What a report says of a trace: the timeline's answers to the questions that people ask.
struct ReportFigures {
  timeline::Summary summary;
  std::uint64_t duration_ns = 0;
  std::uint64_t cache_hits = 0;
  timeline::LiveSet peak;  ///< By label, after `summary.max_live_event`.
  timeline::Growth leaks;  ///< By label.
  std::uint64_t max_reserved_event = 0;
  timeline::ReservedAccount account;  ///< After `max_reserved_event`.
  std::uint64_t worst_fragmentation_ppm = 0;
  timeline::Reuse reuse;
  std::vector<timeline::Group> sites;  ///< Most bytes allocated first.
};

/// O(n log n), of which planning (`reuse`) is the most.
[[nodiscard]] ReportFigures report_figures(const Lifecycles& lifecycles);

}  // namespace bufgc::cli
