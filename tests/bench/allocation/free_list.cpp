#include "free_list.hpp"

#include <algorithm>
#include <bit>
#include <cstdlib>

namespace bufgc::bench {
namespace {

constexpr std::size_t header_bytes = 64;

/// Eight classes an octave from 64 bytes on: the leading bit and the three that follow it.
std::size_t list_of(std::size_t size_bytes) noexcept {
  const std::size_t last = std::max(size_bytes, std::size_t{64}) - 1;
  const auto octave = static_cast<std::size_t>(std::bit_width(last));
  return octave * 8 + ((last >> (octave - 4)) & 7);
}
std::size_t bytes_of(std::size_t list) noexcept {
  return (((9 + list % 8) << (list / 8 - 4)) + 63) / 64 * 64;
}

}  // namespace

FreeList::Handle FreeList::allocate(std::size_t size_bytes) noexcept {
  const std::size_t list = list_of(size_bytes);
  Node* const node = lists_[list];
  if (node == nullptr) return grow(list);
  lists_[list] = node->next;
  return node;
}

void FreeList::release(Handle handle, std::size_t) noexcept {
  const std::size_t list =
      *reinterpret_cast<const std::size_t*>(static_cast<std::byte*>(handle) - header_bytes);
  Node* const node = static_cast<Node*>(handle);
  node->next = lists_[list];
  lists_[list] = node;
}

FreeList::Handle FreeList::grow(std::size_t list) noexcept {
  const std::size_t bytes = header_bytes + bytes_of(list);
  if (left_bytes_ < bytes) {
    left_bytes_ = std::max(bytes, std::size_t{64} << 20);
    chunks_.push_back(std::aligned_alloc(64, left_bytes_));
    free_ = static_cast<std::byte*>(chunks_.back());
    if (free_ == nullptr) std::abort();
  }
  std::byte* const block = free_;
  free_ += bytes;
  left_bytes_ -= bytes;
  *reinterpret_cast<std::size_t*>(block) = list;
  return block + header_bytes;
}

FreeList::~FreeList() {
  for (void* chunk : chunks_) std::free(chunk);
}

}  // namespace bufgc::bench
