#include "timeline/address_layout.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "timeline/packing.hpp"
#include "timeline/rows.hpp"

namespace bufgc::timeline {
namespace {

/// One past a row's last address; a file may claim a size that would wrap.
std::uint64_t end_address(const Lifecycles& lifecycles, std::uint32_t row) noexcept {
  const std::uint64_t address = lifecycles.address[row];
  const std::uint64_t room = std::numeric_limits<std::uint64_t>::max() - address;
  return address + std::min(room, extent_bytes(lifecycles, row));
}

/// All gaps together take at most a sixteenth of what the buffers do.
constexpr std::uint64_t gaps_share = 16;
/// One gap takes at most this part of it.
constexpr std::uint64_t gap_share = 100;

std::uint64_t thin_gap(std::uint64_t covered, std::uint64_t gaps) noexcept {
  const std::uint64_t fair = covered / (gaps_share * std::max<std::uint64_t>(gaps, 1));
  return std::max<std::uint64_t>(1, std::min(fair, covered / gap_share));
}

}  // namespace

AddressLayout::AddressLayout(const Lifecycles& lifecycles) : strips_(lifecycles.size()) {
  std::vector<std::uint32_t> placed;
  std::vector<std::uint32_t> packed;
  for (std::uint32_t row = 0; row < lifecycles.size(); ++row) {
    if (is_view(lifecycles, row) || extent_bytes(lifecycles, row) == 0) continue;
    (lifecycles.address[row] == Lifecycles::no_address ? packed : placed).push_back(row);
  }
  place_addresses(lifecycles, placed);
  place_packed(lifecycles, packed);
}

void AddressLayout::place_addresses(const Lifecycles& lifecycles, const std::vector<std::uint32_t>& rows) {
  if (rows.empty()) return;
  // Addresses come back again and again: sort each once.
  std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges;
  ranges.reserve(rows.size());
  for (const std::uint32_t row : rows) {
    ranges.emplace_back(lifecycles.address[row], end_address(lifecycles, row));
  }
  std::sort(ranges.begin(), ranges.end());
  std::uint64_t covered = 0;
  for (const auto& [first, last] : ranges) {
    if (spans_.empty() || first > spans_.back().last) spans_.push_back({first, first, 0});
    covered += std::max(spans_.back().last, last) - spans_.back().last;
    spans_.back().last = std::max(spans_.back().last, last);
  }
  const std::uint64_t thin = thin_gap(covered, spans_.size() - 1);
  for (std::size_t i = 0; i < spans_.size(); ++i) {
    if (i > 0) height_ += std::min(thin, spans_[i].first - spans_[i - 1].last);
    spans_[i].y = height_;
    height_ += spans_[i].last - spans_[i].first;
  }
  for (const std::uint32_t row : rows) {
    const std::uint64_t address = lifecycles.address[row];
    strips_[row] = {y_of(address), end_address(lifecycles, row) - address};
  }
}

void AddressLayout::place_packed(const Lifecycles& lifecycles, const std::vector<std::uint32_t>& rows) {
  if (rows.empty()) return;
  const Packing packing = pack_rows(lifecycles, rows);
  if (height_ > 0) height_ += thin_gap(height_ + packing.height, 1);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    strips_[rows[i]] = {height_ + packing.offset[i], extent_bytes(lifecycles, rows[i])};
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

Strip AddressLayout::place_of(const Lifecycles& lifecycles, std::uint32_t row) const noexcept {
  if (row >= strips_.size()) return {};
  const std::uint32_t base = lifecycles.base[row];
  if (!is_view(lifecycles, row) || base >= strips_.size()) return strips_[row];
  const Strip whole = strips_[base];
  const std::uint64_t from = lifecycles.address[base];
  const std::uint64_t to = lifecycles.address[row];
  if (from == Lifecycles::no_address || to == Lifecycles::no_address || to < from) return whole;
  const std::uint64_t offset = std::min(to - from, whole.height);
  return {whole.y + offset, std::min(lifecycles.size_bytes[row], whole.height - offset)};
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
