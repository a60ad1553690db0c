#pragma once

#include <cstdint>

namespace bufgc {

/// The calling thread's number, 0 until `thread_number` was asked for it.
#if defined(__ELF__)
[[gnu::tls_model("initial-exec")]]  // as `thread_caches`: found without a call
#endif
extern constinit thread_local std::uint32_t own_thread_number;

/// Gives the calling thread the next number.
std::uint32_t number_thread() noexcept;

/// Threads are named by the order in which they first ask, from 1 on: in traces, and where misuse is told.
inline std::uint32_t thread_number() noexcept {
  return own_thread_number != 0 ? own_thread_number : number_thread();
}

}  // namespace bufgc
