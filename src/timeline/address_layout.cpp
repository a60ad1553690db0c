#include "timeline/address_layout.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "timeline/memo.hpp"
#include "timeline/packing.hpp"
#include "timeline/rows.hpp"

namespace bufgc::timeline {
namespace {

/// All gaps together take at most a sixteenth of what the buffers do.
constexpr std::uint64_t gaps_share = 16;
/// One gap takes at most this part of it.
constexpr std::uint64_t gap_share = 100;

std::uint64_t thin_gap(std::uint64_t covered, std::uint64_t gaps) noexcept {
  const std::uint64_t fair = covered / (gaps_share * std::max<std::uint64_t>(gaps, 1));
  return std::max<std::uint64_t>(1, std::min(fair, covered / gap_share));
}

using Range = std::pair<std::uint64_t, std::uint64_t>;
using Ranges = std::vector<Range>;
constexpr std::size_t ranges_at_once = std::size_t{1} << 16U;

void keep_distinct(Ranges& ranges) {
  std::sort(ranges.begin(), ranges.end());
  ranges.erase(std::unique(ranges.begin(), ranges.end()), ranges.end());
}

/// The last range that began at an address, and its number once it has one.
struct KnownRange {
  std::uint64_t end = 0;  ///< No range ends there.
  std::uint32_t number = 0;
};

}  // namespace

AddressLayout::AddressLayout(const Lifecycles& lifecycles) : lifecycles_(&lifecycles), places_(lifecycles) {
  // Number 0 is of what has no place.
  Numbered out{{Strip{}}, std::vector<std::uint32_t>(places_.size())};
  place_addresses(out);
  place_packed(out);
  out.strips.shrink_to_fit();
  strips_ = Strips(std::move(out.strips), std::move(out.of_box));
}

/// One past a box's last address; a file may claim a size that would wrap.
std::uint64_t AddressLayout::end_address(std::uint32_t box) const noexcept {
  const std::uint64_t address = places_.address(box);
  const std::uint64_t room = std::numeric_limits<std::uint64_t>::max() - address;
  return address + std::min(room, extent_bytes(*lifecycles_, places_.row_of(box)));
}

/// Calls `visit(box)` for each box that has a place: those with an address, or those without.
template <class Visit>
void AddressLayout::for_each_placed(bool addressed, Visit&& visit) const {
  for (std::uint32_t box = 0; box < places_.size(); ++box) {
    const std::uint32_t row = places_.row_of(box);
    if ((lifecycles_->address[row] != Lifecycles::no_address) == addressed && !is_view(*lifecycles_, row) &&
        extent_bytes(*lifecycles_, row) != 0)
      visit(box);
  }
}

void AddressLayout::place_addresses(Numbered& out) {
  // Ranges come back again and again: there are much fewer of them than boxes.
  Ranges ranges;
  Memo<KnownRange> known;
  std::size_t room = ranges_at_once;
  for_each_placed(true, [&](std::uint32_t box) {
    const std::uint64_t address = places_.address(box);
    const std::uint64_t end = end_address(box);
    KnownRange& last = known.of(address, [] { return KnownRange{}; });
    if (last.end == end) return;
    last.end = end;
    ranges.emplace_back(address, end);
    if (ranges.size() < room) return;
    keep_distinct(ranges);
    room = std::max(room, 2 * ranges.size());
  });
  if (ranges.empty()) return;
  keep_distinct(ranges);
  std::uint64_t covered = 0;
  for (const auto& [first, last] : ranges) {
    if (spans_.empty() || first > spans_.back().last) spans_.push_back({first, first, 0});
    AddressSpan& span = spans_.back();
    covered += std::max(last, span.last) - span.last;
    span.last = std::max(last, span.last);
  }
  const std::uint64_t thin = thin_gap(covered, spans_.size() - 1);
  for (std::size_t i = 0; i < spans_.size(); ++i) {
    if (i > 0) height_ += std::min(thin, spans_[i].first - spans_[i - 1].last);
    spans_[i].y = height_;
    height_ += spans_[i].last - spans_[i].first;
  }
  auto span = spans_.begin();
  for (const auto& [first, last] : ranges) {
    while (first > span->last) ++span;
    out.strips.push_back({span->y + (first - span->first), last - first});
  }
  Memo<KnownRange> numbered;
  for_each_placed(true, [&](std::uint32_t box) {
    const Range range{places_.address(box), end_address(box)};
    KnownRange& last = numbered.of(range.first, [] { return KnownRange{}; });
    if (last.end != range.second) {
      const auto found = std::lower_bound(ranges.begin(), ranges.end(), range);
      last = {range.second, static_cast<std::uint32_t>(found - ranges.begin()) + 1};
    }
    out.of_box[box] = last.number;
  });
}

void AddressLayout::place_packed(Numbered& out) {
  std::vector<std::uint32_t> rows;
  for_each_placed(false, [&](std::uint32_t box) { rows.push_back(box); });
  if (rows.empty()) return;
  const Packing packing = pack_rows(*lifecycles_, rows);
  if (height_ > 0) height_ += thin_gap(height_ + packing.height, 1);
  out.strips.reserve(out.strips.size() + rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    out.of_box[rows[i]] = static_cast<std::uint32_t>(out.strips.size());
    out.strips.push_back({height_ + packing.offset[i], extent_bytes(*lifecycles_, rows[i])});
  }
  height_ += packing.height;
}

std::vector<Stay> AddressLayout::stays_of(std::uint32_t row) const {
  std::vector<Stay> stays;
  const Lifecycles& trace = *lifecycles_;
  // What was read since has no place yet.
  if (row >= trace.size() || row >= places_.size() || places_.row_of(row) != row) return stays;
  const std::uint32_t base = trace.base[row];
  const bool within = is_view(trace, row) && base < row;
  const std::uint32_t born = trace.alloc_event[row];
  const std::uint32_t died = trace.free_event[row];
  std::uint32_t box = within ? base : row;
  for (; within && places_.moved_on(box); box = places_.next_of(box)) {
    if (places_.begin_event(places_.next_of(box)) > born) break;
  }
  // Where in its base the view begins; all of the base where addresses do not tell.
  std::uint64_t offset = 0;
  std::uint64_t height = strips_[box].height;
  const std::uint64_t from = places_.address(box);
  const std::uint64_t to = trace.address[row];
  if (within && from != Lifecycles::no_address && to != Lifecycles::no_address && to >= from) {
    offset = std::min(to - from, height);
    height = std::min(trace.size_bytes[row], height - offset);
  }
  if (height == 0) return stays;
  for (; box != Lifecycles::none; box = places_.next_of(box)) {
    const std::uint32_t begin = std::max(places_.begin_event(box), born);
    if (begin >= died) break;
    const Strip whole = strips_[box];
    stays.push_back({{whole.y + offset, height}, begin, std::min(places_.end_event(box), died)});
  }
  return stays;
}

std::optional<std::uint64_t> AddressLayout::address_at(double y) const noexcept {
  if (!(y >= 0)) return std::nullopt;
  for (auto low = spans_.begin(), high = spans_.end(); low < high;) {
    const auto middle = low + (high - low) / 2;
    if (y < static_cast<double>(middle->y)) {
      high = middle;
    } else if (y >= static_cast<double>(middle->y + (middle->last - middle->first))) {
      low = middle + 1;
    } else {
      return middle->first + static_cast<std::uint64_t>(y - static_cast<double>(middle->y));
    }
  }
  return std::nullopt;
}

}  // namespace bufgc::timeline
