#include <algorithm>
#include <string>

#include "trace/names.hpp"
#include "trace/text_output.hpp"
#include "trace/utf8.hpp"
#include "trace/writers.hpp"

namespace bufgc::trace {
namespace {

/// A label may be a megabyte long, and a million rows may have it.
constexpr std::size_t most_text = 1024;

/// Whether a spreadsheet would compute it, or has been seen to.
bool looks_like_formula(std::string_view text) noexcept {
  constexpr std::string_view beginnings[] = {"=",  "+",      "-",      "@",      "\t",    "\r",
                                             "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20"};
  return std::any_of(std::begin(beginnings), std::end(beginnings), [&](std::string_view beginning) {
    return text.substr(0, beginning.size()) == beginning;
  });
}

/// As much of the text as a cell holds, which is whole characters and none that is for terminals.
std::string cell_text(std::string_view text) {
  std::string cell = looks_like_formula(text) ? "'" : "";
  const std::string_view kept = text.substr(0, most_text);
  for (std::size_t at = 0; at < kept.size();) {
    const std::size_t length = utf8_length(kept.substr(at));
    const auto byte = static_cast<unsigned char>(kept[at]);
    const bool control = (byte < 0x20 || byte == 0x7f) && byte != '\t' && byte != '\n' && byte != '\r';
    // A character that the cut divides is no fault of the text.
    if (length == 0 && at + 4 > kept.size() && text.size() > kept.size()) break;
    cell += length == 0 || control ? utf8_replacement : kept.substr(at, length);
    at += std::max<std::size_t>(length, 1);
  }
  if (text.size() > kept.size()) cell += "\u2026";
  return cell;
}

void put_text(TextOutput& out, std::string_view text) {
  const std::string cell = cell_text(text);
  if (cell.find_first_of("\",\r\n") == std::string::npos) {
    out << cell;
    return;
  }
  out << '"';
  for (const char c : cell) {
    if (c == '"') out << '"';
    out << c;
  }
  out << '"';
}

}  // namespace

bool write_rows_csv(const Lifecycles& lifecycles, std::span<const std::uint32_t> rows, bool header,
                    Sink& sink) {
  TextOutput out(sink);
  if (header) {
    out << "id,kind,label,dtype,shape,size_bytes,block_bytes,address,born_event,born_ns,released_event,"
           "released_ns,cause,site,thread\r\n";
  }
  const std::int64_t origin = lifecycles.event_time_ns.empty() ? 0 : lifecycles.event_time_ns.front();
  // Unsigned: the difference of two signed times may be past the signed range.
  const auto since = [&](std::int64_t time) {
    return static_cast<std::uint64_t>(time) - static_cast<std::uint64_t>(origin);
  };
  for (const std::uint32_t row : rows) {
    if (!out.good()) break;
    const auto text = [&](std::uint32_t index) { put_text(out << ',', lifecycles.strings.at(index)); };
    out << lifecycles.id[row] << ',' << word_of(lifecycles.kind[row], kind_names);
    for (const auto* const column : {&lifecycles.label, &lifecycles.dtype, &lifecycles.shape})
      text((*column)[row]);
    out << ',' << lifecycles.size_bytes[row] << ',' << lifecycles.capacity_bytes[row] << ',';
    if (lifecycles.address[row] != Lifecycles::no_address) out.hex(lifecycles.address[row]);
    out << ',' << lifecycles.alloc_event[row] << ',' << since(lifecycles.alloc_time_ns(row)) << ',';
    if (lifecycles.free_event[row] == Lifecycles::none) {
      out << ",,";
    } else {
      out << lifecycles.free_event[row] << ',' << since(lifecycles.free_time_ns(row)) << ','
          << word_of(lifecycles.cause[row], cause_names);
    }
    text(lifecycles.site[row]);
    text(lifecycles.thread[row]);
    out << "\r\n";
  }
  return out.flush();
}

}  // namespace bufgc::trace
