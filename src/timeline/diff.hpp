#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bufgc/viz/lifecycles.hpp"
#include "timeline/axis.hpp"
#include "timeline/grouping.hpp"
#include "timeline/levels.hpp"
#include "timeline/phases.hpp"

namespace bufgc::timeline {

/// By what two traces are laid against each other. event: by event number, from the first event on. time: by
/// nanoseconds from the first event. phase: by marks; events are counted from the beginning of a phase, and
/// only lifetimes of the same phase are matched.
enum class Align : std::uint8_t { event = 0, time = 1, phase = 2 };

/// One of the two. Refers to what must outlive it.
struct DiffTrace {
  const Lifecycles& lifecycles;
  const Levels& levels;
};

// What a trace comes to in a diff. Names and values of `Summary`, where that has them.
#define BUFGC_DIFF_TOTALS(X)                            \
  X(events)                                             \
  X(buffers) /* allocations of every kind */            \
  X(frees)                                              \
  X(total_allocated_bytes)                              \
  X(max_live_bytes)                                     \
  X(max_live_buffers)                                   \
  X(max_reserved_bytes)                                 \
  X(cache_hits) /* allocations that the cache served */ \
  X(alive_at_end_buffers)                               \
  X(alive_at_end_bytes)

struct DiffTotals {
#define BUFGC_X(name) std::uint64_t name = 0;
  BUFGC_DIFF_TOTALS(BUFGC_X)
#undef BUFGC_X
  bool operator==(const DiffTotals&) const = default;
};

/// Two matched lifetimes that differ.
struct DiffPair {
  // What differs; several may. Ends differ where one was released and the other not, or where both files tell
  // causes and these differ. Lifetimes are compared where both were released, in events, by time in ns.
  static constexpr std::uint8_t size = 1;
  static constexpr std::uint8_t dtype = 2;
  static constexpr std::uint8_t end = 4;
  static constexpr std::uint8_t lifetime = 8;

  std::uint32_t first = 0;
  std::uint32_t second = 0;
  std::uint8_t changes = 0;
};

/// "size", "dtype", "end", "lifetime", as far as they changed.
[[nodiscard]] std::vector<std::string_view> change_names(std::uint8_t changes);

struct DiffCounts {
  std::uint64_t same = 0;     ///< Matched, alike and born at the same place of the alignment.
  std::uint64_t shifted = 0;  ///< Matched and alike, but born elsewhere.
  std::uint64_t changed = 0;  ///< Matched and different; of these the next ones, of which several may hold:
  std::uint64_t size_changed = 0;
  std::uint64_t dtype_changed = 0;
  std::uint64_t end_changed = 0;
  std::uint64_t lifetime_changed = 0;
  std::uint64_t only_first_buffers = 0;
  std::uint64_t only_first_bytes = 0;
  std::uint64_t only_second_buffers = 0;
  std::uint64_t only_second_bytes = 0;
};

struct Diff {
  Align align = Align::event;
  DiffTotals first;
  DiffTotals second;
  DiffCounts counts;
  /// Sizes and types that changed first, by bytes; then ends, by bytes; then lifetimes, by how much; equals
  /// in order of birth.
  std::vector<DiffPair> changed;
  /// Most bytes first, then in order of birth.
  std::vector<std::uint32_t> only_first;
  std::vector<std::uint32_t> only_second;
  CommonPhases phases;  ///< Aligned by phase; else none.
  /// The same totals, and each lifetime matched by one that is alike and born at the same place. By event no
  /// clock is looked at: a program that runs the same way twice is equal at any speed.
  bool equal = false;
};

/// O(n log n) of rows and marks; some 40 bytes a row.
[[nodiscard]] Diff compare(const DiffTrace& first, const DiffTrace& second, Align align);

/// How long a row lived, as a diff compares it: events, or ns by time.
[[nodiscard]] std::uint64_t diff_lifetime(const Lifecycles& lifecycles, std::uint32_t row,
                                          Align align) noexcept;

/// What a group comes to in one of two traces.
struct DiffGroupSide {
  std::uint64_t buffers = 0;
  std::uint64_t bytes = 0;       ///< Allocated in total; views and external buffers hold none.
  std::uint64_t peak_bytes = 0;  ///< Of it that lived at the peak of its trace.
  std::uint64_t alive_buffers = 0;
  std::uint64_t alive_bytes = 0;
  std::uint64_t unmatched = 0;  ///< Buffers that the other trace lacks.
};
struct DiffGroup {
  std::string name;  ///< Empty where the traces do not say.
  DiffGroupSide first;
  DiffGroupSide second;
  std::uint64_t changed = 0;  ///< Pairs that differ, by the group of the first.
};

/// Groups that one trace lacks first; among them and the others, the largest difference of bytes first, then
/// of bytes at the peak, of bytes alive at the end, of buffers, and then most changed.
[[nodiscard]] std::vector<DiffGroup> diff_groups(const DiffTrace& first, const DiffTrace& second,
                                                 const Diff& diff, GroupBy by);

/// The levels of two traces on one axis: of each column the highest.
struct DiffLevels {
  std::vector<double> x;  ///< Left edges: events, ns, or phases.
  std::vector<double> first_live;
  std::vector<double> first_reserved;
  std::vector<double> second_live;
  std::vector<double> second_reserved;
};

/// How far a trace reaches on the axis of an alignment: its events, its duration in ns, or the end of its
/// last phase. `track` is the trace's own of `Diff::phases`.
[[nodiscard]] double diff_extent(const DiffTrace& trace, const PhaseTrack& track, Align align) noexcept;
/// Cuts that axis into columns. What lies beyond the end of a trace is zero there.
[[nodiscard]] DiffLevels diff_levels(const DiffTrace& first, const DiffTrace& second, const Diff& diff,
                                     const Columns& columns);

}  // namespace bufgc::timeline
