#pragma once

#include <cstdint>

namespace bufgc {

// The one list of the buffers' statistics; see memory/statistics.hpp for the form.
#define BUFGC_BUFFER_STATISTICS(X)                                                                    \
  X(std::uint64_t, live_buffers, "count", "buffers that own a block and are not destroyed")           \
  X(std::uint64_t, live_views, "count", "views alive")                                                \
  X(std::uint64_t, external_buffers, "count", "live buffers over memory that bufgc does not own")     \
  X(std::uint64_t, external_bytes, "bytes", "their bytes, in no other figure")                        \
  X(std::uint64_t, disposed_buffers, "count", "lifetimes ended explicitly")                           \
  X(std::uint64_t, finalized_buffers, "count", "lifetimes ended because nobody held the buffer")      \
  X(std::uint64_t, collected_buffers, "count", "lifetimes ended as part of an unreachable cycle")     \
  X(std::uint64_t, closed_buffers, "count", "lifetimes ended by the manager's close")                 \
  X(std::uint64_t, finalizers_alive, "count", "finalizers registered and not yet run or detached")    \
  X(std::uint64_t, finalizers_deferred, "count", "those of them whose buffer ended: drain runs them") \
  X(std::uint64_t, finalizers_run, "count", "finalizers that ran")                                    \
  X(std::uint64_t, finalizer_errors, "count", "finalizers that threw")                                \
  X(std::uint64_t, collections, "count", "cycle collections run")                                     \
  X(std::uint64_t, edges, "count", "links from one buffer to another")

struct BufferStatistics {
#define BUFGC_X(type, name, unit, meaning) type name{};
  BUFGC_BUFFER_STATISTICS(BUFGC_X)
#undef BUFGC_X
};

}  // namespace bufgc
