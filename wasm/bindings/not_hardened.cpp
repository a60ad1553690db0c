// In place of src/bufgc/memory/{block_guard,guard_table,allocator_guard,misuse}.cpp and
// src/bufgc/buffer/heap_misuse.cpp in the core that watches for no misuse: it never makes a guard. What is
// asked of one only where there is one cannot be reached; told so, the linker leaves out the asking, too.

#include "bufgc/buffer/heap_section.hpp"
#include "bufgc/memory/allocator_state.hpp"
#include "hardening.hpp"

namespace bufgc {

BlockGuard::BlockGuard(CacheRoster& locked_by, const AllocatorOptions&) noexcept
    : locked_by_(locked_by), front_bytes_(0), most_quarantined_bytes_(0), secret_(0) {
  __builtin_unreachable();
}
BlockGuard::~BlockGuard() {
  __builtin_unreachable();
}
Block* BlockGuard::give_out(Range*) noexcept {
  __builtin_unreachable();
}
void BlockGuard::name(Block*, const BlockName&) noexcept {
  __builtin_unreachable();
}
Range* BlockGuard::release_oldest() noexcept {
  __builtin_unreachable();
}
void BlockGuard::look_at_all() noexcept {
  __builtin_unreachable();
}
void BlockGuard::on_blocks_moved() noexcept {
  __builtin_unreachable();
}
void BlockGuard::deliver() noexcept {
  __builtin_unreachable();
}
bool GuardTable::reserve() noexcept {
  __builtin_unreachable();
}
GuardTable::~GuardTable() {
  __builtin_unreachable();
}

FreedTo CpuAllocator::State::free_guarded(Block*) noexcept {
  __builtin_unreachable();
}
bool CpuAllocator::State::release_quarantine() noexcept {
  return false;
}
Range* CpuAllocator::State::range_of(Block* block) noexcept {
  return static_cast<Range*>(block);
}
void CpuAllocator::State::set_move_listener(MoveListener* listener) noexcept {
  arena.set_move_listener(listener);
}

void BufferHeap::name_block(const BufferRecord*) noexcept {
  __builtin_unreachable();
}
void BufferHeap::report_dead_id(BufferId) noexcept {
  __builtin_unreachable();
}
void BufferHeap::report_leaked_edges() noexcept {
  __builtin_unreachable();
}
void BufferHeap::check_unheld(const BufferRecord*) noexcept {}
void BufferHeap::report_double_release(const BufferRecord*) noexcept {}

namespace wasm {

const Hardening core_hardening = Hardening::off;

void tell_of_misuse(BufferManager&) {}

}  // namespace wasm
}  // namespace bufgc
