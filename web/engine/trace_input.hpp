#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "trace/bufgc_range_reader.hpp"
#include "trace/readers.hpp"
#include "trace_merger.hpp"

namespace bufgc::viewer {

/// One trace from one file or several, in pieces as they come. What was read can be looked at
/// between pieces. Files that are gzipped arrive unpacked.
class TraceInput {
 public:
  /// Before the first piece: another file of the same trace. Returns its number.
  std::size_t add_file(std::string_view name);

  /// Before the first piece of a file: its size and its last bytes, as `trace::Reader::expect` takes them.
  void expect(std::size_t file, std::uint64_t file_bytes, std::string_view last_bytes);

  /// Before the first piece: only what lies within a time range, in ns from the first event, and what stands
  /// at its beginning. There is nothing to look at before all is read.
  void set_range(trace::TimeRange range) noexcept { range_ = range; }
  /// Whether of a file that begins so some parts suffice for the range. Then its pieces must be these.
  [[nodiscard]] bool in_parts(std::string_view first_bytes) noexcept {
    in_parts_ = range_ && files_.size() == 1 && trace::is_bufgc(first_bytes);
    return in_parts_;
  }
  /// How long after the trace's first event the lifecycles begin: of a range with what stands before it.
  [[nodiscard]] std::int64_t start_ns() const noexcept { return start_ns_; }
  /// The part that is to come next; an empty one when no more is needed.
  [[nodiscard]] trace::BufgcRangeReader::Part part() const noexcept {
    return parts_ == nullptr ? trace::BufgcRangeReader::Part{0, trace::file_header_bytes} : parts_->wanted();
  }

  /// False on the first error; what was read before it stays.
  bool feed(std::size_t file, std::string_view piece);
  /// No more comes of this file.
  bool end(std::size_t file);
  /// The file to read on with; -1 when all have ended.
  [[nodiscard]] int wanted() const noexcept;

  [[nodiscard]] const Lifecycles& lifecycles() const noexcept {
    return reader_ && !range_ ? reader_->lifecycles() : result_;
  }
  /// What is worth knowing of a file that was read all the same: that it is cut off, and where.
  [[nodiscard]] std::string_view notice() const noexcept {
    return reader_ ? reader_->notice() : std::string_view{};
  }
  /// Of the error: which file, and what is wrong at which place of it.
  [[nodiscard]] const std::string& error_file() const noexcept { return error_file_; }
  [[nodiscard]] const std::string& error_message() const noexcept { return error_message_; }

 private:
  struct File {
    std::string name;   ///< As it was given, for messages.
    std::string start;  ///< Until the format is known.
    std::uint64_t bytes = 0;
    std::string last;  ///< Its last bytes, until then.
    bool ended = false;
    bool known = false;
  };
  bool recognise(File& file);
  bool pass_on(std::size_t file, std::string_view piece);
  bool drain();
  bool fail(const std::string& file, std::string message);
  bool finish();

  std::vector<File> files_;
  std::unique_ptr<trace::Reader> reader_;
  std::unique_ptr<TraceMerger> merger_;  ///< Of several files.
  std::string error_file_;
  std::string error_message_;
  std::optional<trace::TimeRange> range_;
  bool in_parts_ = false;
  trace::BufgcRangeReader* parts_ = nullptr;  ///< The reader, where it reads parts.
  Lifecycles result_;                         ///< Of a range, when all is read.
  std::int64_t start_ns_ = 0;
};

}  // namespace bufgc::viewer
