#pragma once

// Private to the buffer room.

#include <cstddef>

#include "bufgc/buffer/buffer_heap.hpp"

namespace bufgc {

// The steps of an end, in their order, for a record whose lifetime the calling thread has ended. What
// dies in their wake joins `row`. No lock may be held.

void run_finalizers(BufferRecord* record, DeathRow& row) noexcept;
/// Gives strong references back that links stood for.
void let_go(const LooseLinks* links, std::size_t count, DeathRow& row) noexcept;
FreedTo give_back(BufferRecord* record, DeathRow& row) noexcept;
/// Clears the weak references to what a collection found dead: the beginning of its end.
inline void sentence(BufferRecord* record) noexcept {
  record->cause = Cause::collected;
  record->word.store(record_word::make(record->lifetime(), 0), std::memory_order_release);
}
/// Ends the lifetime `generation` explicitly, if it still goes on: weak references are cleared and one
/// strong reference is taken for the time of the burial. The caller keeps the record from being born again
/// meanwhile, and holds no lock under which it may not wait for a collector.
[[nodiscard]] bool claim(BufferRecord* record, std::uint32_t generation, Cause cause) noexcept;
/// All steps, for all in the row.
void bury(DeathRow& row) noexcept;

/// Lets another thread go on that this one waits for.
void pause() noexcept;

}  // namespace bufgc
