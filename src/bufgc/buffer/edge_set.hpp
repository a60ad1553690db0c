#pragma once

// Private to the buffer room.

#include <cstddef>
#include <cstdint>

namespace bufgc {

/// The nodes that one node of a `LinkGraph` holds, with how often. One word; up to two links need no
/// memory beside it. More stand in a table of its own: in order of linking while that is small, hashed
/// beyond, so that any link is found at once among very many. The table shrinks as it empties. Not
/// thread-safe; the owner calls `clear` in the end.
class EdgeSet {
 public:
  /// Targets are below this.
  static constexpr std::uint32_t most_targets = 0x7fffffffU;

  [[nodiscard]] bool empty() const noexcept { return word_ == 0; }
  /// Links, each as often as it was added.
  [[nodiscard]] std::uint64_t size() const noexcept {
    if (word_ == 0) return 0;
    if (is_table()) return table()->links;
    return second() == none ? 1 : 2;
  }

  /// One more link to `target`; false when there is no memory for it.
  [[nodiscard]] bool add(std::uint32_t target) noexcept;
  /// One link to `target` less; false when there is none.
  [[nodiscard]] bool remove(std::uint32_t target) noexcept;
  /// Takes all links to some target out; false when there are none left. After the first call nothing
  /// may be added or removed before the set is empty.
  [[nodiscard]] bool take(std::uint32_t& target, std::uint32_t& times) noexcept;
  void clear() noexcept {
    discard();
    word_ = 0;
  }
  /// The same for who does not look at it again.
  void discard() noexcept {
    if (is_table()) free_table();
  }

  /// Calls `visit(target, times)` for every target.
  template <class Visit>
  void each(Visit&& visit) const noexcept {
    if (word_ == 0) return;
    if (!is_table()) {
      visit(first(), 1U);
      if (second() != none) visit(second(), 1U);
      return;
    }
    const Table& many = *table();
    const Entry* const entries = many.entries();
    for (std::uint32_t i = many.begin; i < many.capacity; ++i) {
      if (entries[i].times != 0) visit(entries[i].target, entries[i].times);
    }
  }

 private:
  static constexpr std::uint32_t none = ~std::uint32_t{0};

  struct Entry {
    std::uint32_t target;
    std::uint32_t times;  ///< 0: the entry is free.
  };
  /// Open addressing; entries without an order are sought from where their target hashes to, those of a
  /// small table all from the first on, and stand in order. The entries follow it in memory.
  struct Table {
    std::uint32_t capacity;  ///< A power of two.
    std::uint32_t used;      ///< Entries that are not free.
    std::uint32_t begin;     ///< Entries before it were taken.
    std::uint32_t unused;
    std::uint64_t links;

    [[nodiscard]] Entry* entries() noexcept { return reinterpret_cast<Entry*>(this + 1); }
    [[nodiscard]] const Entry* entries() const noexcept { return reinterpret_cast<const Entry*>(this + 1); }
    [[nodiscard]] std::uint32_t home(std::uint32_t target) const noexcept;
    /// The entry of `target`, else the free one where it belongs.
    [[nodiscard]] std::uint32_t find(std::uint32_t target) const noexcept;
    void erase(std::uint32_t at) noexcept;
  };

  // The word: 0, or the address of a table and 1, or one or two targets, each plus 1 (0 is none): the
  // first, doubled, in the low half, the second in the high one.
  [[nodiscard]] bool is_table() const noexcept { return (word_ & 1U) != 0; }
  [[nodiscard]] Table* table() const noexcept {
    // NOLINTNEXTLINE(performance-no-int-to-ptr): the word is an address or numbers.
    return reinterpret_cast<Table*>(static_cast<std::uintptr_t>(word_ - 1));
  }
  [[nodiscard]] std::uint32_t first() const noexcept { return (static_cast<std::uint32_t>(word_) >> 1U) - 1; }
  [[nodiscard]] std::uint32_t second() const noexcept { return static_cast<std::uint32_t>(word_ >> 32U) - 1; }
  void set_few(std::uint32_t first, std::uint32_t second) noexcept {
    word_ = (std::uint64_t{first + 1} << 1U) | (std::uint64_t{second + 1} << 32U);
  }
  [[nodiscard]] static Table* make(std::uint32_t capacity) noexcept;
  [[nodiscard]] bool resize(std::uint32_t capacity) noexcept;
  void free_table() noexcept;

  std::uint64_t word_ = 0;
};

}  // namespace bufgc
