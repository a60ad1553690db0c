#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "trace/bufgc_format.hpp"
#include "trace/bufgc_index.hpp"
#include "trace/bufgc_reader.hpp"
#include "trace/readers.hpp"

namespace bufgc::trace {

/// Loads a time range of a binary trace alone, from the parts of the file that it asks for: finds the section
/// before the range, by the file's index or, where that is missing, from block to block, and reads no further
/// than the range goes. Pieces must be the parts that were asked for, one after another. The lifecycles are
/// there when it is finished.
class BufgcRangeReader final : public Reader {
 public:
  BufgcRangeReader(std::uint64_t file_bytes, TimeRange range, RangeStart start)
      : file_bytes_(file_bytes), range_(range), start_(start) {}

  /// Fewer bytes are fed where the file ends before; an empty part: no more is needed.
  struct Part {
    std::uint64_t offset = 0;
    std::size_t count = 0;
  };
  [[nodiscard]] Part wanted() const noexcept;

  /// What the range's times count from: 0, or the time of the file's first event.
  [[nodiscard]] std::int64_t origin_ns() const noexcept { return origin_ns_; }

  bool feed(std::string_view piece) override;
  bool finish() override;
  [[nodiscard]] const ReadError& error() const noexcept override { return reader_.error(); }
  [[nodiscard]] std::string_view notice() const noexcept override { return reader_.notice(); }
  [[nodiscard]] const Lifecycles& lifecycles() const noexcept override { return result_; }
  [[nodiscard]] Lifecycles take() override { return std::move(result_); }

 private:
  enum class Step : std::uint8_t {
    file_header,
    first_time,
    trailer,
    index_header,
    index,
    sections,
    blocks,
    nothing
  };
  void look_for_index() noexcept;
  void look_for_sections() noexcept;
  void begin_blocks();
  bool take_index(std::string_view payload);

  std::uint64_t file_bytes_;
  TimeRange range_;
  RangeStart start_;
  std::int64_t origin_ns_ = 0;
  Step step_ = Step::file_header;
  std::uint64_t offset_ = 0;  // of the part that is wanted
  BlockHeader header_;        // of the index, once it was found
  SectionIndex index_;
  BufgcReader reader_;
  Lifecycles result_;
};

}  // namespace bufgc::trace
