#include <algorithm>
#include <string>
#include <string_view>

#include "reader_fuzzing.hpp"
#include "sealed_bufgc.hpp"
#include "trace/bufgc_range_reader.hpp"
#include "trace/bufgc_writer.hpp"
#include "trace/records.hpp"

namespace {

using namespace bufgc;
using namespace bufgc::trace;

struct Read {
  Lifecycles rows;
  bool good = false;
};

Read whole(std::string_view file) {
  const auto reader = make_bufgc_reader();
  const bool good = reader->feed(file) && reader->finish();
  return {reader->take(), good};
}

Read part(std::string_view file, TimeRange range, RangeStart start) {
  BufgcRangeReader reader(file.size(), range, start);
  bool good = true;
  std::size_t steps = 3 * (file.size() / block_header_bytes) + 16;
  for (auto wanted = reader.wanted(); good && wanted.count > 0; wanted = reader.wanted()) {
    must(steps-- > 0, "a range is found in no more steps than there can be blocks");
    good = reader.feed(wanted.offset < file.size() ? file.substr(wanted.offset, wanted.count) : "");
  }
  good = good && reader.finish();
  must(good == reader.error().message.empty(), "an error has a message, a success has none");
  return {reader.take(), good};
}

/// As a writer makes it, with sections so short that a range need not begin with the first.
std::string rewritten(const Lifecycles& rows) {
  StringSink sink;
  BufgcWriter writer(sink, rows.folded, {.block_records = 3, .section_records = 5});
  Records records(rows);
  for (std::size_t event = 0; event < records.size(); ++event) writer.add(records.at(event));
  must(writer.close(), "what was read can be written");
  return std::move(sink.text);
}

/// From one event of it to another.
TimeRange range_of(const Lifecycles& rows, std::size_t one, std::size_t other) {
  if (rows.event_count() == 0) return {};
  const auto [from, to] = std::minmax(rows.event_time_ns[one % rows.event_count()],
                                      rows.event_time_ns[other % rows.event_count()]);
  return {from, to};
}

}  // namespace

/// Three bytes tell whether checksums are left as they are, what times count from, and the range; the file
/// follows. Of a file that a writer made, a range must be what `cut` leaves.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 3, size - 3);
  const std::string file = data[0] % 4 != 0 ? sealed(bytes) : std::string(bytes);
  const RangeStart start = data[0] < 128 ? RangeStart::clock : RangeStart::first_event;
  const Lifecycles rows = whole(file).rows;
  const Read found = part(file, range_of(rows, data[1], data[2]), start);
  check(found.rows);
  if (found.rows.event_count() > 0) ndjson_of(found.rows);
  if (rows.event_count() == 0) return 0;

  const std::string made = rewritten(rows);
  const Read again = whole(made);
  must(again.good && again.rows.event_count() > 0, "what was written can be read");
  const TimeRange range = range_of(again.rows, data[1], data[2]);
  const Read of_made = part(made, range, RangeStart::clock);
  must(of_made.good, "what was written can be read in part");
  must(ndjson_of(of_made.rows) == ndjson_of(cut(again.rows, range)), "a range is what `cut` leaves");
  return 0;
}
