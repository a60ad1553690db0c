#include "bufgc/memory/address_ranges.hpp"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <new>

#include "bufgc/memory/align.hpp"

namespace bufgc {

bool AddressRanges::reserve(std::size_t count) noexcept {
  const std::size_t wanted = count_ + count;
  if (wanted <= capacity_) return true;
  const std::size_t capacity = std::max<std::size_t>(wanted, capacity_ * 2 + 16);
  std::unique_ptr<Segment[]> ranges(new (std::nothrow) Segment[capacity]);
  if (!ranges) return false;
  std::copy_n(ranges_.get(), count_, ranges.get());
  ranges_ = std::move(ranges);
  capacity_ = capacity;
  return true;
}

std::size_t AddressRanges::first_after(const std::byte* address) const noexcept {
  const Segment* begin = ranges_.get();
  const Segment* found =
      std::upper_bound(begin, begin + count_, address, [](const std::byte* wanted, const Segment& range) {
        return std::less<>{}(wanted, static_cast<const std::byte*>(range.data));
      });
  return static_cast<std::size_t>(found - begin);
}

void AddressRanges::insert(std::size_t index, Segment range) noexcept {
  Segment* begin = ranges_.get();
  std::copy_backward(begin + index, begin + count_, begin + count_ + 1);
  begin[index] = range;
  ++count_;
}

void AddressRanges::erase(std::size_t index) noexcept {
  Segment* begin = ranges_.get();
  std::copy(begin + index + 1, begin + count_, begin + index);
  --count_;
}

Segment AddressRanges::put(Segment range) noexcept {
  std::size_t index = first_after(range.data);
  if (index > 0 && ranges_[index - 1].data + ranges_[index - 1].size_bytes == range.data) {
    ranges_[--index].size_bytes += range.size_bytes;
  } else {
    insert(index, range);
  }
  Segment& joined = ranges_[index];
  if (index + 1 < count_ && joined.data + joined.size_bytes == ranges_[index + 1].data) {
    joined.size_bytes += ranges_[index + 1].size_bytes;
    erase(index + 1);
  }
  return joined;
}

Segment AddressRanges::cut(std::size_t index, std::size_t offset, std::size_t bytes) noexcept {
  Segment& range = ranges_[index];
  const Segment piece{range.data + offset, bytes};
  const Segment rest{piece.data + bytes, range.size_bytes - offset - bytes};
  if (offset > 0) {
    range.size_bytes = offset;
    if (rest.size_bytes > 0) insert(index + 1, rest);
  } else if (rest.size_bytes > 0) {
    range = rest;
  } else {
    erase(index);
  }
  return piece;
}

Segment AddressRanges::take_lowest(std::size_t bytes) noexcept {
  for (std::size_t i = 0; i < count_; ++i) {
    if (ranges_[i].size_bytes >= bytes) return cut(i, 0, bytes);
  }
  return {};
}

Segment AddressRanges::take_middle(std::size_t bytes, std::size_t alignment) noexcept {
  const Segment* begin = ranges_.get();
  const Segment* largest = std::max_element(
      begin, begin + count_, [](const Segment& a, const Segment& b) { return a.size_bytes < b.size_bytes; });
  if (count_ == 0 || largest->size_bytes < bytes) return {};
  const std::size_t middle = (largest->size_bytes - bytes) / 2;
  const std::size_t beyond = reinterpret_cast<std::uintptr_t>(largest->data + middle) % alignment;
  const std::size_t offset = middle > beyond ? middle - beyond : 0;
  return cut(static_cast<std::size_t>(largest - begin), offset, bytes);
}

Segment AddressRanges::take_at(const std::byte* address, std::size_t bytes) noexcept {
  const std::size_t after = first_after(address);
  if (after == 0) return {};
  const Segment& range = ranges_[after - 1];
  const std::size_t offset = bytes_between(range.data, address);
  if (offset >= range.size_bytes || range.size_bytes - offset < bytes) return {};
  return cut(after - 1, offset, bytes);
}

Segment AddressRanges::take_ending_at(const std::byte* end) noexcept {
  const std::size_t after = first_after(end);
  if (after == 0) return {};
  const Segment range = ranges_[after - 1];
  if (range.data + range.size_bytes != end) return {};
  erase(after - 1);
  return range;
}

bool AddressRanges::holds(const std::byte* address) const noexcept {
  const std::size_t after = first_after(address);
  return after > 0 && bytes_between(ranges_[after - 1].data, address) < ranges_[after - 1].size_bytes;
}

}  // namespace bufgc
