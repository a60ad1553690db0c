#pragma once

// Private to the stack's picture.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace bufgc::timeline {

/// One buffer of the stack.
struct StackSlice {
  double bytes = 0;  ///< 0: it is gone.
  std::uint32_t row = 0;
  std::uint8_t shade = 0;  ///< Of the picture's shades.
  bool edged = false;      ///< It is alive at the end and matches the filter.
};

/// The live buffers of one moment in order of birth, to be carried on from moment to moment. Births go on
/// top; a release leaves its slot empty until half of them are. Over the slots stands a tree of sums: bytes,
/// and bytes times each part of their shade. So a change costs O(log live), and what lies within one pixel is
/// read in one step, however many buffers that is. Sums of whole numbers below 2^53 are exact.
class LiveStack {
 public:
  /// Red, green, blue and coverage.
  using Parts = std::array<double, 4>;
  /// Sums over some slots.
  struct Sum {
    double bytes = 0;
    Parts shade{};  ///< Times bytes.
  };
  /// By `StackSlice::shade`.
  using Shades = std::vector<Parts>;

  explicit LiveStack(const Shades& shades) : shades_(shades) {}

  /// The stack of a moment, in order of birth.
  void assign(std::vector<StackSlice> slices) {
    slices_ = std::move(slices);
    build();
  }

  /// On top of all that is there.
  void push(const StackSlice& slice) {
    if (slices_.size() == capacity_) {
      std::erase_if(slices_, [](const StackSlice& other) { return other.bytes == 0; });
      build();
    }
    rows_.push_back(slice.row);
    slices_.push_back(slice);
    change(slices_.size() - 1, slice.bytes);
  }

  /// Takes a row out, if it stands here.
  void remove(std::uint32_t row) {
    if (rows_.empty()) return;
    // Without a branch: which half it is in cannot be foretold.
    const std::uint32_t* first = rows_.data();
    for (std::size_t rest = rows_.size(); rest > 1;) {
      const std::size_t half = rest / 2;
      first += half * static_cast<std::size_t>(first[half - 1] < row);
      rest -= half;
    }
    const auto slot = static_cast<std::size_t>(first - rows_.data());
    if (*first != row || slices_[slot].bytes == 0) return;
    change(slot, -slices_[slot].bytes);
    slices_[slot].bytes = 0;
  }

  /// From the lowest upwards: `takes(y, sum)` says whether a group that begins at y is done with as a whole;
  /// of one that is not, `slice(y, StackSlice)` gets each slot. To ask there whether a slot is empty would
  /// cost more than to add nothing.
  template <class Takes, class Slice>
  void visit(Takes&& takes, Slice&& slice) const {
    if (storeys_.empty()) return;
    double y = 0;
    for (std::size_t entry = 0; entry < storeys_.back().size(); ++entry) {
      walk(storeys_.size() - 1, entry, y, takes, slice);
    }
  }

 private:
  static constexpr std::size_t fan = 8;

  template <class Takes, class Slice>
  void walk(std::size_t storey, std::size_t entry, double& y, Takes& takes, Slice& slice) const {
    const Sum& sum = storeys_[storey][entry];
    if (sum.bytes == 0) return;
    if (takes(y, sum)) {
      y += sum.bytes;
      return;
    }
    const std::size_t below = storey == 0 ? slices_.size() : storeys_[storey - 1].size();
    const std::size_t last = std::min(below, (entry + 1) * fan);
    for (std::size_t child = entry * fan; child < last; ++child) {
      if (storey > 0) {
        walk(storey - 1, child, y, takes, slice);
      } else {
        slice(y, slices_[child]);
        y += slices_[child].bytes;
      }
    }
  }

  [[nodiscard]] Sum sum_of(const StackSlice& slice, double bytes) const noexcept {
    Sum sum{bytes, shades_[slice.shade]};
    for (double& part : sum.shade) part *= bytes;
    return sum;
  }
  static void add(Sum& to, const Sum& more) noexcept {
    to.bytes += more.bytes;
    for (std::size_t part = 0; part < to.shade.size(); ++part) to.shade[part] += more.shade[part];
  }
  void change(std::size_t slot, double bytes) noexcept {
    const Sum more = sum_of(slices_[slot], bytes);
    for (std::vector<Sum>& storey : storeys_) add(storey[slot /= fan], more);
  }

  /// The sums, from the slots upwards, and room for as many slots again.
  void build() {
    capacity_ = std::max(least_capacity, 2 * slices_.size());
    rows_.resize(slices_.size());
    storeys_.clear();
    for (std::size_t below = capacity_; below > fan; below = storeys_.back().size()) {
      storeys_.emplace_back((below + fan - 1) / fan);
    }
    for (std::size_t slot = 0; slot < slices_.size(); ++slot) {
      rows_[slot] = slices_[slot].row;
      add(storeys_.front()[slot / fan], sum_of(slices_[slot], slices_[slot].bytes));
    }
    for (std::size_t storey = 1; storey < storeys_.size(); ++storey) {
      for (std::size_t entry = 0; entry < storeys_[storey - 1].size(); ++entry) {
        add(storeys_[storey][entry / fan], storeys_[storey - 1][entry]);
      }
    }
  }

  static constexpr std::size_t least_capacity = 256;
  const Shades& shades_;
  std::vector<std::uint32_t> rows_;  ///< Of each slot, rising: where a row is looked for.
  std::vector<StackSlice> slices_;
  std::vector<std::vector<Sum>> storeys_;
  std::size_t capacity_ = 0;  ///< Slots until gaps are closed or the room doubles.
};

}  // namespace bufgc::timeline
