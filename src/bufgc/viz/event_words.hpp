#pragma once

// How the log writes an event in 64-bit words. The first says what it is; of most births two more tell all
// there is to tell, and an end is one word.

#include <array>
#include <cstddef>
#include <cstdint>

#include "bufgc/buffer/buffer_observer.hpp"
#include "bufgc/viz/lifecycles.hpp"

namespace bufgc {

/// The first word of an event: its kind (4 bits), facts of that kind (7), and what it is about (53).
class EventWord {
 public:
  using Kind = Lifecycles::EventKind;
  static constexpr std::uint64_t max_subject = (std::uint64_t{1} << 53U) - 1;
  /// Of an alloc: all of it is told by `full_birth_words` words.
  static constexpr unsigned full_birth = 1;

  explicit constexpr EventWord(std::uint64_t bits) noexcept : bits_(bits) {}
  constexpr EventWord(Kind kind, std::uint64_t subject, unsigned facts = 0) noexcept
      : bits_((subject << 11U) | (facts << 4U) | static_cast<unsigned>(kind)) {}
  /// The end of a buffer.
  static constexpr EventWord free(std::uint64_t id, std::uint8_t cause, std::uint8_t freed_to) noexcept {
    return {Kind::free, id, (cause & 7U) | (freed_to & 3U) << 3U};
  }

  [[nodiscard]] constexpr std::uint64_t bits() const noexcept { return bits_; }
  [[nodiscard]] constexpr Kind kind() const noexcept { return static_cast<Kind>(bits_ & 15U); }
  [[nodiscard]] constexpr unsigned facts() const noexcept { return (bits_ >> 4U) & 127U; }
  /// alloc, free, move: the buffer's id; link, unlink: the holder's; mark: the name; use: how many
  /// buffers; reserve, release: nothing.
  [[nodiscard]] constexpr std::uint64_t subject() const noexcept { return bits_ >> 11U; }
  [[nodiscard]] constexpr bool is_free_of(std::uint64_t id) const noexcept {
    return kind() == Kind::free && subject() == id;
  }
  [[nodiscard]] constexpr std::uint8_t cause() const noexcept { return known(facts() & 7U, 7); }
  [[nodiscard]] constexpr std::uint8_t freed_to() const noexcept { return known(facts() >> 3U & 3U, 3); }

  /// The words of the event, this one included:
  ///   alloc            see `pack_birth`
  ///   link, unlink     the held buffer's id
  ///   reserve, release the address, the size in bytes
  ///   move             the address from, the address to
  ///   use              the kernel's name, then of each buffer the id and above it the access
  [[nodiscard]] inline constexpr std::size_t words() const noexcept;

 private:
  [[nodiscard]] static constexpr std::uint8_t known(unsigned code, unsigned unknown) noexcept {
    return code == unknown ? Lifecycles::unknown : static_cast<std::uint8_t>(code);
  }
  std::uint64_t bits_;
};

inline constexpr std::size_t compact_birth_words = 3;
inline constexpr std::size_t full_birth_words = 8;
/// Of all events but uses.
inline constexpr std::size_t most_event_words = full_birth_words;
/// In a use, above a buffer's id.
inline constexpr unsigned access_shift = 56;

constexpr std::size_t EventWord::words() const noexcept {
  switch (kind()) {
    case Kind::alloc:
      return (facts() & full_birth) != 0 ? full_birth_words : compact_birth_words;
    case Kind::free:
    case Kind::mark:
      return 1;
    case Kind::link:
    case Kind::unlink:
      return 2;
    case Kind::reserve:
    case Kind::release:
    case Kind::move:
      return 3;
    case Kind::use:
      return 2 + static_cast<std::size_t>(subject());
  }
  return 1;
}

/// A birth as the log keeps it; text by its number in the log's string table.
struct LoggedBirth {
  static constexpr std::uint64_t no_base = ~std::uint64_t{0};
  std::uint64_t id = 0, size_bytes = 0, capacity_bytes = 0;
  std::uint64_t address = Lifecycles::no_address;
  std::uint64_t base_id = no_base;
  std::uint32_t label = 0, shape = 0, site = 0, thread = 0;
  std::uint8_t dtype = 0, kind = 0, served_by = 0;
};

using BirthWords = std::array<std::uint64_t, full_birth_words>;

/// The compact form: the first word with dtype (4 bits) and served_by (2) among its facts; the address
/// (48 bits) and the thread (16); the size (48) and what the capacity is more (16). For buffers that own
/// their bytes and have neither text nor shape.
[[nodiscard]] constexpr bool fits_compact_birth(std::uint64_t address, std::uint64_t size_bytes,
                                                std::uint64_t capacity_bytes, std::uint32_t thread) noexcept {
  return ((address >> 48U) | (size_bytes >> 48U) | ((capacity_bytes - size_bytes) >> 16U) |
          (thread >> 16U)) == 0;
}
constexpr void write_compact_birth(std::uint64_t* words, std::uint64_t id, std::uint64_t address,
                                   std::uint64_t size_bytes, std::uint64_t capacity_bytes,
                                   std::uint32_t thread, std::uint8_t dtype,
                                   std::uint8_t served_by) noexcept {
  const unsigned facts = static_cast<unsigned>(dtype) << 1U | static_cast<unsigned>(served_by) << 5U;
  words[0] = EventWord(EventWord::Kind::alloc, id, facts).bits();
  words[1] = address | std::uint64_t{thread} << 48U;
  words[2] = size_bytes | (capacity_bytes - size_bytes) << 48U;
}

/// Writes a birth in the shorter form that it fits; returns the number of words.
constexpr std::size_t pack_birth(const LoggedBirth& birth, BirthWords& words) noexcept {
  static_assert(dtype_count <= 16);
  if (birth.kind == static_cast<std::uint8_t>(BufferKind::owned) && birth.base_id == LoggedBirth::no_base &&
      (birth.label | birth.shape | birth.site) == 0 && birth.dtype < 16 && birth.served_by < 4 &&
      fits_compact_birth(birth.address, birth.size_bytes, birth.capacity_bytes, birth.thread)) {
    write_compact_birth(words.data(), birth.id, birth.address, birth.size_bytes, birth.capacity_bytes,
                        birth.thread, birth.dtype, birth.served_by);
    return compact_birth_words;
  }
  words = {EventWord(EventWord::Kind::alloc, birth.id, EventWord::full_birth).bits(),
           birth.address,
           birth.size_bytes,
           birth.capacity_bytes,
           birth.base_id,
           birth.label | std::uint64_t{birth.shape} << 32U,
           birth.site | std::uint64_t{birth.thread} << 32U,
           birth.dtype | std::uint64_t{birth.kind} << 8U | std::uint64_t{birth.served_by} << 16U};
  return full_birth_words;
}

[[nodiscard]] constexpr bool is_full_birth(const std::uint64_t* words) noexcept {
  return (EventWord(words[0]).facts() & EventWord::full_birth) != 0;
}

[[nodiscard]] constexpr LoggedBirth unpack_birth(const std::uint64_t* words) noexcept {
  constexpr std::uint64_t low_48 = (std::uint64_t{1} << 48U) - 1;
  const EventWord first(words[0]);
  LoggedBirth birth;
  birth.id = first.subject();
  if (is_full_birth(words)) {
    birth.address = words[1];
    birth.size_bytes = words[2];
    birth.capacity_bytes = words[3];
    birth.base_id = words[4];
    birth.label = static_cast<std::uint32_t>(words[5]);
    birth.shape = static_cast<std::uint32_t>(words[5] >> 32U);
    birth.site = static_cast<std::uint32_t>(words[6]);
    birth.thread = static_cast<std::uint32_t>(words[6] >> 32U);
    birth.dtype = static_cast<std::uint8_t>(words[7]);
    birth.kind = static_cast<std::uint8_t>(words[7] >> 8U);
    birth.served_by = static_cast<std::uint8_t>(words[7] >> 16U);
    return birth;
  }
  birth.address = words[1] & low_48;
  birth.thread = static_cast<std::uint32_t>(words[1] >> 48U);
  birth.size_bytes = words[2] & low_48;
  birth.capacity_bytes = birth.size_bytes + (words[2] >> 48U);
  birth.dtype = static_cast<std::uint8_t>(first.facts() >> 1U & 15U);
  birth.served_by = static_cast<std::uint8_t>(first.facts() >> 5U);
  return birth;
}

/// Replaces the names in the two words of a full birth that hold them, the sixth and the seventh.
template <class Rename>
void rename_birth(std::uint64_t& label_and_shape, std::uint64_t& site_and_thread, Rename&& rename) {
  constexpr std::uint64_t low_32 = 0xffffffffU;
  const auto renamed = [&](std::uint64_t name) {
    return std::uint64_t{rename(static_cast<std::uint32_t>(name & low_32))};
  };
  label_and_shape = renamed(label_and_shape) | renamed(label_and_shape >> 32U) << 32U;
  site_and_thread = renamed(site_and_thread) | (site_and_thread & ~low_32);
}

/// The bytes that the buffer counts with: none where another one's block holds them.
[[nodiscard]] constexpr std::uint64_t owned_bytes_of_birth(const std::uint64_t* words) noexcept {
  if (!is_full_birth(words)) return words[2] & ((std::uint64_t{1} << 48U) - 1);
  const auto kind = static_cast<std::uint8_t>(words[7] >> 8U);
  return kind == static_cast<std::uint8_t>(BufferKind::owned) ? words[2] : 0;
}

}  // namespace bufgc
