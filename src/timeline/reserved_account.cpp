#include "timeline/reserved_account.hpp"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "timeline/rows.hpp"

namespace bufgc::timeline {
namespace {

struct AddressRange {
  std::uint64_t begin;
  std::uint64_t end;
};

/// Files may tell of a block that reaches past the last address.
AddressRange range_of(std::uint64_t address, std::uint64_t size) noexcept {
  return {address, address + std::min(size, std::numeric_limits<std::uint64_t>::max() - address)};
}

/// Addresses that any of the ranges covers, in order, without a break within one.
std::vector<AddressRange> joined(std::vector<AddressRange> ranges) {
  std::sort(ranges.begin(), ranges.end(),
            [](const AddressRange& a, const AddressRange& b) { return a.begin < b.begin; });
  std::vector<AddressRange> out;
  for (const AddressRange& range : ranges) {
    if (range.begin == range.end) continue;
    if (!out.empty() && range.begin <= out.back().end) {
      out.back().end = std::max(out.back().end, range.end);
    } else {
      out.push_back(range);
    }
  }
  return out;
}

/// How many of a block's bytes lie within joined ranges.
class Covered {
 public:
  explicit Covered(const std::vector<AddressRange>& ranges) : ranges_(ranges) {
    before_.reserve(ranges.size());
    std::uint64_t sum = 0;
    for (const AddressRange& range : ranges) {
      before_.push_back(sum);
      sum += range.end - range.begin;
    }
  }
  [[nodiscard]] std::uint64_t of(const AddressRange& block) const noexcept {
    return below(block.end) - below(block.begin);
  }

 private:
  [[nodiscard]] std::uint64_t below(std::uint64_t address) const noexcept {
    const auto after =
        std::upper_bound(ranges_.begin(), ranges_.end(), address,
                         [](std::uint64_t at, const AddressRange& range) { return at < range.begin; });
    if (after == ranges_.begin()) return 0;
    const auto index = static_cast<std::size_t>(after - ranges_.begin()) - 1;
    const AddressRange& range = ranges_[index];
    return before_[index] + std::min(address, range.end) - range.begin;
  }

  const std::vector<AddressRange>& ranges_;
  std::vector<std::uint64_t> before_;
};

std::uint64_t longest_hole(const std::vector<AddressRange>& held, const std::vector<AddressRange>& live) {
  std::uint64_t longest = 0;
  auto block = live.begin();
  for (const AddressRange& range : held) {
    std::uint64_t at = range.begin;
    while (block != live.end() && block->end <= at) ++block;
    // A block may reach into the next range: it is looked at again there.
    for (auto inside = block; at < range.end; ++inside) {
      const bool more = inside != live.end() && inside->begin < range.end;
      const std::uint64_t end = more ? inside->begin : range.end;
      if (end > at) longest = std::max(longest, end - at);
      if (!more) break;
      at = inside->end;
      block = inside;
    }
  }
  return longest;
}

std::uint64_t address_after(const Places& places, std::uint32_t row, std::uint64_t event) noexcept {
  std::uint32_t box = row;
  for (std::uint32_t next = places.next_of(box);
       next != Lifecycles::none && places.begin_event(next) <= event; next = places.next_of(box)) {
    box = next;
  }
  return places.address(box);
}

std::vector<AddressRange> held_segments(const Lifecycles& lifecycles, std::uint64_t event) {
  std::vector<AddressRange> held;
  for (const Lifecycles::SegmentLife& segment : lifecycles.segments) {
    if (segment.reserve_event > event || segment.release_event <= event) continue;
    held.push_back(range_of(segment.address, segment.size_bytes));
  }
  return joined(std::move(held));
}

}  // namespace

ReservedAccount account_reserved(const Lifecycles& lifecycles, const Places& places, const Levels& levels,
                                 std::uint64_t event) {
  ReservedAccount account;
  if (levels.events() == 0) return account;
  event = std::min<std::uint64_t>(event, levels.events() - 1);
  const Level level = levels.at(event);
  account.reserved_bytes = level.reserved_bytes;
  account.live_bytes = level.live_bytes;
  account.cached_bytes = level.cached_bytes;
  account.knows_segments = !lifecycles.segments.empty();

  std::vector<AddressRange> live;
  for (std::uint32_t row = 0; row < lifecycles.size(); ++row) {
    if (!is_owned(lifecycles, row)) continue;
    const std::uint64_t block = extent_bytes(lifecycles, row);
    const std::uint64_t size = lifecycles.size_bytes[row];
    account.knows_blocks |= block != size;
    if (!lives_after(lifecycles, row, event)) continue;
    if (block > size) account.rounding_bytes += block - size;
    const std::uint64_t address = address_after(places, row, event);
    if (address != Lifecycles::no_address) live.push_back(range_of(address, block));
  }
  if (account.knows_segments) {
    const std::vector<AddressRange> held = held_segments(lifecycles, event);
    const Covered covered(held);
    for (const AddressRange& block : live)
      account.outside_bytes += block.end - block.begin - covered.of(block);
    account.largest_hole_bytes = longest_hole(held, joined(std::move(live)));
  }
  const std::uint64_t told = account.live_bytes + account.rounding_bytes + account.cached_bytes;
  // Files may tell of more blocks than their segments have room for: what is over stands outside.
  const std::uint64_t room = account.reserved_bytes + account.outside_bytes;
  if (told > room) {
    account.outside_bytes += told - room;
  } else {
    account.gaps_bytes = room - told;
  }
  return account;
}

}  // namespace bufgc::timeline
