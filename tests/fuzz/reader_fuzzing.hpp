#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "trace/readers.hpp"
#include "trace/writers.hpp"

inline void must(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

/// Feeds one input in pieces of that size, checks what must hold of any result, and writes and reads back
/// what was good.
inline void read_in_pieces(std::unique_ptr<bufgc::trace::Reader> (*make)(), std::string_view text,
                           std::size_t piece) {
  using namespace bufgc;
  const auto reader = make();
  bool good = true;
  while (good && !text.empty()) {
    const std::string_view part = text.substr(0, piece);
    good = reader->feed(part);
    text.remove_prefix(part.size());
  }
  good = good && reader->finish();
  must(good == reader->error().message.empty(), "an error has a message, a success has none");
  const Lifecycles rows = reader->take();
  must(rows.event_time_ns.size() == rows.event_kind.size(), "columns have one length");
  must(rows.free_event.size() == rows.size(), "columns have one length");
  for (std::size_t event = 1; event < rows.event_count(); ++event)
    must(rows.event_time_ns[event - 1] <= rows.event_time_ns[event], "time does not decrease");
  for (std::size_t row = 0; row < rows.size(); ++row)
    must(rows.free_event[row] > rows.alloc_event[row] && rows.event_row[rows.alloc_event[row]] == row,
         "a lifetime ends after it began");

  trace::StringSink first;
  trace::StringSink other;
  must(trace::write_ndjson(rows, first), "what was read can be written");
  must(trace::write_csv(rows, other) && trace::write_chrome(rows, other), "in every form");
  const auto again = trace::make_ndjson_reader();
  const bool readable = again->feed(first.text) && again->finish();
  must(readable, readable ? "" : again->error().message.c_str());
  // A forged binary file may give two that are alive one id, which lines cannot tell apart.
  if (again->lifecycles().skipped_events > 0) return;
  trace::StringSink second;
  trace::write_ndjson(again->lifecycles(), second);
  must(first.text == second.text, "what was read back is what was written");
  trace::StringSink packed;
  must(trace::write_bufgc(rows, packed), "in the binary form too");
  const auto binary = trace::make_bufgc_reader();
  must(binary->feed(packed.text) && binary->finish() && binary->notice().empty(), "and that can be read");
  trace::StringSink third;
  trace::write_ndjson(binary->lifecycles(), third);
  must(first.text == third.text, "the binary form holds the same");
}

/// The first byte of an input tells the size of the pieces.
inline void read_anything(std::unique_ptr<bufgc::trace::Reader> (*make)(), const std::uint8_t* data,
                          std::size_t size) {
  if (size == 0) return;
  const std::size_t piece = data[0] == '{' || data[0] >= 'a' ? size : data[0] + std::size_t{1};
  read_in_pieces(make, {reinterpret_cast<const char*>(data), size}, piece);
}
