#pragma once

#include <any>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "bufgc/buffer/buffer_id.hpp"
#include "bufgc/buffer/cpu_buffer.hpp"

namespace bufgc {

struct FinalizerState;

/// A callback that runs once when its owner dies, after CPython's `weakref.finalize`. The handle
/// may be dropped: the registration stays. Finalizers of one buffer run newest first, outside every
/// lock; they may allocate, free, collect, register, detach or throw. What one throws goes to the
/// manager's error handler and stops no other. It cannot bring its owner back, which nothing that it
/// reaches leads to; a buffer that it alone held, in its capture or its arguments, it may, by keeping a
/// handle: once, as it runs once. Safe from several threads: the callback runs at most once.
class Finalizer {
 public:
  using Callback = std::function<std::any()>;

  Finalizer() noexcept = default;

  /// False once it ran, was called or was detached.
  [[nodiscard]] bool alive() const noexcept;
  /// Runs the callback now, if alive, and returns its result; empty otherwise. What it throws
  /// reaches the caller of `call`.
  std::any call();
  /// The owner's id and the callback, while alive.
  struct Peek {
    BufferId owner;
    Callback callback;
    bool at_exit;
  };
  [[nodiscard]] std::optional<Peek> peek() const;
  /// Takes it off: it will never run. What `peek` would have said, or nothing when already dead.
  std::optional<Peek> detach();
  /// Whether it runs when the manager closes with the owner alive (true unless set otherwise).
  [[nodiscard]] bool at_exit() const noexcept;
  void set_at_exit(bool at_exit) noexcept;

 private:
  friend class BufferHeap;
  explicit Finalizer(std::shared_ptr<FinalizerState> state) noexcept : state_(std::move(state)) {}
  std::shared_ptr<FinalizerState> state_;
};

/// For a thread that must not run user code: an audio callback, a destructor under a lock. While one lives,
/// buffers that end on its thread, of any manager, leave their finalizers and release callbacks to
/// `BufferManager::drain()`. All else of their end goes on at once, so a finalizer then finds the memory
/// gone. Until it runs, such a finalizer is alive, and may be called or detached. No automatic collection
/// starts on the thread; `collect()` and `drain()` called there do as they say, `close()` too runs all
/// that is due. They nest. Copies of callables are destroyed where they ran, or where they were dropped.
class [[nodiscard]] DeferFinalizers {
 public:
  DeferFinalizers() noexcept;
  ~DeferFinalizers();
  DeferFinalizers(const DeferFinalizers&) = delete;
  DeferFinalizers& operator=(const DeferFinalizers&) = delete;
};

}  // namespace bufgc
