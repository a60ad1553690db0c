#pragma once

#if defined(__EMSCRIPTEN__) && !defined(__EMSCRIPTEN_PTHREADS__)
#define BUFGC_SINGLE_THREADED 1
#else
#include <atomic>
#include <chrono>
#include <thread>
#endif

namespace bufgc {

#if defined(BUFGC_SINGLE_THREADED)

/// There are no threads: costs nothing.
class Lock {
 public:
  void lock() noexcept {}
  void unlock() noexcept {}
};

#else

/// A lock for sections of nanoseconds. Uncontended it is one exchange to take and one plain store to
/// give back, half of what a mutex that must look for sleepers takes. A waiter spins, then yields,
/// then sleeps in short steps, so that it also stands the rare section that calls the system.
class Lock {
 public:
  void lock() noexcept {
    if (held_.exchange(true, std::memory_order_acquire)) wait();
  }
  void unlock() noexcept { held_.store(false, std::memory_order_release); }

 private:
  void wait() noexcept {
    constexpr int spins = 64;
    constexpr int yields = 256;
    for (int attempt = 0;; ++attempt) {
      if (!held_.load(std::memory_order_relaxed) && !held_.exchange(true, std::memory_order_acquire)) return;
      if (attempt < spins) continue;
      if (attempt < yields) {
        std::this_thread::yield();
      } else {
        std::this_thread::sleep_for(std::chrono::microseconds(50));
      }
    }
  }

  std::atomic<bool> held_{false};
};

#endif

/// Holds a `Lock` from here to the end of the scope.
class [[nodiscard]] Locked {
 public:
  explicit Locked(Lock& lock) noexcept : lock_(lock) { lock_.lock(); }
  ~Locked() { lock_.unlock(); }
  Locked(const Locked&) = delete;
  Locked& operator=(const Locked&) = delete;

 private:
  Lock& lock_;
};

}  // namespace bufgc
