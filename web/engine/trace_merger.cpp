#include "trace_merger.hpp"

#include <algorithm>
#include <utility>

namespace bufgc::viewer {
namespace {

std::size_t skip_blank(std::string_view line, std::size_t at) noexcept {
  while (at < line.size() && (line[at] == ' ' || line[at] == '\t')) ++at;
  return at;
}

/// Where the value of a key begins; npos when the line has no such key. `quoted_key` comes with its
/// quotes: within a JSON string they would be escaped, so it is found as a key or not at all.
std::size_t value_of(std::string_view line, std::string_view quoted_key) noexcept {
  for (std::size_t at = line.find(quoted_key); at != std::string_view::npos;
       at = line.find(quoted_key, at + 1)) {
    const std::size_t colon = skip_blank(line, at + quoted_key.size());
    if (colon < line.size() && line[colon] == ':') return skip_blank(line, colon + 1);
  }
  return std::string_view::npos;
}

/// Digits at `at`, which moves behind them; false when there are none or they leave 63 bits.
bool read_integer(std::string_view line, std::size_t& at, std::uint64_t& value) noexcept {
  const std::size_t first = at;
  value = 0;
  for (; at < line.size() && line[at] >= '0' && line[at] <= '9'; ++at) {
    if (value > (INT64_MAX - 9) / 10) return false;
    value = value * 10 + static_cast<std::uint64_t>(line[at] - '0');
  }
  return at > first;
}

bool is_op(std::string_view line, std::string_view quoted_op) noexcept {
  const std::size_t at = value_of(line, "\"op\"");
  return at != std::string_view::npos && line.substr(at, quoted_op.size()) == quoted_op;
}

}  // namespace

int TraceMerger::wanted() const noexcept {
  for (std::size_t i = 0; i < streams_.size(); ++i) {
    const Stream& stream = streams_[i];
    if (!stream.ended && !stream.has_head && stream.text.find('\n', stream.at) == std::string::npos) {
      return static_cast<int>(i);
    }
  }
  return -1;
}

bool TraceMerger::find_head(Stream& stream) {
  while (!stream.has_head) {
    if (stream.at == stream.text.size() && stream.ended) return false;
    const std::size_t newline = stream.text.find('\n', stream.at);
    if (newline == std::string::npos && !stream.ended) {
      stream.text.erase(0, stream.at);
      stream.at = 0;
      return false;
    }
    const std::size_t end = newline == std::string::npos ? stream.text.size() : newline + 1;
    const std::string_view line(stream.text.data() + stream.at, end - stream.at);
    ++stream.lines;
    if (line.find_first_not_of(" \t\r\n") == std::string_view::npos) {
      stream.at = end;
      continue;
    }
    std::size_t at = value_of(line, "\"t\"");
    std::uint64_t time = 0;
    const bool negative = at < line.size() && line[at] == '-';
    if (negative) ++at;
    // Without a time the line stands where the one before it stood.
    if (at != std::string_view::npos && read_integer(line, at, time)) {
      stream.time = negative ? -static_cast<std::int64_t>(time) : static_cast<std::int64_t>(time);
    }
    stream.has_head = true;
    stream.head_size = line.size();
  }
  return true;
}

bool TraceMerger::unborn(std::string_view line, std::uint64_t& id) const {
  std::size_t at = value_of(line, "\"bufs\"");
  if (at == std::string_view::npos) return false;
  // [[3,"w"],[0,"r"]]: a number behind each inner bracket.
  for (at = line.find('[', at + 1); at != std::string_view::npos; at = line.find('[', at + 1)) {
    std::size_t digits = skip_blank(line, at + 1);
    if (!read_integer(line, digits, id)) return false;
    if (born_.count(id) == 0) return true;
  }
  return false;
}

void TraceMerger::born(std::uint64_t id) {
  born_.insert(id);
  const auto waiting = held_.find(id);
  if (waiting == held_.end()) return;
  std::vector<Held> lines = std::move(waiting->second);
  held_.erase(waiting);
  for (Held& line : lines) {
    std::uint64_t other = 0;
    if (unborn(line.text, other)) {
      held_[other].push_back(std::move(line));
    } else {
      ready_.push_back(std::move(line));
    }
  }
}

void TraceMerger::emit(std::string_view text, std::size_t stream, std::uint64_t number, Line& line) {
  out_.assign(text);
  if (out_.back() != '\n') out_ += '\n';
  const std::size_t first = value_of(out_, "\"t\"");
  std::size_t end = first;
  std::uint64_t time = 0;
  if (first != std::string_view::npos && read_integer(out_, end, time)) {
    if (static_cast<std::int64_t>(time) < last_time_ && is_op(out_, "\"use\"")) {
      out_.replace(first, end - first, std::to_string(last_time_));
    } else {
      last_time_ = std::max(last_time_, static_cast<std::int64_t>(time));
    }
  }
  line = {out_, stream, number};
}

bool TraceMerger::take_ready(Line& line) {
  if (next_ready_ == ready_.size()) {
    ready_.clear();
    next_ready_ = 0;
    return false;
  }
  const Held& held = ready_[next_ready_++];
  emit(held.text, held.stream, held.number, line);
  return true;
}

bool TraceMerger::next(Line& line) {
  while (true) {
    if (take_ready(line)) return true;
    std::size_t earliest = streams_.size();
    for (std::size_t i = 0; i < streams_.size(); ++i) {
      if (!find_head(streams_[i])) {
        if (streams_[i].ended) continue;
        return false;
      }
      if (earliest == streams_.size() || streams_[i].time < streams_[earliest].time) earliest = i;
    }
    if (earliest == streams_.size()) {
      // All is read: what waits for a buffer that never came goes out for the reader to count.
      for (auto& [id, lines] : held_) {
        for (Held& held : lines) ready_.push_back(std::move(held));
      }
      held_.clear();
      std::sort(ready_.begin(), ready_.end(),
                [](const Held& a, const Held& b) { return a.number < b.number; });
      return take_ready(line);
    }
    Stream& stream = streams_[earliest];
    const std::string_view head(stream.text.data() + stream.at, stream.head_size);
    stream.has_head = false;
    stream.at += stream.head_size;
    std::uint64_t id = 0;
    if (is_op(head, "\"use\"") && unborn(head, id)) {
      held_[id].push_back({std::string(head), earliest, stream.lines});
      continue;
    }
    emit(head, earliest, stream.lines, line);
    if (is_op(head, "\"alloc\"")) {
      std::size_t at = value_of(head, "\"id\"");
      if (at != std::string_view::npos && read_integer(head, at, id)) born(id);
    }
    return true;
  }
}

}  // namespace bufgc::viewer
