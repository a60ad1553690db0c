#pragma once

// Private to the buffer room.

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "bufgc/buffer/buffer_id.hpp"
#include "bufgc/buffer/buffer_observer.hpp"
#include "bufgc/buffer/dtype.hpp"
#include "bufgc/buffer/shape.hpp"
#include "bufgc/memory/cpu_allocator.hpp"

namespace bufgc {

class BufferHeap;
struct BufferRecord;
struct FinalizerState;
struct ReleaseHook;
struct Text;

/// The one atomic word of a record: generation (32 bits) | attentive (1) | suspect (1) | watched (1) |
/// strong count (29).
///
/// The generation is that of the record's memory, not of the id: it goes up at every birth *and* at
/// every explicit end, also across heaps, so that "is this still the lifetime I knew" is one
/// comparison wherever the record has been since. A suspect is being examined by the cycle collector:
/// nobody may turn a weak reference to it into a strong one until the verdict. Who lets go of a watched one
/// that others still hold notes it for the next automatic collection. Of both the release must know before
/// it forgets the record: they are attentive, the sign of the half that counts, so that one comparison
/// tells whether a release was the last *or* has more to do.
namespace record_word {
inline constexpr std::uint64_t one = 1;
inline constexpr std::uint64_t attentive = std::uint64_t{1} << 31U;
inline constexpr std::uint64_t suspect = std::uint64_t{1} << 30U;
inline constexpr std::uint64_t watched = std::uint64_t{1} << 29U;
inline constexpr std::uint64_t count_mask = watched - 1;
inline constexpr std::uint64_t one_generation = std::uint64_t{1} << 32U;
/// A record this old is never born again; some room remains for the explicit end of a lifetime.
inline constexpr std::uint32_t last_generation = 0xfffffff0U;

[[nodiscard]] constexpr std::uint32_t generation(std::uint64_t word) noexcept {
  return static_cast<std::uint32_t>(word >> 32U);
}
[[nodiscard]] constexpr std::uint32_t count(std::uint64_t word) noexcept {
  return static_cast<std::uint32_t>(word & count_mask);
}
/// Of the word before a release.
[[nodiscard]] constexpr bool last_or_attentive(std::uint64_t word) noexcept {
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(word)) <= static_cast<std::int32_t>(one);
}
[[nodiscard]] constexpr std::uint64_t make(std::uint32_t generation, std::uint32_t count) noexcept {
  return (std::uint64_t{generation} << 32U) | count;
}
}  // namespace record_word

/// Whether the observer was told of this lifetime. `ended` from the last step of an end to the next birth.
enum class Told : std::uint8_t { no = 0, being_told = 1, yes = 2, ended = 3 };

/// Whether a lifetime was ended by `destroy` or `close`, which hold one strong count meanwhile; `sole` by
/// the only one who held it: nobody else can be about to link.
enum class Claimed : std::uint8_t { no = 0, shared = 1, sole = 2 };

/// What a buffer has that is more than bytes of its own. Beside its record, not in it, where a million
/// records are walked over.
struct RecordDetails {
  Text* label = nullptr;
  Text* site = nullptr;
  ReleaseHook* release_hook = nullptr;  ///< Of external buffers, may be null.
  BufferId base;                        ///< Of views: the root's.
  std::uint32_t pins = 0;               ///< Of views: those of the root's that came by it.
  Shape shape;

  void forget() noexcept {
    label = nullptr;
    site = nullptr;
    pins = 0;
    shape = {};
  }
};

/// What a collection needs nothing of: the second line of a record, which stands apart from the first.
struct alignas(64) RecordTail {
  std::uint64_t size_bytes = 0;
  std::uint64_t capacity_bytes = 0;
  BufferHeap* heap = nullptr;
  RecordDetails* details = nullptr;  ///< The same for every lifetime. To be asked where `described`.
  BufferRecord* next = nullptr;      ///< Buffers to bury.
  std::uint32_t node =
      0;                ///< Of the heap's link graph, which asks the node whether it holds. Under its lock.
  bool listed = false;  ///< To be told to an observer that came later. Of the thread that attaches it.
  /// Where the observer that knows of it, and was away as it moved, takes it to be; else null. Under the
  /// allocator's lock.
  const std::byte* believed = nullptr;
};

/// One buffer or view. Records live in memory that is recycled but never unmapped, so a stale
/// pointer may always read `word`. What a birth writes is written before the word is published and
/// stays as it is while anybody holds a strong reference. A free slot's record describes bytes alone, so that
/// the birth of such has the less to write. A record is a line of 64 bytes and another, the tail: a
/// collection needs the first alone, of what lives and of what it ends. Those stand side by side
/// (`RecordChunk`), because the processor fetches lines ahead by itself at full speed only where every one is
/// wanted.
// NOLINTNEXTLINE(cppcoreguidelines-pro-type-member-init): of a union one is.
struct alignas(64) BufferRecord {
  std::atomic<std::uint64_t> word{0};
  union {
    std::byte* data = nullptr;
    BufferRecord* next_free;  ///< Of a free slot.
  };
  BufferRecord* root = nullptr;  ///< Of a view: the buffer whose bytes it shows; else itself.
  /// Of `word`, while this lifetime has not been ended explicitly. Atomic, as the next, because
  /// `BufferHeap::lock` may look while a birth writes.
  std::atomic<std::uint32_t> generation{0};
  std::atomic<std::uint32_t> id_generation{0};
  Block* block = nullptr;                                  ///< Of owned buffers.
  std::atomic<FinalizerState*> newest_finalizer{nullptr};  ///< Changed under the registry's lock.
  std::atomic<Told> told{Told::ended};
  DType dtype = DType::uint8;
  BufferKind kind = BufferKind::owned;
  ServedBy served_by = ServedBy::source;
  // Used from the end of a lifetime on, by the one thread that owns it.
  Cause cause = Cause::finalized;
  Claimed claimed = Claimed::no;
  bool linked = false;     ///< Has had links in this lifetime. Written under the heap's graph lock.
  bool described = false;  ///< More than bytes of its own: another kind, a dtype, a shape or a text.
  std::uint32_t slot = 0;
  std::uint32_t root_generation = 0;  ///< Of a view: `generation` of `root`.

  /// From a record to its tail.
  static constexpr std::size_t tail_offset_bytes = std::size_t{65} * 64;

  [[nodiscard]] RecordTail& tail() noexcept {
    return *reinterpret_cast<RecordTail*>(reinterpret_cast<std::byte*>(this) + tail_offset_bytes);
  }
  [[nodiscard]] const RecordTail& tail() const noexcept {
    return *reinterpret_cast<const RecordTail*>(reinterpret_cast<const std::byte*>(this) + tail_offset_bytes);
  }
  [[nodiscard]] RecordDetails& details() const noexcept { return *tail().details; }
  [[nodiscard]] BufferId id() const noexcept { return {slot, id_generation.load(std::memory_order_relaxed)}; }
  /// Of a view the id of its root, else an invalid one.
  [[nodiscard]] BufferId base_id() const noexcept {
    return kind == BufferKind::view ? details().base : BufferId{};
  }
  /// The generation that the word has while this lifetime goes on.
  [[nodiscard]] std::uint32_t lifetime() const noexcept { return generation.load(std::memory_order_relaxed); }
  /// The same of the buffer whose bytes it shows.
  [[nodiscard]] std::uint32_t root_lifetime() const noexcept {
    return root == this ? lifetime() : root_generation;
  }
  /// By who gives the slot back: describes bytes alone again.
  void forget() noexcept {
    claimed = Claimed::no;
    linked = false;
    forget_description();
  }
  /// The same of who was neither claimed nor linked.
  void forget_description() noexcept {
    if (!described) return;
    described = false;
    root = this;
    dtype = DType::uint8;
    kind = BufferKind::owned;
    details().forget();
  }
  /// Whether this very lifetime goes on; of a view without regard to its base. The caller holds a
  /// strong reference or a lock that keeps the record from being born again.
  [[nodiscard]] bool own_life(std::memory_order order = std::memory_order_acquire) const noexcept {
    return record_word::generation(word.load(order)) == lifetime();
  }
  /// Whether its bytes may be touched.
  [[nodiscard]] bool alive() const noexcept {
    return own_life() && (root == this || record_word::generation(
                                              root->word.load(std::memory_order_acquire)) == root_generation);
  }
};

/// Waits until no collector is examining suspects; see `collector.cpp`.
void await_verdict() noexcept;

/// One more strong reference, from a place that holds one.
inline void retain(BufferRecord* record) noexcept {
  record->word.fetch_add(record_word::one, std::memory_order_relaxed);
}

/// A strong reference from a weak one: only to that very lifetime, only while somebody holds it.
[[nodiscard]] inline bool try_retain(BufferRecord* record, std::uint32_t generation) noexcept {
  std::uint64_t word = record->word.load(std::memory_order_acquire);
  for (;;) {
    if (record_word::generation(word) != generation || record_word::count(word) == 0) return false;
    if ((word & record_word::suspect) != 0) {
      await_verdict();
      word = record->word.load(std::memory_order_acquire);
      continue;
    }
    if (record->word.compare_exchange_weak(word, word + record_word::one, std::memory_order_acq_rel,
                                           std::memory_order_acquire)) {
      return true;
    }
  }
}

static_assert(sizeof(BufferRecord) == 64 && sizeof(RecordTail) == 64);

/// The last strong reference went, or one of an attentive record, or one that was not there; in teardown.cpp.
void reference_went(BufferRecord* record, std::uint64_t word_before, Cause cause) noexcept;

/// One strong reference less.
inline void release(BufferRecord* record, Cause cause) noexcept {
  const std::uint64_t before = record->word.fetch_sub(record_word::one, std::memory_order_acq_rel);
  if (record_word::last_or_attentive(before)) reference_went(record, before, cause);
}

}  // namespace bufgc
