#include "bufgc/buffer/link_graph.hpp"

#include <cstdlib>
#include <memory>
#include <new>
#include <utility>

#include "bufgc/buffer/buffer_record.hpp"

namespace bufgc {

LinkGraph::~LinkGraph() {
  // Whoever had links let go of them at its end, and every buffer ends before its heap.
  slabs_.clear();
  std::free(static_cast<void*>(chunks_));
}

bool LinkGraph::add_chunk() noexcept {
  constexpr std::uint32_t most_chunks = EdgeSet::most_targets / chunk_size;
  if (chunk_count_ == most_chunks) return false;
  if (chunk_count_ == chunk_room_) {
    const std::uint32_t room = chunk_room_ == 0 ? 16 : chunk_room_ * 2;
    void* const grown = std::realloc(static_cast<void*>(chunks_), room * sizeof(Chunk));
    if (grown == nullptr) return false;
    chunks_ = static_cast<Chunk*>(grown);
    chunk_room_ = room;
  }
  void* const memory = slabs_.take(chunk_size * sizeof(LinkNode));
  if (memory == nullptr) return false;
  auto* const nodes = static_cast<LinkNode*>(memory);
  std::uninitialized_default_construct_n(nodes, chunk_size);
  chunks_[chunk_count_] = {nodes, 0, with_room_, {}, {}, LinkNode::none, LinkNode::none, false, {}, {}};
  with_room_ = chunk_count_++;
  return true;
}

std::uint32_t LinkGraph::take() noexcept {
  if (with_room_ == LinkNode::none && !add_chunk()) return LinkNode::none;
  const std::uint32_t at = with_room_;
  Chunk& chunk = chunks_[at];
  std::uint32_t word = 0;
  while (~chunk.in_use[word] == 0) ++word;
  const auto bit = static_cast<std::uint32_t>(__builtin_ctzll(~chunk.in_use[word]));
  chunk.in_use[word] |= std::uint64_t{1} << bit;
  if (++chunk.used == chunk_size) with_room_ = chunk.next_with_room;
  ++used_;
  return at * chunk_size + word * 64 + bit;
}

void LinkGraph::free(std::uint32_t chunk, std::uint32_t word, std::uint64_t bits) noexcept {
  const auto count = static_cast<std::uint32_t>(__builtin_popcountll(bits));
  Chunk& of = chunks_[chunk];
  of.in_use[word] &= ~bits;
  of.frozen[word] &= ~bits;
  if (const std::uint64_t noted = of.candidates[word] & bits; offers_automatic_collection && noted != 0) {
    of.candidates[word] ^= noted;
    candidates_ -= static_cast<std::uint32_t>(__builtin_popcountll(noted));
  }
  if (of.used == chunk_size) {
    of.next_with_room = with_room_;
    with_room_ = chunk;
  }
  of.used -= count;
  used_ -= count;
}

// What a record says of its node may be left from an earlier lifetime, also in another heap.
std::uint32_t LinkGraph::find(const BufferRecord* record) const noexcept {
  const std::uint32_t index = record->tail().node;
  return is_in_use(index) && at(index).record == record ? index : LinkNode::none;
}

std::uint32_t LinkGraph::find_or_add(BufferRecord* record) noexcept {
  if (const std::uint32_t index = find(record); index != LinkNode::none) return index;
  std::uint32_t root = LinkNode::none;
  if (record->root != record) {
    root = find_or_add(record->root);  // which is no view
    if (root == LinkNode::none) return root;
  }
  const std::uint32_t index = take();
  if (index == LinkNode::none) {
    if (root != LinkNode::none) free_if_unused(root);
    return index;
  }
  LinkNode& node = at(index);
  node = LinkNode{};
  node.record = record;
  node.root = root;
  if (root != LinkNode::none) ++at(root).held_by;
  record->tail().node = index;
  if (is_watching()) begin_watching(*record);
  return index;
}

std::uint64_t LinkGraph::begin_watching(BufferRecord& record) noexcept {
  return record.word.fetch_or(record_word::attentive | record_word::watched, std::memory_order_acq_rel);
}
void LinkGraph::end_watching(BufferRecord& record) noexcept {
  record.word.fetch_and(~(record_word::attentive | record_word::watched), std::memory_order_relaxed);
}

void LinkGraph::watch(bool to_watch) noexcept {
  if (to_watch == watching_) return;
  take_candidates([](const LinkNode&, std::uint32_t, std::uint64_t) {});
  watching_ = to_watch;
  each([to_watch](const LinkNode& node, std::uint32_t) {
    // Those that die have no reference left that could be let go.
    if (node.mark != Mark::none) return true;
    if (to_watch) {
      begin_watching(*node.record);
    } else {
      end_watching(*node.record);
    }
    return true;
  });
}

bool LinkGraph::note(const BufferRecord* record) noexcept {
  const std::uint32_t index = find(record);
  if (!is_watched(index)) return is_watching() && index != LinkNode::none;
  const LinkNode& node = at(index);
  const bool on_no_cycle = node.held_by == 0 || (node.edges.empty() && node.root == LinkNode::none);
  if (on_no_cycle) return false;
  const std::uint32_t in = index / chunk_size;
  Chunk& chunk = chunks_[in];
  if (!std::exchange(chunk.has_candidates, true)) {
    chunk.next_with_candidates = with_candidates_;
    with_candidates_ = in;
  }
  chunk.candidates[index % chunk_size / 64] |= std::uint64_t{1} << (index % 64);
  ++candidates_;
  end_watching(*node.record);
  return true;
}

std::uint64_t LinkGraph::freeze() noexcept {
  for (std::uint32_t chunk = 0; chunk < chunk_count_; ++chunk) chunks_[chunk].frozen = chunks_[chunk].in_use;
  return used_;
}

void LinkGraph::thaw() noexcept {
  for (std::uint32_t chunk = 0; chunk < chunk_count_; ++chunk) chunks_[chunk].frozen = {};
}

void LinkGraph::free_if_unused(std::uint32_t index) noexcept {
  LinkNode& node = at(index);
  if (!node.edges.empty() || node.held_by != 0 || node.mark == Mark::doomed) return;
  const std::uint32_t root = node.root;
  if (is_watching()) end_watching(*node.record);
  free(index);
  if (root != LinkNode::none) let_go(root, 1);
}

void LinkGraph::let_go(std::uint32_t index, std::uint32_t times) noexcept {
  at(index).held_by -= times;
  free_if_unused(index);
}

bool LinkGraph::link(BufferRecord* holder, BufferRecord* held) noexcept {
  const std::uint32_t from = find_or_add(holder);
  if (from == LinkNode::none) return false;
  const std::uint32_t to = find_or_add(held);
  if (to != LinkNode::none && at(from).edges.add(to)) {
    ++at(to).held_by;
    ++links_;
    return true;
  }
  if (to != LinkNode::none && to != from) free_if_unused(to);
  // It may have been the other's root, and have gone with it.
  if (find(holder) == from) free_if_unused(from);
  return false;
}

bool LinkGraph::unlink(BufferRecord* holder, BufferRecord* held) noexcept {
  const std::uint32_t from = find(holder);
  const std::uint32_t to = find(held);
  if (from == LinkNode::none || to == LinkNode::none || !at(from).edges.remove(to)) return false;
  --links_;
  let_go(to, 1);
  if (find(holder) == from) free_if_unused(from);
  return true;
}

std::size_t LinkGraph::take_links(const BufferRecord* record, LooseLinks* out, std::size_t room) noexcept {
  const std::uint32_t index = find(record);
  if (index == LinkNode::none) return 0;
  LinkNode& node = at(index);
  std::size_t count = 0;
  std::uint32_t target = 0;
  std::uint32_t times = 0;
  ++node.held_by;  // it stays while this goes on, also when what it held went
  while (count < room && node.edges.take(target, times)) {
    out[count++] = {at(target).record, times};
    links_ -= times;
    let_go(target, times);
  }
  if (node.edges.empty() && node.root != LinkNode::none) let_go(std::exchange(node.root, LinkNode::none), 1);
  let_go(index, 1);
  return count;
}

std::size_t LinkGraph::take_outside_links(LinkNode& node, LooseLinks* out, std::size_t room) noexcept {
  std::size_t count = 0;
  std::uint32_t target = 0;
  std::uint32_t times = 0;
  while (count < room && node.edges.take(target, times)) {
    links_ -= times;
    if (at(target).mark == Mark::doomed) continue;
    out[count++] = {at(target).record, times};
    let_go(target, times);
  }
  if (count < room && node.root != LinkNode::none) {
    // Forgotten in any case: the root may be buried before it.
    const std::uint32_t root = std::exchange(node.root, LinkNode::none);
    if (at(root).mark == Mark::doomed) return count;
    out[count++] = {at(root).record, 1};
    let_go(root, 1);
  }
  return count;
}

std::uint32_t LinkGraph::list_pending(Mark mark) noexcept {
  std::uint32_t first = LinkNode::none;
  each_pending([&](LinkNode& node, std::uint32_t index) {
    node.mark = mark;
    node.next = first;
    first = index;
  });
  for (; with_pending_ != LinkNode::none; with_pending_ = chunks_[with_pending_].next_with_pending) {
    chunks_[with_pending_].pending = {};
  }
  pending_is_cut_off_ = false;
  return first;
}

std::size_t LinkGraph::bury_pending(BufferRecord** records, std::size_t room) noexcept {
  std::size_t count = 0;
  while (words_to_bury_ != 0 && count < room) {
    const std::uint32_t chunk = (words_to_bury_ - 1) / words;
    const std::uint32_t word = (words_to_bury_ - 1) % words;
    const std::uint64_t pending = chunks_[chunk].pending[word];
    LinkNode* const nodes = &chunks_[chunk].nodes[std::size_t{word} * 64];
    std::uint64_t left = pending;
    while (left != 0 && count < room) {
      const auto bit = 63U - static_cast<std::uint32_t>(__builtin_clzll(left));
      left ^= std::uint64_t{1} << bit;
      BufferRecord* const record = nodes[bit].record;
      __builtin_prefetch(record);
      records[count++] = record;
      nodes[bit].edges.discard();
    }
    chunks_[chunk].pending[word] = left;
    if (left != pending) free(chunk, word, pending ^ left);
    if (left == 0) --words_to_bury_;
  }
  if (words_to_bury_ == 0) {
    pending_is_cut_off_ = false;
    with_pending_ = LinkNode::none;
  }
  return count;
}

std::uint64_t LinkGraph::drop_holds_on(const BufferRecord* record) noexcept {
  const std::uint32_t target = find(record);
  if (target == LinkNode::none || at(target).held_by == 0) return 0;
  std::uint64_t holds = 0;
  ++at(target).held_by;  // it stays while this goes on
  for (std::uint32_t index = 0; index < chunk_count_ * chunk_size; ++index) {
    if (!is_in_use(index) || is_pending(index)) continue;
    LinkNode& node = at(index);
    if (node.mark != Mark::none) continue;
    while (node.edges.remove(target)) {
      --links_;
      --at(target).held_by;
      ++holds;
    }
    if (node.root == target) {
      node.root = LinkNode::none;
      --at(target).held_by;
      ++holds;
    }
    if (index != target) free_if_unused(index);
  }
  let_go(target, 1);
  return holds;
}

template <class Require>
void LinkGraph::check_chunks(Require&& require) const noexcept {
  std::uint32_t used = 0;
  std::uint32_t with_room = 0;
  std::uint32_t with_candidates = 0;
  for (std::uint32_t i = 0; i < chunk_count_; ++i) {
    const Chunk& chunk = chunks_[i];
    int nodes = 0;
    bool any_candidate = false;
    for (std::uint32_t word = 0; word < words; ++word) {
      nodes += __builtin_popcountll(chunk.in_use[word]);
      any_candidate = any_candidate || chunk.candidates[word] != 0;
      const std::uint64_t noted = chunk.candidates[word] | chunk.frozen[word];
      require((noted & ~chunk.in_use[word]) == 0, "a node that is free is a candidate, or frozen");
    }
    require(chunk.used == static_cast<std::uint32_t>(nodes), "a chunk does not know how many nodes it has");
    require(chunk.has_candidates || !any_candidate, "a chunk does not know that it has candidates");
    used += chunk.used;
    if (chunk.used < chunk_size) ++with_room;
    if (chunk.has_candidates) ++with_candidates;
  }
  require(used == used_, "nodes is not the number of nodes");
  std::uint32_t next = with_room_;
  for (; next != LinkNode::none && with_room != 0; next = chunks_[next].next_with_room) --with_room;
  require(next == LinkNode::none && with_room == 0, "the list of chunks with room is not of those");
  next = with_candidates_;
  for (; next != LinkNode::none && with_candidates != 0; next = chunks_[next].next_with_candidates)
    --with_candidates;
  require(next == LinkNode::none && with_candidates == 0,
          "the list of chunks with candidates is not of those");
}

const char* LinkGraph::check() const noexcept {
  const std::size_t count = std::size_t{chunk_count_} * chunk_size;
  const std::unique_ptr<std::uint32_t[]> held_by(new (std::nothrow) std::uint32_t[count]());
  const char* wrong = nullptr;
  std::uint64_t links = 0;
  std::uint64_t cut_off_links = 0;
  std::uint32_t candidates = 0;
  const auto require = [&wrong](bool holds, const char* what) {
    if (!holds && wrong == nullptr) wrong = what;
  };
  each([&](const LinkNode& node, std::uint32_t index) {
    require(node.record->tail().node == index, "a record with links does not know its node");
    require(!is_pending(index) || pending_is_cut_off_, "a node is pending outside a collection");
    const bool cut_off = node.mark == Mark::cut_off || is_pending(index);
    const bool dies = node.mark == Mark::doomed || cut_off;
    if (has(&Chunk::candidates, index)) ++candidates;
    const std::uint64_t word = node.record->word.load(std::memory_order_relaxed);
    const bool lives =
        record_word::generation(word) == node.record->lifetime() && record_word::count(word) != 0;
    require(dies || !lives || ((word & record_word::watched) != 0) == is_watched(index),
            "a record with links is watched though it is a candidate, or is neither");
    require(dies || !node.edges.empty() || node.held_by != 0, "a record without links has a node");
    require(dies || record_word::count(node.record->word.load(std::memory_order_relaxed)) >= node.held_by,
            "a record is held less often than its links say");
    // What it links to may be gone before it.
    if (cut_off) {
      cut_off_links += node.edges.size();
      return true;
    }
    links += node.edges.size();
    const auto hold = [&](std::uint32_t target, std::uint32_t times) {
      require(is_in_use(target), "a link leads to no node");
      if (target < count && held_by != nullptr) held_by[target] += times;
    };
    node.edges.each(hold);
    if (node.root != LinkNode::none) hold(node.root, 1);
    return true;
  });
  require(candidates == candidates_, "the number of candidates is not how many there are");
  check_chunks(require);
  // Those are let go all at once, before their nodes are.
  require(links <= links_ && links_ <= links + cut_off_links, "edges is not the number of links");
  if (held_by != nullptr) {
    each([&](const LinkNode& node, std::uint32_t index) {
      // Links between the doomed go without being counted down.
      require(node.mark != Mark::none || is_pending(index) || node.held_by == held_by[index],
              "a node does not know how often it is held");
      return true;
    });
  }
  return wrong;
}

}  // namespace bufgc
