#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace bufgc::timeline {

/// Extremes of any range of a series in O(log n): each storey keeps the maximum (or minimum) of
/// eight entries of the one below.
template <bool maximum>
class Pyramid {
 public:
  Pyramid() = default;
  explicit Pyramid(std::vector<std::uint64_t> series) {
    storeys_.front() = std::move(series);
    while (storeys_.back().size() > fan) {
      const std::vector<std::uint64_t>& below = storeys_.back();
      std::vector<std::uint64_t> above((below.size() + fan - 1) / fan);
      for (std::size_t i = 0; i < above.size(); ++i) {
        const std::size_t end = std::min(below.size(), (i + 1) * fan);
        std::uint64_t best = below[i * fan];
        for (std::size_t j = i * fan + 1; j < end; ++j) best = better(best, below[j]);
        above[i] = best;
      }
      storeys_.push_back(std::move(above));
    }
  }

  [[nodiscard]] const std::vector<std::uint64_t>& series() const noexcept { return storeys_.front(); }

  /// The extreme of [first, last); `first < last` must hold.
  [[nodiscard]] std::uint64_t over(std::size_t first, std::size_t last) const noexcept {
    std::uint64_t best = storeys_.front()[first];
    std::size_t storey = 0;
    while (first < last) {
      const std::vector<std::uint64_t>& level = storeys_[storey];
      if (storey + 1 == storeys_.size()) {
        for (; first < last; ++first) best = better(best, level[first]);
        break;
      }
      for (; first < last && first % fan != 0; ++first) best = better(best, level[first]);
      for (; first < last && last % fan != 0; --last) best = better(best, level[last - 1]);
      first /= fan;
      last /= fan;
      ++storey;
    }
    return best;
  }

  /// Where in [first, last) the extreme stands first; `first < last` must hold.
  [[nodiscard]] std::size_t place_of(std::size_t first, std::size_t last) const noexcept {
    const std::uint64_t best = over(first, last);
    const auto holds = [&](std::size_t storey, std::size_t at) {
      return better(storeys_[storey][at], best) == storeys_[storey][at];
    };
    // Onwards, by ever larger blocks, to the first that holds it, and down within that one.
    std::size_t storey = 0;
    std::size_t at = first;
    while (!holds(storey, at)) {
      ++at;
      for (; at % fan == 0 && storey + 1 < storeys_.size(); ++storey) at /= fan;
    }
    while (storey > 0) {
      --storey;
      at *= fan;
      while (!holds(storey, at)) ++at;
    }
    return at;
  }

 private:
  static constexpr std::size_t fan = 8;
  static constexpr std::uint64_t better(std::uint64_t a, std::uint64_t b) noexcept {
    return maximum ? std::max(a, b) : std::min(a, b);
  }
  std::vector<std::vector<std::uint64_t>> storeys_ = std::vector<std::vector<std::uint64_t>>(1);
};

}  // namespace bufgc::timeline
