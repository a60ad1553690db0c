#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bufgc::trace {

/// A value of a pickle. Texts and containers stand in `PickleValues` and are named by their numbers, so that
/// one may stand in several places, and within itself.
struct PickleValue {
  enum class Kind : std::uint8_t {
    none,
    boolean,
    integer,       ///< -2^63 to 2^64-1.
    huge_integer,  ///< Beyond that; its value is not kept.
    real,
    text,
    bytes,
    list,
    tuple,
    dict
  };
  Kind kind = Kind::none;
  bool negative = false;   ///< integer: `bits` are those of a negative 64-bit number.
  std::uint64_t bits = 0;  ///< boolean, integer: itself; real: its bits; others: their number.

  [[nodiscard]] bool is(Kind other) const noexcept { return kind == other; }
};

/// How a message names a kind: "a list".
[[nodiscard]] std::string_view name_of(PickleValue::Kind kind) noexcept;

/// The texts and containers of a pickle. Memory is a small multiple of the pickle's own bytes.
class PickleValues {
 public:
  [[nodiscard]] PickleValue add_text(PickleValue::Kind kind, std::string_view text) {
    text_.append(text);
    ends_.push_back(text_.size());
    return {kind, false, ends_.size() - 1};
  }
  [[nodiscard]] PickleValue add_container(PickleValue::Kind kind, std::span<const PickleValue> items = {}) {
    containers_.emplace_back(items.begin(), items.end());
    return {kind, false, containers_.size() - 1};
  }
  /// Appends to a list, or pairs of keys and values to a dict.
  void extend(PickleValue container, std::span<const PickleValue> items) {
    std::vector<PickleValue>& all = containers_[static_cast<std::size_t>(container.bits)];
    all.insert(all.end(), items.begin(), items.end());
  }

  /// Of a text or of bytes.
  [[nodiscard]] std::string_view text(PickleValue value) const noexcept {
    const auto number = static_cast<std::size_t>(value.bits);
    const std::size_t begin = number == 0 ? 0 : ends_[number - 1];
    return std::string_view(text_).substr(begin, ends_[number] - begin);
  }
  /// Of a list or a tuple; of a dict key, value, key, value, a key that stands twice counting the last time.
  [[nodiscard]] std::span<const PickleValue> items(PickleValue value) const noexcept {
    return containers_[static_cast<std::size_t>(value.bits)];
  }
  [[nodiscard]] std::size_t texts() const noexcept { return ends_.size(); }
  [[nodiscard]] std::size_t containers() const noexcept { return containers_.size(); }

 private:
  std::string text_;
  std::vector<std::size_t> ends_;
  std::vector<std::vector<PickleValue>> containers_;
};

}  // namespace bufgc::trace
