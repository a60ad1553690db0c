#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "bufgc/viz/lifecycles.hpp"
#include "timeline/levels.hpp"
#include "timeline/packing.hpp"
#include "timeline/places.hpp"

namespace bufgc::timeline {

/// Two buffers of which the second takes the place of the first in the plan, and stood elsewhere in the run.
struct ReusePair {
  std::uint32_t first = 0;
  std::uint32_t second = 0;
  std::uint64_t bytes = 0;  ///< That they have in common in the plan.
};

/// What could be saved if all lifetimes were known beforehand. Of blocks: owned buffers, rounded up as they
/// were.
struct Reuse {
  std::uint64_t actual_bytes = 0;   ///< The most that was reserved.
  std::uint64_t planned_bytes = 0;  ///< The height of a plan for the same lifetimes.
  std::uint64_t least_bytes = 0;    ///< The most that lived at once: no plan is lower.
  std::uint64_t saved_bytes = 0;    ///< Actual less planned; 0 where the plan is no lower.
  /// Most bytes first, then in order of the second's birth. Only of buffers whose addresses are known.
  std::vector<ReusePair> pairs;
  std::size_t all_pairs = 0;  ///< As many there are; only the first are listed.
};

/// Plans, and looks for pairs, in pieces of any size. Of up to `most_planned_rows` the plan is the planner's
/// first (`plan_offsets`); of more it is best fit in the order of events, which is made as they go by. The
/// answer is the same each time, whatever the pieces.
///
/// It is about the events that stood there when it was made, and valid while the lifecycles only grow.
/// O(n log n) in all.
class ReuseSearch {
 public:
  ReuseSearch(const Lifecycles& lifecycles, std::size_t most_pairs);

  /// Goes on by at most `events` events. True: it is done.
  bool advance(std::size_t events);
  /// How much of it is, from 0 to 1.
  [[nodiscard]] double share() const noexcept {
    return events_ == 0 ? 1 : static_cast<double>(next_event_) / static_cast<double>(events_);
  }

  /// Of a search that is done.
  [[nodiscard]] Reuse answer(const Levels& levels) const;

  /// The planner takes about as long for them as one picture does.
  static constexpr std::size_t most_planned_rows = 20'000;

 private:
  /// Who stood last at each offset of the plan.
  class Occupants {
   public:
    struct Before {
      std::uint32_t row;
      std::uint64_t bytes;
    };
    /// Puts a row there. Of those whose place it takes, the one with the most bytes in common.
    std::optional<Before> put(std::uint64_t offset, std::uint64_t size, std::uint32_t row);

   private:
    struct Piece {
      std::uint64_t end;
      std::uint32_t row;
    };
    std::map<std::uint64_t, Piece> pieces_;
  };

  [[nodiscard]] bool is_block(std::uint32_t row) const noexcept;
  void begin();
  void place(std::uint32_t row);
  void keep(const ReusePair& pair);

  const Lifecycles* lifecycles_;
  Places places_;
  std::size_t events_;
  std::uint32_t rows_;
  std::size_t most_pairs_;
  bool begun_ = false;
  bool planned_ = false;  ///< The planner was asked: its offsets stand there from the beginning.
  std::vector<std::uint64_t> offsets_;  ///< By row; without meaning where it is no block.
  BestFitRoom room_;                    ///< Otherwise.
  Occupants occupants_;
  std::size_t next_event_ = 0;
  std::uint32_t next_row_ = 0;
  std::uint64_t live_bytes_ = 0;
  Reuse reuse_;  ///< Its pairs are a heap, the last of them on top.
};

/// All at once.
[[nodiscard]] Reuse find_reuse(const Lifecycles& lifecycles, const Levels& levels, std::size_t most_pairs);

}  // namespace bufgc::timeline
