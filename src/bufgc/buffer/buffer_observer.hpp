#pragma once

#include <cstdint>
#include <string_view>

#include "bufgc/buffer/buffer_id.hpp"
#include "bufgc/buffer/dtype.hpp"
#include "bufgc/buffer/shape.hpp"
#include "bufgc/memory/cpu_allocator.hpp"

namespace bufgc {

/// Why a lifetime ended. Names stand in trace files under "cause".
enum class Cause : std::uint8_t {
  dispose = 0,    ///< Explicitly: `destroy`, `reset`, JavaScript's `dispose`, a scope's end.
  finalized = 1,  ///< By itself: the last handle went away, or the engine's GC dropped it.
  collected = 2,  ///< As part of an unreachable cycle.
  closed = 3,     ///< The manager closed around it.
};

enum class BufferKind : std::uint8_t { owned = 0, view = 1, external = 2 };
enum class Access : std::uint8_t { read = 1, write = 2, read_write = 3 };

/// What a buffer has beside its bytes; most have nothing.
struct BufferDescription {
  BufferId base;  ///< Of a view: the buffer whose bytes it shows.
  Shape shape;
  std::string_view label;
  std::string_view site;  ///< Empty unless sites are switched on.
};

/// A buffer as an observer sees it at its birth. What it points to lives only during the call.
struct BufferBirth {
  BufferId id;
  const std::byte* data = nullptr;
  std::uint64_t size_bytes = 0;
  std::uint64_t capacity_bytes = 0;  ///< 0 for views and external buffers: they occupy no block.
  DType dtype = DType::uint8;
  BufferKind kind = BufferKind::owned;
  ServedBy served_by = ServedBy::source;
  const BufferDescription* description = nullptr;  ///< Null where it has nothing of that.
};

/// What happens to buffers, told to whoever watches. Calls come on the thread on which the thing
/// happened, outside the heap's lock, in an order that agrees with the allocator's own for each
/// buffer. An observer sees ids, never owns a buffer, and must not allocate or free buffers.
class BufferObserver {
 public:
  virtual ~BufferObserver() = default;
  virtual void on_alloc(const BufferBirth& birth) noexcept = 0;
  virtual void on_free(BufferId id, Cause cause, FreedTo freed_to) noexcept = 0;
  /// It ended while nobody watched, how is not known: of what an observer that attaches anew knew as
  /// alive. Told before it hears of the births that it missed.
  virtual void on_missed_end(BufferId id) noexcept { static_cast<void>(id); }
  /// Compaction moved the bytes of a buffer, or of a view along with its base's. Told under the
  /// allocator's lock, of all that one compaction moved in one go, in no particular order. An observer that
  /// attaches anew hears once of each that moved meanwhile, after the ends that it missed.
  virtual void on_move(BufferId id, const std::byte* from, const std::byte* to) noexcept {
    static_cast<void>(id);
    static_cast<void>(from);
    static_cast<void>(to);
  }
  virtual void on_link(BufferId holder, BufferId held) noexcept = 0;
  virtual void on_unlink(BufferId holder, BufferId held) noexcept = 0;
};

}  // namespace bufgc
