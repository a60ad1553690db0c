#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <vector>

namespace bufgc {

/// A bounded first-in-first-out column of entries that are named by a number that never repeats.
/// It grows in chunks up to its bound, never moves an entry and never throws: when the system has no
/// chunk to give, what it has becomes the bound.
template <class Entry>
class ChunkRing {
 public:
  static constexpr std::size_t chunk_entries = 4096;

  explicit ChunkRing(std::size_t max_entries)
      : bound_(std::max<std::size_t>(max_entries, 1)),
        chunks_((bound_ + chunk_entries - 1) / chunk_entries) {}

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  /// Whether `entries` more fit; backs them with memory.
  bool room(std::size_t entries = 1) noexcept {
    return entries == 1 && write_chunk_ != nullptr && size_ < bound_ ? true : back(entries);
  }
  /// After `room` said yes.
  void push(const Entry& entry) noexcept {
    write_chunk_[write_ % chunk_entries] = entry;
    ++size_;
    if (++write_ % chunk_entries == 0 || write_ == bound_) turn();
  }
  /// Entry `offset` from the oldest.
  [[nodiscard]] Entry& at(std::size_t offset) noexcept {
    std::size_t place = oldest() + offset;
    if (place >= bound_) place -= bound_;
    return chunks_[place / chunk_entries][place % chunk_entries];
  }
  [[nodiscard]] const Entry& at(std::size_t offset) const noexcept {
    return const_cast<ChunkRing*>(this)->at(offset);
  }
  /// The oldest entry. There must be one.
  [[nodiscard]] Entry& front() noexcept {
    const std::size_t place = oldest();
    return chunks_[place / chunk_entries][place % chunk_entries];
  }
  void pop(std::size_t entries = 1) noexcept { size_ -= entries; }
  /// Empties it and gives its memory back.
  void reset() noexcept {
    for (std::unique_ptr<Entry[]>& chunk : chunks_) chunk.reset();
    write_ = size_ = 0;
    write_chunk_ = nullptr;
  }
  [[nodiscard]] std::size_t bound() const noexcept { return bound_; }
  [[nodiscard]] std::size_t memory_bytes() const noexcept {
    std::size_t bytes = chunks_.capacity() * sizeof(chunks_[0]);
    for (const auto& chunk : chunks_) bytes += chunk ? chunk_entries * sizeof(Entry) : 0;
    return bytes;
  }

 private:
  bool back(std::size_t entries) noexcept {
    if (entries > bound_ - size_) return false;
    std::size_t place = write_;
    for (std::size_t left = entries; left > 0;) {
      std::unique_ptr<Entry[]>& chunk = chunks_[place / chunk_entries];
      if (!chunk) chunk.reset(new (std::nothrow) Entry[chunk_entries]);
      if (!chunk) {
        // Only before the first turn, so that all entries lie in one run before this place.
        bound_ = place / chunk_entries * chunk_entries;
        if (write_ == bound_) turn();
        return false;
      }
      const std::size_t step = std::min({left, chunk_entries - place % chunk_entries, bound_ - place});
      left -= step;
      place += step;
      if (place == bound_) place = 0;
    }
    write_chunk_ = chunks_[write_ / chunk_entries].get();
    return true;
  }
  /// The place to write is at the beginning of a chunk, which may not be there yet.
  void turn() noexcept {
    if (write_ == bound_) write_ = 0;
    write_chunk_ = chunks_[write_ / chunk_entries].get();
  }
  [[nodiscard]] std::size_t oldest() const noexcept {
    return write_ >= size_ ? write_ - size_ : write_ + bound_ - size_;
  }

  std::size_t bound_;
  std::vector<std::unique_ptr<Entry[]>> chunks_;
  std::size_t write_ = 0;
  Entry* write_chunk_ = nullptr;  ///< Of `write_`; null where none is backed.
  std::size_t size_ = 0;
};

}  // namespace bufgc
