#include "trace/names.hpp"
#include "trace/records.hpp"
#include "trace/text_output.hpp"
#include "trace/writers.hpp"

namespace bufgc::trace {
namespace {

using EventKind = Lifecycles::EventKind;

void text_field(TextOutput& out, std::string_view name, std::string_view text) {
  if (text.empty()) return;
  out << ",\"" << name << "\":";
  out.quoted(text);
}

/// Whether "1080x1920x4" can be written as [1080,1920,4] and read back as it was.
bool is_extents(std::string_view shape) {
  std::size_t digits = 0;
  for (std::size_t i = 0; i <= shape.size(); ++i) {
    const char character = i < shape.size() ? shape[i] : 'x';
    if (character == 'x') {
      const bool padded = digits > 1 && shape[i - digits] == '0';
      if (digits == 0 || digits > 19 || padded) return false;
      digits = 0;
    } else if (character >= '0' && character <= '9') {
      ++digits;
    } else {
      return false;
    }
  }
  return true;
}

void shape_field(TextOutput& out, std::string_view shape) {
  if (shape.empty()) return;
  if (!is_extents(shape)) return text_field(out, "shape", shape);
  out << ",\"shape\":[";
  for (char character : shape) out << (character == 'x' ? ',' : character);
  out << ']';
}

void birth(TextOutput& out, const EventRecord& record) {
  out << ",\"id\":" << record.id << ",\"size\":" << record.size_bytes;
  if (record.capacity_bytes != record.size_bytes) out << ",\"capacity\":" << record.capacity_bytes;
  if (record.address != Lifecycles::no_address) (out << ",\"addr\":\"").hex(record.address) << '"';
  if (record.buffer_kind != 0) text_field(out, "kind", word_of(record.buffer_kind, kind_names));
  if (record.has_base) out << ",\"base\":" << record.base_id;
  text_field(out, "dtype", record.dtype);
  shape_field(out, record.shape);
  text_field(out, "label", record.name);
  text_field(out, "site", record.site);
  text_field(out, "thread", record.thread);
  text_field(out, "src", word_of(record.served_by, place_names));
}

void write_line(TextOutput& out, const EventRecord& record) {
  out << "{\"t\":" << record.time_ns << ",\"op\":\"" << op_names[static_cast<std::size_t>(record.kind)]
      << '"';
  switch (record.kind) {
    case EventKind::alloc:
      birth(out, record);
      break;
    case EventKind::free:
      out << ",\"id\":" << record.id;
      text_field(out, "to", word_of(record.freed_to, place_names));
      text_field(out, "cause", word_of(record.cause, cause_names));
      break;
    case EventKind::use: {
      out << ",\"kernel\":";
      out.quoted(record.name) << ",\"bufs\":[";
      char comma = 0;
      for (const EventRecord::Use& use : record.uses) {
        if (comma != 0) out << comma;
        out << '[' << use.id << ",\"" << word_of(use.access, access_names) << "\"]";
        comma = ',';
      }
      out << ']';
      break;
    }
    case EventKind::mark:
      out << ",\"name\":";
      out.quoted(record.name);
      break;
    case EventKind::reserve:
    case EventKind::release:
      (out << ",\"addr\":\"").hex(record.address) << "\",\"size\":" << record.size_bytes;
      break;
    case EventKind::link:
    case EventKind::unlink:
      out << ",\"holder\":" << record.id << ",\"held\":" << record.held_id;
      break;
    case EventKind::move:
      (out << ",\"id\":" << record.id << ",\"from\":\"").hex(record.from_address);
      (out << "\",\"addr\":\"").hex(record.address) << '"';
      break;
  }
  out << "}\n";
}

void write_folded(TextOutput& out, const Lifecycles::Folded& folded) {
  out << "{\"op\":\"folded\",\"events\":" << folded.events << ",\"buffers\":" << folded.buffers
      << ",\"bytes\":" << folded.bytes << ",\"max_live_bytes\":" << folded.max_live_bytes
      << ",\"max_live_buffers\":" << folded.max_live_buffers << "}\n";
}

}  // namespace

bool write_ndjson(const Lifecycles& lifecycles, Sink& sink) {
  TextOutput out(sink);
  const Lifecycles::Folded& folded = lifecycles.folded;
  if (folded.events != 0 || folded.max_live_buffers != 0) write_folded(out, folded);
  Records records(lifecycles);
  for (std::size_t event = 0; event < records.size() && out.good(); ++event)
    write_line(out, records.at(event));
  return out.flush();
}

std::uint64_t write_ndjson_since(const BufferVisualizer& visualizer, std::uint64_t from, Sink& sink) {
  TextOutput out(sink);
  const std::uint64_t next = visualizer.for_each_event_since(from, [&](const EventRecord& record) {
    write_line(out, record);
    return out.good();
  });
  out.flush();
  return next;
}

}  // namespace bufgc::trace
