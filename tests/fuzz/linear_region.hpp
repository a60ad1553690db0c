#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "bufgc/memory/address_ranges.hpp"
#include "bufgc/memory/align.hpp"
#include "bufgc/memory/memory_source.hpp"

/// As WebAssembly's linear memory: it grows at its end only, has one, gives nothing back, and live blocks may
/// be moved in it.
class LinearRegion final : public bufgc::MemorySource {
 public:
  [[nodiscard]] bufgc::Segment acquire(std::size_t min_bytes) noexcept override {
    if (min_bytes > most_bytes || !idle_.reserve(1)) return {};
    const bufgc::Segment idle = idle_.take_lowest(bufgc::round_up(min_bytes, page_bytes));
    return idle ? idle : acquire_at(begin() + taken_bytes_, min_bytes);
  }
  [[nodiscard]] bufgc::Segment acquire_at(std::byte* address, std::size_t min_bytes) noexcept override {
    if (min_bytes > most_bytes || !idle_.reserve(1)) return {};
    const std::size_t bytes = bufgc::round_up(min_bytes, page_bytes);
    if (const bufgc::Segment idle = idle_.take_at(address, bytes)) return idle;
    if (address != begin() + taken_bytes_ || bytes > most_bytes - taken_bytes_) return {};
    taken_bytes_ += bytes;
    return {address, bytes};
  }
  void release(bufgc::Segment segment) noexcept override {
    if (idle_.reserve(1)) idle_.put(segment);
  }
  [[nodiscard]] std::size_t granularity_bytes() const noexcept override { return page_bytes; }
  [[nodiscard]] bool returns_memory() const noexcept override { return false; }
  [[nodiscard]] bool can_detach_views() const noexcept override { return true; }

 private:
  static constexpr std::size_t page_bytes = 4096;
  static constexpr std::size_t most_bytes = std::size_t{4} << 20U;

  [[nodiscard]] std::byte* begin() const noexcept {
    const std::size_t misaligned = reinterpret_cast<std::uintptr_t>(memory_.get()) % page_bytes;
    return memory_.get() + (page_bytes - misaligned);
  }

  std::unique_ptr<std::byte[]> memory_{new std::byte[most_bytes + page_bytes]};
  bufgc::AddressRanges idle_;
  std::size_t taken_bytes_ = 0;
};
