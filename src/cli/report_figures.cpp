#include "report_figures.hpp"

#include "timeline/axis.hpp"
#include "timeline/fragmentation.hpp"
#include "timeline/levels.hpp"
#include "timeline/places.hpp"

namespace bufgc::cli {

using namespace timeline;

ReportFigures report_figures(const Lifecycles& lifecycles) {
  constexpr std::size_t most_groups = 10;
  const std::vector<std::uint8_t> all(lifecycles.size(), 1);
  const Levels levels(lifecycles);
  const EventClock clock(lifecycles);
  const Places places(lifecycles);
  ReportFigures figures;
  figures.summary = summarise(lifecycles, levels);
  figures.duration_ns = clock.duration_ns();
  figures.cache_hits = cache_hits(lifecycles);
  figures.peak = live_set(lifecycles, {figures.summary.max_live_event, GroupBy::label, 0}, all);
  figures.leaks = growth_of_groups(lifecycles, GroupBy::label, all, most_groups);
  figures.max_reserved_event = levels.max_reserved_event();
  figures.account = account_reserved(lifecycles, places, levels, figures.max_reserved_event);
  const auto events = static_cast<double>(clock.events());
  figures.worst_fragmentation_ppm =
      static_cast<std::uint64_t>(Fragmentation(levels).resample(clock, Axis::event, 0, events, 1).front());
  figures.reuse = find_reuse(lifecycles, levels, 0);
  figures.sites = group_rows(lifecycles, all, GroupBy::site);
  return figures;
}

}  // namespace bufgc::cli
