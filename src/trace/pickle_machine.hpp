#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bufgc/viz/id_map.hpp"
#include "trace/pickle_values.hpp"

namespace bufgc::trace {

/// Reads a pickle of protocol 2 to 5 that arrives in pieces, as far as it is data: dict, list, tuple, int,
/// str, bytes, float, bool, None, and the memo. Whatever would name or call something (GLOBAL, REDUCE, BUILD,
/// ...) is refused: a pickle is a program, and this machine has none of the instructions that do harm.
/// Nothing is made room for because the file states a length: the bytes must have come. Nesting costs no
/// recursion.
class PickleMachine {
 public:
  /// False on the first error, which `error()` tells with its byte.
  bool feed(std::string_view piece);
  /// No more is to come. False when the pickle has not ended.
  bool finish();
  [[nodiscard]] const std::string& error() const noexcept { return error_; }

  /// Once it has ended: what was pickled.
  [[nodiscard]] PickleValue result() const noexcept { return result_; }
  [[nodiscard]] const PickleValues& values() const noexcept { return values_; }
  /// Bytes taken.
  [[nodiscard]] std::uint64_t bytes() const noexcept { return offset_; }

 private:
  enum class Step : std::uint8_t { taken, more, failed };

  /// Takes instructions from the front of `bytes` as long as they are whole.
  bool run(std::string_view bytes, std::size_t& taken);
  Step step(std::string_view bytes, std::size_t& length);
  bool execute(std::uint8_t code, std::uint64_t argument, std::string_view counted);
  bool push(PickleValue value);
  bool push_integer(std::uint64_t bits, bool negative);
  bool push_long(std::string_view bytes);
  bool make_tuple(std::size_t count);
  bool pop_to_mark(std::size_t& begin);
  bool extend(PickleValue::Kind kind, std::size_t begin);
  bool remember(std::uint64_t index);
  bool recall(std::uint64_t index);
  bool stop();
  /// Values since the last mark.
  [[nodiscard]] std::size_t within_mark() const noexcept;
  bool fail(const std::string& what);

  PickleValues values_;
  std::vector<PickleValue> stack_;
  std::vector<std::size_t> marks_;  // how high the stack stood
  IdMap memo_;                      // to places in memo_values_
  std::vector<PickleValue> memo_values_;
  std::string pending_;     // an instruction that has not come whole
  std::size_t wanted_ = 0;  // bytes of it, as far as is known
  std::uint64_t offset_ = 0;
  bool ended_ = false;
  PickleValue result_;
  std::string error_;
};

}  // namespace bufgc::trace
