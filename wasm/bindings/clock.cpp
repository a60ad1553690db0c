// The clock as one number from JavaScript. The system interface that Emscripten's library would ask takes
// 64-bit integers, which JavaScript makes an object of each time.

#include <cmath>
#include <ctime>

#include "imports.hpp"

extern "C" int clock_gettime(clockid_t, timespec* time) {
  const double nanoseconds = bufgc_now_ns();
  const double seconds = std::floor(nanoseconds * 1e-9);
  time->tv_sec = static_cast<time_t>(seconds);
  time->tv_nsec = static_cast<long>(nanoseconds - seconds * 1e9);
  return 0;
}
