#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "bufgc/viz/lifecycles.hpp"
#include "trace/time_range.hpp"

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
  /// Before the first piece, for whoever can read the file from behind: its size and its last bytes, as many
  /// as are at hand. A format that counts its rows there makes room for them at once, within what a file of
  /// that size can hold, and so never has them twice in memory. No more than a hint.
  virtual void expect(std::uint64_t /*file_bytes*/, std::string_view /*last_bytes*/) {}
  /// Takes the next piece, of any size. False on the first error, which `error()` tells; what came
  /// before it stays readable.
  virtual bool feed(std::string_view piece) = 0;
  /// No more is to come: takes the last line.
  virtual bool finish() = 0;
  [[nodiscard]] virtual const ReadError& error() const noexcept = 0;
  /// After `finish`: what is worth knowing of a file that was read all the same, with the place: that it is
  /// cut off, and how far it was whole. Empty as a rule.
  [[nodiscard]] virtual std::string_view notice() const noexcept { return {}; }
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
/// The binary form, `.bufgc`. A file that is cut off, by a crash or since it is still being written, is read
/// up to its last whole block, and the notice says so; a block with a wrong checksum is an error.
[[nodiscard]] std::unique_ptr<Reader> make_bufgc_reader();
/// A PyTorch memory snapshot, a pickle of protocol 2 to 5 that holds nothing but data: whatever would name or
/// call something is an error. Its lifecycles are there when the file is whole, since what its segments say
/// is of its end; a file that is cut off is an error. Blocks in use that no entry allocated, and what was
/// freed without having been allocated, began before: they stand in front. The notice tells where entries and
/// segments contradict each other.
[[nodiscard]] std::unique_ptr<Reader> make_pytorch_reader();
/// Whether a file that begins so can only be of that form: no text begins with the first byte of these.
[[nodiscard]] bool is_bufgc(std::string_view first_bytes) noexcept;
[[nodiscard]] bool is_pickle(std::string_view first_bytes) noexcept;
/// The reader for a file by its first bytes and its name (without ".gz"); null, with `why` set,
/// when it is none that bufgc knows.
[[nodiscard]] std::unique_ptr<Reader> make_reader(std::string_view name, std::string_view first_bytes,
                                                  std::string& why);

/// A file whose parts are read in any order.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  [[nodiscard]] virtual std::uint64_t size_bytes() = 0;
  /// What stands there, fewer bytes where the file ends before.
  [[nodiscard]] virtual std::string read(std::uint64_t offset, std::size_t count) = 0;
};

struct RangeRead {
  Lifecycles lifecycles;  ///< As `cut` of the whole file gives them.
  std::string notice;     ///< As a reader's.
  ReadError error;
};
/// Loads a time range of a binary trace alone: finds the section before it, by the file's index or, where
/// that is missing, from block to block, and reads no further than the range goes. False on an error.
[[nodiscard]] bool read_bufgc_range(ByteSource& file, TimeRange range, RangeRead& read);

}  // namespace bufgc::trace
