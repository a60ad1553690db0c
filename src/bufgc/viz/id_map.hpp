#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "bufgc/viz/hashing.hpp"

namespace bufgc {

/// From 64-bit ids to rows: open addressing in one flat array, no allocation per entry. Any id is
/// allowed, 2^64-1 too.
class IdMap {
 public:
  static constexpr std::uint32_t none = 0xffffffffU;

  [[nodiscard]] std::uint32_t find(std::uint64_t id) const noexcept {
    if (entries_.empty()) return none;
    for (std::size_t at = home(id);; at = (at + 1) & (entries_.size() - 1)) {
      if (entries_[at].row == none) return none;
      if (entries_[at].id == id) return entries_[at].row;
    }
  }
  /// False when the id is there already; it is then left as it is. `row` must not be `none`.
  bool insert(std::uint64_t id, std::uint32_t row) {
    if ((size_ + 1) * 2 > entries_.size()) grow();
    std::size_t at = home(id);
    for (; entries_[at].row != none; at = (at + 1) & (entries_.size() - 1))
      if (entries_[at].id == id) return false;
    entries_[at] = {id, row};
    ++size_;
    return true;
  }
  /// The row that was there, or `none`.
  std::uint32_t erase(std::uint64_t id) noexcept {
    if (entries_.empty()) return none;
    const std::size_t mask = entries_.size() - 1;
    std::size_t hole = home(id);
    while (entries_[hole].row != none && entries_[hole].id != id) hole = (hole + 1) & mask;
    const std::uint32_t row = entries_[hole].row;
    if (row == none) return none;
    // Entries behind the hole move into it, unless that would place them before their home.
    for (std::size_t at = (hole + 1) & mask; entries_[at].row != none; at = (at + 1) & mask) {
      if (((at - home(entries_[at].id)) & mask) < ((at - hole) & mask)) continue;
      entries_[hole] = entries_[at];
      hole = at;
    }
    entries_[hole].row = none;
    --size_;
    return row;
  }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] std::size_t memory_bytes() const noexcept { return entries_.capacity() * sizeof(Entry); }

 private:
  struct Entry {
    std::uint64_t id;
    std::uint32_t row;
  };
  [[nodiscard]] std::size_t home(std::uint64_t id) const noexcept {
    return static_cast<std::size_t>(hash_number(id, seed_)) & (entries_.size() - 1);
  }
  void grow() {
    std::vector<Entry> old(entries_.empty() ? 16 : entries_.size() * 2, Entry{0, none});
    old.swap(entries_);
    size_ = 0;
    for (const Entry& entry : old)
      if (entry.row != none) insert(entry.id, entry.row);
  }

  std::vector<Entry> entries_;
  std::size_t size_ = 0;
  std::uint64_t seed_ = hash_seed();
};

}  // namespace bufgc
