#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bufgc/viz/lifecycles.hpp"
#include "timeline/color.hpp"

namespace bufgc::timeline {

/// The property by which rows are put together.
enum class GroupBy : std::uint8_t {
  label = 0,
  dtype = 1,
  size = 2,
  state = 3,
  site = 4,
  cause = 5,
  lifetime = 6
};

/// Sites by their names: stacks that lead to one frame of the user's are one group.
struct SiteNames {
  StringTable names;
  std::vector<std::uint32_t> of_row;  ///< Numbers of names.
};
[[nodiscard]] SiteNames site_names(const Lifecycles& lifecycles);

/// Which group each row belongs to, as a number below `groups`. Size classes are powers of two; classes of
/// lifetime are powers of ten, in events, what is alive having lived to the end of the log. Names are read in
/// place: valid while the lifecycles are as they were.
struct Grouping {
  std::size_t groups = 0;
  const NarrowColumn<std::uint32_t>* names = nullptr;
  std::vector<std::uint32_t> classes;  ///< Instead of names.
  [[nodiscard]] std::uint32_t of(std::size_t row) const noexcept {
    return names == nullptr ? classes[row] : (*names)[row];
  }
};
[[nodiscard]] Grouping group_of_rows(const Lifecycles& lifecycles, GroupBy by);

/// The name of group `index`, of which `some_row` is a member; empty where the trace does not say. What
/// is alive is named "alive at end" in a closed trace, "alive now" in an open one.
[[nodiscard]] std::string group_name(const Lifecycles& lifecycles, GroupBy by, std::size_t index,
                                     std::size_t some_row, TraceEnd end = TraceEnd::closed);

/// Whether the groups have an order of their own: those of size and lifetime.
[[nodiscard]] constexpr bool is_ordered(GroupBy by) noexcept {
  return by == GroupBy::size || by == GroupBy::lifetime;
}

/// What a picture is coloured by that shows these groups; nothing where no picture does.
[[nodiscard]] std::optional<ColorBy> coloring_of(GroupBy by) noexcept;

}  // namespace bufgc::timeline
