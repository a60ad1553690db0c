#include <algorithm>
#include <array>
#include <bit>
#include <vector>

#include "trace/column_coding.hpp"
#include "trace/column_form.hpp"

namespace bufgc::trace {
namespace {

std::size_t varint_bytes(std::uint64_t value) noexcept {
  return static_cast<std::size_t>(std::bit_width(value | 1U) + 6) / 7;
}

void append_packed(std::string& out, std::span<const std::uint64_t> values, std::uint64_t least,
                   unsigned width) {
  std::uint64_t bits = 0;
  unsigned filled = 0;  // below 8 before each value, so that a value of 56 bits fits beside them
  for (const std::uint64_t value : values) {
    bits |= (value - least) << filled;
    filled += width;
    for (; filled >= 8; filled -= 8, bits >>= 8U) out.push_back(static_cast<char>(bits));
  }
  if (filled > 0) out.push_back(static_cast<char>(bits));
}
std::size_t packed_bytes(std::size_t count, unsigned width) noexcept {
  return (count * width + 7) / 8;
}

/// The values that differ, as long as they are few.
class Distinct {
 public:
  static constexpr std::size_t most = 1024;

  explicit Distinct(std::span<const std::uint64_t> values) {
    values_.reserve(64);
    std::uint64_t last = ~values.front();
    for (const std::uint64_t value : values) {
      if (value == last) continue;
      last = value;
      std::size_t at = home(value);
      while (slots_[at] != 0 && values_[slots_[at] - 1U] != value) at = (at + 1) % slots_.size();
      if (slots_[at] != 0) continue;
      if (values_.size() == most) {
        few_ = false;
        return;
      }
      values_.push_back(value);
      slots_[at] = static_cast<std::uint16_t>(values_.size());
    }
    std::sort(values_.begin(), values_.end());
  }
  [[nodiscard]] bool few() const noexcept { return few_; }
  [[nodiscard]] const std::vector<std::uint64_t>& sorted() const noexcept { return values_; }
  [[nodiscard]] unsigned width() const noexcept {
    return static_cast<unsigned>(std::bit_width(values_.size() - 1));
  }
  [[nodiscard]] std::size_t bytes(std::size_t count) const noexcept {
    std::size_t sum = varint_bytes(values_.size()) + packed_bytes(count, width());
    std::uint64_t last = 0;
    for (const std::uint64_t value : values_) {
      sum += varint_bytes(value - last);
      last = value;
    }
    return sum;
  }

 private:
  [[nodiscard]] std::size_t home(std::uint64_t value) const noexcept {
    return static_cast<std::size_t>((value * 0x9e3779b97f4a7c15U) >> 53U);
  }
  std::array<std::uint16_t, 2 * most> slots_{};  // a place in values_ + 1, 0 where free
  std::vector<std::uint64_t> values_;
  bool few_ = true;
};

struct Plan {
  ColumnForm form = ColumnForm::constant;
  std::size_t bytes = 0;
  std::uint64_t least = 0;
  unsigned width = 0;
};

/// The shortest form without a dictionary.
Plan plan_of(std::span<const std::uint64_t> values) {
  std::uint64_t least = values.front();
  std::uint64_t most = least;
  std::size_t as_varints = 0;
  for (const std::uint64_t value : values) {
    least = std::min(least, value);
    most = std::max(most, value);
    as_varints += varint_bytes(value);
  }
  if (least == most) return {ColumnForm::constant, varint_bytes(least), least, 0};
  const auto width = static_cast<unsigned>(std::bit_width(most - least));
  const std::size_t as_packed = varint_bytes(least) + 1 + packed_bytes(values.size(), width);
  if (width <= max_packed_bits && as_packed <= as_varints)
    return {ColumnForm::packed, as_packed, least, width};
  return {ColumnForm::varints, as_varints, 0, 0};
}

void append_planned(std::string& out, std::span<const std::uint64_t> values, const Plan& plan,
                    std::uint8_t flags) {
  out.push_back(static_cast<char>(static_cast<std::uint8_t>(plan.form) | flags));
  switch (plan.form) {
    case ColumnForm::constant:
      append_varint(out, plan.least);
      break;
    case ColumnForm::packed:
      append_varint(out, plan.least);
      out.push_back(static_cast<char>(plan.width));
      append_packed(out, values, plan.least, plan.width);
      break;
    default:
      for (const std::uint64_t value : values) append_varint(out, value);
      break;
  }
}

void append_dictionary(std::string& out, std::span<const std::uint64_t> values, const Distinct& distinct) {
  out.push_back(static_cast<char>(ColumnForm::dictionary));
  const std::vector<std::uint64_t>& sorted = distinct.sorted();
  append_varint(out, sorted.size());
  std::uint64_t last = 0;
  for (const std::uint64_t value : sorted) {
    append_varint(out, value - last);
    last = value;
  }
  std::vector<std::uint64_t> places;
  places.reserve(values.size());
  for (const std::uint64_t value : values)
    places.push_back(
        static_cast<std::uint64_t>(std::lower_bound(sorted.begin(), sorted.end(), value) - sorted.begin()));
  append_packed(out, places, 0, distinct.width());
}

}  // namespace

void encode_column(std::span<const std::uint64_t> values, std::string& out) {
  if (values.empty()) return;
  const Plan plain = plan_of(values);
  if (plain.form == ColumnForm::constant) return append_planned(out, values, plain, 0);
  std::vector<std::uint64_t> differences;
  differences.reserve(values.size());
  std::uint64_t last = 0;
  for (const std::uint64_t value : values) {
    differences.push_back(fold_sign(value - last));
    last = value;
  }
  const Plan different = plan_of(differences);
  const std::size_t least = std::min(plain.bytes, different.bytes);
  // A dictionary wants some repetition, or it only costs the time to find that out.
  if (least > values.size() / 4) {
    const Distinct distinct(values);
    if (distinct.few() && distinct.bytes(values.size()) < least)
      return append_dictionary(out, values, distinct);
  }
  if (different.bytes < plain.bytes) return append_planned(out, differences, different, differences_flag);
  append_planned(out, values, plain, 0);
}

}  // namespace bufgc::trace
