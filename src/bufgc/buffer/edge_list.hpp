#pragma once

// Private to the buffer room.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <utility>

namespace bufgc {

struct BufferRecord;

/// The buffers that one buffer holds, in order of linking, a link an entry. Two words; the first link
/// needs no memory beside them. Grows without throwing.
class EdgeList {
 public:
  EdgeList() noexcept = default;
  EdgeList(const EdgeList&) = delete;
  EdgeList& operator=(const EdgeList&) = delete;
  ~EdgeList() {
    if (capacity_ > 1) std::free(static_cast<void*>(storage_.many));
  }

  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] std::uint32_t size() const noexcept { return size_; }
  [[nodiscard]] BufferRecord* const* begin() const noexcept {
    return capacity_ > 1 ? storage_.many : &storage_.one;
  }
  [[nodiscard]] BufferRecord* const* end() const noexcept { return begin() + size_; }

  /// False when there is no memory for it.
  [[nodiscard]] bool add(BufferRecord* held) noexcept {
    if (size_ == capacity_ && !grow()) return false;
    list()[size_++] = held;
    return true;
  }

  /// Takes the newest link to `held` away; false when there is none.
  [[nodiscard]] bool remove(const BufferRecord* held) noexcept {
    BufferRecord** const links = list();
    for (std::uint32_t i = size_; i-- > 0;) {
      if (links[i] != held) continue;
      std::copy(links + i + 1, links + size_, links + i);
      --size_;
      return true;
    }
    return false;
  }

  void swap(EdgeList& other) noexcept {
    std::swap(storage_, other.storage_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
  }

 private:
  [[nodiscard]] bool grow() noexcept {
    if (capacity_ > 0x7fffffffU / sizeof(BufferRecord*)) return false;
    const std::uint32_t capacity = capacity_ * 2;
    const bool first = capacity_ == 1;
    void* grown =
        std::realloc(first ? nullptr : static_cast<void*>(storage_.many), capacity * sizeof(BufferRecord*));
    if (grown == nullptr) return false;
    BufferRecord** const many = static_cast<BufferRecord**>(grown);
    if (first) many[0] = storage_.one;
    storage_.many = many;
    capacity_ = capacity;
    return true;
  }

  union Storage {
    BufferRecord* one = nullptr;  ///< While the capacity is 1.
    BufferRecord** many;
  };
  [[nodiscard]] BufferRecord** list() noexcept { return capacity_ > 1 ? storage_.many : &storage_.one; }

  Storage storage_;
  std::uint32_t size_ = 0;
  std::uint32_t capacity_ = 1;
};

}  // namespace bufgc
