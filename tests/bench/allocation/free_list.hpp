#pragma once

#include <array>
#include <cstddef>
#include <vector>

namespace bufgc::bench {

/// The floor: what no allocator that finds blocks by their size can be much faster than. A size is
/// rounded up to one of eight classes an octave; a class is a list of free blocks, linked through
/// the blocks themselves; a header of 64 bytes tells the class of a block that comes back. No
/// lock, no figures, nothing ever joined, split or given back.
class FreeList {
 public:
  using Handle = void*;
  FreeList() = default;
  FreeList(const FreeList&) = delete;
  FreeList& operator=(const FreeList&) = delete;
  ~FreeList();
  [[nodiscard, gnu::noinline]] Handle allocate(std::size_t size_bytes) noexcept;
  [[gnu::noinline]] void release(Handle handle, std::size_t) noexcept;
  static std::byte* data(Handle handle) { return static_cast<std::byte*>(handle); }

 private:
  struct Node {
    Node* next;
  };
  [[nodiscard]] Handle grow(std::size_t list) noexcept;

  std::array<Node*, 512> lists_{};
  std::vector<void*> chunks_;
  std::byte* free_ = nullptr;  // of the last chunk
  std::size_t left_bytes_ = 0;
};

}  // namespace bufgc::bench
