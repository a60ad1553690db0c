#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "trace/crc32c.hpp"
#include "trace/readers.hpp"
#include "trace/writers.hpp"

inline void must(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

/// What must hold of whatever was read.
inline void check(const bufgc::Lifecycles& rows) {
  must(rows.event_time_ns.size() == rows.event_kind.size(), "columns have one length");
  must(rows.free_event.size() == rows.size(), "columns have one length");
  for (std::size_t event = 1; event < rows.event_count(); ++event)
    must(rows.event_time_ns[event - 1] <= rows.event_time_ns[event], "time does not decrease");
  for (std::size_t row = 0; row < rows.size(); ++row)
    must(rows.free_event[row] > rows.alloc_event[row] && rows.event_row[rows.alloc_event[row]] == row,
         "a lifetime ends after it began");
}

inline std::string ndjson_of(const bufgc::Lifecycles& rows) {
  bufgc::trace::StringSink sink;
  must(bufgc::trace::write_ndjson(rows, sink), "what was read can be written");
  return std::move(sink.text);
}

inline void read_back(bufgc::trace::Reader& reader, std::string_view text) {
  const bool readable = reader.feed(text) && reader.finish() && reader.notice().empty();
  must(readable, readable ? "" : reader.error().message.c_str());
}

inline void check_lines(const bufgc::Lifecycles& rows) {
  const std::string text = ndjson_of(rows);
  const auto reader = bufgc::trace::make_ndjson_reader();
  read_back(*reader, text);
  // A forged binary file may give two that are alive one id, which lines cannot tell apart.
  if (reader->lifecycles().skipped_events > 0) return;
  must(text == ndjson_of(reader->lifecycles()), "what was read back is what was written");
}

inline void check_binary(const bufgc::Lifecycles& rows) {
  bufgc::trace::StringSink sink;
  must(bufgc::trace::write_bufgc(rows, sink), "in the binary form too");
  const auto reader = bufgc::trace::make_bufgc_reader();
  read_back(*reader, sink.text);
  if (reader->lifecycles().skipped_events == rows.skipped_events)
    must(ndjson_of(rows) == ndjson_of(reader->lifecycles()), "the binary form holds the same");
}

inline void check_others(const bufgc::Lifecycles& rows) {
  bufgc::trace::StringSink csv;
  bufgc::trace::StringSink chrome;
  must(bufgc::trace::write_csv(rows, csv) && bufgc::trace::write_chrome(rows, chrome), "in every form");
  read_back(*bufgc::trace::make_csv_reader(), csv.text);
}

/// Feeds one input in pieces of that size, checks what must hold of any result, and writes what was good in
/// one of the forms, which the input's sum chooses, and reads it back: all of them for each input would
/// take three times as long, and so try a third as many.
inline void read_in_pieces(bufgc::trace::Reader& reader, std::string_view text, std::size_t piece) {
  constexpr void (*further[])(const bufgc::Lifecycles&) = {&check_lines, &check_binary, &check_others};
  const std::uint32_t choice = bufgc::trace::crc32c(text) % std::size(further);
  bool good = true;
  while (good && !text.empty()) {
    const std::string_view part = text.substr(0, piece);
    good = reader.feed(part);
    text.remove_prefix(part.size());
  }
  good = good && reader.finish();
  must(good == reader.error().message.empty(), "an error has a message, a success has none");
  const bufgc::Lifecycles rows = reader.take();
  check(rows);
  // Of nothing the same is written each time.
  if (rows.event_count() > 0 || rows.folded.events > 0) further[choice](rows);
}

/// Of text the first byte tells the size of the pieces.
inline void read_text(bufgc::trace::Reader& reader, const std::uint8_t* data, std::size_t size) {
  if (size == 0) return;
  const std::size_t piece = data[0] == '{' || data[0] >= 'a' ? size : data[0] + std::size_t{1};
  read_in_pieces(reader, {reinterpret_cast<const char*>(data), size}, piece);
}
