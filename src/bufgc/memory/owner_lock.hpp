#pragma once

#include <cstdint>

#include "bufgc/memory/lock.hpp"

#if !defined(BUFGC_SINGLE_THREADED)
#include <atomic>
#endif

namespace bufgc {

#if defined(BUFGC_SINGLE_THREADED)

/// There are no threads: the owner is alone.
class OwnerLock {
 public:
  [[nodiscard]] bool try_enter(std::uintptr_t) noexcept { return true; }
  [[nodiscard]] bool try_enter_at_once(std::uintptr_t) noexcept { return true; }
  void leave() noexcept {}
  void shut() noexcept {}
  void open(std::uintptr_t) noexcept {}
  static void fence() noexcept {}
  void await_left() const noexcept {}
};

#else

/// Guards what one thread, the owner, uses all the time and others touch rarely. The owner enters
/// and leaves with plain loads and stores; who else wants in pays for both sides: `shut`, `fence`,
/// `await_left`, and `open` when done (of several locks at once: each call for all, the fence once).
/// Those others exclude one another by a lock of theirs; the owner whom `try_enter` refuses takes
/// that lock too. What either side wrote inside, the other sees.
///
/// Why that excludes: the owner writes "inside" and then reads "shut"; the other writes "shut" and
/// then reads "inside". One of them must see the other's word if neither's write waits in its
/// processor while it reads. The fence makes sure of that on both sides: it interrupts every
/// processor that runs this process (Linux's `membarrier`, some half a microsecond). Where there is
/// no such call, the owner's write is a sequentially consistent one.
class OwnerLock {
 public:
  /// Shut.
  constexpr OwnerLock() noexcept = default;

  /// By the owner, not yet inside. False unless it is open for just this `key`, which so also answers
  /// whose the lock is at the moment.
  [[nodiscard]] bool try_enter(std::uintptr_t key) noexcept {
    return try_enter_at_once(key) || try_enter_slowly(key);
  }
  /// The same without a call in it; always false where others' fence does not reach the owner.
  [[nodiscard]] bool try_enter_at_once(std::uintptr_t key) noexcept {
    inside_.store(true, std::memory_order_relaxed);
    std::atomic_signal_fence(std::memory_order_seq_cst);
    if (open_for_.load(std::memory_order_acquire) == key) [[likely]]
      return true;
    leave();
    return false;
  }
  void leave() noexcept { inside_.store(false, std::memory_order_release); }

  void shut() noexcept { open_for_.store(0, std::memory_order_seq_cst); }
  /// `key` is neither 0 nor the complement of another one in use.
  void open(std::uintptr_t key) noexcept {
    open_for_.store(fence_reaches_all() ? key : ~key, std::memory_order_release);
  }
  /// Between `shut` and `await_left`.
  static void fence() noexcept;
  /// Returns once the owner is not inside; it cannot come in before `open`.
  void await_left() const noexcept {
    if (inside_.load(std::memory_order_seq_cst)) wait();
  }

 private:
  [[nodiscard]] static bool fence_reaches_all() noexcept;
  [[nodiscard]] bool try_enter_slowly(std::uintptr_t key) noexcept;
  void wait() const noexcept;

  /// 0 while it is shut. The key's complement where others' fence does not reach the owner.
  std::atomic<std::uintptr_t> open_for_{0};
  std::atomic<bool> inside_{false};
};

#endif

}  // namespace bufgc
