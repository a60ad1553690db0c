#include "timeline/reuse.hpp"

#include <algorithm>
#include <iterator>

#include "bufgc/memory/offset_planner.hpp"
#include "timeline/rows.hpp"

namespace bufgc::timeline {
namespace {

/// Where the first stood when it ended, and the second when it was born.
bool stood_apart(const Lifecycles& lifecycles, const Places& places, std::uint32_t first,
                 std::uint32_t second) {
  const std::uint64_t a = places.address(places.last_of(first));
  const std::uint64_t b = lifecycles.address[second];
  if (a == Lifecycles::no_address || b == Lifecycles::no_address) return false;
  return a < b ? b - a >= extent_bytes(lifecycles, first) : a - b >= extent_bytes(lifecycles, second);
}

bool goes_before(const ReusePair& a, const ReusePair& b) noexcept {
  return a.bytes != b.bytes ? a.bytes > b.bytes : a.second < b.second;
}

}  // namespace

std::optional<ReuseSearch::Occupants::Before> ReuseSearch::Occupants::put(std::uint64_t offset,
                                                                          std::uint64_t size,
                                                                          std::uint32_t row) {
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

ReuseSearch::ReuseSearch(const Lifecycles& lifecycles, std::size_t most_pairs)
    : lifecycles_(&lifecycles),
      places_(lifecycles),
      events_(lifecycles.event_count()),
      rows_(static_cast<std::uint32_t>(lifecycles.size())),
      most_pairs_(most_pairs) {}

bool ReuseSearch::is_block(std::uint32_t row) const noexcept {
  const std::uint64_t end = std::min<std::uint64_t>(lifecycles_->free_event[row], events_);
  return is_owned(*lifecycles_, row) && extent_bytes(*lifecycles_, row) != 0 &&
         lifecycles_->alloc_event[row] < end;
}

void ReuseSearch::begin() {
  begun_ = true;
  offsets_.resize(rows_);
  if (rows_ > most_planned_rows) return;
  std::vector<PlannedBlock> blocks;
  std::vector<std::uint32_t> rows;
  for (std::uint32_t row = 0; row < rows_; ++row) {
    if (!is_block(row)) continue;
    const auto end =
        static_cast<std::uint32_t>(std::min<std::uint64_t>(lifecycles_->free_event[row], events_));
    blocks.push_back({lifecycles_->alloc_event[row], end, extent_bytes(*lifecycles_, row)});
    rows.push_back(row);
  }
  // Without memory for its plan it is best fit, as of many rows.
  const Result<OffsetPlan> plan = plan_offsets(blocks, 1, std::chrono::nanoseconds(0));
  if (!plan) return;
  planned_ = true;
  reuse_.planned_bytes = plan.value.height_bytes;
  for (std::size_t i = 0; i < rows.size(); ++i) offsets_[rows[i]] = plan.value.offsets_bytes[i];
}

bool ReuseSearch::advance(std::size_t events) {
  if (!begun_) begin();
  const std::size_t end = next_event_ + std::min(events, events_ - next_event_);
  for (; next_event_ < end; ++next_event_) {
    // Rows are in order of birth. Those from before the log stand at its first event, and before it is done.
    while (next_row_ < rows_ && lifecycles_->alloc_event[next_row_] <= next_event_) place(next_row_++);
    if (lifecycles_->event_kind[next_event_] != Lifecycles::EventKind::free) continue;
    const std::uint32_t row = lifecycles_->event_row[next_event_];
    if (row >= next_row_ || !is_block(row)) continue;
    live_bytes_ -= extent_bytes(*lifecycles_, row);
    if (!planned_) room_.give(offsets_[row], extent_bytes(*lifecycles_, row));
  }
  return next_event_ == events_;
}

void ReuseSearch::place(std::uint32_t row) {
  if (!is_block(row)) return;
  const std::uint64_t bytes = extent_bytes(*lifecycles_, row);
  if (!planned_) {
    offsets_[row] = room_.take(bytes);
    reuse_.planned_bytes = room_.height();
  }
  live_bytes_ += bytes;
  reuse_.least_bytes = std::max(reuse_.least_bytes, live_bytes_);
  const auto before = occupants_.put(offsets_[row], bytes, row);
  if (before && stood_apart(*lifecycles_, places_, before->row, row)) keep({before->row, row, before->bytes});
}

void ReuseSearch::keep(const ReusePair& pair) {
  ++reuse_.all_pairs;
  std::vector<ReusePair>& pairs = reuse_.pairs;
  if (pairs.size() == most_pairs_) {
    if (pairs.empty() || !goes_before(pair, pairs.front())) return;
    std::pop_heap(pairs.begin(), pairs.end(), goes_before);
    pairs.pop_back();
  }
  pairs.push_back(pair);
  std::push_heap(pairs.begin(), pairs.end(), goes_before);
}

Reuse ReuseSearch::answer(const Levels& levels) const {
  Reuse reuse = reuse_;
  std::sort_heap(reuse.pairs.begin(), reuse.pairs.end(), goes_before);
  reuse.actual_bytes = levels.maxima().reserved_bytes;
  if (reuse.actual_bytes > reuse.planned_bytes) reuse.saved_bytes = reuse.actual_bytes - reuse.planned_bytes;
  return reuse;
}

Reuse find_reuse(const Lifecycles& lifecycles, const Levels& levels, std::size_t most_pairs) {
  ReuseSearch search(lifecycles, most_pairs);
  static_cast<void>(search.advance(lifecycles.event_count()));
  return search.answer(levels);
}

}  // namespace bufgc::timeline
