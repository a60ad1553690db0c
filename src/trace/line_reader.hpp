#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "bufgc/viz/lifecycles_builder.hpp"
#include "trace/readers.hpp"

namespace bufgc::trace {

/// What the readers of formats made of lines share: it cuts the pieces into lines, accepts CRLF, a byte
/// order mark and a missing last newline, bounds a line's length, and keeps the first error.
class LineReader : public Reader {
 public:
  static constexpr std::size_t max_line_bytes = std::size_t{16} << 20U;

  bool feed(std::string_view piece) final;
  bool finish() final;
  [[nodiscard]] const ReadError& error() const noexcept final { return error_; }
  [[nodiscard]] const Lifecycles& lifecycles() const noexcept final { return builder_.lifecycles(); }
  [[nodiscard]] Lifecycles take() final { return builder_.take(); }

 protected:
  /// A line without its end, never empty. False after `fail`.
  virtual bool line(std::string_view text) = 0;
  /// After the last line.
  virtual bool end() { return true; }

  /// Notes the error, with the number of the current line in front, and returns false.
  bool fail(std::string_view what);
  bool fail_at(std::uint64_t line, std::string_view what);
  [[nodiscard]] std::uint64_t line_number() const noexcept { return line_number_; }
  /// Whether an event at this time may follow; fails where time runs backwards.
  bool advance(std::int64_t time_ns, std::string_view field);

  LifecyclesBuilder builder_;

 private:
  bool take_line(std::string_view text);

  std::string partial_;  // a line whose end has not come yet
  std::uint64_t line_number_ = 0;
  std::int64_t last_time_ns_ = 0;
  bool any_time_ = false;
  ReadError error_;
  bool finished_ = false;
};

/// The text as an error shows it: cut when long, in quotes.
[[nodiscard]] std::string shown(std::string_view text);

}  // namespace bufgc::trace
