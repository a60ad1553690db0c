#include <algorithm>
#include <charconv>

#include "bufgc/buffer/buffer_observer.hpp"
#include "trace/names.hpp"
#include "trace/records.hpp"
#include "trace/text_output.hpp"
#include "trace/writers.hpp"

namespace bufgc::trace {
namespace {

using EventKind = Lifecycles::EventKind;

/// Makes the entries of "traceEvents".
class ChromeWriter {
 public:
  ChromeWriter(const Lifecycles& lifecycles, TextOutput& out) : rows_(lifecycles), out_(out) {}

  void write() {
    out_ << "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n"
            "{\"ph\":\"M\",\"pid\":1,\"name\":\"process_name\",\"args\":{\"name\":\"bufgc\"}}";
    Records records(rows_);
    for (std::size_t event = 0; event < records.size() && out_.good(); ++event)
      entry(records.at(event), rows_.event_row[event]);
    out_ << "\n]}\n";
  }

 private:
  void entry(const EventRecord& record, std::uint32_t row) {
    switch (record.kind) {
      case EventKind::alloc:
        slice("b", record, row);
        out_ << ",\"args\":{\"id\":\"" << record.id << "\",\"size\":" << record.size_bytes;
        text("dtype", record.dtype);
        text("shape", record.shape);
        text("site", record.site);
        text("src", word_of(record.served_by, place_names));
        out_ << "}}";
        if (rows_.kind[row] == static_cast<std::uint8_t>(BufferKind::owned)) live_bytes_ += record.size_bytes;
        counter(record.time_ns, "live bytes", live_bytes_);
        break;
      case EventKind::free:
        slice("e", record, row);
        out_ << ",\"args\":{\"cause\":";
        out_.quoted(word_of(record.cause, cause_names));
        text("to", word_of(record.freed_to, place_names));
        out_ << "}}";
        if (rows_.kind[row] == static_cast<std::uint8_t>(BufferKind::owned))
          live_bytes_ -= rows_.size_bytes[row];
        counter(record.time_ns, "live bytes", live_bytes_);
        break;
      case EventKind::use:
        instant(record, "kernel", "t");
        break;
      case EventKind::mark:
        instant(record, "phase", "g");
        break;
      case EventKind::reserve:
      case EventKind::release:
        reserved_bytes_ += record.kind == EventKind::reserve ? record.size_bytes : 0 - record.size_bytes;
        counter(record.time_ns, "reserved bytes", reserved_bytes_);
        break;
      case EventKind::move: {
        // An instant on the buffer's own slice.
        const std::uint32_t moved = rows_.moves[row].row;
        begin("n", record.time_ns, "moved");
        (out_ << ",\"tid\":" << thread(moved) << ",\"cat\":\"buffer\",\"id\":\"").hex(moved)
            << "\",\"args\":{\"from\":\"";
        out_.hex(record.from_address) << "\",\"to\":\"";
        out_.hex(record.address) << "\"}}";
        break;
      }
      case EventKind::link:
      case EventKind::unlink:
        break;
    }
  }

  void begin(std::string_view phase, std::int64_t time_ns, std::string_view name) {
    out_ << ",\n{\"ph\":\"" << phase << "\",\"pid\":1,\"ts\":";
    out_.microseconds(time_ns) << ",\"name\":";
    out_.quoted(name);
  }
  /// One end of a lifetime. The slice's id is the row: a file's own ids may repeat. A lifetime without
  /// a free stays open, which viewers draw to the end.
  void slice(std::string_view phase, const EventRecord& record, std::uint32_t row) {
    const std::string_view label = rows_.strings.at(rows_.label[row]);
    begin(phase, record.time_ns, label.empty() ? "buffer" : label);
    (out_ << ",\"tid\":" << thread(row) << ",\"cat\":\"buffer\",\"id\":\"").hex(row) << '"';
  }
  void instant(const EventRecord& record, std::string_view category, std::string_view scope) {
    begin("i", record.time_ns, record.name.empty() ? category : record.name);
    out_ << ",\"tid\":1,\"cat\":\"" << category << "\",\"s\":\"" << scope << "\"}";
  }
  void counter(std::int64_t time_ns, std::string_view name, std::uint64_t value) {
    begin("C", time_ns, name);
    out_ << ",\"args\":{\"bytes\":" << value << "}}";
  }
  void text(std::string_view name, std::string_view value) {
    if (value.empty()) return;
    out_ << ",\"" << name << "\":";
    out_.quoted(value);
  }
  /// Chrome's threads are numbers; a thread with another name is shown by its string's number.
  [[nodiscard]] std::uint32_t thread(std::uint32_t row) const {
    const std::string_view name = rows_.strings.at(rows_.thread[row]);
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (error == std::errc{} && end == name.data() + name.size()) return number;
    return name.empty() ? 1 : rows_.thread[row] + 1000;
  }

  const Lifecycles& rows_;
  TextOutput& out_;
  std::uint64_t live_bytes_ = 0;
  std::uint64_t reserved_bytes_ = 0;
};

}  // namespace

bool write_chrome(const Lifecycles& lifecycles, Sink& sink) {
  TextOutput out(sink);
  ChromeWriter(lifecycles, out).write();
  return out.flush();
}

}  // namespace bufgc::trace
