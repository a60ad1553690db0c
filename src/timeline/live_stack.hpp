#pragma once

// Private to the stack's picture.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace bufgc::timeline {

/// One buffer of the stack.
struct StackSlice {
  double bytes = 0;
  std::uint32_t end = 0;   ///< The event with which it goes.
  std::uint8_t shade = 0;  ///< Of the picture's shades.
  bool edged = false;      ///< It is alive at the end and matches the filter.
};

/// The live buffers in order of birth, looked at from moment to moment, each later than the one before. Over
/// the slices stands a tree of sums: bytes, and bytes times each part of their shade; so what lies within one
/// pixel is read in one step, however many buffers that is. A sum knows until when it holds, and is counted
/// anew when it is met after that: no release is looked for, and their order does not matter. A look costs
/// O(what changed since the last + pixels × log live). Sums of whole numbers below 2^53 are exact.
///
/// Where most sums would have to be counted anew, the slices themselves are read more quickly: `sweep`.
class LiveStack {
 public:
  /// Red, green, blue and coverage.
  using Parts = std::array<double, 4>;
  /// Sums over some slices.
  struct Sum {
    double bytes = 0;
    Parts shade{};  ///< Times bytes.
  };
  /// By `StackSlice::shade`.
  using Shades = std::vector<Parts>;

  explicit LiveStack(const Shades& shades) : shades_(shades) {}

  /// All that is told from now on is of a moment later than the one before.
  void move_to(std::uint32_t moment) noexcept { moment_ = moment; }
  [[nodiscard]] std::uint32_t moment() const noexcept { return moment_; }

  /// On top of all that is there: alive at the moment.
  void push(const StackSlice& slice) {
    // No room left under the sums: they are built anew, over those that have not gone.
    if (!storeys_.empty() && slices_.size() == capacity_) {
      sweep([](const StackSlice&, double) {});
    }
    slices_.push_back(slice);
  }

  /// Slices, some of those that have gone among them.
  [[nodiscard]] std::size_t size() const noexcept { return slices_.size(); }

  /// Reads all slices, not their sums: calls `slice(StackSlice, bytes)` from the lowest upwards, with no
  /// bytes for one that has gone and is left out from then on.
  template <class Slice>
  void sweep(Slice&& slice) {
    const std::uint32_t moment = moment_;
    StackSlice* kept = slices_.data();
    for (const StackSlice *at = kept, *end = at + slices_.size(); at != end; ++at) {
      // Without a branch: which ones have gone cannot be foretold.
      const StackSlice one = *at;
      const bool there = one.end > moment;
      *kept = one;
      kept += static_cast<std::ptrdiff_t>(there);
      slice(one, one.bytes * static_cast<double>(there));
    }
    slices_.resize(static_cast<std::size_t>(kept - slices_.data()));
    storeys_.clear();
    summed_ = 0;
  }

  /// What stands after the moment, from the lowest upwards: `takes(y, sum)` says whether a group that begins
  /// at y is done with as a whole; of one that is not, `slice(y, StackSlice)` gets each slice.
  template <class Takes, class Slice>
  void visit(Takes&& takes, Slice&& slice) {
    note_births();
    double y = 0;
    for (std::size_t entry = 0; entry < storeys_.back().size(); ++entry) {
      walk(storeys_.size() - 1, entry, y, takes, slice);
    }
  }

 private:
  static constexpr std::size_t fan = 8;
  static constexpr std::size_t least_capacity = 256;
  struct Node {
    Sum sum;
    std::uint32_t until = UINT32_MAX;  ///< The event with which the first of its slices goes.
  };

  template <class Takes, class Slice>
  void walk(std::size_t storey, std::size_t entry, double& y, Takes& takes, Slice& slice) {
    Node& node = storeys_[storey][entry];
    const std::size_t first = entry * fan;
    if (storey == 0 && node.until <= moment_) count(node, first);
    if (node.until > moment_) {
      if (node.sum.bytes == 0) return;
      if (takes(y, node.sum)) {
        y += node.sum.bytes;
        return;
      }
    }
    if (storey == 0) {
      const std::size_t last = std::min(slices_.size(), first + fan);
      for (std::size_t at = first; at < last; ++at) {
        slice(y, slices_[at]);
        y += slices_[at].bytes;
      }
      return;
    }
    const std::vector<Node>& below = storeys_[storey - 1];
    const std::size_t last = std::min(below.size(), first + fan);
    Node counted;
    for (std::size_t child = first; child < last; ++child) {
      walk(storey - 1, child, y, takes, slice);
      add(counted, below[child]);
    }
    node = counted;
  }

  /// The sum of slices; those that have gone are left without bytes.
  void count(Node& node, std::size_t first) {
    node = {};
    const std::size_t last = std::min(slices_.size(), first + fan);
    for (std::size_t at = first; at < last; ++at) {
      StackSlice& slice = slices_[at];
      // Without a branch, as above.
      const bool gone = slice.end <= moment_;
      slice.bytes = gone ? 0.0 : slice.bytes;
      Node one{{slice.bytes, shades_[slice.shade]}, gone ? UINT32_MAX : slice.end};
      for (double& part : one.sum.shade) part *= slice.bytes;
      add(node, one);
    }
  }
  static void add(Node& to, const Node& more) noexcept {
    to.sum.bytes += more.sum.bytes;
    for (std::size_t part = 0; part < to.sum.shade.size(); ++part) {
      to.sum.shade[part] += more.sum.shade[part];
    }
    to.until = std::min(to.until, more.until);
  }

  /// The sums over slices that came since the last look do not hold.
  void note_births() {
    if (storeys_.empty()) {
      capacity_ = std::max(least_capacity, slices_.size() + slices_.size() / 2);
      std::size_t entries = capacity_;
      do {
        entries = (entries + fan - 1) / fan;
        storeys_.emplace_back(entries);
      } while (entries > fan);
    }
    if (summed_ == slices_.size()) return;
    std::size_t first = summed_;
    std::size_t last = slices_.size() - 1;
    for (std::vector<Node>& storey : storeys_) {
      first /= fan;
      last /= fan;
      for (std::size_t entry = first; entry <= last; ++entry) storey[entry].until = 0;
    }
    summed_ = slices_.size();
  }

  const Shades& shades_;
  std::vector<StackSlice> slices_;
  std::vector<std::vector<Node>> storeys_;
  std::size_t capacity_ = 0;  ///< Slices that the sums have room for.
  std::size_t summed_ = 0;    ///< Slices that the sums know of.
  std::uint32_t moment_ = 0;
};

}  // namespace bufgc::timeline
