#include "trace_input.hpp"

#include <utility>

namespace bufgc::viewer {
namespace {

/// A format shows in its first line; no line that one begins with is longer.
constexpr std::size_t start_bytes = 4096;

std::string_view without_gz(std::string_view name) noexcept {
  constexpr std::string_view suffix = ".gz";
  if (name.size() > suffix.size() && name.substr(name.size() - suffix.size()) == suffix) {
    name.remove_suffix(suffix.size());
  }
  return name;
}

bool begins_with_object(std::string_view text) noexcept {
  const std::size_t at = text.find_first_not_of("\xEF\xBB\xBF \t\r\n");
  return at == std::string_view::npos || text[at] == '{';
}

}  // namespace

std::size_t TraceInput::add_file(std::string_view name) {
  files_.emplace_back();
  files_.back().name = std::string(name);
  return files_.size() - 1;
}

bool TraceInput::fail(const std::string& file, std::string message) {
  if (error_message_.empty()) {
    error_file_ = file;
    error_message_ = std::move(message);
  }
  return false;
}

bool TraceInput::recognise(File& file) {
  file.known = true;
  std::string why;
  if (files_.size() > 1) {
    if (!begins_with_object(file.start)) {
      return fail(file.name,
                  "line 1: several files make one trace only as NDJSON, so a JSON object was expected");
    }
    if (!merger_) merger_ = std::make_unique<TraceMerger>(files_.size());
    if (!reader_) reader_ = trace::make_ndjson_reader();
    return true;
  }
  if (in_parts_) {
    auto parts =
        std::make_unique<trace::BufgcRangeReader>(file.bytes, *range_, trace::RangeStart::first_event);
    parts_ = parts.get();
    reader_ = std::move(parts);
    return true;
  }
  reader_ = trace::make_reader(without_gz(file.name), file.start, why);
  if (!reader_) return fail(file.name, why);
  reader_->expect(file.bytes, std::exchange(file.last, {}));
  return true;
}

void TraceInput::expect(std::size_t file, std::uint64_t file_bytes, std::string_view last_bytes) {
  if (file >= files_.size()) return;
  files_[file].bytes = file_bytes;
  files_[file].last = std::string(last_bytes);
}

bool TraceInput::feed(std::size_t index, std::string_view piece) {
  if (!error_message_.empty() || index >= files_.size()) return false;
  File& file = files_[index];
  if (file.known) return pass_on(index, piece);
  file.start.append(piece);
  // A live trace is seen from its first line on, and what is no text by its first byte.
  const bool told = trace::is_bufgc(file.start) || trace::is_pickle(file.start) ||
                    file.start.find('\n') != std::string::npos;
  if (file.start.size() < start_bytes && !told) return true;
  if (!recognise(file)) return false;
  return pass_on(index, std::exchange(file.start, {}));
}

bool TraceInput::end(std::size_t index) {
  if (!error_message_.empty() || index >= files_.size()) return false;
  File& file = files_[index];
  if (!file.known) {
    if (!recognise(file) || !pass_on(index, std::exchange(file.start, {}))) return false;
  }
  file.ended = true;
  if (merger_) merger_->end(index);
  if (merger_ && !drain()) return false;
  for (const File& other : files_) {
    if (!other.ended) return true;
  }
  return finish();
}

bool TraceInput::pass_on(std::size_t index, std::string_view piece) {
  if (merger_) {
    merger_->feed(index, piece);
    return drain();
  }
  return reader_->feed(piece) || fail(files_[index].name, reader_->error().message);
}

bool TraceInput::drain() {
  // Not before every file has shown what it is: the merger needs a line of each.
  for (const File& file : files_) {
    if (!file.known) return true;
  }
  TraceMerger::Line line{};
  while (merger_->next(line)) {
    if (reader_->feed(line.text)) continue;
    // The reader counted merged lines; the place that helps is the one in the file.
    std::string message = reader_->error().message;
    const std::size_t colon = message.find(": ");
    if (reader_->error().line != 0 && colon != std::string::npos) message.erase(0, colon + 2);
    return fail(files_[line.stream].name, "line " + std::to_string(line.number) + ": " + message);
  }
  return true;
}

bool TraceInput::finish() {
  if (!reader_->finish()) return fail(files_.back().name, reader_->error().message);
  if (!range_) return true;
  result_ = reader_->take();
  if (result_.event_count() == 0) return true;
  const std::int64_t origin_ns = parts_ != nullptr ? parts_->origin_ns() : result_.event_time_ns.front();
  if (parts_ == nullptr) result_ = trace::cut(result_, trace::moved(*range_, origin_ns));
  if (result_.event_count() > 0) start_ns_ = result_.event_time_ns.front() - origin_ns;
  return true;
}

int TraceInput::wanted() const noexcept {
  for (std::size_t i = 0; i < files_.size(); ++i) {
    if (!files_[i].known && !files_[i].ended) return static_cast<int>(i);
  }
  if (merger_) return merger_->wanted();
  for (std::size_t i = 0; i < files_.size(); ++i) {
    if (!files_[i].ended) return static_cast<int>(i);
  }
  return -1;
}

}  // namespace bufgc::viewer
