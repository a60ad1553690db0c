#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "bufgc/viz/lifecycles.hpp"

namespace bufgc::trace {

/// Why a file could not be read on: the place in it and what was expected there.
struct ReadError {
  std::string message;  ///< One sentence without the file's name: "line 17: \"size\" expected a non-negative
                        ///< integer, found \"abc\"".
  std::uint64_t line = 0;  ///< From 1; 0 when the format has no lines.
};

/// Reads a trace that arrives in pieces. What was read so far can be looked at between pieces
/// (a live trace; the first picture before parsing ends). Memory is bounded by the input's own size,
/// never by a number that the input claims.
class Reader {
 public:
  virtual ~Reader() = default;
  /// Takes the next piece, of any size. False on the first error, which `error()` tells; what came
  /// before it stays readable.
  virtual bool feed(std::string_view piece) = 0;
  /// No more is to come: takes the last line.
  virtual bool finish() = 0;
  [[nodiscard]] virtual const ReadError& error() const noexcept = 0;
  [[nodiscard]] virtual const Lifecycles& lifecycles() const noexcept = 0;
  /// Moves the result out; the reader is then spent.
  [[nodiscard]] virtual Lifecycles take() = 0;
};

/// NDJSON: one event a line. Fields that it does not know are ignored; lines that hold no event it
/// can use (unknown op, free or use of an id that is not alive) are counted in `skipped_events`.
/// A line that is not a JSON object, a wrong type, or time that runs backwards is an error.
[[nodiscard]] std::unique_ptr<Reader> make_ndjson_reader();
/// CSV `time,op,id,size`, or `id,lower,upper,size` (each row a lifetime over [lower, upper)).
[[nodiscard]] std::unique_ptr<Reader> make_csv_reader();
/// The reader for a file by its first bytes and its name (without ".gz"); null, with `why` set,
/// when it is none that bufgc knows.
[[nodiscard]] std::unique_ptr<Reader> make_reader(std::string_view name, std::string_view first_bytes,
                                                  std::string& why);

}  // namespace bufgc::trace
