#include "bufgc/buffer_manager.hpp"

#include <algorithm>
#include <atomic>
#include <limits>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "bufgc/buffer/buffer_access.hpp"
#include "bufgc/buffer/buffer_heap.hpp"
#include "bufgc/buffer/raise.hpp"
#include "bufgc/memory/default_source.hpp"
#include "bufgc/memory/errors.hpp"
#include "bufgc/memory/lock.hpp"

namespace bufgc {
namespace {

[[noreturn]] void raise_own_target() {
  raise(Status::invalid_argument,
        "a finalizer that holds its own target, or a view of it, would keep it alive for ever");
}

}  // namespace

/// The three parts. Buffers that outlive the manager need it too, so the heap deletes it when its
/// last record is free.
struct BufferManager::State {
  explicit State(const ManagerOptions& options)
      : allocator(options.source == nullptr ? default_source() : *options.source, options.allocator),
        visualizer(options.visualizer),
        heap(allocator, &last_one_out, this) {
    heap.set_sites_enabled(options.sites || allocator.options().hardening != Hardening::off);
    if (options.collect_threshold != 0) heap.set_collect_threshold(options.collect_threshold);
    allocator.set_pressure_handler([this](std::size_t needed_bytes) { return relieve(needed_bytes); });
  }

  static void last_one_out(void* context) { delete static_cast<State*>(context); }

  /// The allocator has flushed what was cached and still has no room; it does not ask for what is allocated
  /// in here.
  bool relieve(std::size_t needed_bytes) noexcept {
    if (heap.collect_if_linked().bytes > 0) return true;
    std::shared_ptr<const PressureHandler> handler;
    {
      const Locked locked(handler_lock);
      handler = pressure_handler;
    }
    if (handler == nullptr || !*handler) return false;
#if defined(__cpp_exceptions)
    try {
      return (*handler)(needed_bytes);
    } catch (...) {
      heap.finalizers().report_current_exception();
      return false;
    }
#else
    return (*handler)(needed_bytes);
#endif
  }

  void start_visualizer() {
    const std::lock_guard<std::mutex> one_at_a_time(visualizer_mutex);
    if (visualizing) return;
    // First, since it may throw. Nothing changes what is known while nobody watches.
    std::vector<BufferId> known = visualizer.live_buffers();
    visualizer.begin_segment_listing();
    allocator.set_segment_listener(&visualizer);
    visualizer.end_segment_listing();
    heap.set_observer(&visualizer, known);
    visualizing = true;
  }

  void stop_visualizer() noexcept {
    const std::lock_guard<std::mutex> one_at_a_time(visualizer_mutex);
    if (!visualizing) return;
    heap.set_observer(nullptr);
    allocator.set_segment_listener(nullptr);
    visualizing = false;
  }

  CpuAllocator allocator;
  BufferVisualizer visualizer;
  BufferHeap heap;
  Lock handler_lock;
  std::shared_ptr<const PressureHandler> pressure_handler;  ///< Under handler_lock.
  std::mutex visualizer_mutex;
  std::atomic<bool> visualizing{false};
};

BufferManager::BufferManager(const ManagerOptions& options) : state_(new State(options)) {
  if (options.visualize) start_visualizer();
}

BufferManager::~BufferManager() {
  close();
  stop_visualizer();
  // Handles left over keep the state, but need not keep a long log.
  state_->visualizer.clear();
  state_->heap.abandon();
}

Result<CpuBuffer> BufferManager::try_alloc(const BufferSpec& spec, Site site) noexcept {
  return state_->heap.allocate(spec, site);
}

CpuBuffer BufferManager::alloc(const BufferSpec& spec, Site site) {
  Result<CpuBuffer> result = try_alloc(spec, site);
  if (!result) raise_refusal(result.status, spec);
  return std::move(result.value);
}

Result<CpuBuffer> BufferManager::try_alloc(std::uint64_t size_bytes, Site site) noexcept {
  return state_->heap.allocate(size_bytes, site);
}

CpuBuffer BufferManager::alloc(std::uint64_t size_bytes, Site site) {
  Result<CpuBuffer> result = state_->heap.allocate(size_bytes, site);
  if (!result) raise_refusal(result.status, BufferSpec{size_bytes, DType::uint8, {}, {}});
  return std::move(result.value);
}

void BufferManager::raise_refusal(Status why, const BufferSpec& spec) const {
#if defined(__cpp_exceptions)
  if (why == Status::out_of_memory) {
    std::uint64_t bytes = spec.size_bytes;
    if (std::uint64_t count = 0; spec.shape.rank() > 0 && spec.shape.element_count(count)) {
      bytes = count * item_bytes(spec.dtype);
    }
    constexpr std::uint64_t most = std::numeric_limits<std::size_t>::max();
    throw OutOfMemory(static_cast<std::size_t>(std::min(bytes, most)), state_->allocator.statistics());
  }
#else
  static_cast<void>(spec);
#endif
  raise(why, why == Status::closed
                 ? "alloc() of a manager that is closed"
                 : "alloc(): the shape has too many extents, wraps, or disagrees with the size");
}

Result<CpuBuffer> BufferManager::try_external(std::byte* data, const BufferSpec& spec,
                                              ReleaseCallback release, Site site) noexcept {
  return state_->heap.external(data, spec, std::move(release), site);
}

CpuBuffer BufferManager::external(std::byte* data, const BufferSpec& spec, ReleaseCallback release,
                                  Site site) {
  Result<CpuBuffer> result = try_external(data, spec, std::move(release), site);
  if (result) return std::move(result.value);
  raise(result.status, result.status == Status::closed
                           ? "external() of a manager that is closed"
                           : "external(): no memory at a null pointer, a shape that disagrees with the "
                             "size, an address not aligned to the dtype, or bytes beyond the last address");
}

CpuBuffer BufferManager::lock(BufferId id) const noexcept {
  return state_->heap.lock(id);
}

Finalizer BufferManager::add_finalizer(const CpuBuffer& owner, Finalizer::Callback callback) {
  BufferRecord* const record = BufferAccess::peek(owner);
  if (record == nullptr) raise(Status::invalid_argument, "a finalizer needs an owner, not an empty handle");
  Result<Finalizer> result = BufferHeap::finalize(record, std::move(callback));
  if (result.status == Status::invalid_argument) raise_own_target();
  if (!result) raise(result.status, "a finalizer needs an owner that was not destroyed");
  return std::move(result.value);
}

void BufferManager::refuse_own_target(const CpuBuffer& owner, const CpuBuffer& argument) {
  if (BufferAccess::same_root(owner, argument)) raise_own_target();
}

std::uint64_t BufferManager::drain() {
  return state_->heap.drain();
}

void BufferManager::set_error_handler(ErrorHandler handler) {
  state_->heap.finalizers().set_error_handler(std::move(handler));
}

void BufferManager::set_misuse_handler(MisuseHandler handler) {
  state_->allocator.set_misuse_handler(std::move(handler));
}

CollectReport BufferManager::collect() {
  return state_->heap.collect();
}

void BufferManager::set_collect_threshold(std::uint64_t candidates) noexcept {
  state_->heap.set_collect_threshold(candidates);
}

std::uint64_t BufferManager::freeze() noexcept {
  return state_->heap.freeze();
}
void BufferManager::unfreeze() noexcept {
  state_->heap.unfreeze();
}

void BufferManager::set_collect_callbacks(CollectCallback start, CollectCallback stop) {
  state_->heap.set_collect_callbacks(std::move(start), std::move(stop));
}

void BufferManager::set_pressure_handler(PressureHandler handler) {
  auto kept = std::make_shared<const PressureHandler>(std::move(handler));
  const Locked locked(state_->handler_lock);
  state_->pressure_handler.swap(kept);
}

Iteration BufferManager::iteration(const IterationOptions& options) noexcept {
  return Iteration(state_->allocator, options);
}

std::uint64_t BufferManager::trim(std::uint64_t keep_bytes) noexcept {
  return state_->allocator.trim(keep_bytes);
}
void BufferManager::set_budget_bytes(std::uint64_t budget_bytes) noexcept {
  state_->allocator.set_budget_bytes(budget_bytes);
}
void BufferManager::set_cache_enabled(bool enabled) noexcept {
  state_->allocator.set_cache_enabled(enabled);
  // Asked after it: another thread may close the manager meanwhile.
  if (enabled && closed()) state_->allocator.set_cache_enabled(false);
}
void BufferManager::set_sites_enabled(bool enabled) noexcept {
  state_->heap.set_sites_enabled(enabled);
}

Statistics BufferManager::statistics() const noexcept {
  return {state_->allocator.statistics(), state_->heap.statistics()};
}

SizeHistogram BufferManager::size_histogram() const noexcept {
  return state_->allocator.size_histogram();
}

void BufferManager::start_visualizer() {
  state_->start_visualizer();
}
void BufferManager::stop_visualizer() noexcept {
  state_->stop_visualizer();
}
bool BufferManager::visualizing() const noexcept {
  return state_->visualizing;
}
BufferVisualizer& BufferManager::visualizer() noexcept {
  return state_->visualizer;
}

BufferHeap& BufferManager::heap() noexcept {
  return state_->heap;
}
BufferHeap* BufferAccess::heap(BufferManager& manager) noexcept {
  return &manager.heap();
}

void BufferManager::close() noexcept {
  State& state = *state_;
  const BufferHeap::Visit visit(state.heap);  // a finalizer may destroy this manager
  state.heap.close();
  // What goes back later, of ends around this one and of pins, is kept for nobody either.
  state.allocator.set_cache_enabled(false);
  state.allocator.release_cached();
}

bool BufferManager::closed() const noexcept {
  return state_->heap.closed();
}

const char* BufferManager::check_invariants() const noexcept {
  const char* const wrong = state_->allocator.check_invariants();
  return wrong != nullptr ? wrong : state_->heap.check_invariants();
}

}  // namespace bufgc
