#pragma once

#include "bufgc/buffer/statistics.hpp"
#include "bufgc/memory/statistics.hpp"

namespace bufgc {

/// All statistics of a manager, in one list: the memory's, then the buffers'.
#define BUFGC_STATISTICS(X)  \
  BUFGC_MEMORY_STATISTICS(X) \
  BUFGC_BUFFER_STATISTICS(X)

struct Statistics : MemoryStatistics, BufferStatistics {};

}  // namespace bufgc
