// libc++abi's last words before it aborts bring a whole printf with floating point into the module, a
// tenth of the package. Here the abort alone must do: nothing in the package throws.

#include <cstdlib>

extern "C" [[noreturn]] void abort_message(const char*, ...) {
  std::abort();
}
