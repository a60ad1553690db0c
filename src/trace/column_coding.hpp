#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "trace/byte_cursor.hpp"

namespace bufgc::trace {

// A column of whole numbers. Its first byte tells the form; the encoder takes the shortest:
//
//   0 constant    the value
//   1 packed      the least value, a width in bits (at most 56), then each value's distance from the least
//   2 varints     each value
//   3 dictionary  how many values differ, those as distances from one to the next, then packed places
//
// and 8 more where what stands there are differences, each value's from the one before (the first from 0),
// wrapping at 64 bits, the sign in the lowest bit. Values in front are varints; packed bits begin with the
// lowest of a byte and end with a whole byte. A column says nowhere how long it is: who reads it knows.

/// Appends the column to `out`.
void encode_column(std::span<const std::uint64_t> values, std::string& out);

/// Reads `count` values. False where the bytes are no such column. The bytes of `cursor` must be readable
/// for `column_slack_bytes` beyond their end.
inline constexpr std::size_t column_slack_bytes = 8;
[[nodiscard]] bool decode_column(ByteCursor& cursor, std::size_t count, std::uint64_t* values);

}  // namespace bufgc::trace
