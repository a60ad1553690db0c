#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "bufgc/buffer/buffer_id.hpp"
#include "bufgc/buffer/dtype.hpp"
#include "bufgc/buffer/shape.hpp"
#include "bufgc/buffer/site.hpp"
#include "bufgc/status.hpp"

namespace bufgc {

class WeakBuffer;
class BufferPin;
class BufferHeap;
struct BufferRecord;

/// What to allocate. With a shape, the size is its element count times the item size; without one,
/// `size_bytes`. Giving both is allowed when they agree.
struct BufferSpec {
  std::uint64_t size_bytes = 0;
  DType dtype = DType::uint8;
  Shape shape{};
  std::string_view label{};
};

/// What part of a buffer a view shows. Length and offset are in bytes of the buffer that is viewed.
struct ViewSpec {
  static constexpr std::uint64_t to_the_end = ~std::uint64_t{0};
  std::uint64_t offset_bytes = 0;
  std::uint64_t size_bytes = to_the_end;  ///< Or the shape's size, when a shape is given.
  DType dtype = DType::uint8;
  Shape shape{};
  std::string_view label{};
};

/// A strong handle: the buffer lives at least as long as one of its handles, its views, or the
/// buffers that link to it. Copies share; the last one to go releases. Different handles of one
/// buffer may be used from different threads; one handle, like any object, from one at a time.
/// The throwing calls are thin over the `try_` calls.
class CpuBuffer {
 public:
  CpuBuffer() noexcept = default;
  CpuBuffer(const CpuBuffer& other) noexcept;
  CpuBuffer(CpuBuffer&& other) noexcept : record_(other.record_) { other.record_ = nullptr; }
  CpuBuffer& operator=(const CpuBuffer& other) noexcept;
  CpuBuffer& operator=(CpuBuffer&& other) noexcept {
    // Assigned first: a finalizer that runs now may look at this very handle.
    CpuBuffer taken(static_cast<CpuBuffer&&>(other));
    BufferRecord* const former = record_;
    record_ = taken.record_;
    taken.record_ = former;
    return *this;
  }
  ~CpuBuffer() {
    if (record_ != nullptr) let_go();
  }

  /// Whether this handle holds a buffer (perhaps a destroyed one).
  [[nodiscard]] explicit operator bool() const noexcept { return record_ != nullptr; }
  [[nodiscard]] BufferId id() const noexcept;
  [[nodiscard]] std::uint64_t size_bytes() const noexcept;
  /// The block's size, rounded up; 0 for views and external buffers.
  [[nodiscard]] std::uint64_t capacity_bytes() const noexcept;
  [[nodiscard]] DType dtype() const noexcept;
  [[nodiscard]] const Shape& shape() const noexcept;
  [[nodiscard]] std::string_view label() const noexcept;
  [[nodiscard]] bool is_view() const noexcept;
  [[nodiscard]] bool is_external() const noexcept;
  /// The buffer that a view shows (its root: a view of a view answers with the root); empty otherwise.
  [[nodiscard]] CpuBuffer base() const noexcept;
  /// True once the buffer, or the base of this view, was destroyed or its manager closed.
  [[nodiscard]] bool destroyed() const noexcept;
  /// How many strong references there are: handles, views and links. For tests and diagnosis.
  [[nodiscard]] std::uint32_t use_count() const noexcept;

  /// The first byte, or null when destroyed or empty. Natively it stays where it is. In WebAssembly
  /// an allocation may move it (`AllocatorOptions::compact`): ask again after one, or `pin`.
  [[nodiscard]] std::byte* try_data() const noexcept;
  /// The first byte. Throws `UseAfterDestroy`, or `InvalidArgument` on an empty handle.
  [[nodiscard]] std::byte* data() const;
  [[nodiscard]] std::span<std::byte> bytes() const {
    return {data(), static_cast<std::size_t>(size_bytes())};
  }
  /// The bytes as elements of `T`; a trailing part smaller than one element is left out.
  template <class T>
  [[nodiscard]] std::span<T> as() const {
    return {reinterpret_cast<T*>(data()), static_cast<std::size_t>(size_bytes()) / sizeof(T)};
  }

  /// Holds the bytes where they are as long as the pin lives. An empty pin when destroyed or empty.
  [[nodiscard]] BufferPin pin() const noexcept;

  /// A view, itself a buffer with an id, that keeps this one's base alive. Refused: a range beyond
  /// the end, an offset that is not a multiple of the dtype's item size, sizes that wrap.
  [[nodiscard]] Result<CpuBuffer> try_view(const ViewSpec& spec, Site site = Site::here()) const noexcept;
  [[nodiscard]] CpuBuffer view(const ViewSpec& spec, Site site = Site::here()) const;

  /// Ends the buffer now, whoever else holds it: finalizers run, the block goes back, and every
  /// handle and view answers "destroyed". A second call answers `Status::destroyed`. On a view it
  /// ends the view alone.
  Status try_destroy() noexcept;
  /// Throws `UseAfterDestroy` when there is nothing left to destroy.
  void destroy();
  /// Lets go of this handle. When it was the last, the cause of the end is `dispose`
  /// (a handle that simply goes out of scope ends with `finalized`).
  void reset() noexcept;

  [[nodiscard]] WeakBuffer weak() const noexcept;

  /// Makes `held` live at least as long as this buffer. Links count: two links need two unlinks.
  /// Cycles are allowed; `BufferManager::collect()` frees those that nobody holds.
  Status try_link(const CpuBuffer& held) noexcept;
  void link(const CpuBuffer& held);
  /// Takes one link away; `invalid_argument` when there is none.
  Status try_unlink(const CpuBuffer& held) noexcept;
  void unlink(const CpuBuffer& held);

  friend bool operator==(const CpuBuffer& a, const CpuBuffer& b) noexcept { return a.record_ == b.record_; }
  friend bool operator!=(const CpuBuffer& a, const CpuBuffer& b) noexcept { return !(a == b); }

 private:
  friend class BufferHeap;
  friend class BufferPin;
  friend class WeakBuffer;
  friend struct BufferAccess;  // the wasm binding's door: a handle as one pointer
  explicit CpuBuffer(BufferRecord* adopted) noexcept : record_(adopted) {}
  void let_go() noexcept;
  BufferRecord* record_ = nullptr;
};

/// For code that keeps a buffer's address across allocations: the bytes stay where they are, and the
/// buffer alive, until the pin goes. An explicit `destroy` ends the buffer under it as under any handle.
class BufferPin {
 public:
  BufferPin() noexcept = default;
  BufferPin(BufferPin&& other) noexcept = default;
  BufferPin& operator=(BufferPin&& other) noexcept;
  BufferPin(const BufferPin&) = delete;
  BufferPin& operator=(const BufferPin&) = delete;
  ~BufferPin() { reset(); }

  [[nodiscard]] explicit operator bool() const noexcept { return static_cast<bool>(buffer_); }
  [[nodiscard]] const CpuBuffer& buffer() const noexcept { return buffer_; }
  [[nodiscard]] std::byte* data() const noexcept { return buffer_.try_data(); }
  void reset() noexcept;

 private:
  friend class CpuBuffer;
  explicit BufferPin(const CpuBuffer& pinned) noexcept : buffer_(pinned) {}
  CpuBuffer buffer_;
};

/// An id that can be asked for its buffer. Costs nothing to hold and keeps nothing alive; valid to
/// ask even after the manager is gone (it then answers "gone").
class WeakBuffer {
 public:
  WeakBuffer() noexcept = default;
  [[nodiscard]] BufferId id() const noexcept { return id_; }
  /// A strong handle, or an empty one once the last strong handle went (finalizers not yet run
  /// included) or the buffer was destroyed. Races with the last release are decided by one atomic step.
  [[nodiscard]] CpuBuffer lock() const noexcept;
  /// Whether the last strong handle went, or the buffer was destroyed. Takes no reference, so of a view whose
  /// base was destroyed only `lock` tells before its last handle goes.
  [[nodiscard]] bool expired() const noexcept;

 private:
  friend class CpuBuffer;
  friend class BufferHeap;
  WeakBuffer(BufferRecord* record, BufferId id, std::uint32_t generation) noexcept
      : record_(record), id_(id), generation_(generation) {}
  [[nodiscard]] bool expired_after_verdict() const noexcept;
  /// By the record's word.
  [[nodiscard]] bool gone(std::uint64_t word) const noexcept;
  BufferRecord* record_ = nullptr;  // records live in type-stable memory, so a stale one may be read
  BufferId id_{};
  std::uint32_t generation_ = 0;  // the record's own, which no later heap repeats
};

}  // namespace bufgc
