#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "bufgc/buffer/buffer_id.hpp"
#include "bufgc/buffer/buffer_observer.hpp"
#include "bufgc/buffer/cpu_buffer.hpp"
#include "bufgc/buffer/finalizer.hpp"
#include "bufgc/status.hpp"

namespace bufgc {

class BufferHeap;
class BufferManager;

/// The door for language bindings: a strong handle as one bare pointer that travels through a
/// foreign language and comes back. Whoever holds a pointer from `detach` owns one strong reference
/// and gives it back exactly once, with `release` or `adopt`. All calls are `noexcept`; every
/// pointer handed in is such an owned one, never null.
struct BufferAccess {
  /// Takes the reference out of a handle, which is then empty. Null from an empty handle.
  [[nodiscard]] static BufferRecord* detach(CpuBuffer&& handle) noexcept {
    BufferRecord* record = handle.record_;
    handle.record_ = nullptr;
    return record;
  }
  /// Makes a handle of an owned pointer, which is thereby given back.
  [[nodiscard]] static CpuBuffer adopt(BufferRecord* record) noexcept { return CpuBuffer(record); }
  /// Another handle beside the owned pointer.
  [[nodiscard]] static CpuBuffer share(BufferRecord* record) noexcept;
  /// The pointer inside a handle, borrowed: valid while the handle is.
  [[nodiscard]] static BufferRecord* peek(const CpuBuffer& handle) noexcept { return handle.record_; }

  /// One more owned reference.
  static void retain(BufferRecord* record) noexcept;
  /// Gives a reference back. When it was the last, `cause` is the cause of the buffer's end.
  static void release(BufferRecord* record, Cause cause) noexcept;
  /// As `CpuBuffer::try_destroy`: the reference remains owned and is still to be released.
  static Status destroy(BufferRecord* record) noexcept;

  /// The first byte, or null when destroyed (or empty).
  [[nodiscard]] static std::byte* data(const BufferRecord* record) noexcept;
  [[nodiscard]] static bool destroyed(const BufferRecord* record) noexcept;
  [[nodiscard]] static BufferId id(const BufferRecord* record) noexcept;
  [[nodiscard]] static BufferKind kind(const BufferRecord* record) noexcept;
  /// Of a view the id of its root, else an invalid one.
  [[nodiscard]] static BufferId base_id(const BufferRecord* record) noexcept;
  [[nodiscard]] static std::uint64_t size_bytes(const BufferRecord* record) noexcept;
  [[nodiscard]] static std::uint64_t capacity_bytes(const BufferRecord* record) noexcept;
  [[nodiscard]] static DType dtype(const BufferRecord* record) noexcept;
  [[nodiscard]] static const Shape& shape(const BufferRecord* record) noexcept;
  [[nodiscard]] static std::string_view label(const BufferRecord* record) noexcept;
  /// Where it was made, as "file:line" or as the binding gave it; empty unless sites are on.
  [[nodiscard]] static std::string_view site(const BufferRecord* record) noexcept;
  [[nodiscard]] static std::uint32_t use_count(const BufferRecord* record) noexcept;

  /// Whether two handles, neither empty, are of one buffer or of views of it.
  [[nodiscard]] static bool same_root(const CpuBuffer& a, const CpuBuffer& b) noexcept;

  /// A view; the pointer inside the result is owned by the caller.
  [[nodiscard]] static Result<BufferRecord*> view(const BufferRecord* record, const ViewSpec& spec,
                                                  Site site) noexcept;
  static Status link(BufferRecord* holder, BufferRecord* held) noexcept;
  static Status unlink(BufferRecord* holder, BufferRecord* held) noexcept;

  // Turns: for a binding that reaches the records' memory sooner than a call would. It may hold back the
  // release of a simple buffer, `Cause::dispose`, and have the next birth of just its size take the reference
  // over. `RecordWords` says what it looks at and what it writes for that.

  /// What stands behind a manager, for as long as that lives.
  [[nodiscard]] static BufferHeap* heap(BufferManager& manager) noexcept;
  /// How many bytes of capacity may be held back by now: as much as the calling thread's cache would take
  /// without telling anybody. 0 while ends and births have to be seen one by one.
  [[nodiscard]] static std::uint64_t room_for_turns(BufferHeap* heap) noexcept;
  /// Of a manager with an observer: the buffer's release is held back from now on, and to the observer that
  /// is its end. It is not told again when the release comes.
  static void tell_turn_ended(BufferObserver& observer, BufferRecord* record) noexcept;
  /// The next birth has taken the reference over.
  static void tell_turn_begun(BufferObserver& observer, BufferRecord* record) noexcept;
  /// Counts turns, by the logarithm of their sizes, which are `bytes` together.
  static void count_turns(BufferHeap* heap, std::span<const std::uint32_t> by_class,
                          std::uint64_t bytes) noexcept;
  /// Where 32-bit code finds the facts of a record, in words of 32 bits. A buffer is simple where
  /// `strong_count` is 1, `newest_finalizer` 0, `state` 0 above its lowest byte, and `id_generation` below
  /// `BufferId::last_generation`. A turn adds 1 to `id_generation` and makes `origin` 0.
  struct RecordWords {
    static constexpr std::size_t strong_count = 0;
    static constexpr std::size_t id_generation = 5;
    static constexpr std::size_t newest_finalizer = 7;
    static constexpr std::size_t origin = 8;  ///< Who was told, dtype, kind, who served.
    static constexpr std::size_t state = 9;   ///< Cause, claimed, linked, described.
    static constexpr std::size_t size_bytes = 1040;
    static constexpr std::size_t capacity_bytes = 1042;
  };

  /// Registers a finalizer as `BufferManager::add_finalizer` does, with a code in place of an exception.
  [[nodiscard]] static Result<Finalizer> finalize(BufferRecord* owner, Finalizer::Callback callback) noexcept;
};

}  // namespace bufgc
