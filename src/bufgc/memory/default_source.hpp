#pragma once

#include "bufgc/memory/memory_source.hpp"

namespace bufgc {

/// The platform's own source, one for the process and alive until its end: `SystemPages` natively,
/// `LinearMemory` in WebAssembly.
[[nodiscard]] MemorySource& default_source() noexcept;

}  // namespace bufgc
