#pragma once

#include <cstddef>
#include <cstdint>

#include "bufgc/memory/memory_source.hpp"

namespace bufgc {

/// Refuses chosen acquisitions, for tests of what happens then; passes everything else on.
class FailingSource final : public MemorySource {
 public:
  enum class Fails : std::uint8_t { once, for_ever };

  /// `source` must outlive this one. Nothing fails until `fail_at` says so.
  explicit FailingSource(MemorySource& source) noexcept : source_(source) {}

  /// The `nth` acquisition from now (1 is the next) fails, or it and all after it. 0: none.
  void fail_at(std::uint64_t nth, Fails fails) noexcept {
    fail_at_ = nth == 0 ? 0 : acquisitions_ + nth;
    fails_ = fails;
  }
  /// Acquisitions asked for so far, refused ones too.
  [[nodiscard]] std::uint64_t acquisitions() const noexcept { return acquisitions_; }
  /// Handed out and not yet released.
  [[nodiscard]] std::uint64_t bytes_out() const noexcept { return bytes_out_; }

  [[nodiscard]] Segment acquire(std::size_t min_bytes) noexcept override {
    return refuses() ? Segment{} : counted(source_.acquire(min_bytes));
  }
  [[nodiscard]] Segment acquire_at(std::byte* address, std::size_t min_bytes) noexcept override {
    return refuses() ? Segment{} : counted(source_.acquire_at(address, min_bytes));
  }
  void release(Segment segment) noexcept override {
    bytes_out_ -= segment.size_bytes;
    source_.release(segment);
  }
  [[nodiscard]] std::size_t granularity_bytes() const noexcept override {
    return source_.granularity_bytes();
  }

  [[nodiscard]] bool returns_memory() const noexcept override { return source_.returns_memory(); }
  [[nodiscard]] bool move(Segment from, std::byte* to) noexcept override {
    const bool moved = source_.move(from, to);
    if (moved) bytes_out_ -= from.size_bytes;
    return moved;
  }
  [[nodiscard]] std::size_t least_move_bytes() const noexcept override { return source_.least_move_bytes(); }
  [[nodiscard]] bool can_detach_views() const noexcept override { return source_.can_detach_views(); }
  void detach_views() noexcept override { source_.detach_views(); }

 private:
  [[nodiscard]] bool refuses() noexcept {
    ++acquisitions_;
    if (fail_at_ == 0 || acquisitions_ < fail_at_) return false;
    return fails_ == Fails::for_ever || acquisitions_ == fail_at_;
  }
  [[nodiscard]] Segment counted(Segment segment) noexcept {
    bytes_out_ += segment.size_bytes;
    return segment;
  }

  MemorySource& source_;
  std::uint64_t acquisitions_ = 0;
  std::uint64_t bytes_out_ = 0;
  std::uint64_t fail_at_ = 0;
  Fails fails_ = Fails::once;
};

}  // namespace bufgc
