#include "bufgc/memory/offset_planner.hpp"

#include <algorithm>
#include <tuple>

#include "bufgc/memory/align.hpp"
#include "bufgc/memory/offset_planner_best_fit.hpp"
#include "bufgc/memory/offset_planner_deadline.hpp"
#include "bufgc/memory/offset_planner_part.hpp"
#include "bufgc/memory/offset_planner_problem.hpp"

namespace bufgc {
namespace planning {
namespace {

/// A plan in granules as it comes down, part by part: the highest part decides.
class Planner {
 public:
  /// The first plan; false when the heap has no room for it.
  [[nodiscard]] bool plan(const Problem& problem) noexcept;
  /// Lowers the highest part as long as it can be lowered and is higher than `goal`.
  void improve(std::uint64_t goal, Deadline deadline) noexcept;
  [[nodiscard]] std::uint64_t height() const noexcept;
  /// Writes the offset of each block.
  void write(std::span<std::uint64_t> offsets, unsigned granule_log2) const noexcept;

 private:
  struct Part {
    std::size_t first_item = 0;
    std::size_t last_item = 0;
    std::uint32_t first_section = 0;
    std::uint32_t section_count = 0;
    Progress progress;
  };

  [[nodiscard]] bool sort_items(const Problem& problem) noexcept;
  [[nodiscard]] bool find_parts() noexcept;
  void take_lower_parts(std::span<const std::uint64_t> offsets) noexcept;

  FixedArray<std::uint32_t> blocks_;  ///< The block that an item was.
  FixedArray<Item> items_;            ///< By first section, then last; sections from the part's first.
  FixedArray<std::uint64_t> offsets_;
  FixedArray<Part> parts_;
};

bool Planner::sort_items(const Problem& problem) noexcept {
  const std::size_t count = problem.items.size();
  if (!blocks_.allocate(count) || !items_.allocate(count)) return false;
  for (std::uint32_t i = 0; i < count; ++i) blocks_[i] = i;
  const auto key = [&](std::uint32_t block) {
    const Item& item = problem.items[block];
    return std::tuple(item.first, ~item.last, ~item.size, block);
  };
  std::sort(blocks_.begin(), blocks_.end(),
            [&](std::uint32_t a, std::uint32_t b) { return key(a) < key(b); });
  for (std::size_t i = 0; i < count; ++i) items_[i] = problem.items[blocks_[i]];
  return true;
}

bool Planner::find_parts() noexcept {
  // A part begins where no earlier item goes on.
  const auto each = [&](auto visit) {
    std::size_t first = 0;
    std::uint32_t end = 0;
    for (std::size_t i = 0; i < items_.size(); ++i) {
      if (i > first && items_[i].first >= end) {
        visit(first, i, end);
        first = i;
      }
      end = std::max(end, items_[i].last);
    }
    if (!items_.empty()) visit(first, items_.size(), end);
  };
  std::size_t count = 0;
  each([&](std::size_t, std::size_t, std::uint32_t) { ++count; });
  if (!parts_.allocate(count)) return false;
  count = 0;
  each([&](std::size_t first, std::size_t last, std::uint32_t end) {
    const std::uint32_t begin = items_[first].first;
    parts_[count++] = {first, last, begin, end - begin, {UINT64_MAX, 0, false}};
  });
  return true;
}

void Planner::take_lower_parts(std::span<const std::uint64_t> offsets) noexcept {
  for (Part& part : parts_) {
    std::uint64_t height = 0;
    for (std::size_t i = part.first_item; i < part.last_item; ++i) {
      height = std::max(height, offsets[i] + items_[i].size);
    }
    if (height >= part.progress.height) continue;
    part.progress.height = height;
    std::copy(offsets.begin() + static_cast<std::ptrdiff_t>(part.first_item),
              offsets.begin() + static_cast<std::ptrdiff_t>(part.last_item),
              offsets_.begin() + part.first_item);
  }
}

bool Planner::plan(const Problem& problem) noexcept {
  BestFit best_fit;
  FixedArray<std::uint64_t> offsets;
  if (!sort_items(problem) || !find_parts() || !best_fit.allocate(items_.size()) ||
      !offsets.allocate(items_.size()) || !offsets_.allocate(items_.size())) {
    return false;
  }
  // Forwards in time and backwards.
  const auto sections = static_cast<std::uint32_t>(problem.loads.size());
  const auto turn_round = [&] {
    for (Item& item : items_) {
      const std::uint32_t first = item.first;
      item.first = sections - item.last;
      item.last = sections - first;
    }
  };
  for (int direction = 0; direction < 2; ++direction) {
    best_fit.plan({items_.data(), items_.size()}, {offsets.data(), offsets.size()});
    take_lower_parts({offsets.data(), offsets.size()});
    turn_round();
  }
  for (const Part& part : parts_) {
    for (std::size_t i = part.first_item; i < part.last_item; ++i) {
      items_[i].first -= part.first_section;
      items_[i].last -= part.first_section;
    }
  }
  return true;
}

void Planner::improve(std::uint64_t goal, Deadline deadline) noexcept {
  PartSearch search;
  while (!deadline.passed()) {
    Part* highest = nullptr;
    std::uint64_t next_height = goal;
    for (Part& part : parts_) {
      if (highest == nullptr || part.progress.height > highest->progress.height) {
        if (highest != nullptr) next_height = std::max(next_height, highest->progress.height);
        highest = &part;
      } else {
        next_height = std::max(next_height, part.progress.height);
      }
    }
    if (highest == nullptr || highest->progress.height <= goal || highest->progress.is_over) return;
    // Of two of the same height each is to become lower.
    if (next_height == highest->progress.height) --next_height;
    const std::size_t count = highest->last_item - highest->first_item;
    search.lower({items_.data() + highest->first_item, count}, highest->section_count, goal, next_height,
                 highest->progress, {offsets_.data() + highest->first_item, count}, deadline);
  }
}

std::uint64_t Planner::height() const noexcept {
  std::uint64_t height = 0;
  for (const Part& part : parts_) height = std::max(height, part.progress.height);
  return height;
}

void Planner::write(std::span<std::uint64_t> offsets, unsigned granule_log2) const noexcept {
  for (std::size_t i = 0; i < offsets.size(); ++i) offsets[blocks_[i]] = offsets_[i] << granule_log2;
}

}  // namespace
}  // namespace planning

Result<OffsetPlan> plan_offsets(std::span<const PlannedBlock> blocks, std::uint64_t granule_bytes,
                                std::chrono::nanoseconds time_limit,
                                std::uint64_t good_enough_bytes) noexcept {
  using Answer = Result<OffsetPlan>;
  const planning::Deadline deadline(time_limit);
  planning::Problem problem;
  const Status status = planning::read_problem(blocks, granule_bytes, problem);
  if (status != Status::ok) return Answer::failure(status);
  Answer answer;
  planning::Planner planner;
  if (!answer.value.offsets_bytes.allocate(blocks.size()) || !planner.plan(problem)) {
    return Answer::failure(Status::out_of_memory);
  }
  const unsigned shift = floor_log2(granule_bytes);
  planner.improve(std::max(problem.lower_bound, good_enough_bytes >> shift), deadline);
  planner.write({answer.value.offsets_bytes.data(), blocks.size()}, shift);
  answer.value.height_bytes = planner.height() << shift;
  answer.value.lower_bound_bytes = problem.lower_bound << shift;
  return answer;
}

}  // namespace bufgc
