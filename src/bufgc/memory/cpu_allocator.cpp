#include "bufgc/memory/cpu_allocator.hpp"

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "bufgc/memory/allocator_state.hpp"

namespace bufgc {
namespace {

/// The allocators whose pressure handlers run on this thread now. A handler that allocates, and for
/// which there is no room either, is not asked again from within itself.
struct Asking {
  const void* allocator;
  const Asking* outer;
};
thread_local const Asking* asking_now = nullptr;

bool asks_already(const void* allocator) noexcept {
  for (const Asking* asking = asking_now; asking != nullptr; asking = asking->outer) {
    if (asking->allocator == allocator) return true;
  }
  return false;
}

bool ask(const CpuAllocator::PressureHandler& handler, const void* allocator,
         std::size_t needed_bytes) noexcept {
  const Asking asking{allocator, asking_now};
  asking_now = &asking;
  bool freed = false;
#if defined(__cpp_exceptions)
  // What the handler throws counts as "freed nothing": the allocation fails with its own figures.
  try {
    freed = handler(needed_bytes);
  } catch (...) {
    freed = false;
  }
#else
  freed = handler(needed_bytes);
#endif
  asking_now = asking.outer;
  return freed;
}

#if defined(BUFGC_CHECK_INVARIANTS)
void require_live(const Range* range) noexcept {
  if (range->is_live()) return;
  std::fprintf(stderr, "bufgc: a block was freed that is not live\n");
  std::abort();
}
#endif

}  // namespace

CpuAllocator::CpuAllocator(MemorySource& source, AllocatorOptions options)
    : state_(std::make_unique<State>(source, options)) {}

CpuAllocator::~CpuAllocator() {
  // What was written into memory that is held back is told now or never.
  if (state_->guard != nullptr) trim(0);
}

Allocation CpuAllocator::allocate(std::size_t size_bytes) noexcept {
#if !defined(BUFGC_CHECK_INVARIANTS)
  State& state = *state_;
  if (BlockCache* const cache = state.enter_at_once(); cache != nullptr) [[likely]] {
    bool rose = false;
    Range* const range = state.take(*cache, size_bytes, rose);
    if (range == nullptr) [[unlikely]]
      return allocate_inside(cache, size_bytes);
    if (rose) [[unlikely]]
      return risen(cache, range);
    State::leave(cache);
    return {range, ServedBy::cache};
  }
#endif
  return allocate_elsewhere(size_bytes);
}

Allocation CpuAllocator::risen(BlockCache* cache, Block* block) noexcept {
  state_->on_rise(*cache);
  State::leave(cache);
  return {block, ServedBy::cache};
}

// As above, with what takes a call.
Allocation CpuAllocator::allocate_elsewhere(std::size_t size_bytes) noexcept {
  BlockCache* const cache = state_->enter();
  return cache == nullptr ? allocate_slowly(size_bytes) : allocate_inside(cache, size_bytes);
}

Allocation CpuAllocator::allocate_inside(BlockCache* cache, std::size_t size_bytes) noexcept {
  State& state = *state_;
  const std::size_t capacity_bytes = state.cached_capacity_of(size_bytes);
  bool rose = false;
  Range* range = cache->take_from_row(size_bytes, capacity_bytes, rose);
  if (range == nullptr) {
    cache->settle();
    range = cache->magazine.take(capacity_bytes);
    rose = range != nullptr && !cache->hand_out(range, size_bytes);
  }
  if (rose) state.on_rise(*cache);
  State::leave(cache);
  if (range == nullptr) return allocate_slowly(size_bytes);
#if defined(BUFGC_CHECK_INVARIANTS)
  const State::Section section(state);
  state.check_mutation(range);
#endif
  return {range, ServedBy::cache};
}

Allocation CpuAllocator::allocate_slowly(std::size_t size_bytes) noexcept {
  // A handler that says again and again that it freed something, and did not, is not believed.
  constexpr int most_idle_calls = 8;
  State& state = *state_;
  const std::size_t capacity_bytes = state.capacity_of(size_bytes);
  int idle_calls = 0;
  for (;;) {
    std::shared_ptr<const PressureHandler> handler;
    std::uint64_t frees = 0;
    {
      const MisuseDelivery delivery(state);
      const State::Section section(state);
      if (capacity_bytes != 0 && state.may_guard()) {
        const Allocation allocation = state.allocate_behind_caches(size_bytes, capacity_bytes);
#if defined(BUFGC_CHECK_INVARIANTS)
        state.check_mutation(static_cast<const Range*>(allocation.block));
#endif
        if (allocation.block != nullptr) return state.guarded(allocation);
      }
      const bool hopeless = capacity_bytes == 0 || capacity_bytes > state.options.budget_bytes;
      if (hopeless || !state.pressure_handler || idle_calls == most_idle_calls || asks_already(this)) {
        ++state.failed_allocations;
        return {};
      }
      handler = state.pressure_handler;
      frees = state.frees();
      ++state.pressure_calls;
    }
    const bool freed = ask(*handler, this, capacity_bytes);
    const State::Section section(state);
    if (!freed) {
      ++state.failed_allocations;
      return {};
    }
    idle_calls = state.frees() == frees ? idle_calls + 1 : 0;
  }
}

FreedTo CpuAllocator::deallocate(Block* block) noexcept {
#if !defined(BUFGC_CHECK_INVARIANTS)
  if (BlockCache* const cache = state_->enter_at_once(); cache != nullptr) [[likely]] {
    if (!cache->take_back(static_cast<Range*>(block))) [[unlikely]]
      return deallocate_inside(cache, block);
    State::leave(cache);
    return FreedTo::cache;
  }
#endif
  return deallocate_elsewhere(block);
}

FreedTo CpuAllocator::deallocate_elsewhere(Block* block) noexcept {
  State& state = *state_;
  if (state.guard != nullptr) return deallocate_guarded(block);
#if defined(BUFGC_CHECK_INVARIANTS)
  require_live(static_cast<const Range*>(block));
#endif
  BlockCache* const cache = state.enter();
  if (cache == nullptr) return deallocate_slowly(block);
  if (!cache->take_back(static_cast<Range*>(block))) return deallocate_inside(cache, block);
  State::leave(cache);
#if defined(BUFGC_CHECK_INVARIANTS)
  const State::Section section(state);
  state.check_mutation(nullptr);  // the block may be another's by now
#endif
  return FreedTo::cache;
}

FreedTo CpuAllocator::deallocate_inside(BlockCache* cache, Block* block) noexcept {
  const bool kept = cache->put_in_row(static_cast<Range*>(block));
  State::leave(cache);
  if (!kept) return deallocate_slowly(block);
#if defined(BUFGC_CHECK_INVARIANTS)
  const State::Section section(*state_);
  state_->check_mutation(nullptr);
#endif
  return FreedTo::cache;
}

FreedTo CpuAllocator::deallocate_slowly(Block* block) noexcept {
  State& state = *state_;
  auto* const range = static_cast<Range*>(block);
  const State::Section section(state);
  const FreedTo freed_to = state.free_behind_caches(range);
#if defined(BUFGC_CHECK_INVARIANTS)
  state.check_mutation(freed_to == FreedTo::cache ? range : nullptr);
#endif
  return freed_to;
}

FreedTo CpuAllocator::deallocate_guarded(Block* block) noexcept {
  const MisuseDelivery delivery(*state_);
  const State::Section section(*state_);
  const FreedTo freed_to = state_->free_guarded(block);
#if defined(BUFGC_CHECK_INVARIANTS)
  state_->check_mutation(nullptr);
#endif
  return freed_to;
}

std::size_t CpuAllocator::keep_first(Block* const* blocks, std::size_t count) noexcept {
  State& state = *state_;
  if (state.guard != nullptr) return 0;
#if defined(BUFGC_CHECK_INVARIANTS)
  for (std::size_t i = 0; i < count; ++i) {
    if (blocks[i] != nullptr) require_live(static_cast<const Range*>(blocks[i]));
  }
#endif
  BlockCache* const cache = state.enter();
  if (cache == nullptr) return 0;
  const std::size_t settled = cache->take_back_first(blocks, count);
  State::leave(cache);
#if defined(BUFGC_CHECK_INVARIANTS)
  const State::Section section(state);
  state.check_mutation(nullptr);  // the blocks may be others' by now
#endif
  return settled;
}

std::uint64_t CpuAllocator::trim(std::uint64_t keep_bytes) noexcept {
  const MisuseDelivery delivery(*state_);
  const State::Section section(*state_);
  const std::uint64_t released = state_->give_back(keep_bytes);
#if defined(BUFGC_CHECK_INVARIANTS)
  state_->check_mutation(nullptr);
#endif
  return released;
}

void CpuAllocator::set_budget_bytes(std::uint64_t budget_bytes) noexcept {
  const MisuseDelivery delivery(*state_);
  const State::Section section(*state_);
  state_->set_budget_bytes(budget_bytes);
}

void CpuAllocator::set_cache_enabled(bool enabled) noexcept {
  const MisuseDelivery delivery(*state_);
  const State::Section section(*state_);
  state_->set_cache_enabled(enabled);
}

void CpuAllocator::set_pressure_handler(PressureHandler handler) {
  std::shared_ptr<const PressureHandler> shared;
  if (handler) shared = std::make_shared<const PressureHandler>(std::move(handler));
  // The old handler, destroyed when `shared` goes, goes outside the lock.
  const State::Section section(*state_);
  state_->pressure_handler.swap(shared);
}

void CpuAllocator::set_segment_listener(SegmentListener* listener) noexcept {
  const State::Section section(*state_);
  state_->arena.set_listener(listener);
}

void CpuAllocator::set_move_listener(MoveListener* listener) noexcept {
  const State::Section section(*state_);
  state_->set_move_listener(listener);
}

void CpuAllocator::pin(Block* block) noexcept {
  const MisuseDelivery delivery(*state_);
  const State::Section section(*state_);
  if (Range* const range = state_->range_of(block); range != nullptr) ++range->pins;
}

void CpuAllocator::unpin(Block* block) noexcept {
  const MisuseDelivery delivery(*state_);
  const State::Section section(*state_);
  if (Range* const range = state_->range_of(block); range != nullptr) --range->pins;
}

void CpuAllocator::set_misuse_handler(MisuseHandler handler) {
  if (state_->guard == nullptr) return;
  std::shared_ptr<const MisuseHandler> shared;
  if (handler) shared = std::make_shared<const MisuseHandler>(std::move(handler));
  // The old one goes outside the lock, as that of pressure.
  const State::Section section(*state_);
  state_->guard->set_handler(shared);
}

void CpuAllocator::set_block_name(Block* block, const BlockName& name) noexcept {
  if (state_->guard == nullptr) return;
  const MisuseDelivery delivery(*state_);
  const State::Section section(*state_);
  state_->guard->name(block, name);
}

MemoryStatistics CpuAllocator::statistics() const noexcept {
  const State::Section section(*state_);
  return state_->statistics();
}

SizeHistogram CpuAllocator::size_histogram() const noexcept {
  const State::Section section(*state_);
  return state_->size_histogram();
}

const AllocatorOptions& CpuAllocator::options() const noexcept {
  return state_->options;
}

const char* CpuAllocator::check_invariants() const noexcept {
  const MisuseDelivery delivery(*state_);
  const State::Section section(*state_);
  if (state_->guard != nullptr) state_->guard->look_at_all();
  return state_->check();
}

}  // namespace bufgc
