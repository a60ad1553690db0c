#include "timeline/matching.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <numeric>
#include <utility>

namespace bufgc::timeline {
namespace {

using Rows = std::vector<std::uint32_t>;

/// The values that rows are compared by, in the numbers that both traces share.
class Keys {
 public:
  Keys(const Lifecycles& trace, const CommonStrings* renumbered, const PhaseTrack* track)
      : trace_(trace), renumbered_(renumbered) {
    if (track == nullptr) return;
    phase_.resize(trace.size());
    for (std::size_t row = 0; row < phase_.size(); ++row)
      phase_[row] = track->common[track->own_at(trace.alloc_event[row])];
  }

  [[nodiscard]] std::uint64_t phase(std::uint32_t row) const noexcept {
    return phase_.empty() ? 0 : phase_[row];
  }
  [[nodiscard]] std::uint64_t kind(std::uint32_t row) const noexcept { return trace_.kind[row]; }
  [[nodiscard]] std::uint64_t label(std::uint32_t row) const noexcept { return text(trace_.label[row]); }
  [[nodiscard]] std::uint64_t site(std::uint32_t row) const noexcept { return text(trace_.site[row]); }
  [[nodiscard]] std::uint64_t dtype(std::uint32_t row) const noexcept { return text(trace_.dtype[row]); }
  [[nodiscard]] std::uint64_t size(std::uint32_t row) const noexcept { return trace_.size_bytes[row]; }
  /// Number 0 is the empty text in either trace.
  [[nodiscard]] bool named(std::uint32_t row) const noexcept {
    return trace_.label[row] != 0 || trace_.site[row] != 0;
  }

 private:
  [[nodiscard]] std::uint64_t text(std::uint32_t index) const noexcept {
    return renumbered_ == nullptr ? index : renumbered_->of_second(index);
  }

  const Lifecycles& trace_;
  const CommonStrings* renumbered_;
  Rows phase_;
};

using Value = std::uint64_t (Keys::*)(std::uint32_t) const noexcept;
/// The most significant first.
constexpr std::array<Value, 6> all_values = {&Keys::phase, &Keys::kind,  &Keys::label,
                                             &Keys::site,  &Keys::dtype, &Keys::size};
constexpr std::array<Value, 4> names_only = {&Keys::phase, &Keys::kind, &Keys::label, &Keys::site};

/// Sorts rows by keys, one 16-bit digit at a time from the least significant on; what is equal keeps its
/// order.
class CountingSort {
 public:
  explicit CountingSort(std::size_t most_rows) : spare_(most_rows) {}

  template <std::size_t count>
  void sort(const Keys& keys, const std::array<Value, count>& values, Rows& rows) {
    for (std::size_t i = count; i-- > 0;) sort_by(keys, values[i], rows);
  }

 private:
  static constexpr unsigned digit_bits = 16;
  static constexpr std::size_t digits = std::size_t{1} << digit_bits;

  void sort_by(const Keys& keys, Value value, Rows& rows) {
    std::uint64_t bits = 0;
    for (const std::uint32_t row : rows) bits |= (keys.*value)(row);
    for (unsigned shift = 0; shift < 64 && bits >> shift != 0; shift += digit_bits) {
      const auto digit = [&](std::uint32_t row) {
        return static_cast<std::size_t>((keys.*value)(row) >> shift & (digits - 1));
      };
      std::fill(next_.get(), next_.get() + digits, 0U);
      for (const std::uint32_t row : rows) ++next_[digit(row)];
      if (next_[digit(rows.front())] == rows.size()) continue;
      std::uint32_t begin = 0;
      for (std::size_t i = 0; i < digits; ++i) begin += std::exchange(next_[i], begin);
      for (const std::uint32_t row : rows) spare_[next_[digit(row)]++] = row;
      std::copy_n(spare_.begin(), rows.size(), rows.begin());
    }
  }

  Rows spare_;
  std::unique_ptr<std::uint32_t[]> next_ = std::make_unique<std::uint32_t[]>(digits);
};

template <std::size_t count>
int compare(const Keys& a, std::uint32_t row_a, const Keys& b, std::uint32_t row_b,
            const std::array<Value, count>& values) noexcept {
  for (const Value value : values) {
    const std::uint64_t in_a = (a.*value)(row_a);
    const std::uint64_t in_b = (b.*value)(row_b);
    if (in_a != in_b) return in_a < in_b ? -1 : 1;
  }
  return 0;
}

/// Pairs equal rows of two sorted lists, one with one, and takes them out of both.
template <std::size_t count>
void pair_equal(const Keys& a, Rows& rows_a, const Keys& b, Rows& rows_b,
                const std::array<Value, count>& values, Rows& second_of) {
  std::size_t kept_a = 0;
  std::size_t kept_b = 0;
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < rows_a.size() && j < rows_b.size()) {
    const int order = compare(a, rows_a[i], b, rows_b[j], values);
    if (order == 0) {
      second_of[rows_a[i++]] = rows_b[j++];
    } else if (order < 0) {
      rows_a[kept_a++] = rows_a[i++];
    } else {
      rows_b[kept_b++] = rows_b[j++];
    }
  }
  rows_a.erase(rows_a.begin() + static_cast<std::ptrdiff_t>(kept_a),
               rows_a.begin() + static_cast<std::ptrdiff_t>(i));
  rows_b.erase(rows_b.begin() + static_cast<std::ptrdiff_t>(kept_b),
               rows_b.begin() + static_cast<std::ptrdiff_t>(j));
}

Rows all_rows(const Lifecycles& trace) {
  Rows rows(trace.size());
  std::iota(rows.begin(), rows.end(), 0U);
  return rows;
}

/// Takes the rows with a name out of `rows`, in order of birth.
Rows take_named(const Keys& keys, Rows& rows) {
  std::sort(rows.begin(), rows.end());
  const auto unnamed =
      std::stable_partition(rows.begin(), rows.end(), [&](std::uint32_t row) { return !keys.named(row); });
  Rows named(unnamed, rows.end());
  rows.erase(unnamed, rows.end());
  return named;
}

void put_back(Rows& rows, const Rows& more) {
  rows.insert(rows.end(), more.begin(), more.end());
  std::sort(rows.begin(), rows.end());
}

}  // namespace

CommonStrings::CommonStrings(const StringTable& first, const StringTable& second)
    : of_second_(second.size()), count_(static_cast<std::uint32_t>(first.size())) {
  for (std::uint32_t index = 0; index < of_second_.size(); ++index) {
    const std::uint32_t found = first.find(second.at(index));
    of_second_[index] = found == StringTable::absent ? count_++ : found;
  }
}

Matching match_lifecycles(const Lifecycles& first, const Lifecycles& second, const CommonStrings& strings,
                          const CommonPhases* phases) {
  const Keys a(first, nullptr, phases == nullptr ? nullptr : &phases->first);
  const Keys b(second, &strings, phases == nullptr ? nullptr : &phases->second);
  Matching out{Rows(first.size(), Lifecycles::none), all_rows(first), all_rows(second)};
  CountingSort sorting(std::max(first.size(), second.size()));
  sorting.sort(a, all_values, out.only_first);
  sorting.sort(b, all_values, out.only_second);
  pair_equal(a, out.only_first, b, out.only_second, all_values, out.second_of);

  Rows named_a = take_named(a, out.only_first);
  Rows named_b = take_named(b, out.only_second);
  sorting.sort(a, names_only, named_a);
  sorting.sort(b, names_only, named_b);
  pair_equal(a, named_a, b, named_b, names_only, out.second_of);
  put_back(out.only_first, named_a);
  put_back(out.only_second, named_b);
  return out;
}

}  // namespace bufgc::timeline
