#include "bufgc/memory/seams.hpp"

#include <algorithm>
#include <functional>
#include <new>

namespace bufgc {

bool Seams::reserve(std::size_t count) noexcept {
  const std::size_t wanted = count_ + count;
  if (wanted <= capacity_) return true;
  const std::size_t capacity = std::max<std::size_t>(wanted, capacity_ * 2 + 16);
  std::unique_ptr<std::byte*[]> addresses(new (std::nothrow) std::byte*[capacity]);
  if (!addresses) return false;
  std::copy_n(addresses_.get(), count_, addresses.get());
  addresses_ = std::move(addresses);
  capacity_ = capacity;
  return true;
}

std::size_t Seams::at_or_after(const std::byte* address) const noexcept {
  std::byte* const* begin = addresses_.get();
  return static_cast<std::size_t>(std::lower_bound(begin, begin + count_, address, std::less<>{}) - begin);
}

void Seams::put(std::byte* address) noexcept {
  const std::size_t index = at_or_after(address);
  if (index < count_ && addresses_[index] == address) return;
  std::byte** begin = addresses_.get();
  std::copy_backward(begin + index, begin + count_, begin + count_ + 1);
  begin[index] = address;
  ++count_;
}

void Seams::erase_between(const std::byte* begin, const std::byte* end) noexcept {
  const std::size_t first = at_or_after(begin + 1);
  const std::size_t last = at_or_after(end);
  std::copy(addresses_.get() + last, addresses_.get() + count_, addresses_.get() + first);
  count_ -= last - first;
}

std::byte* Seams::next(const std::byte* address, std::byte* end) const noexcept {
  const std::size_t index = at_or_after(address + 1);
  return index < count_ && std::less<>{}(addresses_[index], end) ? addresses_[index] : end;
}

std::size_t Seams::count_between(const std::byte* begin, const std::byte* end) const noexcept {
  return at_or_after(end) - at_or_after(begin + 1);
}

}  // namespace bufgc
