#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <string_view>

namespace bufgc {

/// How closely an allocator, and the manager above it, watches for misuse. Every level is compiled in: off,
/// it is a closed door that nobody passes, so it costs the common roads nothing. On, every request and
/// release takes the allocator's lock.
enum class Hardening : std::uint8_t {
  off = 0,
  /// What is handed in is looked up beside the memory before it is believed: blocks, ids, links.
  checks = 1,
  /// Also the bytes themselves: a strip before and behind each block that nobody may write, and freed
  /// blocks filled and held back from reuse for a while. A block takes one granule and 16 bytes more.
  full = 2,
};

/// What was found. Each names one mistake in the program that uses the allocator.
enum class MisuseKind : std::uint8_t {
  double_free = 0,       ///< A block given back, or pinned, that was given back before.
  foreign_pointer = 1,   ///< One given back that no allocator gave.
  interior_pointer = 2,  ///< One given back by an address inside it, or whose `data` was moved into it.
  wrong_size = 3,        ///< One given back with another size than it was asked for with.
  wrong_allocator = 4,   ///< One given back to another allocator, or manager, than gave it.
  write_before = 5,      ///< Bytes in front of a block were written.
  write_after = 6,       ///< Bytes behind a block's size were written.
  write_after_free = 7,  ///< Bytes of a block were written after it was given back.
  double_release = 8,    ///< A handle given back more often than it was taken (`BufferAccess`).
  stale_id = 9,          ///< `BufferManager::lock` was asked for the id of a buffer that has ended.
  forged_id = 10,        ///< … or for an id that it never gave.
  leaked_edge = 11,  ///< A buffer has fewer references than links lead to it: somebody gave back the links'.
};
inline constexpr std::size_t misuse_kinds = 12;

/// The kind's name as reports show it, e.g. "write_after".
[[nodiscard]] const char* misuse_name(MisuseKind kind) noexcept;

/// One misuse. Texts last as long as the call of the handler.
struct Misuse {
  static constexpr std::uint64_t no_id = std::numeric_limits<std::uint64_t>::max();

  MisuseKind kind = MisuseKind::foreign_pointer;
  /// What was handed in, or the first byte that was written. Null where the misuse is of an id or a count.
  const void* address = nullptr;
  std::int64_t offset_bytes = 0;  ///< Of `address` from the first byte of the buffer.
  /// What should have been there and what was: a byte where bytes were written, an address or a size of a
  /// block handed in, the id that the slot has now for one that it no longer has, numbers of references.
  std::uint64_t expected = 0;
  std::uint64_t found = 0;
  // Of the buffer, as far as it is known (of a forged id, but for `id` itself, that of its slot's last
  // buffer); of a bare block without id, label and site.
  std::uint64_t id = no_id;      ///< `BufferId::value()`.
  std::uint64_t size_bytes = 0;  ///< As requested.
  std::string_view label;        ///< The first 47 bytes.
  std::string_view site;         ///< Where it was made; the last 111 bytes.
  std::uint64_t allocation = 0;  ///< The allocator's how manieth, from 1 on; 0: not known.
  // Threads are numbered from 1 on, in the order in which they came to hardened allocators.
  std::uint64_t made_on_thread = 0;
  std::uint64_t freed_on_thread = 0;  ///< 0: it was not freed.
  std::uint64_t seen_on_thread = 0;
};

/// Called on the thread that found it, outside every lock, and must not throw. When it returns the program
/// goes on: a block wrongly given back stays as it was, one that was written around is given back, an id
/// answers "gone". Without a handler the report is printed to standard error and the program aborts.
using MisuseHandler = std::function<void(const Misuse& misuse)>;

/// The report as one line, without its end; as much of it as `place` holds.
std::string_view misuse_text(const Misuse& misuse, std::span<char> place) noexcept;

}  // namespace bufgc
