#include "timeline/reuse.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>

#include "bufgc/memory/offset_planner.hpp"
#include "timeline/rows.hpp"

namespace bufgc::timeline {
namespace {

struct Blocks {
  std::vector<std::uint32_t> rows;  ///< In order of birth.
  std::vector<PlannedBlock> planned;
};

Blocks blocks_of(const Lifecycles& lifecycles) {
  Blocks blocks;
  const auto end_of_log = static_cast<std::uint32_t>(lifecycles.event_count());
  for (std::uint32_t row = 0; row < lifecycles.size(); ++row) {
    const std::uint32_t begin = lifecycles.alloc_event[row];
    const std::uint32_t end = std::min(lifecycles.free_event[row], end_of_log);
    if (!is_owned(lifecycles, row) || extent_bytes(lifecycles, row) == 0 || begin >= end) continue;
    blocks.rows.push_back(row);
    blocks.planned.push_back({begin, end, extent_bytes(lifecycles, row)});
  }
  return blocks;
}

/// Who stood last at each offset of the plan.
class Occupants {
 public:
  struct Before {
    std::uint32_t row;
    std::uint64_t bytes;
  };
  /// Puts a row there. Of those whose place it takes, the one with the most bytes in common.
  std::optional<Before> put(std::uint64_t offset, std::uint64_t size, std::uint32_t row) {
    std::optional<Before> most;
    const std::uint64_t end = offset + size;
    auto piece = pieces_.upper_bound(offset);
    if (piece != pieces_.begin() && std::prev(piece)->second.end > offset) --piece;
    while (piece != pieces_.end() && piece->first < end) {
      const std::uint64_t begin = piece->first;
      const Piece old = piece->second;
      const std::uint64_t common = std::min(end, old.end) - std::max(offset, begin);
      if (!most || common > most->bytes) most = Before{old.row, common};
      piece = pieces_.erase(piece);
      if (begin < offset) pieces_[begin] = {offset, old.row};
      if (old.end > end) piece = pieces_.insert_or_assign(end, Piece{old.end, old.row}).first;
    }
    pieces_[offset] = {end, row};
    return most;
  }

 private:
  struct Piece {
    std::uint64_t end;
    std::uint32_t row;
  };
  std::map<std::uint64_t, Piece> pieces_;
};

/// Where the first stood when it ended, and the second when it was born.
bool stood_apart(const Lifecycles& lifecycles, const Places& places, std::uint32_t first,
                 std::uint32_t second) {
  const std::uint64_t a = places.address(places.last_of(first));
  const std::uint64_t b = lifecycles.address[second];
  if (a == Lifecycles::no_address || b == Lifecycles::no_address) return false;
  return a < b ? b - a >= extent_bytes(lifecycles, first) : a - b >= extent_bytes(lifecycles, second);
}

void find_pairs(const Lifecycles& lifecycles, const Places& places, const Blocks& blocks,
                const OffsetPlan& plan, std::size_t most_pairs, Reuse& reuse) {
  Occupants occupants;
  for (std::size_t i = 0; i < blocks.rows.size(); ++i) {
    const std::uint32_t row = blocks.rows[i];
    const auto before = occupants.put(plan.offsets_bytes[i], blocks.planned[i].size_bytes, row);
    if (before && stood_apart(lifecycles, places, before->row, row)) {
      reuse.pairs.push_back({before->row, row, before->bytes});
    }
  }
  reuse.all_pairs = reuse.pairs.size();
  const auto kept =
      reuse.pairs.begin() + static_cast<std::ptrdiff_t>(std::min(most_pairs, reuse.pairs.size()));
  std::partial_sort(reuse.pairs.begin(), kept, reuse.pairs.end(), [](const ReusePair& a, const ReusePair& b) {
    return a.bytes != b.bytes ? a.bytes > b.bytes : a.second < b.second;
  });
  reuse.pairs.erase(kept, reuse.pairs.end());
}

}  // namespace

Reuse find_reuse(const Lifecycles& lifecycles, const Places& places, const Levels& levels,
                 std::size_t most_pairs) {
  Reuse reuse;
  reuse.actual_bytes = levels.maxima().reserved_bytes;
  const Blocks blocks = blocks_of(lifecycles);
  const Result<OffsetPlan> plan = plan_offsets(blocks.planned, 1, std::chrono::nanoseconds(0));
  if (!plan) return reuse;
  reuse.planned_bytes = plan.value.height_bytes;
  reuse.least_bytes = plan.value.lower_bound_bytes;
  if (reuse.actual_bytes > reuse.planned_bytes) reuse.saved_bytes = reuse.actual_bytes - reuse.planned_bytes;
  find_pairs(lifecycles, places, blocks, plan.value, most_pairs, reuse);
  return reuse;
}

}  // namespace bufgc::timeline
