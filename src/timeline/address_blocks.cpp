#include "timeline/address_blocks.hpp"

#include "timeline/rows.hpp"

namespace bufgc::timeline {

AddressBlocks::AddressBlocks(const Lifecycles& lifecycles, const Places& places)
    : rows_((lifecycles.size() + length - 1) / length),
      events_((lifecycles.event_count() + length - 1) / length),
      views_(rows_.size()) {
  using Kind = Lifecycles::EventKind;
  for (std::size_t row = 0; row < lifecycles.size(); ++row) {
    if (is_view(lifecycles, row)) views_[row / length] = 1;
    if (lifecycles.address[row] != Lifecycles::no_address)
      rows_[row / length].add(lifecycles.address[row], 1);
  }
  for (std::size_t event = 0; event < lifecycles.event_count(); ++event) {
    const std::uint32_t index = lifecycles.event_row[event];
    Hull& hull = events_[event / length];
    const auto add = [&](std::uint64_t address, std::uint32_t row) {
      if (address != Lifecycles::no_address) hull.add(address, extent_bytes(lifecycles, row));
    };
    switch (lifecycles.event_kind[event]) {
      case Kind::alloc:
        add(lifecycles.address[index], index);
        break;
      case Kind::free:
        add(places.address(places.last_of(index)), index);
        break;
      case Kind::move:
        add(lifecycles.moves[index].to, lifecycles.moves[index].row);
        break;
      case Kind::release:
        hull.add(lifecycles.segments[index].address, lifecycles.segments[index].size_bytes);
        break;
      default:
        break;
    }
  }
}

}  // namespace bufgc::timeline
