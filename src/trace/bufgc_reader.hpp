#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "trace/bufgc_format.hpp"
#include "trace/bufgc_row_reader.hpp"
#include "trace/readers.hpp"

namespace bufgc::trace {

/// Reads the binary form from its beginning, or, after the file's header, from a section on.
class BufgcReader final : public Reader {
 public:
  void expect(std::uint64_t file_bytes, std::string_view last_bytes) override;
  bool feed(std::string_view piece) override;
  bool finish() override;
  [[nodiscard]] const ReadError& error() const noexcept override { return error_; }
  [[nodiscard]] std::string_view notice() const noexcept override { return notice_; }
  [[nodiscard]] const Lifecycles& lifecycles() const noexcept override {
    return rows_.builder().lifecycles();
  }
  [[nodiscard]] Lifecycles take() override { return rows_.take(); }

  /// Once the file's header was fed: what comes next are the file's bytes from `offset` on, where a section
  /// begins. Its lifecycles begin with what stands there, and totals of what came before.
  void seek(std::uint64_t offset) noexcept { offset_ = offset; }
  /// Whether all events at or before a time have been read.
  [[nodiscard]] bool is_past(std::int64_t time_ns) const noexcept {
    return any_events_ && header_.kind == BlockKind::events && header_.first_time_ns > time_ns;
  }

 private:
  enum class Next : std::uint8_t { file_header, block_header, payload, trailer, nothing };

  [[nodiscard]] std::size_t wanted() const noexcept;
  bool take_part();
  bool take_payload(std::string_view payload);
  bool fail(std::uint64_t offset, const std::string& what);

  Next next_ = Next::file_header;
  std::uint64_t offset_ = 0;  // in the file, of the part under way
  std::uint64_t block_offset_ = 0;
  std::string part_;  // of it, as far as it has come
  BlockHeader header_;
  bool any_events_ = false;
  RowReader rows_;
  ReadError error_;
  std::string notice_;
};

}  // namespace bufgc::trace
