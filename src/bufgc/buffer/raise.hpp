#pragma once

// Private to the buffer room and the manager.

#include "bufgc/status.hpp"

namespace bufgc {

/// Throws the exception that belongs to `status` (any but ok and out_of_memory, which needs figures).
/// Built without exceptions it prints the message and aborts: call the `try_` form there.
[[noreturn]] void raise(Status status, const char* message);

}  // namespace bufgc
