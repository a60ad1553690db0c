#pragma once

#include <any>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

#include "bufgc/buffer/collect_report.hpp"
#include "bufgc/buffer/cpu_buffer.hpp"
#include "bufgc/buffer/finalizer.hpp"
#include "bufgc/memory/cpu_allocator.hpp"
#include "bufgc/memory/iteration.hpp"
#include "bufgc/statistics.hpp"
#include "bufgc/viz/buffer_visualizer.hpp"

namespace bufgc {

struct ManagerOptions {
  AllocatorOptions allocator{};
  VisualizerOptions visualizer{};
  bool visualize = false;  ///< Start the visualizer at once.
  bool sites =
      false;  ///< Record where buffers are made ("file:line"). Always, where the allocator is hardened.
  /// As `BufferManager::set_collect_threshold`; 0: never by itself.
  std::uint64_t collect_threshold = 0;
  MemorySource* source =
      nullptr;  ///< Null: the platform's own. Must outlive the manager and all its buffers.
};

/// The front door: allocates buffers, watches them, collects cycles, closes cleanly. Several
/// managers live side by side; a buffer belongs to one. Safe from several threads.
class BufferManager {
 public:
  explicit BufferManager(const ManagerOptions& options = {});
  /// Closes.
  ~BufferManager();
  BufferManager(const BufferManager&) = delete;
  BufferManager& operator=(const BufferManager&) = delete;

  /// A new buffer. At the budget: cached memory is flushed and cycles are collected before it fails.
  [[nodiscard]] Result<CpuBuffer> try_alloc(const BufferSpec& spec, Site site = Site::here()) noexcept;
  /// Throws `OutOfMemory` with the statistics, `InvalidArgument`, `Closed`.
  [[nodiscard]] CpuBuffer alloc(const BufferSpec& spec, Site site = Site::here());
  /// The same for bytes without shape or label: the shortest way.
  [[nodiscard]] Result<CpuBuffer> try_alloc(std::uint64_t size_bytes, Site site = Site::here()) noexcept;
  [[nodiscard]] CpuBuffer alloc(std::uint64_t size_bytes, Site site = Site::here());

  /// A buffer over memory that bufgc does not own: never freed, counted apart; `release` (may be
  /// empty) runs once when the buffer's lifetime ends, outside every lock.
  using ReleaseCallback = std::function<void(std::byte* data, std::uint64_t size_bytes)>;
  [[nodiscard]] Result<CpuBuffer> try_external(std::byte* data, const BufferSpec& spec,
                                               ReleaseCallback release, Site site = Site::here()) noexcept;
  [[nodiscard]] CpuBuffer external(std::byte* data, const BufferSpec& spec, ReleaseCallback release = {},
                                   Site site = Site::here());

  /// The buffer of an id, or an empty handle when it is gone. Hardened, an id that is gone is reported: one
  /// that may well be is asked of a `WeakBuffer`.
  [[nodiscard]] CpuBuffer lock(BufferId id) const noexcept;

  /// Registers `callback(arguments...)` to run once when `owner` dies. The arguments are kept by
  /// value, as CPython's are. A strong handle of the owner (or of a view of it) among them would keep it
  /// alive for ever and throws `InvalidArgument`; so does one of the owner that a copy of the callable
  /// copies with it: in a capture, or in a container among the arguments. What a shared pointer leads to, and
  /// a captured view, cannot be seen.
  template <class Callback, class... Arguments>
  Finalizer finalize(const CpuBuffer& owner, Callback callback, Arguments... arguments) {
    (refuse_own_target(owner, arguments), ...);
    return add_finalizer(
        owner, [callback = std::move(callback), ... kept = std::move(arguments)]() mutable -> std::any {
          if constexpr (std::is_void_v<decltype(callback(kept...))>) {
            callback(kept...);
            return {};
          } else {
            return std::any(callback(kept...));
          }
        });
  }
  Finalizer add_finalizer(const CpuBuffer& owner, Finalizer::Callback callback);

  /// Runs the finalizers and release callbacks that `DeferFinalizers` deferred before the call, first come
  /// first served, those of one buffer in their order. Returns how many. Several threads may, at once.
  std::uint64_t drain();

  /// Where what finalizers, release and collection callbacks throw arrives; the default prints one
  /// line to standard error. Must not throw.
  using ErrorHandler = std::function<void(std::exception_ptr)>;
  void set_error_handler(ErrorHandler handler);

  /// Who is told of misuse when `allocator.hardening` is on. Empty: the report is printed to standard error,
  /// and the program aborts.
  void set_misuse_handler(MisuseHandler handler);

  /// Frees the cycles that nobody holds: copies the counts, subtracts the links and views inside,
  /// keeps what is still counted and all it reaches, frees the rest (the method of CPython's
  /// `gc`). Linear in links and the buffers that they join; buffers without links cost nothing. Weak
  /// references to all of a dead cycle are cleared before any finalizer runs.
  CollectReport collect();
  /// Has cycles collected automatically, at the release that finds so many candidates: buffers with links
  /// that were let go of since the collection before while links or views still held them (a thousand suit
  /// many programs). 0, as it is unless set, turns that off: then cycles end in `collect()` and at the budget
  /// alone, and no finalizer of one runs where a program let go of another buffer.
  ///
  /// A collection looks at the candidates, and from those that only links and views hold at all that they
  /// reach through buffers of which the same is true, with their links: not at what else there is. When it
  /// looked in vain the next waits, until there is a candidate for every 8 buffers that it kept; so all
  /// together look at most 8 times as often at what lives as buffers became candidates. Candidates that are
  /// already many enough when this is called, or that a finalizer or a collection's callback makes, wait for
  /// the next release outside those. The first collection after this turned it on looks at all buffers that
  /// have links.
  void set_collect_threshold(std::uint64_t candidates) noexcept;
  /// Takes all buffers that have links now as alive: collections, `collect()` too, look at none of them,
  /// only along their links, until `unfreeze()`. They end as ever when nobody holds them, or by `destroy()`.
  /// For what a program builds once and keeps. Returns how many they are.
  std::uint64_t freeze() noexcept;
  /// The next automatic collection looks at all that have links.
  void unfreeze() noexcept;
  /// Called before and after each collection; start gets an empty report, but for `automatic`.
  using CollectCallback = std::function<void(const CollectReport& report)>;
  void set_collect_callbacks(CollectCallback start, CollectCallback stop);

  /// Asked, outside every lock, when an allocation does not fit and neither flushing nor collecting
  /// helped; returns whether it freed something.
  using PressureHandler = std::function<bool(std::size_t needed_bytes)>;
  void set_pressure_handler(PressureHandler handler);

  /// A part of the program that repeats itself: recorded once, then served from a plan of its offsets.
  ///
  ///     bufgc::Iteration step = manager.iteration();
  ///     for (...) step.run([&] { train(); });
  ///
  /// It may outlive the manager. Closing ends what is planned, also within an open iteration.
  [[nodiscard]] Iteration iteration(const IterationOptions& options = {}) noexcept;

  std::uint64_t trim(std::uint64_t keep_bytes) noexcept;
  /// As the allocator's.
  void set_budget_bytes(std::uint64_t budget_bytes) noexcept;
  /// Off: what is cached is released, and later ends return their memory at once, as after `close`.
  void set_cache_enabled(bool enabled) noexcept;
  void set_sites_enabled(bool enabled) noexcept;

  [[nodiscard]] Statistics statistics() const noexcept;
  [[nodiscard]] SizeHistogram size_histogram() const noexcept;

  /// Attach and detach at run time. Starting lists buffers alive already as born at that event.
  void start_visualizer();
  void stop_visualizer() noexcept;
  [[nodiscard]] bool visualizing() const noexcept;
  [[nodiscard]] BufferVisualizer& visualizer() noexcept;

  /// Ends every live buffer (cause `closed`), after running what was deferred and the finalizers that are
  /// `at_exit`, newest first over all buffers. Handles left over answer "destroyed". A second call does
  /// nothing.
  void close() noexcept;
  [[nodiscard]] bool closed() const noexcept;

  /// Null when allocator and heap agree with their own counters, else what does not hold. Hardened, it
  /// also reports what was written around live buffers and into freed ones, and leaked edges.
  [[nodiscard]] const char* check_invariants() const noexcept;

 private:
  friend struct BufferAccess;
  [[nodiscard]] BufferHeap& heap() noexcept;
  [[noreturn]] void raise_refusal(Status why, const BufferSpec& spec) const;
  static void refuse_own_target(const CpuBuffer& owner, const CpuBuffer& argument);
  template <class Argument>
  static void refuse_own_target(const CpuBuffer&, const Argument&) noexcept {}

  struct State;
  State* state_;  // deletes itself with the last buffer, which may be after this
};

}  // namespace bufgc
