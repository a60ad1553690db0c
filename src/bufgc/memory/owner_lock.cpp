#include "bufgc/memory/owner_lock.hpp"

#if !defined(BUFGC_SINGLE_THREADED)

#include <chrono>
#include <thread>

#if defined(__linux__)
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace bufgc {

bool OwnerLock::fence_reaches_all() noexcept {
#if defined(__linux__)
  static const bool registered =
      syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0;
  return registered;
#else
  return false;
#endif
}

void OwnerLock::fence() noexcept {
#if defined(__linux__)
  if (fence_reaches_all()) syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
#endif
}

bool OwnerLock::try_enter_slowly(std::uintptr_t key) noexcept {
  if (fence_reaches_all()) return false;
  inside_.store(true, std::memory_order_seq_cst);
  if (open_for_.load(std::memory_order_seq_cst) == ~key) return true;
  leave();
  return false;
}

// The owner stays inside for nanoseconds, unless it is not running.
void OwnerLock::wait() const noexcept {
  constexpr int spins = 64;
  constexpr int yields = 256;
  for (int attempt = 0; inside_.load(std::memory_order_acquire); ++attempt) {
    if (attempt < spins) continue;
    if (attempt < yields) {
      std::this_thread::yield();
    } else {
      std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
  }
}

}  // namespace bufgc

#endif
