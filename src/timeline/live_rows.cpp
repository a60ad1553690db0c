#include "timeline/live_rows.hpp"

namespace bufgc::timeline {

LiveRows::LiveRows(const Lifecycles& lifecycles)
    : lifecycles_(&lifecycles), rows_(static_cast<std::uint32_t>(lifecycles.size())) {
  for (std::size_t below = rows_; below > fan;) {
    std::vector<std::uint32_t> storey((below + fan - 1) / fan);
    for (std::size_t entry = 0; entry < below; ++entry) {
      std::uint32_t& latest = storey[entry / fan];
      latest = std::max(latest, storeys_.empty() ? end_of(entry) : storeys_.back()[entry]);
    }
    below = storey.size();
    storeys_.push_back(std::move(storey));
  }
}

std::uint32_t LiveRows::born_by(std::uint32_t event) const noexcept {
  const std::uint32_t* const begin = lifecycles_->alloc_event.data();
  return static_cast<std::uint32_t>(std::upper_bound(begin, begin + rows_, event) - begin);
}

}  // namespace bufgc::timeline
