#include "bufgc/memory/guard_table.hpp"

#include <functional>
#include <new>

namespace bufgc {

void GuardQueue::push(GuardRecord* record) noexcept {
  record->next = nullptr;
  (last_ == nullptr ? first_ : last_->next) = record;
  last_ = record;
  ++count_;
}

GuardRecord* GuardQueue::pop() noexcept {
  GuardRecord* const record = first_;
  if (record == nullptr) return nullptr;
  first_ = record->next;
  if (first_ == nullptr) last_ = nullptr;
  --count_;
  return record;
}

GuardTable::~GuardTable() {
  for (std::size_t chunk = 0; chunk < chunk_count_; ++chunk) delete[] chunks_[chunk];
}

bool GuardTable::reserve() noexcept {
  if (has_fresh() || freed_.count() > remembered) return true;
  // Where there is no memory for more, what was freed is remembered less long.
  if (chunk_count_ == most_chunks) return freed_.count() > 0;
  auto* const chunk = new (std::nothrow) GuardRecord[size_of(chunk_count_)];
  if (chunk == nullptr) return freed_.count() > 0;
  chunks_[chunk_count_++] = chunk;
  used_of_last_ = 0;
  return true;
}

GuardRecord* GuardTable::take() noexcept {
  if (!has_fresh() || freed_.count() > remembered) {
    GuardRecord* const record = freed_.pop();
    *record = {};
    return record;
  }
  return chunks_[chunk_count_ - 1] + used_of_last_++;
}

void GuardTable::give(GuardRecord* record) noexcept {
  record->state = GuardRecord::State::freed;
  record->range = nullptr;
  freed_.push(record);
}

GuardRecord* GuardTable::find(const void* pointer) noexcept {
  const auto address = reinterpret_cast<std::uintptr_t>(pointer);
  for (std::size_t chunk = 0; chunk < chunk_count_; ++chunk) {
    const std::uintptr_t distance = address - reinterpret_cast<std::uintptr_t>(chunks_[chunk]);
    if (distance >= size_of(chunk) * sizeof(GuardRecord)) continue;  // also of what lies before it
    GuardRecord* const record = chunks_[chunk] + distance / sizeof(GuardRecord);
    const bool is_one = distance % sizeof(GuardRecord) == 0 && record->state != GuardRecord::State::unused;
    return is_one ? record : nullptr;
  }
  return nullptr;
}

GuardRecord* GuardTable::find_around(const void* address) noexcept {
  const auto* const byte = static_cast<const std::byte*>(address);
  GuardRecord* around = nullptr;
  each([&](GuardRecord* record) {
    if (record->range == nullptr) return;
    const bool inside =
        !std::less<>{}(byte, record->range->data) && std::less<>{}(byte, record->range->end());
    if (inside) around = record;
  });
  return around;
}

GuardRecord* GuardTable::find_named(std::uint64_t id) noexcept {
  GuardRecord* named = nullptr;
  each([&](GuardRecord* record) {
    if (record->name.id == id && (named == nullptr || named->number < record->number)) named = record;
  });
  return named;
}

}  // namespace bufgc
