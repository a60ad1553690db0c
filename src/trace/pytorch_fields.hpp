#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "bufgc/viz/string_table.hpp"
#include "trace/pickle_values.hpp"

namespace bufgc::trace {

// The keys of a PyTorch memory snapshot's dicts that are read; others are ignored.
#define BUFGC_PYTORCH_FIELDS(X) \
  X(action)                     \
  X(addr)                       \
  X(address)                    \
  X(blocks)                     \
  X(compile_context)            \
  X(device)                     \
  X(device_free)                \
  X(device_traces)              \
  X(external_annotations)       \
  X(filename)                   \
  X(frames)                     \
  X(history)                    \
  X(host_segments)              \
  X(host_traces)                \
  X(line)                       \
  X(name)                       \
  X(real_size)                  \
  X(requested_size)             \
  X(segments)                   \
  X(size)                       \
  X(stage)                      \
  X(state)                      \
  X(stream)                     \
  X(time_us)                    \
  X(total_size)                 \
  X(user_metadata)

/// Of the name of a file, a function or an annotation as much is kept: many that share one long name shall
/// not unfold to more than the file.
constexpr std::size_t most_name_bytes = 256;

enum class PytorchField : std::uint8_t {
#define BUFGC_X(name) name,
  BUFGC_PYTORCH_FIELDS(BUFGC_X)
#undef BUFGC_X
      count
};
[[nodiscard]] std::string_view name_of(PytorchField field) noexcept;

/// One dict, by the keys that are known.
class PytorchDict {
 public:
  [[nodiscard]] bool has(PytorchField field) const noexcept { return (present_ & bit(field)) != 0; }
  /// None where it is absent.
  [[nodiscard]] PickleValue operator[](PytorchField field) const noexcept {
    return has(field) ? values_[static_cast<std::size_t>(field)] : PickleValue{};
  }
  void set(PytorchField field, PickleValue value) noexcept {
    present_ |= bit(field);
    values_[static_cast<std::size_t>(field)] = value;
  }

 private:
  static_assert(static_cast<std::size_t>(PytorchField::count) <= 32);
  [[nodiscard]] static std::uint32_t bit(PytorchField field) noexcept {
    return 1U << static_cast<unsigned>(field);
  }
  std::uint32_t present_ = 0;
  std::array<PickleValue, static_cast<std::size_t>(PytorchField::count)> values_;
};

/// Looks into a snapshot's values. A small pickle may put one list into another many times, and unfold to
/// more than any memory holds; so all that is looked at together must be no more than the file's own bytes.
class PytorchFields {
 public:
  PytorchFields(const PickleValues& values, std::uint64_t file_bytes, StringTable& names);

  /// The items of a list or a tuple. Empty, and `exhausted` from then on, where it comes to too much.
  [[nodiscard]] std::span<const PickleValue> list(PickleValue list);
  [[nodiscard]] PytorchDict dict(PickleValue dict);
  [[nodiscard]] bool exhausted() const noexcept { return exhausted_; }

  [[nodiscard]] const PickleValues& values() const noexcept { return values_; }
  [[nodiscard]] std::string_view text(PickleValue value) const noexcept {
    return value.is(PickleValue::Kind::text) ? values_.text(value) : std::string_view{};
  }
  /// The number of a whole text among the names; 0 of what is none.
  [[nodiscard]] std::uint32_t name(PickleValue text);
  /// Of a text that was put together.
  [[nodiscard]] std::uint32_t name(std::string_view text);

 private:
  [[nodiscard]] std::span<const PickleValue> charge(std::span<const PickleValue> items) noexcept;

  const PickleValues& values_;
  std::uint64_t left_;
  bool exhausted_ = false;
  StringTable& names_;
  std::vector<std::uint32_t> names_by_text_;  // 0 until asked for
  static constexpr auto not_asked = static_cast<PytorchField>(0xff);
  std::vector<PytorchField> fields_by_text_;
};

}  // namespace bufgc::trace
