#pragma once

// Private to the library.

#if defined(__has_include)
#if __has_include(<sys/single_threaded.h>)
#include <sys/single_threaded.h>
#define BUFGC_TELLS_SOLE_THREAD 1
#endif
#endif

#include "bufgc/memory/lock.hpp"

namespace bufgc {

/// Whether a process can have a second one.
#if defined(BUFGC_SINGLE_THREADED)
inline constexpr bool may_have_threads = false;
#else
inline constexpr bool may_have_threads = true;
#endif

/// Whether the calling thread is the only one of the process, so that until it calls foreign code nobody
/// else reads or writes anything. False also where the system does not tell (glibc does from 2.32 on), and
/// mostly once a second thread has ever run.
[[nodiscard]] inline bool is_sole_thread() noexcept {
#if defined(BUFGC_SINGLE_THREADED)
  return true;
#elif defined(BUFGC_TELLS_SOLE_THREAD)
  return __libc_single_threaded != 0;
#else
  return false;
#endif
}

}  // namespace bufgc
