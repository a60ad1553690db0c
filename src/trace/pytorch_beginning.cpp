#include "trace/pytorch_beginning.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "bufgc/viz/range_map.hpp"

namespace bufgc::trace {
namespace {

using Action = PytorchSnapshot::Action;
using Entry = PytorchSnapshot::Entry;

/// Memory held.
class Held {
 public:
  void add(const Entry& part) {
    std::vector<std::pair<std::uint64_t, std::uint64_t>> missing;
    pieces_.uncovered(part.address, end_of(part),
                      [&](std::uint64_t begin, std::uint64_t end) { missing.emplace_back(begin, end); });
    for (const auto& [begin, end] : missing) pieces_.insert(begin, end, {});
  }
  void remove(const Entry& part) {
    const std::uint64_t end = end_of(part);
    for (const auto& piece : pieces_.take(part.address, end)) {
      if (piece.begin < part.address) pieces_.insert(piece.begin, part.address, {});
      if (end < piece.end) pieces_.insert(end, piece.end, {});
    }
  }
  [[nodiscard]] std::vector<Entry> entries() const {
    std::vector<Entry> all;
    for (const auto& piece : pieces_.pieces()) {
      Entry& entry = all.emplace_back();
      entry.action = Action::reserve;
      entry.address = piece.begin;
      entry.size_bytes = piece.end - piece.begin;
    }
    return all;
  }

 private:
  struct Nothing {};
  static std::uint64_t end_of(const Entry& part) {
    return RangeMap<Nothing>::end_of(part.address, part.size_bytes);
  }
  RangeMap<Nothing> pieces_;
};

}  // namespace

PytorchBeginning find_beginning(const PytorchSnapshot& snapshot, const std::vector<Entry*>& in_order) {
  PytorchBeginning beginning;
  Held held;
  for (const Entry& segment : snapshot.segments) held.add(segment);
  using Place = std::pair<std::uint32_t, std::uint64_t>;  // device, address
  std::map<Place, Entry> alive;
  for (const Entry& block : snapshot.blocks) alive[{block.device, block.address}] = block;

  for (auto entry = in_order.rbegin(); entry != in_order.rend(); ++entry) {
    Entry& event = **entry;
    const Place place{event.device, event.address};
    switch (event.action) {
      case Action::alloc: {
        const auto found = alive.find(place);
        if (found == alive.end()) {
          ++beginning.without_block;
          break;
        }
        event.capacity_bytes = std::max(event.size_bytes, found->second.capacity_bytes);
        alive.erase(found);
        break;
      }
      case Action::free_completed: {
        Entry buffer = event;
        buffer.action = Action::alloc;
        buffer.label = buffer.site = 0;  // those of the free
        const auto [found, fresh] = alive.insert_or_assign(place, buffer);
        if (!fresh) ++beginning.without_birth;
        break;
      }
      case Action::reserve:
        held.remove(event);
        break;
      case Action::release:
        held.add(event);
        break;
      default:
        break;
    }
  }
  for (const auto& [place, buffer] : alive) beginning.buffers.push_back(buffer);
  beginning.segments = held.entries();
  return beginning;
}

}  // namespace bufgc::trace
