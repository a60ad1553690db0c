#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "bufgc/memory/memory_source.hpp"
#include "bufgc/memory/range.hpp"

namespace bufgc {

/// The free ranges, listed by size: a bin for each of the first sizes, then sixteen to an octave,
/// with a bitmap over them. `find` is a best fit over a bounded number of candidates; of equals the
/// lowest address wins, which keeps high memory free.
class FreeBins {
 public:
  static constexpr unsigned bins_per_octave_log2 = 4;
  static constexpr std::size_t bins_per_octave = std::size_t{1} << bins_per_octave_log2;
  static constexpr std::size_t bin_count = bins_per_octave * (sizeof(std::size_t) * 8 - bins_per_octave_log2);

  /// `granule_bytes` divides every range's capacity; both are powers of two.
  FreeBins(std::size_t granule_bytes, std::size_t page_bytes) noexcept;

  void insert(Range* range) noexcept;
  void remove(Range* range) noexcept;
  /// A range of at least `bytes`, still listed, or null.
  [[nodiscard]] Range* find(std::size_t bytes) const noexcept;

  /// One of the largest that hold a whole page, or null.
  [[nodiscard]] Range* find_large() const noexcept;
  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }
  /// Of those, in whole pages, which could be released.
  [[nodiscard]] std::uint64_t page_bytes() const noexcept { return page_bytes_; }
  /// The whole pages within `range`, empty when there is none.
  [[nodiscard]] Segment pages_of(const Range* range) const noexcept {
    const auto address = reinterpret_cast<std::uintptr_t>(range->data);
    const std::size_t skipped = static_cast<std::size_t>(-address) & page_mask_;
    if (range->capacity_bytes < skipped + page_mask_ + 1) return {};
    return {range->data + skipped, (range->capacity_bytes - skipped) & ~page_mask_};
  }

  [[nodiscard]] std::size_t bin_of(std::size_t bytes) const noexcept;
  [[nodiscard]] Range* head(std::size_t bin) const noexcept { return heads_[bin]; }
  /// The first bin from `bin` on that holds something, or `bin_count`.
  [[nodiscard]] std::size_t occupied_from(std::size_t bin) const noexcept;
  [[nodiscard]] bool marked(std::size_t bin) const noexcept {
    return (words_[bin / 64] >> (bin % 64) & 1U) != 0;
  }

 private:
  static constexpr std::size_t word_count = (bin_count + 63) / 64;
  static_assert(word_count <= 64);

  unsigned granule_log2_;
  std::size_t page_mask_;
  std::uint64_t occupied_words_ = 0;
  std::array<std::uint64_t, word_count> words_{};
  std::array<Range*, bin_count> heads_{};
  std::uint64_t bytes_ = 0;
  std::uint64_t page_bytes_ = 0;
};

}  // namespace bufgc
