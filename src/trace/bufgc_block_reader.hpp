#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bufgc/viz/lifecycles.hpp"
#include "trace/bufgc_columns.hpp"
#include "trace/bufgc_format.hpp"
#include "trace/byte_cursor.hpp"

namespace bufgc::trace {

/// The payload of a block of records, taken apart into columns. Nothing is larger than a small multiple of
/// the payload: each record and each use stands in it with some bits of its own.
class BlockReader {
 public:
  /// Takes the payload, which must be readable for `column_slack_bytes` beyond its end, apart. What was
  /// expected and found where it is none, without the place; empty when all is well. What the columns say is
  /// not checked, save that times do not decrease and end with that of the header.
  [[nodiscard]] std::string read(const BlockHeader& header, std::string_view payload);

  /// New names of this block, in the order of their numbers; they stand in the payload.
  [[nodiscard]] const std::vector<std::string_view>& names() const noexcept { return names_; }
  [[nodiscard]] const std::vector<std::uint8_t>& kinds() const noexcept { return kinds_; }
  [[nodiscard]] const std::vector<std::uint64_t>& column(Column which) const noexcept {
    return columns_[static_cast<std::size_t>(which)];
  }
  /// Of each use of a buffer, `Access` as a number.
  [[nodiscard]] const std::vector<std::uint8_t>& accesses() const noexcept { return accesses_; }
  struct Skipped {
    SkipReason reason;
    std::uint64_t events;
  };
  [[nodiscard]] const std::vector<Skipped>& skipped() const noexcept { return skipped_; }

 private:
  std::string read_names(ByteCursor& cursor);
  std::string read_kinds(ByteCursor& cursor, const BlockHeader& header);
  std::string read_columns(ByteCursor& cursor, const BlockHeader& header);
  std::string check_times(const BlockHeader& header);
  std::string read_accesses(ByteCursor& cursor);
  std::string read_skipped(ByteCursor& cursor);

  std::vector<std::string_view> names_;
  std::vector<std::uint8_t> kinds_;
  std::array<std::vector<std::uint64_t>, column_count> columns_;
  std::array<std::size_t, column_of_count> counts_{};
  std::vector<std::uint8_t> accesses_;
  std::vector<Skipped> skipped_;
};

}  // namespace bufgc::trace
