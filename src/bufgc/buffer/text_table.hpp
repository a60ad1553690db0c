#pragma once

// Private to the buffer room.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "bufgc/memory/lock.hpp"

namespace bufgc {

/// A label or a site, kept as long as a buffer may show it. The characters follow the struct.
struct Text {
  std::uint32_t hash = 0;
  std::uint32_t length = 0;
  bool shared = false;  ///< Kept by the table until the heap dies; else owned by one buffer.

  [[nodiscard]] std::string_view view() const noexcept {
    return {reinterpret_cast<const char*>(this + 1), length};
  }
};

[[nodiscard]] inline std::string_view text_of(const Text* text) noexcept {
  return text == nullptr ? std::string_view{} : text->view();
}

/// Keeps equal texts once. Programs label with few distinct words; one that numbers its labels
/// ("frame 81723") would fill the table for ever, so beyond a bound each buffer owns its own.
class TextTable {
 public:
  static constexpr std::uint32_t max_shared = 4096;

  TextTable() noexcept = default;
  TextTable(const TextTable&) = delete;
  TextTable& operator=(const TextTable&) = delete;
  ~TextTable();

  /// Null for an empty text, and when there is no memory: a label is not worth failing for.
  [[nodiscard]] Text* keep(std::string_view text) noexcept;
  /// A buffer lets go of what `keep` gave it.
  static void drop(Text* text) noexcept;

 private:
  static constexpr std::uint32_t buckets = 2 * max_shared;  // never more than half full

  Lock lock_;
  std::uint32_t count_ = 0;
  Text** table_ = nullptr;
};

}  // namespace bufgc
