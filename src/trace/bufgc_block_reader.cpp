#include "trace/bufgc_block_reader.hpp"

#include <numeric>

#include "trace/column_coding.hpp"

namespace bufgc::trace {
namespace {

using EventKind = Lifecycles::EventKind;

std::string expected(std::string_view what) {
  return "expected " + std::string(what) + ", found bytes that are none";
}

/// Of which kinds a record has columns of its own.
ColumnOf column_of(EventKind kind) noexcept {
  switch (kind) {
    case EventKind::alloc:
      return ColumnOf::birth;
    case EventKind::free:
      return ColumnOf::end;
    case EventKind::use:
      return ColumnOf::use;
    case EventKind::mark:
      return ColumnOf::mark;
    case EventKind::reserve:
    case EventKind::release:
      return ColumnOf::range;
    case EventKind::link:
    case EventKind::unlink:
      return ColumnOf::link;
    case EventKind::move:
      return ColumnOf::move;
  }
  return ColumnOf::record;
}

}  // namespace

std::string BlockReader::read(const BlockHeader& header, std::string_view payload) {
  ByteCursor cursor(payload);
  std::string wrong = read_names(cursor);
  if (wrong.empty()) wrong = read_kinds(cursor, header);
  if (wrong.empty()) wrong = read_columns(cursor, header);
  if (wrong.empty()) wrong = check_times(header);
  if (wrong.empty()) wrong = read_accesses(cursor);
  skipped_.clear();
  if (wrong.empty() && header.kind == BlockKind::events) wrong = read_skipped(cursor);
  if (wrong.empty() && cursor.left() > 0)
    wrong = "expected the end of the block, found " + std::to_string(cursor.left()) + " more bytes";
  return wrong;
}

std::string BlockReader::read_names(ByteCursor& cursor) {
  names_.clear();
  std::uint64_t count = 0;
  // None is empty, so there are no more than bytes.
  if (!cursor.varint(count) || count > cursor.left()) return expected("a number of names");
  std::vector<std::uint64_t> lengths(static_cast<std::size_t>(count));
  if (!decode_column(cursor, lengths.size(), lengths.data())) return expected("the names' lengths");
  names_.reserve(lengths.size());
  for (const std::uint64_t length : lengths) {
    std::string_view name;
    if (length == 0 || length > max_text_bytes || !cursor.take(static_cast<std::size_t>(length), name))
      return "expected a name of 1 byte to what the block has, found one of " + std::to_string(length);
    names_.push_back(name);
  }
  return {};
}

std::string BlockReader::read_kinds(ByteCursor& cursor, const BlockHeader& header) {
  std::string_view bytes;
  if (!cursor.take((header.records + std::size_t{1}) / 2, bytes)) return expected("the records' kinds");
  kinds_.resize(header.records);
  counts_ = {};
  for (std::size_t i = 0; i < kinds_.size(); ++i) {
    const auto two = static_cast<unsigned char>(bytes[i / 2]);
    kinds_[i] = static_cast<std::uint8_t>(i % 2 == 0 ? two & 15U : two >> 4U);
    if (kinds_[i] > static_cast<std::uint8_t>(EventKind::move))
      return "expected a record of kind 0 to 8, found kind " + std::to_string(kinds_[i]);
    ++counts_[static_cast<std::size_t>(column_of(static_cast<EventKind>(kinds_[i])))];
  }
  counts_[static_cast<std::size_t>(ColumnOf::record)] = kinds_.size();
  const std::size_t births = counts_[static_cast<std::size_t>(ColumnOf::birth)];
  if (births == header.births) return {};
  return "expected " + std::to_string(header.births) + " births, found " + std::to_string(births);
}

std::string BlockReader::read_columns(ByteCursor& cursor, const BlockHeader& header) {
  for (std::size_t i = 0; i < column_count; ++i) {
    const auto which = static_cast<Column>(i);
    const std::size_t count = counts_[static_cast<std::size_t>(column_infos[i].of)];
    const bool absent = which == Column::birth_row && header.kind != BlockKind::standing;
    columns_[i].resize(absent ? 0 : count);
    if (!decode_column(cursor, columns_[i].size(), columns_[i].data()))
      return expected("a column of " + std::to_string(count) + " values, " +
                      std::string(column_infos[i].name));
    if (which != Column::use_count) continue;
    std::size_t uses = 0;
    for (const std::uint64_t of_one : columns_[i]) {
      // Each use has two bits in the rest of the block.
      if (of_one == 0 || of_one > 4 * cursor.left() - uses)
        return "expected a use of 1 buffer to what the block has, found one of " + std::to_string(of_one);
      uses += static_cast<std::size_t>(of_one);
    }
    counts_[static_cast<std::size_t>(ColumnOf::used)] = uses;
  }
  return {};
}

std::string BlockReader::check_times(const BlockHeader& header) {
  const std::uint64_t span =
      static_cast<std::uint64_t>(header.last_time_ns) - static_cast<std::uint64_t>(header.first_time_ns);
  std::uint64_t passed = 0;
  bool good = true;
  for (const std::uint64_t step : column(Column::time)) {
    good = good && step <= span - passed;
    passed += step;
  }
  if (good && passed == span) return {};
  return "expected times that end with " + std::to_string(header.last_time_ns) + ", found others";
}

std::string BlockReader::read_accesses(ByteCursor& cursor) {
  const std::size_t uses = counts_[static_cast<std::size_t>(ColumnOf::used)];
  std::string_view bytes;
  if (!cursor.take((uses + 3) / 4, bytes)) return expected("the uses' accesses");
  accesses_.resize(uses);
  for (std::size_t i = 0; i < uses; ++i) {
    accesses_[i] = (static_cast<unsigned char>(bytes[i / 4]) >> (2 * (i % 4))) & 3U;
    if (accesses_[i] == 0) return "expected a use that reads or writes, found one that does neither";
  }
  return {};
}

std::string BlockReader::read_skipped(ByteCursor& cursor) {
  std::uint64_t reasons = 0;
  if (!cursor.varint(reasons) || reasons > skip_reason_count) return expected("a number of skip reasons");
  for (; reasons > 0; --reasons) {
    std::uint64_t reason = 0;
    std::uint64_t events = 0;
    if (!cursor.varint(reason) || reason >= skip_reason_count || !cursor.varint(events))
      return expected("a skip reason and its events");
    skipped_.push_back({static_cast<SkipReason>(reason), events});
  }
  return {};
}

}  // namespace bufgc::trace
