#include "timeline/cached_blocks.hpp"

#include <iterator>
#include <map>

#include "timeline/rows.hpp"

namespace bufgc::timeline {
namespace {

/// What is in the cache now, by address.
class Cache {
 public:
  explicit Cache(CachedBlocks& blocks) : blocks_(blocks) {}

  void add(std::uint64_t address, std::uint64_t size, std::uint32_t box, std::uint32_t event) {
    take(address, size, event);
    waiting_[address] = {size, blocks_.size()};
    blocks_.box.push_back(box);
    blocks_.begin_event.push_back(event);
    blocks_.end_event.push_back(Lifecycles::none);
  }

  /// Ends the waiting of every block that meets the range.
  void take(std::uint64_t address, std::uint64_t size, std::uint32_t event) {
    auto block = waiting_.upper_bound(address);
    if (block != waiting_.begin()) {
      const auto before = std::prev(block);
      if (address - before->first < before->second.size) block = before;
    }
    while (block != waiting_.end() && (block->first <= address || block->first - address < size)) {
      blocks_.end_event[block->second.index] = event;
      block = waiting_.erase(block);
    }
  }

 private:
  struct Waiting {
    std::uint64_t size;
    std::size_t index;
  };
  std::map<std::uint64_t, Waiting> waiting_;
  CachedBlocks& blocks_;
};

}  // namespace

CachedBlocks find_cached_blocks(const Lifecycles& lifecycles, const Places& places) {
  using Kind = Lifecycles::EventKind;
  CachedBlocks blocks;
  Cache cache(blocks);
  const auto has_block = [&](std::uint32_t row) {
    return row < lifecycles.size() && is_owned(lifecycles, row) &&
           lifecycles.address[row] != Lifecycles::no_address && extent_bytes(lifecycles, row) != 0;
  };
  std::uint32_t step = 0;  // The first of moves that follow each other: all hold from there on.
  for (std::uint32_t event = 0; event < lifecycles.event_count(); ++event) {
    const std::uint32_t index = lifecycles.event_row[event];
    switch (lifecycles.event_kind[event]) {
      case Kind::alloc:
        if (has_block(index)) cache.take(lifecycles.address[index], extent_bytes(lifecycles, index), event);
        break;
      case Kind::free:
        if (has_block(index) && freed_to_cache(lifecycles, index)) {
          const std::uint32_t box = places.last_of(index);
          cache.add(places.address(box), extent_bytes(lifecycles, index), box, event);
        }
        break;
      case Kind::move:
        if (event == 0 || lifecycles.event_kind[event - 1] != Kind::move) step = event;
        if (index < lifecycles.moves.size() && has_block(lifecycles.moves[index].row)) {
          const Lifecycles::Move& move = lifecycles.moves[index];
          cache.take(move.to, extent_bytes(lifecycles, move.row), step);
        }
        break;
      case Kind::release:
        if (index < lifecycles.segments.size()) {
          const Lifecycles::SegmentLife& segment = lifecycles.segments[index];
          cache.take(segment.address, segment.size_bytes, event);
        }
        break;
      default:
        break;
    }
  }
  return blocks;
}

Spans cached_spans(const CachedBlocks& blocks, const EventClock& clock, Axis axis) {
  Spans spans;
  spans.start.resize(blocks.size());
  spans.end.resize(blocks.size());
  spans.box = blocks.box;
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    spans.start[i] = clock.position(axis, blocks.begin_event[i]);
    spans.end[i] = clock.position(axis, blocks.end_event[i]);
  }
  return spans;
}

}  // namespace bufgc::timeline
