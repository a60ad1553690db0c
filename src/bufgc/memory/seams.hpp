#pragma once

#include <cstddef>
#include <memory>

namespace bufgc {

/// The addresses at which one mapping of the operating system may end and the next begin, although
/// memory on both sides is backed: in order, each once.
class Seams {
 public:
  Seams() = default;

  /// Makes room for `count` more; false when there is no memory for it.
  [[nodiscard]] bool reserve(std::size_t count) noexcept;
  /// There is room for it.
  void put(std::byte* address) noexcept;
  /// Forgets those after `begin` and before `end`.
  void erase_between(const std::byte* begin, const std::byte* end) noexcept;
  /// The first one after `address`, or `end` when there is none before it.
  [[nodiscard]] std::byte* next(const std::byte* address, std::byte* end) const noexcept;
  /// How many lie after `begin` and before `end`.
  [[nodiscard]] std::size_t count_between(const std::byte* begin, const std::byte* end) const noexcept;
  [[nodiscard]] std::size_t count() const noexcept { return count_; }

 private:
  /// The index of the first that is not before `address`.
  [[nodiscard]] std::size_t at_or_after(const std::byte* address) const noexcept;

  std::unique_ptr<std::byte*[]> addresses_;
  std::size_t count_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace bufgc
