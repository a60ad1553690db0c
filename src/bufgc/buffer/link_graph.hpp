#pragma once

// Private to the buffer room.

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "bufgc/buffer/edge_set.hpp"
#include "bufgc/buffer/offered.hpp"
#include "bufgc/memory/slabs.hpp"

namespace bufgc {

struct BufferRecord;

/// What a collection decided of a node.
enum class Mark : std::uint8_t {
  none = 0,     ///< Nothing yet, or that it lives.
  doomed = 1,   ///< It dies; its links are let go soon.
  cut_off = 2,  ///< It dies, with all that it holds: its links go with it.
};

/// A record that has links, or that links or a linked view lead to. A collection of what lives reads
/// this and the record's first line, so it is small, and stands beside others.
struct LinkNode {
  static constexpr std::uint32_t none = ~std::uint32_t{0};

  BufferRecord* record = nullptr;
  EdgeSet edges;              ///< The nodes that it is linked to.
  std::uint32_t held_by = 0;  ///< Links to it, and views of it that have a node: its explained strong count.
  std::uint32_t root = none;  ///< Of a view: the node of the buffer that it shows.
  std::uint32_t next = none;  ///< Of the collector's stack, and of the doomed.
  Mark mark = Mark::none;

  /// Links from it, and its hold on its root, less those that hold it.
  [[nodiscard]] std::int64_t balance() const noexcept {
    return static_cast<std::int64_t>(edges.size()) + (root != none ? 1 : 0) - std::int64_t{held_by};
  }
};
static_assert(sizeof(LinkNode) == 32);

/// A link that was taken out of the graph; its holder's strong references are still to be let go.
struct LooseLinks {
  BufferRecord* held;
  std::uint32_t times;
};

/// The links of a heap, apart from the records: dense, so that a collection streams through them, and
/// by numbers, so that it follows them without touching a record. Allocates only in `link`. Everything
/// under the heap's graph lock. Strong counts are the caller's.
///
/// Which nodes are in use, and which a collection finds pending, a bit each says apart from them: so a
/// collection knows the next ones before it has read those before, and what dies need not be written to.
/// Chunks with pending nodes, and those with candidates, stand in lists: a collection from candidates comes
/// to no other.
class LinkGraph {
 public:
  LinkGraph() noexcept = default;
  LinkGraph(const LinkGraph&) = delete;
  LinkGraph& operator=(const LinkGraph&) = delete;
  ~LinkGraph();

  /// False when there is no memory for it.
  [[nodiscard]] bool link(BufferRecord* holder, BufferRecord* held) noexcept;
  /// False when there is no such link.
  [[nodiscard]] bool unlink(BufferRecord* holder, BufferRecord* held) noexcept;
  /// Takes links of a record whose lifetime has ended out of the graph, `room` targets at most; fewer
  /// means that none is left. The hold of a view on its root goes with the last one, untold.
  [[nodiscard]] std::size_t take_links(const BufferRecord* record, LooseLinks* out,
                                       std::size_t room) noexcept;
  /// The same for a doomed node, without the links to others that are doomed: those need not be let go
  /// one by one. The hold of a view on its root is told as a link is. The node stays until `bury`.
  [[nodiscard]] std::size_t take_outside_links(LinkNode& node, LooseLinks* out, std::size_t room) noexcept;
  /// Takes out every link to `record`, and every hold of a view on it, whose references are gone already.
  /// Returns how many. Looks at all nodes: for what must not happen.
  [[nodiscard]] std::uint64_t drop_holds_on(const BufferRecord* record) noexcept;
  /// So many links, which nodes that are cut off still have, are counted no more.
  void let_go_cut_off(std::uint64_t links) noexcept { links_ -= links; }
  // A candidate is a node whose record was let go of while others still held it, since the collection
  // before: dead cycles are found from these. Watched are the records of all other nodes, while watching.
  /// From here on records are watched or not: those of all nodes, and of those to come.
  void watch(bool to_watch) noexcept;
  /// Makes the node of a record that lives a candidate, if it has one through which a cycle may lead, while
  /// watching. Whether it is one now.
  [[nodiscard]] bool note(const BufferRecord* record) noexcept;
  [[nodiscard]] std::uint32_t candidates() const noexcept { return candidates_; }
  [[nodiscard]] bool is_watched(std::uint32_t index) const noexcept {
    return is_watching() && is_in_use(index) && !has(&Chunk::candidates, index);
  }
  [[nodiscard]] bool is_watched(const BufferRecord* record) const noexcept {
    return is_watched(find(record));
  }
  /// Calls `visit(node, index, word)` for every candidate with its record's word, in any order. It is none,
  /// and watched, from the moment on at which the word was as told.
  template <class Visit>
  void take_candidates(Visit&& visit) noexcept {
    for (; with_candidates_ != LinkNode::none;
         with_candidates_ = chunks_[with_candidates_].next_with_candidates) {
      Chunk& chunk = chunks_[with_candidates_];
      chunk.has_candidates = false;
      for (std::uint32_t word = 0; word < words; ++word) {
        each_bit(std::exchange(chunk.candidates[word], 0), [&](std::uint32_t bit) {
          const std::uint32_t index = with_candidates_ * chunk_size + word * 64 + bit;
          visit(at(index), index, begin_watching(*at(index).record));
          return true;
        });
      }
    }
    candidates_ = 0;
  }
  /// Those in use now count as alive, unseen, until `thaw` or their own end. Returns how many there are.
  std::uint64_t freeze() noexcept;
  void thaw() noexcept;
  [[nodiscard]] bool is_frozen(std::uint32_t index) const noexcept {
    return offers_automatic_collection && has(&Chunk::frozen, index);
  }

  /// A doomed node goes, after the links of all that are doomed; one that is cut off with its own.
  void bury(LinkNode& node, std::uint32_t index) noexcept {
    node.edges.discard();
    free(index);
  }

  // Pending is a node all of whose strong counts are links and views, while nothing reachable was seen to
  // hold it.
  /// Makes those of all nodes that are not frozen pending of which `decide(node)` says so, after it had their
  /// records fetched. None is before.
  template <class Decide>
  void choose_pending(Decide&& decide) noexcept {
    constexpr std::uint32_t ahead = 64;
    std::uint32_t* end = &with_pending_;
    for (std::uint32_t chunk = 0; chunk < chunk_count_; ++chunk) {
      std::uint64_t any = 0;
      for (std::uint32_t word = 0; word < words; ++word) {
        const std::uint32_t first = chunk * chunk_size + word * 64;
        std::uint64_t pending = 0;
        each_bit(chunks_[chunk].in_use[word] & ~chunks_[chunk].frozen[word], [&](std::uint32_t bit) {
          const std::uint32_t later = first + bit + ahead;
          if (later < chunk_count_ * chunk_size) __builtin_prefetch(at(later).record);
          if (decide(at(first + bit))) pending |= std::uint64_t{1} << bit;
          return true;
        });
        chunks_[chunk].pending[word] = pending;
        any |= pending;
      }
      if (any == 0) continue;
      *end = chunk;
      end = &chunks_[chunk].next_with_pending;
    }
    *end = LinkNode::none;
  }
  /// The same for one node that is not, where `choose_pending` was not called. None ceases to be before the
  /// last was made so.
  void make_pending(std::uint32_t index) noexcept {
    const std::uint32_t chunk = index / chunk_size;
    auto& pending = chunks_[chunk].pending;
    if ((pending[0] | pending[1] | pending[2] | pending[3]) == 0) {
      chunks_[chunk].next_with_pending = with_pending_;
      with_pending_ = chunk;
    }
    pending[index % chunk_size / 64] |= std::uint64_t{1} << (index % 64);
  }
  [[nodiscard]] bool is_pending(std::uint32_t index) const noexcept { return has(&Chunk::pending, index); }
  void clear_pending(std::uint32_t index) noexcept {
    chunks_[index / chunk_size].pending[index % chunk_size / 64] &= ~(std::uint64_t{1} << (index % 64));
  }
  /// Calls `visit(node, index)` for every pending node; it may clear that.
  template <class Visit>
  void each_pending(Visit&& visit) const noexcept {
    for (std::uint32_t chunk = with_pending_; chunk != LinkNode::none;
         chunk = chunks_[chunk].next_with_pending) {
      for (std::uint32_t word = 0; word < words; ++word) {
        each_bit(chunks_[chunk].pending[word], [&](std::uint32_t bit) {
          const std::uint32_t index = chunk * chunk_size + word * 64 + bit;
          visit(at(index), index);
          return true;
        });
      }
    }
  }
  /// Gives all that are pending `mark` and lists them through `LinkNode::next`, the highest first, of which
  /// it tells the index. None is pending then.
  [[nodiscard]] std::uint32_t list_pending(Mark mark) noexcept;
  /// From here on all that are pending count as cut off, until the last one is buried or listed.
  void cut_off_pending() noexcept {
    pending_is_cut_off_ = true;
    words_to_bury_ = chunk_count_ * words;
  }
  /// Buries pending nodes, all cut off: the highest first, `room` at most, of which it tells the records. At
  /// the end it tells fewer.
  [[nodiscard]] std::size_t bury_pending(BufferRecord** records, std::size_t room) noexcept;

  /// All links; also read without the lock.
  [[nodiscard]] std::uint64_t links() const noexcept { return links_; }
  [[nodiscard]] LinkNode& at(std::uint32_t index) const noexcept {
    return chunks_[index / chunk_size].nodes[index % chunk_size];
  }
  [[nodiscard]] std::uint32_t nodes() const noexcept { return used_; }
  /// Calls `visit(node, index)` for every node in use, in a fixed order, until it says false. No node may
  /// come or go meanwhile.
  template <class Visit>
  void each(Visit&& visit) const noexcept {
    for (std::uint32_t chunk = 0; chunk < chunk_count_; ++chunk) {
      for (std::uint32_t word = 0; word < words; ++word) {
        const std::uint32_t first = chunk * chunk_size + word * 64;
        const bool to_go_on = each_bit(chunks_[chunk].in_use[word], [&](std::uint32_t bit) {
          return visit(at(first + bit), first + bit);
        });
        if (!to_go_on) return;
      }
    }
  }

  /// Null when nodes, links and records agree, else what does not hold.
  [[nodiscard]] const char* check() const noexcept;

 private:
  static constexpr std::uint32_t chunk_size = 256;
  static constexpr std::uint32_t words = chunk_size / 64;

  struct Chunk {
    LinkNode* nodes;
    std::uint32_t used;            ///< So many nodes.
    std::uint32_t next_with_room;  ///< While there are fewer of those than nodes.
    std::array<std::uint64_t, words> in_use;
    std::array<std::uint64_t, words> pending;
    std::uint32_t next_with_pending;     ///< While some of its nodes have been pending in this collection.
    std::uint32_t next_with_candidates;  ///< While `has_candidates`.
    bool has_candidates;                 ///< Or had.
    std::array<std::uint64_t, words> candidates;
    std::array<std::uint64_t, words> frozen;
  };

  /// Calls `visit(bit)` for every bit set, the lowest first, until it says false; then says so too.
  template <class Visit>
  static bool each_bit(std::uint64_t bits, Visit&& visit) noexcept {
    for (; bits != 0; bits &= bits - 1) {
      if (!visit(static_cast<std::uint32_t>(__builtin_ctzll(bits)))) return false;
    }
    return true;
  }
  [[nodiscard]] bool has(std::array<std::uint64_t, words> Chunk::*bits, std::uint32_t index) const noexcept {
    return ((chunks_[index / chunk_size].*bits)[index % chunk_size / 64] >> (index % 64) & 1U) != 0;
  }
  [[nodiscard]] bool is_in_use(std::uint32_t index) const noexcept {
    return index < chunk_count_ * chunk_size && has(&Chunk::in_use, index);
  }
  [[nodiscard]] bool is_watching() const noexcept { return offers_automatic_collection && watching_; }
  /// What the record's word was before.
  static std::uint64_t begin_watching(BufferRecord& record) noexcept;
  static void end_watching(BufferRecord& record) noexcept;

  template <class Require>
  void check_chunks(Require&& require) const noexcept;
  [[nodiscard]] std::uint32_t find(const BufferRecord* record) const noexcept;
  [[nodiscard]] std::uint32_t find_or_add(BufferRecord* record) noexcept;
  [[nodiscard]] bool add_chunk() noexcept;
  /// A node, the lowest of a chunk that has room; `LinkNode::none` when there is no memory.
  [[nodiscard]] std::uint32_t take() noexcept;
  void free(std::uint32_t index) noexcept {
    free(index / chunk_size, index % chunk_size / 64, std::uint64_t{1} << (index % 64));
  }
  void free(std::uint32_t chunk, std::uint32_t word, std::uint64_t bits) noexcept;
  void free_if_unused(std::uint32_t index) noexcept;
  void let_go(std::uint32_t index, std::uint32_t times) noexcept;

  Slabs slabs_;  ///< Of the nodes.
  Chunk* chunks_ = nullptr;
  std::uint32_t chunk_count_ = 0;
  std::uint32_t chunk_room_ = 0;
  std::uint32_t with_room_ = LinkNode::none;        ///< Chunks, through `Chunk::next_with_room`.
  std::uint32_t with_pending_ = LinkNode::none;     ///< Chunks, through `Chunk::next_with_pending`.
  std::uint32_t with_candidates_ = LinkNode::none;  ///< Chunks, through `Chunk::next_with_candidates`.
  std::uint32_t candidates_ = 0;
  bool watching_ = false;
  std::uint32_t used_ = 0;
  std::uint64_t links_ = 0;
  bool pending_is_cut_off_ = false;
  std::uint32_t words_to_bury_ = 0;  ///< While it is: none is pending from there on.
};

}  // namespace bufgc
