#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace bufgc {

// The one list of the allocator's statistics: C++, JavaScript, `--json` and the page read it.
// X(type, name, unit, meaning). At every moment, to the byte:
//   reserved_bytes == live_bytes + rounding_bytes + cached_bytes + gap_bytes
#define BUFGC_MEMORY_STATISTICS(X)                                                                           \
  X(std::uint64_t, live_bytes, "bytes", "requested bytes of live blocks")                                    \
  X(std::uint64_t, peak_live_bytes, "bytes", "highest live_bytes so far")                                    \
  X(std::uint64_t, rounding_bytes, "bytes",                                                                  \
    "internal fragmentation: live blocks' capacity beyond the request")                                      \
  X(std::uint64_t, cached_bytes, "bytes",                                                                    \
    "freed blocks and whole free pages kept for reuse; trim gives them back")                                \
  X(std::uint64_t, peak_cached_bytes, "bytes", "highest cached_bytes so far")                                \
  X(std::uint64_t, gap_bytes, "bytes",                                                                       \
    "external fragmentation: free space that is for nobody: in pages that blocks share, in a plan's region") \
  X(std::uint64_t, reserved_bytes, "bytes", "every byte that the source backs for blocks")                   \
  X(std::uint64_t, peak_reserved_bytes, "bytes", "highest reserved_bytes so far")                            \
  X(std::uint64_t, budget_bytes, "bytes",                                                                    \
    "reserved_bytes never exceeds it, unless it was set below what was live; the largest integer means "     \
    "none")                                                                                                  \
  X(std::uint64_t, largest_free_bytes, "bytes", "the largest request served without asking the source")      \
  X(double, internal_fragmentation, "ratio",                                                                 \
    "rounding_bytes / capacity of live blocks, 0 when none is live")                                         \
  X(double, external_fragmentation, "ratio",                                                                 \
    "1 - largest_free_bytes / (cached_bytes + gap_bytes), 0 when none is free")                              \
  X(std::uint64_t, live_blocks, "count", "blocks handed out and not yet freed")                              \
  X(std::uint64_t, peak_live_blocks, "count", "highest live_blocks so far")                                  \
  X(std::uint64_t, segments, "count", "runs of memory without a hole held from the source")                  \
  X(std::uint64_t, allocations, "count", "blocks ever handed out")                                           \
  X(std::uint64_t, frees, "count", "blocks ever taken back")                                                 \
  X(std::uint64_t, total_allocated_bytes, "bytes", "requested bytes over all allocations")                   \
  X(std::uint64_t, hits, "count", "allocations served from memory already held")                             \
  X(std::uint64_t, misses, "count", "allocations that had to ask the source")                                \
  X(std::uint64_t, splits, "count", "free blocks divided to serve a smaller request")                        \
  X(std::uint64_t, merges, "count", "neighbouring free blocks joined")                                       \
  X(std::uint64_t, compactions, "count", "times live blocks were moved together to make room")               \
  X(std::uint64_t, source_calls, "count", "calls to the memory source: the operating-system calls")          \
  X(std::uint64_t, decayed_bytes, "bytes", "given back because they had not been needed for long")           \
  X(std::uint64_t, moved_bytes, "bytes",                                                                     \
    "of live blocks that compaction copied, and of free pages that were moved rather than taken anew")       \
  X(std::uint64_t, moved_pages, "count", "free pages moved")                                                 \
  X(std::uint64_t, planned_bytes, "bytes",                                                                   \
    "the region that is laid out by an iteration's plan, full or not")                                       \
  X(std::uint64_t, planned_allocations, "count", "allocations served at the place that a plan gave them")    \
  X(std::uint64_t, plan_deviations, "count",                                                                 \
    "allocations in planned iterations that a plan did not foresee, or whose place was held")                \
  X(std::uint64_t, pressure_calls, "count", "times the pressure handler was asked to free memory")           \
  X(std::uint64_t, failed_allocations, "count", "allocations refused for want of memory")

/// A moment's figures of one `CpuAllocator`: all threads are held off while they are taken, so they agree.
/// The peaks of live and cached bytes and blocks are exact as long as one thread uses the allocator; while
/// several do, they are the highest sums at the moments when all were held off (before the reserve grew, at
/// `trim`, at each look at the statistics), never more than what was reached. `peak_reserved_bytes` is always
/// exact.
struct MemoryStatistics {
#define BUFGC_X(type, name, unit, meaning) type name{};
  BUFGC_MEMORY_STATISTICS(BUFGC_X)
#undef BUFGC_X
};

/// One power-of-two class of requested sizes: `lower_bytes <= size < 2 * lower_bytes`
/// (the first also holds sizes 0 and 1).
struct SizeClassCount {
  std::uint64_t lower_bytes = 0;
  std::uint64_t allocations = 0;
  std::uint64_t live_blocks = 0;
  std::uint64_t live_bytes = 0;
};

/// Allocations by size; entry `i` counts sizes from 2^i.
using SizeHistogram = std::array<SizeClassCount, 48>;

}  // namespace bufgc
