#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "bufgc/viz/lifecycles.hpp"

namespace bufgc::timeline {

/// Which of the common phases a trace is in, and where each begins.
struct PhaseTrack {
  /// The trace's own phases in order, as numbers of common ones, ascending.
  std::vector<std::uint32_t> common;
  std::vector<std::uint32_t> first_event;  ///< Of each own phase: its mark; 0 of what stands before any.
  std::uint32_t events = 0;

  /// The own phase that an event belongs to, by its place in `common`; a mark begins its phase.
  [[nodiscard]] std::size_t own_at(std::uint32_t event) const noexcept;
};

/// The phases of two traces, laid against each other. A phase reaches from a mark to the next; where events
/// stand before the first mark, they are one too, without a name.
///
/// Phases of one name are paired in the order in which they come, as far as the order of both traces can be
/// kept: of the pairs, the longest run that rises in both (Schensted's, by patience) holds. The others are
/// phases of one trace only, those of the first trace before those of the second. O(n log n) of the marks.
struct CommonPhases {
  std::size_t count = 0;
  std::size_t shared = 0;  ///< That both have.
  PhaseTrack first;
  PhaseTrack second;
};
[[nodiscard]] CommonPhases common_phases(const Lifecycles& first, const Lifecycles& second);

/// Where a trace is when the axis of common phases stands at x: phase n is [n, n + 1), whatever it takes in
/// either trace. A phase that the trace lacks has no length in it.
[[nodiscard]] double event_in_phases(const PhaseTrack& track, double x) noexcept;

}  // namespace bufgc::timeline
