#pragma once

#include <catch2/catch.hpp>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <random>
#include <vector>

#include "bufgc/memory/cpu_allocator.hpp"
#include "bufgc/memory/default_source.hpp"
#include "bufgc/memory/failing_source.hpp"

namespace bufgc::testing {

inline constexpr std::size_t KiB = 1024;
inline constexpr std::size_t MiB = 1024 * KiB;

/// Sources of segments from the C++ heap: nothing that it gives touches anything else, and it rounds
/// to an odd granularity less aligned than most blocks.
class HeapSource final : public MemorySource {
 public:
  [[nodiscard]] Segment acquire(std::size_t min_bytes) noexcept override {
    const std::size_t bytes =
        (min_bytes + granularity_bytes() - 1) / granularity_bytes() * granularity_bytes();
    return {static_cast<std::byte*>(std::malloc(bytes)), bytes};
  }
  void release(Segment segment) noexcept override { std::free(segment.data); }
  [[nodiscard]] std::size_t granularity_bytes() const noexcept override { return 48; }
};

/// Wraps the platform's source and counts what is out, so that a test sees a leak.
struct CountedSource {
  FailingSource source{default_source()};
  ~CountedSource() { CHECK(source.segments_out() == 0); }
};

/// Checks what must hold at every moment.
inline void check_sound(const CpuAllocator& allocator) {
  const char* fault = allocator.check_invariants();
  INFO("invariant: " << (fault == nullptr ? "" : fault));
  CHECK(fault == nullptr);
  const MemoryStatistics s = allocator.statistics();
  CHECK(s.reserved_bytes == s.live_bytes + s.rounding_bytes + s.cached_bytes + s.gap_bytes);
  CHECK(s.allocations == s.hits + s.misses);
  CHECK(s.allocations == s.frees + s.live_blocks);
  CHECK(s.peak_live_bytes >= s.live_bytes);
  CHECK(s.peak_cached_bytes >= s.cached_bytes);
  CHECK(s.peak_reserved_bytes >= s.reserved_bytes);
  CHECK(s.largest_free_bytes <= s.cached_bytes + s.gap_bytes);
}

/// A generator whose seed the caller shows with INFO.
using Random = std::mt19937_64;
inline std::uint64_t below(Random& random, std::uint64_t end) {
  return random() % end;
}

/// Sizes as programs have them: mostly small, some large, some odd.
inline std::size_t mixed_size(Random& random) {
  const std::size_t scale = std::size_t{1} << below(random, 18);
  return scale + below(random, scale);
}

}  // namespace bufgc::testing
