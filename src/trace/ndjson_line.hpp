#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bufgc/viz/event_record.hpp"

namespace bufgc::trace {

// The fields that a line may have, by the length of their names. X(name, form).
#define BUFGC_NDJSON_FIELDS(X) \
  X(t, time)                   \
  X(id, whole)                 \
  X(op, text)                  \
  X(to, text)                  \
  X(src, text)                 \
  X(addr, address)             \
  X(base, whole)               \
  X(bufs, uses)                \
  X(from, address)             \
  X(held, whole)               \
  X(kind, text)                \
  X(name, text)                \
  X(site, text)                \
  X(size, whole)               \
  X(bytes, whole)              \
  X(cause, text)               \
  X(dtype, text)               \
  X(label, text)               \
  X(shape, shape)              \
  X(events, whole)             \
  X(holder, whole)             \
  X(kernel, text)              \
  X(thread, name)              \
  X(buffers, whole)            \
  X(capacity, whole)           \
  X(max_live_bytes, whole)     \
  X(max_live_buffers, whole)

enum class Field : std::uint8_t {
#define BUFGC_X(name, form) name,
  BUFGC_NDJSON_FIELDS(BUFGC_X)
#undef BUFGC_X
      other
};
inline constexpr std::size_t field_count = static_cast<std::size_t>(Field::other);

/// The fields of one line of NDJSON, typed. A field of the wrong type is no error by itself: only
/// whoever needs the field knows whether it matters.
class NdjsonLine {
 public:
  /// False when the line is no JSON object; `syntax_error` then tells why. Views that the fields give
  /// hold until the next call.
  bool parse(std::string_view line);
  [[nodiscard]] const std::string& syntax_error() const noexcept { return syntax_error_; }

  [[nodiscard]] bool has(Field field) const noexcept { return (present_ & bit(field)) != 0; }
  [[nodiscard]] bool wrong(Field field) const noexcept { return (wrong_ & bit(field)) != 0; }
  /// What stands there and what was expected: `"size" expected a non-negative integer, found "abc"`.
  [[nodiscard]] std::string complaint(Field field) const;

  [[nodiscard]] std::int64_t time_ns() const noexcept { return time_ns_; }
  /// 0 where the field is absent.
  [[nodiscard]] std::uint64_t number(Field field) const noexcept {
    return has(field) ? numbers_[static_cast<std::size_t>(field)] : 0;
  }
  /// Empty where the field is absent.
  [[nodiscard]] std::string_view text(Field field) const noexcept {
    return has(field) ? texts_[static_cast<std::size_t>(field)] : std::string_view{};
  }
  [[nodiscard]] const std::vector<EventRecord::Use>& uses() const noexcept { return uses_; }

 private:
  friend struct NdjsonHandler;
  static constexpr std::uint64_t bit(Field field) noexcept {
    return std::uint64_t{1} << static_cast<unsigned>(field);
  }

  std::string buffer_;  // the line; its strings are unescaped in place
  std::uint64_t present_ = 0;
  std::uint64_t wrong_ = 0;
  std::int64_t time_ns_ = 0;
  std::array<std::uint64_t, field_count> numbers_{};
  std::array<std::string_view, field_count> texts_{};  // of a wrong field: what was found instead
  std::string shape_;
  std::string thread_;
  std::vector<EventRecord::Use> uses_;
  std::string syntax_error_;
};

}  // namespace bufgc::trace
