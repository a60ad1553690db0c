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
  if (range->state == RangeState::live) return;
  std::fprintf(stderr, "bufgc: a block was freed that is not live\n");
  std::abort();
}
#endif

}  // namespace

[[gnu::always_inline]] inline FreedTo CpuAllocator::free_block(State& state, Block* block) noexcept {
  auto* range = static_cast<Range*>(block);
#if defined(BUFGC_CHECK_INVARIANTS)
  require_live(range);
#endif
  state.counters.on_free(range->size_bytes, range->capacity_bytes);
  range->size_bytes = 0;
  FreedTo freed_to = FreedTo::cache;
  if (state.can_keep(range) && state.magazine.put(range)) {
    state.counters.on_cached(state.cached_bytes());
  } else {
    freed_to = state.free_slowly(range);
  }
#if defined(BUFGC_CHECK_INVARIANTS)
  state.check_mutation(freed_to == FreedTo::cache ? range : nullptr);
#endif
  return freed_to;
}

CpuAllocator::CpuAllocator(MemorySource& source, AllocatorOptions options)
    : state_(std::make_unique<State>(source, options)) {}

CpuAllocator::~CpuAllocator() = default;

Allocation CpuAllocator::allocate(std::size_t size_bytes) noexcept {
  State& state = *state_;
  const std::size_t capacity_bytes = state.capacity_of(size_bytes);
  {
    const Locked locked(state.lock);
    if (Range* range = state.magazine.take(capacity_bytes)) {
      const Allocation allocation = state.hand_out(range, size_bytes, ServedBy::cache);
#if defined(BUFGC_CHECK_INVARIANTS)
      state.check_mutation(range);
#endif
      return allocation;
    }
  }
  return allocate_slowly(size_bytes, capacity_bytes);
}

Allocation CpuAllocator::allocate_slowly(std::size_t size_bytes, std::size_t capacity_bytes) noexcept {
  // A handler that says again and again that it freed something, and did not, is not believed.
  constexpr int most_idle_calls = 8;
  State& state = *state_;
  int idle_calls = 0;
  for (;;) {
    std::shared_ptr<const PressureHandler> handler;
    std::uint64_t frees = 0;
    {
      const Locked locked(state.lock);
      if (capacity_bytes != 0) {
        Allocation allocation{nullptr, ServedBy::cache};
        if (Range* range = state.magazine.take(capacity_bytes)) {
          allocation = state.hand_out(range, size_bytes, ServedBy::cache);
        } else {
          allocation = state.allocate_slowly(size_bytes, capacity_bytes);
        }
#if defined(BUFGC_CHECK_INVARIANTS)
        state.check_mutation(static_cast<const Range*>(allocation.block));
#endif
        if (allocation.block != nullptr) return allocation;
      }
      const bool hopeless = capacity_bytes == 0 || capacity_bytes > state.options.budget_bytes;
      if (hopeless || !state.pressure_handler || idle_calls == most_idle_calls || asks_already(this)) {
        state.counters.on_failure();
        return {};
      }
      handler = state.pressure_handler;
      frees = state.counters.frees();
      state.counters.on_pressure();
    }
    const bool freed = ask(*handler, this, capacity_bytes);
    const Locked locked(state.lock);
    if (!freed) {
      state.counters.on_failure();
      return {};
    }
    idle_calls = state.counters.frees() == frees ? idle_calls + 1 : 0;
  }
}

FreedTo CpuAllocator::deallocate(Block* block) noexcept {
  const Locked locked(state_->lock);
  return free_block(*state_, block);
}

void CpuAllocator::deallocate_all(Block* const* blocks, FreedTo* freed_to, std::size_t count) noexcept {
  const Locked locked(state_->lock);
  for (std::size_t i = 0; i < count; ++i) {
    if (blocks[i] != nullptr) freed_to[i] = free_block(*state_, blocks[i]);
  }
}

std::uint64_t CpuAllocator::trim(std::uint64_t keep_bytes) noexcept {
  const Locked locked(state_->lock);
  const std::uint64_t released = state_->trim(keep_bytes);
#if defined(BUFGC_CHECK_INVARIANTS)
  state_->check_mutation(nullptr);
#endif
  return released;
}

void CpuAllocator::set_budget_bytes(std::uint64_t budget_bytes) noexcept {
  const Locked locked(state_->lock);
  state_->options.budget_bytes = budget_bytes;
  // What is cached goes as far as it must; live blocks stay.
  while (state_->arena.reserved_bytes() > budget_bytes && state_->cached_bytes() > 0) {
    const std::uint64_t excess = state_->arena.reserved_bytes() - budget_bytes;
    const std::uint64_t cached = state_->cached_bytes();
    state_->trim(cached > excess ? cached - excess : 0);
  }
}

void CpuAllocator::set_cache_enabled(bool enabled) noexcept {
  const Locked locked(state_->lock);
  state_->options.cache = enabled;
  state_->settle();
}

void CpuAllocator::set_pressure_handler(PressureHandler handler) {
  std::shared_ptr<const PressureHandler> shared;
  if (handler) shared = std::make_shared<const PressureHandler>(std::move(handler));
  // The old handler, destroyed when `shared` goes, goes outside the lock.
  const Locked locked(state_->lock);
  state_->pressure_handler.swap(shared);
}

void CpuAllocator::set_segment_listener(SegmentListener* listener) noexcept {
  const Locked locked(state_->lock);
  state_->arena.set_listener(listener);
}

void CpuAllocator::set_move_listener(MoveListener* listener) noexcept {
  const Locked locked(state_->lock);
  state_->arena.set_move_listener(listener);
}

void CpuAllocator::pin(Block* block) noexcept {
  const Locked locked(state_->lock);
  ++static_cast<Range*>(block)->pins;
}

void CpuAllocator::unpin(Block* block) noexcept {
  const Locked locked(state_->lock);
  --static_cast<Range*>(block)->pins;
}

MemoryStatistics CpuAllocator::statistics() const noexcept {
  const Locked locked(state_->lock);
  return state_->statistics();
}

SizeHistogram CpuAllocator::size_histogram() const noexcept {
  const Locked locked(state_->lock);
  return state_->counters.histogram();
}

const AllocatorOptions& CpuAllocator::options() const noexcept {
  return state_->options;
}

const char* CpuAllocator::check_invariants() const noexcept {
  const Locked locked(state_->lock);
  return state_->check();
}

}  // namespace bufgc
