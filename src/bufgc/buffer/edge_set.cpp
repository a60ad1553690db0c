#include "bufgc/buffer/edge_set.hpp"

#include <cstdlib>
#include <initializer_list>
#include <new>

namespace bufgc {
namespace {

constexpr std::uint32_t least_capacity = 8;
/// Up to here a table is searched in order.
constexpr std::uint32_t ordered_capacity = 16;

}  // namespace

std::uint32_t EdgeSet::Table::home(std::uint32_t target) const noexcept {
  if (capacity <= ordered_capacity) return 0;
  // The middle bits of the product depend on all bits of the target that are not above them.
  return static_cast<std::uint32_t>((std::uint64_t{target} * 0x9E3779B97F4A7C15U) >> 32U) & (capacity - 1);
}

std::uint32_t EdgeSet::Table::find(std::uint32_t target) const noexcept {
  const Entry* const all = entries();
  std::uint32_t at = home(target);
  while (all[at].times != 0 && all[at].target != target) at = (at + 1) & (capacity - 1);
  return at;
}

// What stands behind moves up, unless it would then stand before its home.
void EdgeSet::Table::erase(std::uint32_t at) noexcept {
  Entry* const all = entries();
  const std::uint32_t mask = capacity - 1;
  std::uint32_t hole = at;
  for (std::uint32_t next = (hole + 1) & mask; all[next].times != 0; next = (next + 1) & mask) {
    const std::uint32_t way = (next - home(all[next].target)) & mask;
    if (way < ((next - hole) & mask)) continue;
    all[hole] = all[next];
    hole = next;
  }
  all[hole].times = 0;
  --used;
}

EdgeSet::Table* EdgeSet::make(std::uint32_t capacity) noexcept {
  std::size_t bytes = 0;
  if (__builtin_mul_overflow(std::size_t{capacity}, sizeof(Entry), &bytes) ||
      __builtin_add_overflow(bytes, sizeof(Table), &bytes)) {
    return nullptr;
  }
  void* const memory = std::calloc(1, bytes);
  if (memory == nullptr) return nullptr;
  return new (memory) Table{capacity, 0, 0, 0, 0};
}

bool EdgeSet::resize(std::uint32_t capacity) noexcept {
  Table* const from = table();
  Table* const to = make(capacity);
  if (to == nullptr) return false;
  for (std::uint32_t i = 0; i < from->capacity; ++i) {
    const Entry entry = from->entries()[i];
    if (entry.times != 0) to->entries()[to->find(entry.target)] = entry;
  }
  to->used = from->used;
  to->links = from->links;
  std::free(from);
  word_ = static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(to)) + 1;
  return true;
}

bool EdgeSet::add(std::uint32_t target) noexcept {
  if (word_ == 0) {
    set_few(target, none);
    return true;
  }
  if (!is_table()) {
    if (second() == none) {
      set_few(first(), target);
      return true;
    }
    Table* const many = make(least_capacity);
    if (many == nullptr) return false;
    for (const std::uint32_t each : {first(), second()}) {
      Entry& entry = many->entries()[many->find(each)];
      many->used += entry.times == 0 ? 1 : 0;
      entry = {each, entry.times + 1};
    }
    many->links = 2;
    word_ = static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(many)) + 1;
  }
  Table* many = table();
  std::uint32_t at = many->find(target);
  if (many->entries()[at].times == 0) {
    // At most three quarters full, so that there is an end to every search.
    if (many->used >= many->capacity / 4 * 3) {
      if (many->capacity > most_targets / 2 || !resize(many->capacity * 2)) return false;
      many = table();
      at = many->find(target);
    }
    many->entries()[at].target = target;
    ++many->used;
  }
  ++many->entries()[at].times;
  ++many->links;
  return true;
}

bool EdgeSet::remove(std::uint32_t target) noexcept {
  if (word_ == 0) return false;
  if (!is_table()) {
    if (second() == target) {
      set_few(first(), none);
    } else if (first() == target) {
      if (second() == none) {
        word_ = 0;
      } else {
        set_few(second(), none);
      }
    } else {
      return false;
    }
    return true;
  }
  Table* const many = table();
  const std::uint32_t at = many->find(target);
  Entry& entry = many->entries()[at];
  if (entry.times == 0) return false;
  --many->links;
  if (--entry.times != 0) return true;
  many->erase(at);
  if (many->used == 0) {
    clear();
  } else if (many->capacity > least_capacity && many->used < many->capacity / 8) {
    // Without memory for a smaller one it stays as it is.
    static_cast<void>(resize(many->capacity / 2));
  }
  return true;
}

bool EdgeSet::take(std::uint32_t& target, std::uint32_t& times) noexcept {
  if (word_ == 0) return false;
  if (!is_table()) {
    target = first();
    times = 1;
    if (second() == none) {
      word_ = 0;
    } else {
      set_few(second(), none);
    }
    return true;
  }
  Table* const many = table();
  Entry* const entries = many->entries();
  while (entries[many->begin].times == 0) ++many->begin;
  Entry& entry = entries[many->begin++];
  target = entry.target;
  times = entry.times;
  entry.times = 0;
  many->links -= times;
  if (--many->used == 0) clear();
  return true;
}

void EdgeSet::free_table() noexcept {
  std::free(table());
}

}  // namespace bufgc
