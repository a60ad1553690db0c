#include "bufgc/memory/iteration_recorder.hpp"

#include <algorithm>
#include <new>

#include "bufgc/memory/align.hpp"

namespace bufgc {
namespace {

constexpr std::uint32_t first_room = 1024;
/// As many as can be planned.
constexpr std::uint32_t most_entries = std::uint32_t{1} << 31U;

}  // namespace

bool IterationRecorder::grow() noexcept {
  if (room_ >= most_entries) return false;
  const std::uint32_t room = room_ == 0 ? first_room : room_ * 2;
  // `new` of more bytes than an object can have does not answer null everywhere.
  std::size_t bytes = 0;
  if (__builtin_mul_overflow(std::size_t{room}, sizeof(Entry), &bytes) || bytes > max_object_bytes)
    return false;
  std::unique_ptr<Entry[]> entries(new (std::nothrow) Entry[room]);
  if (!entries) return false;
  std::copy_n(entries_.get(), count_, entries.get());
  entries_ = std::move(entries);
  room_ = room;
  return true;
}

void IterationRecorder::on_allocate(Range* range) noexcept {
  range->links().recorded = 0;
  if (!complete_) return;
  if (count_ == room_ && !grow()) {
    complete_ = false;
    return;
  }
  entries_[count_] = {range, range->capacity_bytes, IterationPlan::no_event};
  range->links().recorded = ++count_;
}

void IterationRecorder::on_free(Range* range) noexcept {
  const std::uint32_t number = range->links().recorded;
  range->links().recorded = 0;
  // A number may stem from an earlier recording; then another block stands under it here.
  if (number == 0 || number > count_ || entries_[number - 1].range != range) return;
  entries_[number - 1].end_event = count_;
  entries_[number - 1].range = nullptr;
}

Result<IterationPlan> IterationRecorder::finish(std::size_t granule_bytes) noexcept {
  Result<IterationPlan> plan;
  plan.value.granule_bytes = granule_bytes;
  if (!complete_ || !plan.value.allocations.allocate(count_)) {
    plan.status = Status::out_of_memory;
  } else {
    for (std::uint32_t i = 0; i < count_; ++i) {
      plan.value.allocations[i].capacity_bytes = entries_[i].capacity_bytes;
      plan.value.allocations[i].end_event = entries_[i].end_event;
    }
  }
  clear();
  return plan;
}

void IterationRecorder::clear() noexcept {
  entries_.reset();
  count_ = 0;
  room_ = 0;
  complete_ = true;
}

}  // namespace bufgc
