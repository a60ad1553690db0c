#include "bufgc/memory/depot.hpp"

namespace bufgc {

bool Depot::give(Row& row) noexcept {
  if (count_ == most_rows || row.bytes() == 0) return false;
  Row& place = rows_[count_++];
  place.open(row.capacity_bytes(), Row::most_blocks);
  place.take_all(row);
  return true;
}

std::size_t Depot::place_of(std::size_t capacity_bytes) const noexcept {
  for (std::size_t i = count_; i > 0; --i) {
    if (rows_[i - 1].is_for(capacity_bytes)) return i - 1;
  }
  return count_;
}

bool Depot::take(Row& row) noexcept {
  const std::size_t place = place_of(row.capacity_bytes());
  if (place == count_) return false;
  row.take_all(rows_[place]);
  // Those above move down, so that the last given stays the last.
  for (std::size_t i = place + 1; i < count_; ++i) rows_[i - 1] = rows_[i];
  --count_;
  return true;
}

Range* Depot::evict() noexcept {
  if (count_ == 0) return nullptr;
  Row& last = rows_[count_ - 1];
  Range* const range = last.take();
  if (last.bytes() == 0) --count_;
  return range;
}

std::uint64_t Depot::bytes() const noexcept {
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < count_; ++i) bytes += rows_[i].bytes();
  return bytes;
}

void Depot::mark() noexcept {
  for (std::size_t i = 0; i < count_; ++i) rows_[i].mark();
}

}  // namespace bufgc
