#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "bufgc/buffer/buffer_id.hpp"
#include "bufgc/buffer/buffer_observer.hpp"
#include "bufgc/buffer/cpu_buffer.hpp"
#include "bufgc/buffer/finalizer.hpp"
#include "bufgc/status.hpp"

namespace bufgc {

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

  /// Registers a finalizer as `BufferManager::add_finalizer` does, with a code in place of an exception.
  [[nodiscard]] static Result<Finalizer> finalize(BufferRecord* owner, Finalizer::Callback callback) noexcept;
};

}  // namespace bufgc
