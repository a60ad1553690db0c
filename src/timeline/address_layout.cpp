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

using Ranges = std::vector<std::pair<std::uint64_t, std::uint64_t>>;
constexpr std::size_t ranges_at_once = std::size_t{1} << 16U;

/// Sorts ranges and joins those that overlap or touch.
void unite(Ranges& ranges) {
  std::sort(ranges.begin(), ranges.end());
  std::size_t kept = 0;
  for (const auto& [first, last] : ranges) {
    if (kept > 0 && first <= ranges[kept - 1].second) {
      ranges[kept - 1].second = std::max(ranges[kept - 1].second, last);
    } else {
      ranges[kept++] = {first, last};
    }
  }
  ranges.resize(kept);
}

}  // namespace

AddressLayout::AddressLayout(const Lifecycles& lifecycles) : lifecycles_(&lifecycles), places_(lifecycles) {
  find_spans();
  strips_ = Strips(places_.size(), height_);
  place_addresses();
  place_packed();
}

void AddressLayout::extend(const Lifecycles& lifecycles) {
  const auto first = static_cast<std::uint32_t>(strips_.size());
  const bool grows = lifecycles_ == &lifecycles && lifecycles.moves.empty() && places_.size() == first &&
                     lifecycles.size() >= first;
  places_ = Places(lifecycles);
  if (!grows || !add_rows(first)) *this = AddressLayout(lifecycles);
}

bool AddressLayout::has_place(std::uint32_t row) const noexcept {
  return !is_view(*lifecycles_, row) && extent_bytes(*lifecycles_, row) != 0;
}

bool AddressLayout::add_rows(std::uint32_t first) {
  for (std::uint32_t row = first; row < places_.size(); ++row) {
    Strip strip;
    if (has_place(row)) {
      const std::uint64_t address = places_.address(row);
      const auto after =
          std::upper_bound(spans_.begin(), spans_.end(), address,
                           [](std::uint64_t a, const AddressSpan& span) { return a < span.first; });
      const bool packed = address == Lifecycles::no_address;
      if (packed || after == spans_.begin() || end_address(row) > (after - 1)->last) return false;
      strip = {y_of(address), end_address(row) - address};
    }
    strips_.add(strip);
  }
  return true;
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
    if ((lifecycles_->address[row] != Lifecycles::no_address) == addressed && has_place(row)) visit(box);
  }
}

void AddressLayout::find_spans() {
  // Addresses come back again and again: what is covered is much less than all ranges.
  Ranges ranges;
  Memo<std::uint64_t> furthest(places_.size());
  std::size_t room = ranges_at_once;
  for_each_placed(true, [&](std::uint32_t box) {
    const std::uint64_t address = places_.address(box);
    const std::uint64_t end = end_address(box);
    std::uint64_t& known = furthest.of(address, [] { return std::uint64_t{0}; });
    if (end <= known) return;
    known = end;
    ranges.emplace_back(address, end);
    if (ranges.size() < room) return;
    unite(ranges);
    room = std::max(room, 2 * ranges.size());
  });
  if (ranges.empty()) return;
  unite(ranges);
  std::uint64_t covered = 0;
  for (const auto& [first, last] : ranges) {
    covered += last - first;
    spans_.push_back({first, last, 0});
  }
  const std::uint64_t thin = thin_gap(covered, spans_.size() - 1);
  for (std::size_t i = 0; i < spans_.size(); ++i) {
    if (i > 0) height_ += std::min(thin, spans_[i].first - spans_[i - 1].last);
    spans_[i].y = height_;
    height_ += spans_[i].last - spans_[i].first;
  }
}

void AddressLayout::place_addresses() {
  Memo<std::uint64_t> known(places_.size());
  for_each_placed(true, [&](std::uint32_t box) {
    const std::uint64_t address = places_.address(box);
    strips_.set(box, {known.of(address, [&] { return y_of(address); }), end_address(box) - address});
  });
}

void AddressLayout::place_packed() {
  std::vector<std::uint32_t> rows;
  for_each_placed(false, [&](std::uint32_t box) { rows.push_back(box); });
  if (rows.empty()) return;
  const Packing packing = pack_rows(*lifecycles_, rows);
  if (height_ > 0) height_ += thin_gap(height_ + packing.height, 1);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    strips_.set(rows[i], {height_ + packing.offset[i], extent_bytes(*lifecycles_, rows[i])});
  }
  height_ += packing.height;
}

std::uint64_t AddressLayout::y_of(std::uint64_t address) const noexcept {
  const auto after =
      std::upper_bound(spans_.begin(), spans_.end(), address,
                       [](std::uint64_t a, const AddressSpan& span) { return a < span.first; });
  const AddressSpan& span = *(after - 1);
  return span.y + (address - span.first);
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
