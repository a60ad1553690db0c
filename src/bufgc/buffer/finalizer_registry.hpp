#pragma once

// Private to the buffer room.

#include <atomic>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>

#include "bufgc/buffer/finalizer.hpp"
#include "bufgc/buffer/release_hook.hpp"
#include "bufgc/memory/lock.hpp"
#include "bufgc/status.hpp"

namespace bufgc {

struct BufferRecord;
class FinalizerRegistry;

/// A registration. Alive while it stands in its registry's lists, which then own it.
struct FinalizerState {
  explicit FinalizerState(std::shared_ptr<FinalizerRegistry> in) noexcept : registry(std::move(in)) {}

  const std::shared_ptr<FinalizerRegistry> registry;
  std::atomic<bool> at_exit{true};

  // Under the registry's lock.
  std::shared_ptr<FinalizerState> self;  ///< Set while alive.
  std::shared_ptr<Finalizer::Callback> callback;
  BufferRecord* owner = nullptr;
  BufferId owner_id{};
  FinalizerState* older_of_owner = nullptr;
  FinalizerState* newer_of_owner = nullptr;
  FinalizerState* older = nullptr;
  FinalizerState* newer = nullptr;  ///< Of a deferred one: who comes after it.
  bool deferred = false;            ///< The owner's life has ended; stands in the queue, in no list.
};

/// All live finalizers of a heap: a list for each buffer and one over all, newest first. Who unlinks
/// a finalizer, under the lock, is the one who may run it: death, `call`, `detach` and close race
/// for that and for nothing else. Those whose buffer ended where no user code may run stand in a queue.
/// It outlives its heap, as handles of finalizers may.
class FinalizerRegistry {
 public:
  using ErrorHandler = std::function<void(std::exception_ptr)>;
  using Callback = std::shared_ptr<Finalizer::Callback>;

  struct Counts {
    std::uint64_t alive = 0;  ///< Deferred ones included.
    std::uint64_t deferred = 0;
    std::uint64_t hooks = 0;  ///< Deferred too.
    std::uint64_t run = 0;
    std::uint64_t errors = 0;
  };

  /// Null when the owner's life has ended.
  [[nodiscard]] static std::shared_ptr<FinalizerState> add(const std::shared_ptr<FinalizerRegistry>& registry,
                                                           BufferRecord* owner, Finalizer::Callback callback);

  /// The callback, for the caller to run or to drop, if the finalizer was still alive.
  [[nodiscard]] Callback claim(FinalizerState& state, bool to_run) noexcept;
  /// The newest of `owner`; null when there is none left.
  [[nodiscard]] Callback claim_newest_of(BufferRecord* owner, bool to_run) noexcept;
  /// The newest of all with `at_exit`; null when there is none left.
  [[nodiscard]] Callback claim_newest_at_exit() noexcept;

  /// Moves the finalizers of `owner`, which ended, to the queue, newest first. False, and nothing was done,
  /// when nobody will empty that any more.
  [[nodiscard]] bool defer(BufferRecord* owner) noexcept;
  /// The same for what an external buffer calls after them; takes it over.
  [[nodiscard]] bool defer(ReleaseHook* hook, std::byte* data, std::uint64_t size_bytes) noexcept;
  /// Runs what has been deferred when it is called, in that order, `most` at most. Returns how many ran.
  std::uint64_t drain(std::uint64_t most) noexcept;
  /// From here on nothing is deferred.
  void stop_deferring() noexcept;

  [[nodiscard]] std::optional<Finalizer::Peek> peek(FinalizerState& state);
  [[nodiscard]] bool alive(const FinalizerState& state) noexcept;

  /// Runs a claimed callback; what it throws goes to the error handler.
  void run(const Callback& callback) noexcept;
  /// Calls an external buffer's hook and deletes it.
  void run(ReleaseHook* hook, std::byte* data, std::uint64_t size_bytes) noexcept;
  /// Hands the exception being handled to the error handler. Call it from a `catch` only.
  void report_current_exception() noexcept;
  void set_error_handler(ErrorHandler handler);

  [[nodiscard]] Counts counts() noexcept;
  /// Null when lists and counts agree.
  [[nodiscard]] const char* check() noexcept;

 private:
  [[nodiscard]] Callback unlink(FinalizerState& state, bool to_run,
                                std::shared_ptr<FinalizerState>& keep) noexcept;
  /// Out of the lists of what is not deferred.
  void leave_lists(FinalizerState& state) noexcept;
  void leave_queue(FinalizerState& state) noexcept;

  Lock lock_;
  FinalizerState* newest_ = nullptr;
  FinalizerState* first_deferred_ = nullptr;
  FinalizerState* last_deferred_ = nullptr;
  ReleaseHook* first_hook_ = nullptr;  ///< Each after all finalizers that were deferred before it.
  ReleaseHook* last_hook_ = nullptr;
  bool defers_ = true;
  Counts counts_;
  std::shared_ptr<const ErrorHandler> error_handler_;
};

}  // namespace bufgc
