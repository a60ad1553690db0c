#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace bufgc {

/// A bounded first-in-first-out queue of 64-bit words at positions that never repeat. It takes memory in
/// chunks as it grows, small ones first, then huge pages where the system has them; a chunk that was read
/// to its end is the next to be written to, while it is still in the processor's cache. Nothing moves and
/// nothing throws: when the system has no chunk to give, what it has becomes the bound.
class WordQueue {
 public:
  static constexpr std::size_t chunk_words = 8192;

  /// `max_words` fit at least, wherever in a chunk they begin.
  explicit WordQueue(std::uint64_t max_words);
  WordQueue(const WordQueue&) = delete;
  WordQueue& operator=(const WordQueue&) = delete;
  ~WordQueue() { reset(); }

  /// The position of the oldest word, and that of the next to be pushed.
  [[nodiscard]] std::uint64_t begin() const noexcept { return begin_; }
  [[nodiscard]] std::uint64_t end() const noexcept {
    return chunk_end_ - static_cast<std::uint64_t>(stop_ - next_);
  }

  /// Whether the next `words` lie in one piece, backed already.
  [[nodiscard]] bool at_hand(std::size_t words) const noexcept {
    return static_cast<std::size_t>(stop_ - next_) >= words;
  }
  /// Pushes `words` to be written, after `at_hand` said yes.
  [[nodiscard]] std::uint64_t* take(std::size_t words) noexcept {
    return std::exchange(next_, next_ + words);
  }

  /// Whether `words` more fit; backs them with memory.
  [[nodiscard]] bool room(std::size_t words) noexcept { return at_hand(words) || back(words); }
  /// After `room` said yes.
  void push(std::uint64_t word) noexcept {
    if (next_ == stop_) turn();
    *next_++ = word;
  }

  /// A word in the queue.
  [[nodiscard]] std::uint64_t& at(std::uint64_t position) noexcept {
    return chunks_[place_of(chunk_of(position))][position % chunk_words];
  }
  [[nodiscard]] std::uint64_t at(std::uint64_t position) const noexcept {
    return chunks_[place_of(chunk_of(position))][position % chunk_words];
  }
  /// The words from `position` on: in place where `words` of them lie in one piece, else copied to `copies`
  /// as far as they go. There is one at least.
  [[nodiscard]] const std::uint64_t* read(std::uint64_t position, std::size_t words,
                                          std::uint64_t* copies) const noexcept {
    const auto offset = static_cast<std::size_t>(position % chunk_words);
    if (offset + words <= chunk_words) return &chunks_[place_of(chunk_of(position))][offset];
    const std::uint64_t stop = std::min(position + words, end());
    for (std::uint64_t from = position; from < stop; ++from) copies[from - position] = at(from);
    return copies;
  }
  /// Forgets what stands before `position`, which is not beyond the end.
  void drop_before(std::uint64_t position) noexcept {
    begin_ = position;
    while (first_chunk_ < chunk_of(position)) spare_.push_back(chunks_[place_of(first_chunk_++)]);
  }

  /// Empties it and gives its memory back.
  void reset() noexcept;
  [[nodiscard]] std::size_t memory_bytes() const noexcept;

 private:
  /// Memory taken in one piece.
  struct Slab {
    std::uint64_t* words;
    std::size_t bytes;
  };
  [[nodiscard]] static std::uint64_t chunk_of(std::uint64_t position) noexcept {
    return position / chunk_words;
  }
  [[nodiscard]] std::size_t place_of(std::uint64_t chunk) const noexcept {
    return static_cast<std::size_t>(chunk) & mask_;
  }
  [[nodiscard]] bool back(std::size_t words) noexcept;
  [[nodiscard]] std::uint64_t* take_chunk() noexcept;
  [[nodiscard]] std::uint64_t* take_slab(std::size_t bytes) noexcept;
  /// The next word is the first of a chunk that is backed.
  void turn() noexcept;

  std::uint64_t* next_ = nullptr;  ///< Where the next word goes,
  std::uint64_t* stop_ = nullptr;  ///< and the end of that chunk, at position `chunk_end_`.
  std::uint64_t chunk_end_ = 0;
  std::uint64_t begin_ = 0;
  // Chunks are numbered by position; the table holds those from `first_chunk_` to `backed_`.
  std::uint64_t first_chunk_ = 0;
  std::uint64_t backed_ = 0;
  std::size_t most_chunks_;
  std::size_t mask_;
  std::vector<std::uint64_t*> chunks_;
  // As long as they can become from the start, so that they never grow.
  std::vector<std::uint64_t*> spare_;  ///< Chunks that hold nothing, the last to be used first.
  std::vector<Slab> slabs_;
  std::size_t taken_chunks_ = 0;
};

}  // namespace bufgc
