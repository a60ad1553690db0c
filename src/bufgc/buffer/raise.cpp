#include "bufgc/buffer/raise.hpp"

#include <cstdio>
#include <cstdlib>

#include "bufgc/memory/errors.hpp"

namespace bufgc {

void raise(Status status, const char* message) {
#if defined(__cpp_exceptions)
  switch (status) {
    case Status::invalid_argument:
      throw InvalidArgument(message);
    case Status::destroyed:
      throw UseAfterDestroy(message);
    case Status::closed:
      throw Closed(message);
    case Status::invalid_state:
      throw InvalidState(message);
    case Status::ok:
    case Status::out_of_memory:
      break;
  }
  throw Error(status, message);
#else
  std::fprintf(stderr, "bufgc: %s: %s\n", status_name(status), message);
  std::abort();
#endif
}

}  // namespace bufgc
