#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "bufgc/viz/lifecycles.hpp"
#include "timeline/places.hpp"
#include "timeline/strips.hpp"

namespace bufgc::timeline {

/// Where a row stood from one event to another, `Lifecycles::none` being the end.
struct Stay {
  Strip strip;
  std::uint32_t begin_event = 0;
  std::uint32_t end_event = Lifecycles::none;
};

/// The vertical axis: addresses in bytes, with every range in which no buffer ever was collapsed
/// to a thin gap, so that buffers fill the picture wherever the system put their segments. Above
/// them, behind a gap, stand rows without address in a packed placement.
///
/// Views have no place of their own (they would hide their base), nor have rows of no bytes. Valid while
/// the lifecycles are.
class AddressLayout {
 public:
  explicit AddressLayout(const Lifecycles& lifecycles);
  /// Takes in what the lifecycles, of which nothing has changed, have grown by since: as if made anew, but
  /// where what is new stands among the addresses that were there, what stood before is not placed again.
  void extend(const Lifecycles& lifecycles);

  /// y extent of the axis.
  [[nodiscard]] std::uint64_t height() const noexcept { return height_; }
  [[nodiscard]] bool has_addresses() const noexcept { return !spans_.empty(); }
  /// The boxes that `strips` are of.
  [[nodiscard]] const Places& places() const noexcept { return places_; }
  /// Where each box stands; height 0 when its row has no place.
  [[nodiscard]] const Strips& strips() const noexcept { return strips_; }
  /// Where a row stood, in order of time, a view within its base; none when it has no place.
  [[nodiscard]] std::vector<Stay> stays_of(std::uint32_t row) const;
  /// The address at y; nothing in a gap, in the packed part, or outside.
  [[nodiscard]] std::optional<std::uint64_t> address_at(double y) const noexcept;

 private:
  /// Addresses that some buffer had, without a break.
  struct AddressSpan {
    std::uint64_t first;
    std::uint64_t last;  ///< One past the end.
    std::uint64_t y;
  };
  template <class Visit>
  void for_each_placed(bool addressed, Visit&& visit) const;
  [[nodiscard]] bool has_place(std::uint32_t row) const noexcept;
  /// False, with some of it done, where that changes more.
  [[nodiscard]] bool add_rows(std::uint32_t first);
  void find_spans();
  void place_addresses();
  void place_packed();
  [[nodiscard]] std::uint64_t end_address(std::uint32_t box) const noexcept;
  [[nodiscard]] std::uint64_t y_of(std::uint64_t address) const noexcept;

  const Lifecycles* lifecycles_;
  Places places_;
  std::vector<AddressSpan> spans_;
  Strips strips_;
  std::uint64_t height_ = 0;
};

}  // namespace bufgc::timeline
