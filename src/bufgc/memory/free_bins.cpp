#include "bufgc/memory/free_bins.hpp"

#include <functional>

#include "bufgc/memory/align.hpp"

namespace bufgc {
namespace {

// Bounds the time of a search where a bin holds very many ranges.
constexpr int max_candidates = 64;

bool better(const Range* candidate, const Range* best) noexcept {
  if (best == nullptr) return true;
  if (candidate->capacity_bytes != best->capacity_bytes) {
    return candidate->capacity_bytes < best->capacity_bytes;
  }
  return std::less<>{}(candidate->data, best->data);
}

Range* best_of(Range* head, std::size_t bytes, int candidates) noexcept {
  Range* best = nullptr;
  for (Range* range = head; range != nullptr && candidates-- > 0; range = range->next) {
    if (range->capacity_bytes >= bytes && better(range, best)) best = range;
  }
  return best;
}

unsigned lowest_bit(std::uint64_t word) noexcept {
  return static_cast<unsigned>(__builtin_ctzll(word));
}

}  // namespace

FreeBins::FreeBins(std::size_t granule_bytes, std::size_t page_bytes) noexcept
    : granule_log2_(floor_log2(granule_bytes)), page_mask_(page_bytes - 1) {}

std::size_t FreeBins::bin_of(std::size_t bytes) const noexcept {
  const std::size_t granules = bytes >> granule_log2_;
  if (granules < bins_per_octave) return granules;
  const unsigned shift = floor_log2(granules) - bins_per_octave_log2;
  return bins_per_octave * shift + (granules >> shift);
}

std::size_t FreeBins::occupied_from(std::size_t bin) const noexcept {
  if (bin >= bin_count) return bin_count;
  const std::size_t word = bin / 64;
  const std::uint64_t here = words_[word] >> (bin % 64);
  if (here != 0) return bin + lowest_bit(here);
  if (word + 1 >= word_count) return bin_count;
  const std::uint64_t later = occupied_words_ >> (word + 1);
  if (later == 0) return bin_count;
  const std::size_t found = word + 1 + lowest_bit(later);
  return found * 64 + lowest_bit(words_[found]);
}

void FreeBins::insert(Range* range) noexcept {
  const std::size_t bin = bin_of(range->capacity_bytes);
  range->state = RangeState::free;
  range->bin = static_cast<std::uint16_t>(bin);
  range->previous = nullptr;
  range->next = heads_[bin];
  if (range->next != nullptr) range->next->previous = range;
  heads_[bin] = range;
  words_[bin / 64] |= std::uint64_t{1} << (bin % 64);
  occupied_words_ |= std::uint64_t{1} << (bin / 64);
  bytes_ += range->capacity_bytes;
  page_bytes_ += pages_of(range).size_bytes;
}

void FreeBins::remove(Range* range) noexcept {
  const std::size_t bin = range->bin;
  range->slot = 0;
  if (range->next != nullptr) range->next->previous = range->previous;
  if (range->previous != nullptr) {
    range->previous->next = range->next;
  } else {
    heads_[bin] = range->next;
    if (heads_[bin] == nullptr) {
      words_[bin / 64] &= ~(std::uint64_t{1} << (bin % 64));
      if (words_[bin / 64] == 0) occupied_words_ &= ~(std::uint64_t{1} << (bin / 64));
    }
  }
  bytes_ -= range->capacity_bytes;
  page_bytes_ -= pages_of(range).size_bytes;
}

Range* FreeBins::find(std::size_t bytes) const noexcept {
  const std::size_t own = bin_of(bytes);
  if (Range* range = best_of(heads_[own], bytes, max_candidates)) return range;
  // All ranges of a higher bin are large enough.
  const std::size_t bin = occupied_from(own + 1);
  if (bin < bin_count) return best_of(heads_[bin], bytes, max_candidates);
  // Before the reserve grows, what lies beyond the bound is looked at too.
  for (Range* range = heads_[own]; range != nullptr; range = range->next) {
    if (range->capacity_bytes >= bytes) return range;
  }
  return nullptr;
}

Range* FreeBins::find_large() const noexcept {
  const std::size_t lowest = bin_of(page_mask_ + 1);
  for (std::size_t word = word_count; word-- > lowest / 64;) {
    for (std::uint64_t bits = words_[word]; bits != 0;) {
      const unsigned bit = floor_log2(bits);
      bits &= ~(std::uint64_t{1} << bit);
      for (Range* range = heads_[word * 64 + bit]; range != nullptr; range = range->next) {
        if (pages_of(range)) return range;
      }
    }
  }
  return nullptr;
}

}  // namespace bufgc
