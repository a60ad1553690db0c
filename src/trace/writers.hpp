#pragma once

#include <cstdint>
#include <span>

#include "bufgc/viz/buffer_visualizer.hpp"
#include "bufgc/viz/lifecycles.hpp"
#include "trace/sink.hpp"

namespace bufgc::trace {

/// One event a line, as the README's table of fields says. Reading it back gives equal lifecycles.
/// False when the sink refused; the same holds for all writers.
bool write_ndjson(const Lifecycles& lifecycles, Sink& sink);
/// The binary form: a tenth of NDJSON and read several times as fast (`bufgc_writer.hpp` writes it as events
/// come). False also where one event needs more than 64 MiB.
bool write_bufgc(const Lifecycles& lifecycles, Sink& sink);
/// `time,op,id,size` with op `a` or `f`.
bool write_csv(const Lifecycles& lifecycles, Sink& sink);
/// A table of lifetimes for spreadsheets, as RFC 4180 says: a line a row, ended by CR LF, above them, if
/// asked for, the names of the columns. Times are nanoseconds from the first event; what never ended has no
/// end. Text is cut after 1,024 bytes, and what a spreadsheet would take for a formula gets an apostrophe in
/// front.
bool write_rows_csv(const Lifecycles& lifecycles, std::span<const std::uint32_t> rows, bool header,
                    Sink& sink);
/// Chrome's trace event format (Perfetto, chrome://tracing): lifetimes as async slices, levels as counters.
bool write_chrome(const Lifecycles& lifecycles, Sink& sink);

/// The events of a running visualizer from number `from` on, as NDJSON; returns the number to ask
/// for next. Where `from` has been folded away already, it begins at the oldest event kept.
std::uint64_t write_ndjson_since(const BufferVisualizer& visualizer, std::uint64_t from, Sink& sink);

}  // namespace bufgc::trace
