#pragma once

#include <cstddef>

namespace bufgc {

/// Memory for records that stand beside others of their kind, handed out in pieces and given back all
/// together. Pieces come one by one from the heap until `large_bytes` are out; from then on they are cut
/// from huge pages where the system has such: who walks over a million records would else spend a part
/// of the time on finding their pages. At most a third is then held ahead. Trivially destroyed, so that it
/// may stand in static memory; not thread-safe.
class Slabs {
 public:
  static constexpr std::size_t alignment_bytes = 64;
  static constexpr std::size_t large_bytes = std::size_t{4} << 20U;

  constexpr Slabs() noexcept = default;

  /// A piece of `bytes`, a multiple of `alignment_bytes` and small beside a huge page. Uninitialised; null
  /// when there is no memory.
  [[nodiscard]] void* take(std::size_t bytes) noexcept;
  /// All pieces go back to the heap.
  void clear() noexcept;

 private:
  struct Slab;
  [[nodiscard]] bool add(std::size_t bytes, std::size_t alignment) noexcept;

  Slab* newest_ = nullptr;
  std::byte* rest_ = nullptr;  ///< Of the newest, not handed out.
  std::size_t rest_bytes_ = 0;
  std::size_t bytes_ = 0;  ///< Of all.
};

}  // namespace bufgc
