#pragma once

// Private to the buffer room.

#include <cstddef>
#include <cstdint>

#include "bufgc/buffer/edge_set.hpp"

namespace bufgc {

struct BufferRecord;

/// What a collection thinks of a node.
enum class Mark : std::uint8_t {
  none = 0,     ///< Reachable, or not looked at.
  pending = 1,  ///< All its strong counts are links and views; nothing reachable was seen to hold it.
  doomed = 2,   ///< It dies; its links are let go soon.
  cut_off = 3,  ///< It dies, with all that it holds: its links go with it.
};

/// A record that has links, or that links or a linked view lead to. A collection of what lives reads
/// this and the record's first line, so it is small, and stands beside others.
struct LinkNode {
  static constexpr std::uint32_t none = ~std::uint32_t{0};

  BufferRecord* record = nullptr;  ///< Null while the node is free.
  EdgeSet edges;                   ///< The nodes that it is linked to.
  std::uint32_t held_by = 0;  ///< Links to it, and views of it that have a node: its explained strong count.
  std::uint32_t root = none;  ///< Of a view: the node of the buffer that it shows.
  std::uint32_t next = none;  ///< Of free nodes, of the collector's stack, and of the doomed.
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
  /// A doomed node goes, after the links of all that are doomed; one that is cut off with its own.
  void bury(LinkNode& node, std::uint32_t index) noexcept {
    node.edges.clear();
    free(node, index);
  }

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
      LinkNode* const nodes = chunks_[chunk].nodes;
      std::uint32_t left = chunks_[chunk].used;
      for (std::uint32_t i = 0; left != 0; ++i) {
        if (nodes[i].record == nullptr) continue;
        --left;
        if (!visit(nodes[i], chunk * chunk_size + i)) return;
      }
    }
  }
  /// The same for who reads each record too: has them fetched beforehand.
  template <class Visit>
  void each_with_record(Visit&& visit) const noexcept {
    constexpr std::uint32_t ahead = 16;
    each([&](LinkNode& node, std::uint32_t index) {
      const std::uint32_t later = index + ahead;
      if (later < chunk_count_ * chunk_size) __builtin_prefetch(at(later).record);
      return visit(node, index);
    });
  }

  /// Null when nodes, links and records agree, else what does not hold.
  [[nodiscard]] const char* check() const noexcept;

 private:
  static constexpr std::uint32_t chunk_size = 256;

  struct Chunk {
    LinkNode* nodes;
    std::uint32_t used;
  };

  [[nodiscard]] std::uint32_t find(const BufferRecord* record) const noexcept;
  [[nodiscard]] std::uint32_t find_or_add(BufferRecord* record) noexcept;
  [[nodiscard]] bool add_chunk() noexcept;
  void free(LinkNode& node, std::uint32_t index) noexcept {
    node.record = nullptr;
    node.held_by = 0;
    node.root = LinkNode::none;
    node.mark = Mark::none;
    node.next = free_;
    free_ = index;
    --chunks_[index / chunk_size].used;
    --used_;
  }
  void free_if_unused(std::uint32_t index) noexcept;
  void let_go(std::uint32_t index, std::uint32_t times) noexcept;

  Chunk* chunks_ = nullptr;
  std::uint32_t chunk_count_ = 0;
  std::uint32_t chunk_room_ = 0;
  std::uint32_t free_ = LinkNode::none;
  std::uint32_t used_ = 0;
  std::uint64_t links_ = 0;
};

}  // namespace bufgc
