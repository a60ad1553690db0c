#include <bit>
#include <vector>

#include "trace/column_coding.hpp"
#include "trace/column_form.hpp"
#include "trace/little_endian.hpp"

namespace bufgc::trace {
namespace {

/// Calls `put(place, value)` for each of `count` packed values.
template <class Put>
bool unpack(ByteCursor& cursor, std::size_t count, unsigned width, Put&& put) {
  std::string_view bytes;
  if (!cursor.take((count * width + 7) / 8, bytes)) return false;
  const std::uint64_t mask = (std::uint64_t{1} << width) - 1;
  std::size_t bit = 0;
  for (std::size_t i = 0; i < count; ++i, bit += width)
    put(i, (load<std::uint64_t>(bytes.data() + bit / 8) >> (bit % 8)) & mask);
  return true;
}

bool decode_packed(ByteCursor& cursor, std::size_t count, std::uint64_t* values) {
  std::uint64_t least = 0;
  std::uint8_t width = 0;
  if (!cursor.varint(least) || !cursor.byte(width) || width > max_packed_bits) return false;
  return unpack(cursor, count, width, [&](std::size_t i, std::uint64_t value) { values[i] = least + value; });
}

bool decode_dictionary(ByteCursor& cursor, std::size_t count, std::uint64_t* values) {
  std::uint64_t size = 0;
  if (!cursor.varint(size) || size == 0 || size > cursor.left()) return false;
  const auto width = static_cast<unsigned>(std::bit_width(size - 1));
  // As many as the bits can name, so that no place needs a check; those beyond the size are told apart.
  std::vector<std::uint64_t> sorted(std::size_t{1} << width);
  std::uint64_t last = 0;
  for (std::size_t i = 0; i < size; ++i) {
    std::uint64_t step = 0;
    if (!cursor.varint(step)) return false;
    sorted[i] = last += step;
  }
  std::uint64_t highest = 0;
  const bool whole = unpack(cursor, count, width, [&](std::size_t i, std::uint64_t place) {
    values[i] = sorted[static_cast<std::size_t>(place)];
    highest = place > highest ? place : highest;
  });
  return whole && highest < size;
}

bool decode_varints(ByteCursor& cursor, std::size_t count, std::uint64_t* values) {
  for (std::size_t i = 0; i < count; ++i)
    if (!cursor.varint(values[i])) return false;
  return true;
}

bool decode_plain(ByteCursor& cursor, std::uint8_t form, std::size_t count, std::uint64_t* values) {
  switch (static_cast<ColumnForm>(form)) {
    case ColumnForm::constant: {
      std::uint64_t value = 0;
      if (!cursor.varint(value)) return false;
      for (std::size_t i = 0; i < count; ++i) values[i] = value;
      return true;
    }
    case ColumnForm::packed:
      return decode_packed(cursor, count, values);
    case ColumnForm::varints:
      return decode_varints(cursor, count, values);
    case ColumnForm::dictionary:
      return decode_dictionary(cursor, count, values);
  }
  return false;
}

}  // namespace

bool decode_column(ByteCursor& cursor, std::size_t count, std::uint64_t* values) {
  if (count == 0) return true;
  std::uint8_t form = 0;
  if (!cursor.byte(form)) return false;
  const bool differences = (form & differences_flag) != 0;
  if (!decode_plain(cursor, static_cast<std::uint8_t>(form & ~differences_flag), count, values)) return false;
  if (!differences) return true;
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < count; ++i) values[i] = value += unfold_sign(values[i]);
  return true;
}

}  // namespace bufgc::trace
