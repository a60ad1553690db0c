#include "bufgc/viz/string_table.hpp"

#include <algorithm>

#include "bufgc/viz/hashing.hpp"

namespace bufgc {
namespace {

template <class Entry>
void make_room_for_one(std::vector<Entry>& entries) {
  if (entries.size() == entries.capacity()) entries.reserve(std::max<std::size_t>(16, 2 * entries.size()));
}

}  // namespace

std::size_t StringTable::slot_of(std::string_view text, std::uint32_t hash) const noexcept {
  const std::size_t mask = slots_.size() - 1;
  std::size_t slot = hash & mask;
  for (; slots_[slot] != 0; slot = (slot + 1) & mask) {
    const std::uint32_t index = slots_[slot] - 1;
    if (hashes_[index] == hash && at(index) == text) break;
  }
  return slot;
}

std::uint32_t StringTable::find(std::string_view text) const noexcept {
  const auto hash = static_cast<std::uint32_t>(hash_text(text, hash_seed()));
  return slots_[slot_of(text, hash)] - 1;
}

std::uint32_t StringTable::intern(std::string_view text) {
  if ((ends_.size() + 1) * 2 > slots_.size()) grow();
  const auto hash = static_cast<std::uint32_t>(hash_text(text, hash_seed()));
  const std::size_t slot = slot_of(text, hash);
  if (slots_[slot] != 0) return slots_[slot] - 1;
  const auto index = static_cast<std::uint32_t>(ends_.size());
  // Room first: where there is no memory, the table stays as it was.
  make_room_for_one(ends_);
  make_room_for_one(hashes_);
  text_.insert(text_.end(), text.begin(), text.end());
  ends_.push_back(text_.size());
  hashes_.push_back(hash);
  slots_[slot] = index + 1;
  return index;
}

void StringTable::grow() {
  // Made apart: libc++'s `assign` gives the old slots up before it has the new ones, and without memory has
  // none.
  std::vector<std::uint32_t> slots(slots_.empty() ? 16 : slots_.size() * 2, 0);
  const std::size_t mask = slots.size() - 1;
  for (std::size_t index = 0; index < hashes_.size(); ++index) {
    std::size_t slot = hashes_[index] & mask;
    while (slots[slot] != 0) slot = (slot + 1) & mask;
    slots[slot] = static_cast<std::uint32_t>(index) + 1;
  }
  slots_.swap(slots);
}

std::size_t StringTable::memory_bytes() const noexcept {
  return text_.capacity() + ends_.capacity() * sizeof(std::size_t) +
         (hashes_.capacity() + slots_.capacity()) * sizeof(std::uint32_t);
}

}  // namespace bufgc
