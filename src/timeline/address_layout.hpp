#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "bufgc/viz/lifecycles.hpp"

namespace bufgc::timeline {

/// A strip of the vertical axis.
struct Strip {
  std::uint64_t y = 0;
  std::uint64_t height = 0;
};

/// The vertical axis: addresses in bytes, with every range in which no buffer ever was collapsed
/// to a thin gap, so that buffers fill the picture wherever the system put their segments. Above
/// them, behind a gap, stand rows without address in a packed placement.
///
/// Views have no place of their own (they would hide their base), nor have rows of no bytes.
class AddressLayout {
 public:
  AddressLayout() = default;
  explicit AddressLayout(const Lifecycles& lifecycles);

  /// y extent of the axis.
  [[nodiscard]] std::uint64_t height() const noexcept { return height_; }
  [[nodiscard]] bool has_addresses() const noexcept { return !spans_.empty(); }
  /// Where a row stands; height 0 when it has no place.
  [[nodiscard]] const std::vector<Strip>& strips() const noexcept { return strips_; }
  /// The same, a view at its base's place.
  [[nodiscard]] Strip place_of(const Lifecycles& lifecycles, std::uint32_t row) const noexcept;
  /// The address at y; nothing in a gap, in the packed part, or outside.
  [[nodiscard]] std::optional<std::uint64_t> address_at(double y) const noexcept;

 private:
  /// Addresses that some buffer had, without a break.
  struct AddressSpan {
    std::uint64_t first;
    std::uint64_t last;  ///< One past the end.
    std::uint64_t y;
  };
  void place_addresses(const Lifecycles& lifecycles, const std::vector<std::uint32_t>& rows);
  void place_packed(const Lifecycles& lifecycles, const std::vector<std::uint32_t>& rows);
  [[nodiscard]] std::uint64_t y_of(std::uint64_t address) const noexcept;

  std::vector<AddressSpan> spans_;
  std::vector<Strip> strips_;
  std::uint64_t height_ = 0;
};

}  // namespace bufgc::timeline
