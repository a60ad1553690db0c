#include "bufgc/memory/offset_planner_part.hpp"

#include <algorithm>
#include <numeric>
#include <tuple>

#include "bufgc/memory/align.hpp"

namespace bufgc::planning {
namespace {

/// How much longer the try `index` (from 1) lasts than the shortest: 1 1 2 1 1 2 4 1 1 2 ..., which is
/// within a constant factor of the best schedule that there is when nothing is known (Luby, Sinclair and
/// Zuckerman, "Optimal speedup of Las Vegas algorithms", 1993).
std::uint64_t luby(std::uint64_t index) noexcept {
  while (true) {
    const unsigned digits = floor_log2(index) + 1;
    if (index + 1 == std::uint64_t{1} << digits) return std::uint64_t{1} << (digits - 1);
    index -= (std::uint64_t{1} << (digits - 1)) - 1;
  }
}

/// SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
class Random {
 public:
  explicit Random(std::uint64_t seed) noexcept : state_(seed) {}
  std::uint64_t next() noexcept {
    state_ += 0x9e3779b97f4a7c15U;
    std::uint64_t mixed = state_;
    mixed = (mixed ^ (mixed >> 30U)) * 0xbf58476d1ce4e5b9U;
    mixed = (mixed ^ (mixed >> 27U)) * 0x94d049bb133111ebU;
    return mixed ^ (mixed >> 31U);
  }

 private:
  std::uint64_t state_;
};

}  // namespace

void PartSearch::lower(std::span<const Item> items, std::size_t section_count, std::uint64_t goal,
                       std::uint64_t enough, Progress& progress, std::span<std::uint64_t> offsets,
                       Deadline deadline) noexcept {
  progress.is_over = !prepare(items, section_count, progress.height);
  while (!progress.is_over && progress.height > enough && !deadline.passed()) {
    const Outcome outcome = try_once(static_cast<std::int32_t>(goal / unit_), progress.round++, deadline);
    if (outcome == Outcome::found) {
      std::uint64_t height = 0;
      for (std::size_t i = 0; i < items.size(); ++i) {
        height = std::max(height, static_cast<std::uint64_t>(search_.offsets()[i]) * unit_ + items[i].size);
      }
      if (height < progress.height) {
        progress.height = height;
        for (std::size_t i = 0; i < items.size(); ++i) {
          offsets[i] = static_cast<std::uint64_t>(search_.offsets()[i]) * unit_;
        }
      }
    }
    progress.is_over = height_ <= lowest_;
  }
}

bool PartSearch::prepare(std::span<const Item> items, std::size_t section_count,
                         std::uint64_t height) noexcept {
  const std::size_t count = items.size();
  FixedArray<std::uint64_t> loads;
  if (count > Search::most_items || !items_.allocate(count) || !traits_.allocate(count) ||
      !noisy_traits_.allocate(count) || !order_.allocate(count) || !ranks_.allocate(count) ||
      !loads.allocate(section_count)) {
    return false;
  }
  // The largest unit that all sizes are multiples of; where heights are too many even so, a larger one,
  // to which sizes are rounded up.
  unit_ = 0;
  for (const Item& item : items) unit_ = std::gcd(unit_, item.size);
  unit_ = std::max(unit_, height / (Search::most_height / 4) + 1);
  std::copy(items.begin(), items.end(), items_.begin());
  for (Item& item : items_) {
    item.size = (item.size - 1) / unit_ + 1;
    for (std::uint32_t s = item.first; s < item.last; ++s) loads[s] += item.size;
  }
  for (std::size_t i = 0; i < count; ++i) {
    const Item& item = items_[i];
    const std::uint64_t length = item.last - item.first;
    traits_[i] = {*std::max_element(loads.begin() + item.first, loads.begin() + item.last), length,
                  length * item.size};
  }
  height_ = static_cast<std::int32_t>((height - 1) / unit_ + 1);
  lowest_ = static_cast<std::int32_t>(*std::max_element(loads.begin(), loads.end()));
  return search_.prepare({items_.data(), count}, section_count);
}

void PartSearch::rank_items(std::uint64_t round) noexcept {
  Random random(round);
  // Factors in 1024ths, within `spread` of 1; the first rankings are exact.
  const auto noise = [&](std::uint64_t spread) {
    return round < ranking_count ? 1024 : 1024 - spread + random.next() % (2 * spread + 1);
  };
  for (std::size_t i = 0; i < items_.size(); ++i) {
    const Traits& traits = traits_[i];
    Traits& noisy = noisy_traits_[i];
    noisy.contention = traits.contention * noise(random.next() % 2 == 0 ? 10 : 0);
    noisy.length = traits.length * noise(200);
    noisy.area = traits.area * noise(200);
    order_[i] = static_cast<std::uint32_t>(i);
  }
  std::sort(order_.begin(), order_.end(), [&](std::uint32_t a, std::uint32_t b) {
    const Traits& x = noisy_traits_[a];
    const Traits& y = noisy_traits_[b];
    switch (round % ranking_count) {
      case 0:
        return std::tuple(y.contention, y.length, y.area, a) < std::tuple(x.contention, x.length, x.area, b);
      case 1:
        return std::tuple(y.length, y.contention, y.area, a) < std::tuple(x.length, x.contention, x.area, b);
      case 2:
        return std::tuple(y.contention, y.area, y.length, a) < std::tuple(x.contention, x.area, x.length, b);
      default:
        return std::tuple(y.area, y.contention, y.length, a) < std::tuple(x.area, x.contention, x.length, b);
    }
  });
  for (std::uint32_t rank = 0; rank < order_.size(); ++rank) ranks_[order_[rank]] = rank;
}

Outcome PartSearch::try_once(std::int32_t goal, std::uint64_t round, Deadline deadline) noexcept {
  constexpr std::uint64_t shortest_try = 300;
  rank_items(round);
  // Every ranking first for the lowest height, then for one just below what is reached, half of the way,
  // a quarter: where the lowest cannot be reached, what is reached comes down steadily.
  const std::uint64_t turn = round / ranking_count;
  const std::int32_t lowest = std::max(lowest_, goal);
  const std::int32_t room = height_ - 1 - lowest;
  const std::int32_t target = turn % 2 == 0 ? lowest : lowest + (room >> (turn / 2 % 3));
  const Outcome outcome =
      search_.run({ranks_.data(), ranks_.size()}, target, shortest_try * luby(turn + 1), deadline);
  if (outcome == Outcome::none) lowest_ = target + 1;
  if (outcome == Outcome::found) {
    height_ = 0;
    for (std::size_t i = 0; i < items_.size(); ++i) {
      height_ = std::max(height_, search_.offsets()[i] + static_cast<std::int32_t>(items_[i].size));
    }
  }
  return outcome;
}

}  // namespace bufgc::planning
