#include "trace/line_reader.hpp"

#include <cstring>

#include "trace/text_output.hpp"

namespace bufgc::trace {

std::string shown(std::string_view text) {
  constexpr std::size_t most = 40;
  StringSink sink;
  TextOutput out(sink);
  out.quoted(text.substr(0, most));
  if (text.size() > most) out << "...";
  out.flush();
  return std::move(sink.text);
}

bool LineReader::feed(std::string_view piece) {
  if (!error_.message.empty()) return false;
  while (!piece.empty()) {
    const void* const newline = std::memchr(piece.data(), '\n', piece.size());
    const std::size_t length =
        newline == nullptr ? piece.size()
                           : static_cast<std::size_t>(static_cast<const char*>(newline) - piece.data());
    if (length > max_line_bytes - partial_.size())
      return fail_at(line_number_ + 1, "expected a line of at most 16 MiB, found a longer one");
    if (newline == nullptr) {
      partial_.append(piece);
      return true;
    }
    if (partial_.empty()) {
      if (!take_line(piece.substr(0, length))) return false;
    } else {
      partial_.append(piece.substr(0, length));
      if (!take_line(partial_)) return false;
      partial_.clear();
    }
    piece.remove_prefix(length + 1);
  }
  return true;
}

bool LineReader::finish() {
  if (!error_.message.empty()) return false;
  if (finished_) return true;
  finished_ = true;
  const std::string last = std::move(partial_);
  partial_.clear();
  if (!last.empty() && !take_line(last)) return false;
  return end();
}

bool LineReader::take_line(std::string_view text) {
  ++line_number_;
  constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
  if (line_number_ == 1 && text.substr(0, 3) == byte_order_mark) text.remove_prefix(3);
  if (!text.empty() && text.back() == '\r') text.remove_suffix(1);
  if (text.find_first_not_of(" \t") == std::string_view::npos) return true;
  if (builder_.full()) return fail("expected at most 4,294,967,280 events in one trace, found more");
  return line(text);
}

bool LineReader::advance(std::int64_t time_ns, std::string_view field) {
  if (any_time_ && time_ns < last_time_ns_) {
    std::string what = shown(field);
    what +=
        " expected a time not before " + std::to_string(last_time_ns_) + ", found " + std::to_string(time_ns);
    return fail(what);
  }
  any_time_ = true;
  last_time_ns_ = time_ns;
  return true;
}

bool LineReader::fail(std::string_view what) {
  return fail_at(line_number_, what);
}

bool LineReader::fail_at(std::uint64_t line, std::string_view what) {
  error_.line = line;
  error_.message = "line " + std::to_string(line) + ": ";
  error_.message.append(what);
  return false;
}

}  // namespace bufgc::trace
