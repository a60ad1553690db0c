#pragma once

// Private to the buffer room.

#include <cstdint>
#include <cstdlib>
#include <utility>

namespace bufgc {

struct BufferRecord;

/// The buffers that one buffer holds, in order of linking, a link an entry. Two words when empty, as
/// nearly every list is; grows without throwing.
class EdgeList {
 public:
  EdgeList() noexcept = default;
  EdgeList(const EdgeList&) = delete;
  EdgeList& operator=(const EdgeList&) = delete;
  ~EdgeList() { std::free(held_); }

  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] std::uint32_t size() const noexcept { return size_; }
  [[nodiscard]] BufferRecord* const* begin() const noexcept { return held_; }
  [[nodiscard]] BufferRecord* const* end() const noexcept { return held_ + size_; }

  /// False when there is no memory for it.
  [[nodiscard]] bool add(BufferRecord* held) noexcept {
    if (size_ == capacity_) {
      if (capacity_ > 0x7fffffffU / sizeof(BufferRecord*)) return false;
      const std::uint32_t capacity = capacity_ == 0 ? 2 : capacity_ * 2;
      void* grown = std::realloc(static_cast<void*>(held_), capacity * sizeof(BufferRecord*));
      if (grown == nullptr) return false;
      held_ = static_cast<BufferRecord**>(grown);
      capacity_ = capacity;
    }
    held_[size_++] = held;
    return true;
  }

  /// Takes the newest link to `held` away; false when there is none.
  [[nodiscard]] bool remove(const BufferRecord* held) noexcept {
    for (std::uint32_t i = size_; i-- > 0;) {
      if (held_[i] != held) continue;
      for (std::uint32_t j = i + 1; j < size_; ++j) held_[j - 1] = held_[j];
      --size_;
      return true;
    }
    return false;
  }

  void swap(EdgeList& other) noexcept {
    std::swap(held_, other.held_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
  }

 private:
  BufferRecord** held_ = nullptr;
  std::uint32_t size_ = 0;
  std::uint32_t capacity_ = 0;
};

}  // namespace bufgc
