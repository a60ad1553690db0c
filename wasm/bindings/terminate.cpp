// What libc++abi brings along for its last words before it aborts: a whole printf of floating point.

#include <cstdlib>

extern "C" {

[[noreturn]] void abort_message(const char*, ...) {
  std::abort();
}
}
