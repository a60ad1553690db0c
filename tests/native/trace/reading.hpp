#pragma once

#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

#include "bufgc/viz/lifecycles.hpp"
#include "trace/readers.hpp"
#include "trace/writers.hpp"

inline std::string file_text(const std::string& path) {
  std::string text;
  std::FILE* const file = std::fopen(path.c_str(), "rb");
  if (file == nullptr) return text;
  char block[65536];
  while (const std::size_t count = std::fread(block, 1, sizeof block, file)) text.append(block, count);
  std::fclose(file);
  return text;
}

#if !defined(__EMSCRIPTEN__)
inline std::string unpacked(const std::string& path) {
  std::string text;
  std::FILE* const pipe = popen(("gzip -dc '" + path + "'").c_str(), "r");
  if (pipe == nullptr) return text;
  char block[65536];
  while (const std::size_t count = std::fread(block, 1, sizeof block, pipe)) text.append(block, count);
  pclose(pipe);
  return text;
}
#endif

struct Read {
  bool good = false;
  std::string notice;
  bufgc::trace::ReadError error;
  bufgc::Lifecycles rows;
};

/// Reads a text in pieces of `piece` bytes.
inline Read read(std::unique_ptr<bufgc::trace::Reader> reader, std::string_view text,
                 std::size_t piece = ~std::size_t{0}) {
  Read result;
  result.good = true;
  for (std::size_t at = 0; at < text.size() && result.good; at += piece) {
    result.good = reader->feed(text.substr(at, piece));
    if (piece >= text.size()) break;
  }
  result.good = result.good && reader->finish();
  result.error = reader->error();
  result.notice = reader->notice();
  result.rows = reader->take();
  return result;
}
inline Read read_ndjson(std::string_view text, std::size_t piece = ~std::size_t{0}) {
  return read(bufgc::trace::make_ndjson_reader(), text, piece);
}
inline Read read_csv(std::string_view text, std::size_t piece = ~std::size_t{0}) {
  return read(bufgc::trace::make_csv_reader(), text, piece);
}

inline Read read_bufgc(std::string_view bytes, std::size_t piece = ~std::size_t{0}) {
  return read(bufgc::trace::make_bufgc_reader(), bytes, piece);
}
inline Read read_pytorch(std::string_view bytes, std::size_t piece = ~std::size_t{0}) {
  return read(bufgc::trace::make_pytorch_reader(), bytes, piece);
}

/// Bytes that the blocks of what is alive at the end take.
inline std::uint64_t capacity_at_end(const bufgc::Lifecycles& rows) {
  std::uint64_t bytes = 0;
  for (std::size_t row = 0; row < rows.size(); ++row)
    if (rows.free_event[row] == bufgc::Lifecycles::none) bytes += rows.capacity_bytes[row];
  return bytes;
}

inline std::string bufgc_of(const bufgc::Lifecycles& rows) {
  bufgc::trace::StringSink sink;
  bufgc::trace::write_bufgc(rows, sink);
  return sink.text;
}
inline std::string ndjson_of(const bufgc::Lifecycles& rows) {
  bufgc::trace::StringSink sink;
  bufgc::trace::write_ndjson(rows, sink);
  return sink.text;
}
