#pragma once

#include <cstddef>
#include <cstdint>

#include "bufgc/memory/align.hpp"
#include "bufgc/memory/statistics.hpp"

namespace bufgc {

/// What allocating and freeing changes, counted as it happens. The other statistics follow from
/// these or belong to the arena and the magazine, so that the fast path writes only what it must.
class Counters {
 public:
  Counters() noexcept {
    for (std::size_t i = 0; i < histogram_.size(); ++i) histogram_[i].lower_bytes = std::uint64_t{1} << i;
  }

  void on_allocate(std::size_t size_bytes, std::size_t capacity_bytes) noexcept {
    live_bytes_ += size_bytes;
    live_capacity_bytes_ += capacity_bytes;
    total_allocated_bytes_ += size_bytes;
    if (live_bytes_ > peak_live_bytes_) peak_live_bytes_ = live_bytes_;
    ++live_blocks_;
    if (live_blocks_ > peak_live_blocks_) peak_live_blocks_ = live_blocks_;
    SizeClassCount& size_class = histogram_[class_of(size_bytes)];
    ++size_class.allocations;
    ++size_class.live_blocks;
    size_class.live_bytes += size_bytes;
  }
  void on_free(std::size_t size_bytes, std::size_t capacity_bytes) noexcept {
    live_bytes_ -= size_bytes;
    live_capacity_bytes_ -= capacity_bytes;
    --live_blocks_;
    ++frees_;
    SizeClassCount& size_class = histogram_[class_of(size_bytes)];
    --size_class.live_blocks;
    size_class.live_bytes -= size_bytes;
  }
  void on_cached(std::uint64_t cached_bytes) noexcept {
    if (cached_bytes > peak_cached_bytes_) peak_cached_bytes_ = cached_bytes;
  }
  void on_miss() noexcept { ++misses_; }
  void on_failure() noexcept { ++failed_allocations_; }
  void on_pressure() noexcept { ++pressure_calls_; }

  [[nodiscard]] std::uint64_t live_bytes() const noexcept { return live_bytes_; }
  [[nodiscard]] std::uint64_t peak_live_bytes() const noexcept { return peak_live_bytes_; }
  [[nodiscard]] std::uint64_t live_capacity_bytes() const noexcept { return live_capacity_bytes_; }
  [[nodiscard]] std::uint64_t live_blocks() const noexcept { return live_blocks_; }
  [[nodiscard]] std::uint64_t frees() const noexcept { return frees_; }
  [[nodiscard]] const SizeHistogram& histogram() const noexcept { return histogram_; }

  /// Fills in what is counted here.
  void read(MemoryStatistics& statistics) const noexcept {
    statistics.live_bytes = live_bytes_;
    statistics.peak_live_bytes = peak_live_bytes_;
    statistics.rounding_bytes = live_capacity_bytes_ - live_bytes_;
    statistics.peak_cached_bytes = peak_cached_bytes_;
    statistics.live_blocks = live_blocks_;
    statistics.peak_live_blocks = peak_live_blocks_;
    statistics.allocations = live_blocks_ + frees_;
    statistics.frees = frees_;
    statistics.total_allocated_bytes = total_allocated_bytes_;
    statistics.misses = misses_;
    statistics.hits = statistics.allocations - misses_;
    statistics.pressure_calls = pressure_calls_;
    statistics.failed_allocations = failed_allocations_;
  }

 private:
  static std::size_t class_of(std::size_t size_bytes) noexcept {
    const std::size_t size_class = floor_log2(size_bytes | 1U);
    return size_class < std::tuple_size_v<SizeHistogram> ? size_class : std::tuple_size_v<SizeHistogram> - 1;
  }

  std::uint64_t live_bytes_ = 0;
  std::uint64_t live_capacity_bytes_ = 0;
  std::uint64_t peak_live_bytes_ = 0;
  std::uint64_t live_blocks_ = 0;
  std::uint64_t peak_live_blocks_ = 0;
  std::uint64_t frees_ = 0;
  std::uint64_t total_allocated_bytes_ = 0;
  std::uint64_t peak_cached_bytes_ = 0;
  std::uint64_t misses_ = 0;
  std::uint64_t pressure_calls_ = 0;
  std::uint64_t failed_allocations_ = 0;
  SizeHistogram histogram_{};
};

}  // namespace bufgc
