#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace bufgc::timeline {

/// Extremes of any range of a series in O(log n): each storey keeps the maximum (or minimum) of eight
/// entries of the one below. The series itself is the ground floor and stays with its owner, since several
/// stand on one.
template <bool maximum>
class Pyramid {
 public:
  using Series = std::span<const std::uint64_t>;

  Pyramid() = default;
  explicit Pyramid(Series series) {
    while (series.size() > fan) {
      std::vector<std::uint64_t> above((series.size() + fan - 1) / fan);
      for (std::size_t i = 0; i < above.size(); ++i) {
        const std::size_t end = std::min(series.size(), (i + 1) * fan);
        above[i] = best_of(series.subspan(i * fan, end - i * fan));
      }
      storeys_.push_back(std::move(above));
      series = storeys_.back();
    }
  }

  /// The extreme of [first, last) of the series that it was made of; `first < last` must hold.
  [[nodiscard]] std::uint64_t over(Series series, std::size_t first, std::size_t last) const noexcept {
    std::uint64_t best = series[first];
    for (std::size_t storey = 0; first < last; ++storey) {
      if (storey == storeys_.size()) return better(best, best_of(series.subspan(first, last - first)));
      for (; first < last && first % fan != 0; ++first) best = better(best, series[first]);
      for (; first < last && last % fan != 0; --last) best = better(best, series[last - 1]);
      first /= fan;
      last /= fan;
      series = storeys_[storey];
    }
    return best;
  }

  /// Where in [first, last) the extreme stands first; `first < last` must hold.
  [[nodiscard]] std::size_t place_of(Series series, std::size_t first, std::size_t last) const noexcept {
    const std::uint64_t best = over(series, first, last);
    const auto holds = [&](std::size_t storey, std::size_t at) {
      const std::uint64_t entry = storey == 0 ? series[at] : storeys_[storey - 1][at];
      return better(entry, best) == entry;
    };
    // Onwards, by ever larger blocks, to the first that holds it, and down within that one.
    std::size_t storey = 0;
    std::size_t at = first;
    while (!holds(storey, at)) {
      ++at;
      for (; at % fan == 0 && storey < storeys_.size(); ++storey) at /= fan;
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
  static std::uint64_t best_of(Series part) noexcept {
    std::uint64_t best = part.front();
    for (const std::uint64_t entry : part) best = better(best, entry);
    return best;
  }
  std::vector<std::vector<std::uint64_t>> storeys_;
};

}  // namespace bufgc::timeline
