#pragma once

#include "bufgc/memory/lock.hpp"

#if !defined(BUFGC_SINGLE_THREADED)
#include <atomic>
#endif

namespace bufgc {

#if defined(BUFGC_SINGLE_THREADED)

/// There are no threads: the owner is alone.
class OwnerLock {
 public:
  [[nodiscard]] bool try_enter() noexcept { return true; }
  [[nodiscard]] bool try_enter_at_once() noexcept { return true; }
  void leave() noexcept {}
  void shut() noexcept {}
  void open() noexcept {}
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
  OwnerLock() noexcept : gate_(fence_reaches_all() ? 0 : needs_fence) {}

  /// By the owner, not yet inside. False while others have it shut.
  [[nodiscard]] bool try_enter() noexcept { return try_enter_at_once() || try_enter_slowly(); }
  /// The same without a call in it; always false where others' fence does not reach the owner.
  [[nodiscard]] bool try_enter_at_once() noexcept {
    inside_.store(true, std::memory_order_relaxed);
    std::atomic_signal_fence(std::memory_order_seq_cst);
    if (gate_.load(std::memory_order_acquire) == 0) [[likely]]
      return true;
    leave();
    return false;
  }
  void leave() noexcept { inside_.store(false, std::memory_order_release); }

  void shut() noexcept {
    gate_.store(gate_.load(std::memory_order_relaxed) | is_shut, std::memory_order_seq_cst);
  }
  void open() noexcept {
    gate_.store(gate_.load(std::memory_order_relaxed) & needs_fence, std::memory_order_release);
  }
  /// Between `shut` and `await_left`.
  static void fence() noexcept;
  /// Returns once the owner is not inside; it cannot come in before `open`.
  void await_left() const noexcept {
    if (inside_.load(std::memory_order_seq_cst)) wait();
  }

 private:
  static constexpr unsigned char is_shut = 1;
  /// Where others' fence does not reach the owner.
  static constexpr unsigned char needs_fence = 2;

  [[nodiscard]] static bool fence_reaches_all() noexcept;
  [[nodiscard]] bool try_enter_slowly() noexcept;
  void wait() const noexcept;

  std::atomic<bool> inside_{false};
  std::atomic<unsigned char> gate_;
};

#endif

}  // namespace bufgc
