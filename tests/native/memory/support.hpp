#pragma once

#include <catch2/catch.hpp>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <random>
#include <vector>

#include "bufgc/memory/address_ranges.hpp"
#include "bufgc/memory/align.hpp"
#include "bufgc/memory/cpu_allocator.hpp"
#include "bufgc/memory/default_source.hpp"
#include "bufgc/memory/failing_source.hpp"

namespace bufgc::testing {

inline constexpr std::size_t KiB = 1024;
inline constexpr std::size_t MiB = 1024 * KiB;

/// A fixed piece of the C++ heap in pages of 16 KiB, which it never places where it is told: every
/// extent stands alone, and memory has an end.
class HeapSource final : public MemorySource {
 public:
  HeapSource() {
    const auto address = reinterpret_cast<std::uintptr_t>(memory_.get());
    std::byte* begin = memory_.get() + (page_bytes - address % page_bytes);
    if (idle_.reserve(1)) idle_.put({begin, region_bytes});
  }
  [[nodiscard]] Segment acquire(std::size_t min_bytes) noexcept override {
    const std::size_t bytes = (min_bytes + page_bytes - 1) / page_bytes * page_bytes;
    return idle_.reserve(2) ? idle_.take_middle(bytes, page_bytes) : Segment{};
  }
  void release(Segment segment) noexcept override {
    if (idle_.reserve(1)) idle_.put(segment);
  }
  [[nodiscard]] std::size_t granularity_bytes() const noexcept override { return page_bytes; }

 private:
  static constexpr std::size_t page_bytes = 16 * KiB;
  static constexpr std::size_t region_bytes = 64 * MiB;
  std::unique_ptr<std::byte[]> memory_{new std::byte[region_bytes + page_bytes]};
  AddressRanges idle_;
};

/// The platform's source where it could not move pages: what is exchanged is released and acquired.
class FixedSource final : public MemorySource {
 public:
  explicit FixedSource(MemorySource& source) noexcept : source_(source) {}
  [[nodiscard]] Segment acquire(std::size_t min_bytes) noexcept override {
    return source_.acquire(min_bytes);
  }
  [[nodiscard]] Segment acquire_at(std::byte* address, std::size_t min_bytes) noexcept override {
    return source_.acquire_at(address, min_bytes);
  }
  void release(Segment segment) noexcept override { source_.release(segment); }
  [[nodiscard]] std::size_t granularity_bytes() const noexcept override {
    return source_.granularity_bytes();
  }
  [[nodiscard]] bool returns_memory() const noexcept override { return source_.returns_memory(); }

 private:
  MemorySource& source_;
};

/// As WebAssembly's linear memory, over a fixed piece of the C++ heap: it grows at its end only, nothing
/// returns, and blocks may be moved.
class SlidingSource final : public MemorySource {
 public:
  explicit SlidingSource(std::size_t most_bytes = 64 * MiB)
      : memory_(new std::byte[most_bytes + page_bytes]), most_bytes_(most_bytes) {
    static_cast<void>(idle_.reserve(1000));
    begin_ = memory_.get() + (page_bytes - reinterpret_cast<std::uintptr_t>(memory_.get()) % page_bytes);
  }
  [[nodiscard]] Segment acquire(std::size_t min_bytes) noexcept override {
    const Segment idle = idle_.take_lowest(round_up(min_bytes, page_bytes));
    return idle ? idle : acquire_at(begin_ + taken_bytes_, min_bytes);
  }
  [[nodiscard]] Segment acquire_at(std::byte* address, std::size_t min_bytes) noexcept override {
    const std::size_t bytes = round_up(min_bytes, page_bytes);
    if (const Segment idle = idle_.take_at(address, bytes)) return idle;
    if (address != begin_ + taken_bytes_ || bytes > most_bytes_ - taken_bytes_) return {};
    taken_bytes_ += bytes;
    return {address, bytes};
  }
  void release(Segment segment) noexcept override { idle_.put(segment); }
  [[nodiscard]] std::size_t granularity_bytes() const noexcept override { return page_bytes; }
  [[nodiscard]] bool returns_memory() const noexcept override { return false; }
  [[nodiscard]] bool can_detach_views() const noexcept override { return true; }
  void detach_views() noexcept override { ++detachments_; }

  [[nodiscard]] std::size_t taken_bytes() const noexcept { return taken_bytes_; }
  [[nodiscard]] int detachments() const noexcept { return detachments_; }

 private:
  static constexpr std::size_t page_bytes = 4 * KiB;
  std::unique_ptr<std::byte[]> memory_;
  std::size_t most_bytes_;
  AddressRanges idle_;
  std::byte* begin_ = nullptr;
  std::size_t taken_bytes_ = 0;
  int detachments_ = 0;
};

/// Wraps the platform's source and counts what is out, so that a test sees a leak.
struct CountedSource {
  FailingSource source{default_source()};
  ~CountedSource() { CHECK(source.bytes_out() == 0); }
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
inline std::size_t below(Random& random, std::size_t end) {
  return static_cast<std::size_t>(random() % end);
}

/// Sizes as programs have them: mostly small, some large, some odd.
inline std::size_t mixed_size(Random& random) {
  const std::size_t scale = std::size_t{1} << below(random, 18);
  return scale + below(random, scale);
}

}  // namespace bufgc::testing
