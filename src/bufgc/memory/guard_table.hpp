#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "bufgc/memory/misuse.hpp"
#include "bufgc/memory/range.hpp"

namespace bufgc {

/// A text shortened to what it has room for: of a label the beginning stays, of a site the end, which tells
/// the line. Never allocates, and outlives what it was copied from.
template <std::size_t room>
class ShortText {
 public:
  void keep_beginning(std::string_view text) noexcept { keep(text.substr(0, room)); }
  void keep_end(std::string_view text) noexcept {
    keep(text.substr(text.size() > room ? text.size() - room : 0));
  }
  [[nodiscard]] std::string_view view() const noexcept { return {text_.data(), length_}; }

 private:
  static_assert(room < 256);
  void keep(std::string_view text) noexcept {
    length_ = static_cast<std::uint8_t>(text.copy(text_.data(), room));
  }
  std::uint8_t length_ = 0;
  std::array<char, room> text_{};
};

/// What reports call a block.
struct ShortName {
  std::uint64_t id = Misuse::no_id;
  ShortText<47> label;
  ShortText<111> site;
};

/// What a hardened allocator knows of a block it gave, and for a while of one it took back. The block that
/// the program holds is this record's first part: what it may scribble there, the allocator does not go by.
struct GuardRecord : Block {
  enum class State : std::uint8_t { unused, live, quarantined, freed };

  State state = State::unused;
  std::size_t asked_bytes = 0;
  Range* range = nullptr;  ///< The memory, with the strips around the block. Of who lives or is quarantined.
  std::uint64_t number = 0;  ///< The how manieth allocation.
  std::uint64_t made_on_thread = 0;
  std::uint64_t freed_on_thread = 0;
  GuardRecord* next = nullptr;  ///< In the queue of the quarantine, or of those freed.
  ShortName name;
};

/// First in, first out, through `GuardRecord::next`.
class GuardQueue {
 public:
  void push(GuardRecord* record) noexcept;
  /// Null when there is none.
  [[nodiscard]] GuardRecord* pop() noexcept;
  [[nodiscard]] std::size_t count() const noexcept { return count_; }
  template <class Visit>
  void each(Visit visit) const noexcept {
    for (GuardRecord* record = first_; record != nullptr; record = record->next) visit(record);
  }

 private:
  GuardRecord* first_ = nullptr;
  GuardRecord* last_ = nullptr;
  std::size_t count_ = 0;
};

/// The records of one allocator. They stand in few chunks, each as large as all before, so that whether a
/// pointer is a record's is told by some comparisons, without touching what it points to. A record is used
/// again only after `remembered` others were freed: so long a second free of its block is known as one. There
/// are no more than twice those in use and remembered, and 64.
class GuardTable {
 public:
  static constexpr std::size_t remembered = 1024;

  GuardTable() noexcept = default;
  ~GuardTable();
  GuardTable(const GuardTable&) = delete;
  GuardTable& operator=(const GuardTable&) = delete;

  /// Sees to it that `take` has a record; false when there is no memory for one.
  [[nodiscard]] bool reserve() noexcept;
  /// One that nobody uses, cleared. After `reserve`.
  [[nodiscard]] GuardRecord* take() noexcept;
  /// Its block was freed and its memory is no longer its own.
  void give(GuardRecord* record) noexcept;

  /// The record at just this address, or null. One that was never used counts as none.
  [[nodiscard]] GuardRecord* find(const void* pointer) noexcept;
  /// Of a block that lives or is quarantined, and to whose memory `address` belongs; or null.
  [[nodiscard]] GuardRecord* find_around(const void* address) noexcept;
  /// The last that was named so, or null.
  [[nodiscard]] GuardRecord* find_named(std::uint64_t id) noexcept;

  template <class Visit>
  void each(Visit visit) noexcept {
    for (std::size_t chunk = 0; chunk < chunk_count_; ++chunk) {
      const std::size_t used = chunk + 1 == chunk_count_ ? used_of_last_ : size_of(chunk);
      for (std::size_t i = 0; i < used; ++i) visit(chunks_[chunk] + i);
    }
  }

 private:
  static constexpr std::size_t most_chunks = 32;
  static constexpr std::size_t size_of(std::size_t chunk) noexcept { return std::size_t{64} << chunk; }
  [[nodiscard]] bool has_fresh() const noexcept {
    return chunk_count_ > 0 && used_of_last_ < size_of(chunk_count_ - 1);
  }

  std::array<GuardRecord*, most_chunks> chunks_{};
  std::size_t chunk_count_ = 0;
  std::size_t used_of_last_ = 0;  ///< Records of the last chunk that were ever used.
  GuardQueue freed_;
};

}  // namespace bufgc
