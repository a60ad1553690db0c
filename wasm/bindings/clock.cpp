// The clock as one number from JavaScript. The system interface that Emscripten's library would ask takes
// 64-bit integers, which JavaScript makes an object of each time.

#include <chrono>

#include "imports.hpp"

std::chrono::steady_clock::time_point std::chrono::steady_clock::now() noexcept {
  return time_point(nanoseconds(static_cast<rep>(bufgc_now_ns())));
}
