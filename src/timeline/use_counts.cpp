#include "timeline/use_counts.hpp"

#include <algorithm>

namespace bufgc::timeline {

UseCounts::UseCounts(const Lifecycles& lifecycles) {
  std::size_t rows = 0;
  for (const Lifecycles::Use& use : lifecycles.uses) rows = std::max<std::size_t>(rows, use.row + 1U);
  counts_.resize(rows);
  for (const Lifecycles::Use& use : lifecycles.uses) ++counts_[use.row];
}

}  // namespace bufgc::timeline
