#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "bufgc/viz/event_record.hpp"
#include "trace/bufgc_columns.hpp"
#include "trace/bufgc_format.hpp"
#include "trace/bufgc_index.hpp"
#include "trace/sink.hpp"
#include "trace/standing.hpp"

namespace bufgc::trace {

struct BufgcOptions {
  std::size_t block_records = 8192;     ///< A block is written when it has so many; at most 65,536.
  std::size_t section_records = 65536;  ///< Sections are at least so long, and 8 times what is alive.
};

/// Writes events as they come into the binary form, block by block, in memory that is bounded by one block
/// and by what is alive. Each block is complete as soon as it is written: a file that is cut off opens up
/// to its last whole block. Not safe from several threads.
class BufgcWriter {
 public:
  /// `before` are the totals of what happened before the first event.
  explicit BufgcWriter(Sink& sink, const Lifecycles::Folded& before = {}, BufgcOptions options = {});
  BufgcWriter(const BufgcWriter&) = delete;
  BufgcWriter& operator=(const BufgcWriter&) = delete;

  /// The next event; its number is not looked at, and a time before that of the last event becomes that. One
  /// that does not fit what is alive is counted as skipped, as a reader of NDJSON would. False after the sink
  /// refused, or for an event of more than 64 MiB, as do all that follow.
  bool add(const EventRecord& event);
  /// Counts events that could not be written; the reader finds them among its skipped ones.
  void skip(SkipReason reason, std::uint64_t events = 1) noexcept;
  /// Writes what has come since the last block as a block, however small.
  bool flush();
  /// Writes the rest, and the index by which a reader finds a time. Nothing may be added afterwards.
  bool close();

  /// Nothing more is written.
  void give_up() noexcept { good_ = false; }

  [[nodiscard]] bool good() const noexcept { return good_; }
  [[nodiscard]] const Standing& standing() const noexcept { return standing_; }
  [[nodiscard]] std::int64_t last_time_ns() const noexcept { return last_time_ns_; }
  [[nodiscard]] std::uint64_t written_bytes() const noexcept { return offset_; }

 private:
  [[nodiscard]] std::vector<std::uint64_t>& column(Column which) noexcept {
    return columns_[static_cast<std::size_t>(which)];
  }
  void put(Column which, std::uint64_t value) { column(which).push_back(value); }

  template <class Work>
  bool guarded(Work&& work);
  bool add_event(const EventRecord& event);
  bool write_waiting();
  bool write_index();
  bool begin_section_when_due();
  bool begin_section();
  void open_block(std::int64_t time_ns);
  void put_record(Lifecycles::EventKind kind, std::int64_t time_ns);
  void put_birth(const EventRecord& event, const Standing::Life& life);
  bool put_event(const EventRecord& event);
  bool put_use(const EventRecord& event);
  [[nodiscard]] std::uint64_t age_of(std::uint64_t id) const noexcept;
  [[nodiscard]] std::uint64_t name(std::string_view text);
  [[nodiscard]] std::string payload();
  [[nodiscard]] bool anything_skipped() const noexcept;
  void append_skipped(std::string& bytes);
  [[nodiscard]] bool block_is_full() const noexcept;
  bool write_records(BlockKind kind);
  bool write_block(BlockHeader& header, const std::string& bytes);
  bool write(std::string_view bytes);

  Sink& sink_;
  BufgcOptions options_;
  Standing standing_;
  bool good_ = true;
  bool closed_ = false;
  std::uint64_t offset_ = 0;  // bytes written

  // The block under way.
  std::array<std::vector<std::uint64_t>, column_count> columns_;
  std::vector<std::uint8_t> kinds_;
  std::vector<std::uint8_t> accesses_;
  std::array<std::uint64_t, skip_reason_count> skipped_{};
  BlockHeader header_;
  std::int64_t last_time_ns_ = 0;
  bool any_time_ = false;

  // The section under way.
  std::uint64_t section_begin_ = 0;  // its first event
  std::uint32_t names_written_ = 0;
  std::size_t text_bytes_written_ = 0;
  std::size_t section_names_ = 0;  // names and their bytes at its beginning
  std::size_t section_text_bytes_ = 0;

  SectionIndex index_;
};

}  // namespace bufgc::trace
