#include "gzip.hpp"

#if defined(BUFGC_HAS_ZLIB)

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>

namespace bufgc::cli {
namespace {

constexpr std::size_t buffer_bytes = std::size_t{1} << 16U;
constexpr int gzip_window = MAX_WBITS + 16;

Bytef* readable(std::string_view text) {
  // zlib's interface is not const, but it only reads its input.
  return reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
}
/// As much of `text` as zlib takes in one call.
uInt portion(std::string_view text) {
  return static_cast<uInt>(std::min<std::size_t>(text.size(), std::numeric_limits<uInt>::max()));
}

}  // namespace

bool gzip_available() noexcept {
  return true;
}

struct Gunzip::State {
  explicit State(trace::Sink& to) : sink(to) { ready = inflateInit2(&stream, gzip_window) == Z_OK; }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() { inflateEnd(&stream); }

  trace::Sink& sink;
  z_stream stream{};
  bool ready = false;
  bool in_member = false;
  bool any_member = false;
  bool padding = false;  // zeros after the last member, which some tapes and tools leave
  std::uint64_t packed_bytes = 0;
  std::unique_ptr<char[]> unpacked{new char[buffer_bytes]};
};

Gunzip::Gunzip(trace::Sink& sink) : state_(std::make_unique<State>(sink)) {}
Gunzip::~Gunzip() = default;

bool Gunzip::feed(std::string_view piece) {
  if (!state_->ready) {
    error_ = "there is no memory to unpack gzip";
    return false;
  }
  z_stream& stream = state_->stream;
  while (!piece.empty()) {
    if (state_->padding || (!state_->in_member && state_->any_member && piece[0] == '\0')) {
      state_->padding = true;
      const std::size_t zeros = std::min(piece.find_first_not_of('\0'), piece.size());
      state_->packed_bytes += zeros;
      piece.remove_prefix(zeros);
      if (piece.empty()) return true;
      error_ =
          "byte " + std::to_string(state_->packed_bytes) + ": expected the end of the gzip file, found more";
      return false;
    }
    state_->in_member = true;
    stream.next_in = readable(piece);
    stream.avail_in = portion(piece);
    stream.next_out = reinterpret_cast<Bytef*>(state_->unpacked.get());
    stream.avail_out = static_cast<uInt>(buffer_bytes);
    const uInt given = stream.avail_in;
    const int code = inflate(&stream, Z_NO_FLUSH);
    const std::size_t taken = given - stream.avail_in;
    state_->packed_bytes += taken;
    piece.remove_prefix(taken);
    const std::size_t made = buffer_bytes - stream.avail_out;
    if (made > 0 && !state_->sink.write({state_->unpacked.get(), made})) return false;
    if (code == Z_STREAM_END) {
      state_->in_member = false;
      state_->any_member = true;
      inflateReset(&stream);
    } else if (code != Z_OK && !(code == Z_BUF_ERROR && piece.empty())) {
      error_ = "byte " + std::to_string(state_->packed_bytes) + ": expected gzip data, found " +
               (stream.msg != nullptr ? stream.msg : "something else");
      return false;
    }
  }
  // What is already taken in may still hold more than one buffer of text.
  while (state_->in_member) {
    stream.next_out = reinterpret_cast<Bytef*>(state_->unpacked.get());
    stream.avail_out = static_cast<uInt>(buffer_bytes);
    stream.avail_in = 0;
    const int code = inflate(&stream, Z_NO_FLUSH);
    const std::size_t made = buffer_bytes - stream.avail_out;
    if (made > 0 && !state_->sink.write({state_->unpacked.get(), made})) return false;
    if (code == Z_STREAM_END) {
      state_->in_member = false;
      state_->any_member = true;
      inflateReset(&stream);
    }
    if (made == 0) break;
  }
  return true;
}

bool Gunzip::finish() {
  if (!error_.empty()) return false;
  if (!state_->in_member && state_->any_member) return true;
  error_ = "byte " + std::to_string(state_->packed_bytes) +
           ": expected more gzip data, found the end: the file is cut off";
  return false;
}

struct GzipSink::State {
  explicit State(trace::Sink& to) : sink(to) {
    good =
        deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, gzip_window, 8, Z_DEFAULT_STRATEGY) == Z_OK;
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() { deflateEnd(&stream); }

  bool pack(std::string_view text, int flush) {
    do {
      stream.next_in = readable(text);
      stream.avail_in = portion(text);
      const uInt given = stream.avail_in;
      do {
        stream.next_out = reinterpret_cast<Bytef*>(packed.get());
        stream.avail_out = static_cast<uInt>(buffer_bytes);
        deflate(&stream, flush);
        const std::size_t made = buffer_bytes - stream.avail_out;
        good = good && (made == 0 || sink.write({packed.get(), made}));
      } while (good && stream.avail_out == 0);
      text.remove_prefix(given - stream.avail_in);
    } while (good && !text.empty());
    return good;
  }

  trace::Sink& sink;
  z_stream stream{};
  bool good = false;
  std::unique_ptr<char[]> packed{new char[buffer_bytes]};
};

GzipSink::GzipSink(trace::Sink& packed) : state_(std::make_unique<State>(packed)) {}
GzipSink::~GzipSink() = default;
bool GzipSink::write(std::string_view bytes) {
  return state_->good && state_->pack(bytes, Z_NO_FLUSH);
}
bool GzipSink::finish() {
  return state_->good && state_->pack({}, Z_FINISH);
}

}  // namespace bufgc::cli

#else

namespace bufgc::cli {

bool gzip_available() noexcept {
  return false;
}

struct Gunzip::State {};
Gunzip::Gunzip(trace::Sink&) {}
Gunzip::~Gunzip() = default;
bool Gunzip::feed(std::string_view) {
  error_ = gzip_absent;
  return false;
}
bool Gunzip::finish() {
  return false;
}

struct GzipSink::State {};
GzipSink::GzipSink(trace::Sink&) {}
GzipSink::~GzipSink() = default;
bool GzipSink::write(std::string_view) {
  return false;
}
bool GzipSink::finish() {
  return false;
}

}  // namespace bufgc::cli

#endif
