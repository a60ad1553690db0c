#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace bufgc::viewer {

/// Makes one NDJSON trace of several that arrive in pieces: events, and the `.use` file beside them.
///
/// Lines come out by time. A kernel that creates its output is stamped when it starts, a little
/// before the allocation that it causes: such a use is held back until all of its buffers are born
/// and comes out right behind, with that time. Lines that are not understood go through as they
/// are, for the reader to say what is wrong with them.
class TraceMerger {
 public:
  explicit TraceMerger(std::size_t streams) : streams_(streams) {}

  void feed(std::size_t stream, std::string_view piece) { streams_[stream].text.append(piece); }
  void end(std::size_t stream) noexcept { streams_[stream].ended = true; }

  /// The stream that must be fed or ended before another line can come out; -1 when none.
  [[nodiscard]] int wanted() const noexcept;

  struct Line {
    std::string_view text;  ///< With its line end; valid until the next call.
    std::size_t stream;
    std::uint64_t number;  ///< In its stream, from 1.
  };
  /// The next line by time; false when a stream must be fed first, or all is out.
  bool next(Line& line);

 private:
  struct Stream {
    std::string text;
    std::size_t at = 0;
    std::uint64_t lines = 0;
    bool ended = false;
    bool has_head = false;  ///< `head` and `time` are of the next line.
    std::size_t head_size = 0;
    std::int64_t time = 0;
  };
  struct Held {
    std::string text;
    std::size_t stream;
    std::uint64_t number;
  };
  bool find_head(Stream& stream);
  bool take_ready(Line& line);
  /// The first buffer of a use that is not born yet; false when all are.
  bool unborn(std::string_view line, std::uint64_t& id) const;
  void born(std::uint64_t id);
  /// Gives the line its place in time: never before the one that came out last.
  void emit(std::string_view text, std::size_t stream, std::uint64_t number, Line& line);

  std::vector<Stream> streams_;
  std::unordered_set<std::uint64_t> born_;
  std::unordered_map<std::uint64_t, std::vector<Held>> held_;  ///< By the buffer they wait for.
  std::vector<Held> ready_;
  std::size_t next_ready_ = 0;
  std::string out_;
  std::int64_t last_time_ = INT64_MIN;
};

}  // namespace bufgc::viewer
