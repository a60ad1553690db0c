#include <algorithm>
#include <charconv>
#include <limits>
#include <vector>

#include "trace/line_reader.hpp"

namespace bufgc::trace {
namespace {

constexpr std::string_view headers_expected =
    "expected a header with time,op,id,size or with id,lower,upper,size, found ";

std::string_view trimmed(std::string_view cell) {
  const std::size_t begin = cell.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  cell = cell.substr(begin, cell.find_last_not_of(" \t") - begin + 1);
  const bool in_quotes = cell.size() >= 2 && cell.front() == '"' && cell.back() == '"';
  return in_quotes ? cell.substr(1, cell.size() - 2) : cell;
}

/// The cells of a line; a cell beyond the last one is empty.
void split(std::string_view line, std::vector<std::string_view>& cells) {
  cells.clear();
  while (true) {
    const std::size_t comma = line.find(',');
    cells.push_back(trimmed(line.substr(0, comma)));
    if (comma == std::string_view::npos) return;
    line.remove_prefix(comma + 1);
  }
}

template <class Number>
bool parse(std::string_view cell, Number& number) {
  const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), number);
  return !cell.empty() && error == std::errc{} && end == cell.data() + cell.size();
}

/// Columns are found by their names; those that it does not know are ignored.
class CsvReader final : public LineReader {
 private:
  enum class Form : std::uint8_t { unknown, events, lifetimes };
  static constexpr std::size_t absent = ~std::size_t{0};

  bool line(std::string_view text) override {
    if (text[0] == '#') return true;
    split(text, cells_);
    switch (form_) {
      case Form::unknown:
        return header(text);
      case Form::events:
        return event();
      case Form::lifetimes:
        return lifetime();
    }
    return false;
  }

  bool header(std::string_view text) {
    const auto column = [&](std::string_view name) {
      const auto found = std::find(cells_.begin(), cells_.end(), name);
      return found == cells_.end() ? absent : static_cast<std::size_t>(found - cells_.begin());
    };
    id_ = column("id");
    size_ = column("size");
    time_ = column("time");
    op_ = column("op");
    lower_ = column("lower");
    upper_ = column("upper");
    if (id_ != absent && size_ != absent && time_ != absent && op_ != absent) {
      form_ = Form::events;
    } else if (id_ != absent && size_ != absent && lower_ != absent && upper_ != absent) {
      form_ = Form::lifetimes;
    } else {
      return fail(std::string(headers_expected) + shown(text));
    }
    return true;
  }

  [[nodiscard]] std::string_view cell(std::size_t column) const {
    return column < cells_.size() ? cells_[column] : std::string_view{};
  }
  template <class Number>
  bool read(std::size_t column, std::string_view name, std::string_view expected, Number& number) {
    if (parse(cell(column), number)) return true;
    return fail(shown(name) + " expected " + std::string(expected) + ", found " + shown(cell(column)));
  }

  bool event() {
    std::int64_t time = 0;
    EventRecord record;
    if (!read(time_, "time", "an integer", time) || !read(id_, "id", "a non-negative integer", record.id))
      return false;
    const std::string_view op = cell(op_);
    if (op != "a" && op != "f") return fail("\"op\" expected a or f, found " + shown(op));
    if (op == "a" && !read(size_, "size", "a non-negative integer", record.size_bytes)) return false;
    if (!advance(time, "time")) return false;
    if (op == "f") {
      builder_.free(time, record.id, Lifecycles::unknown, Lifecycles::unknown);
      return true;
    }
    record.time_ns = time;
    record.capacity_bytes = record.size_bytes;
    builder_.alloc(record);
    return true;
  }

  bool lifetime() {
    Lifetime row{};
    if (!read(id_, "id", "a non-negative integer", row.id) ||
        !read(lower_, "lower", "an integer", row.lower) || !read(upper_, "upper", "an integer", row.upper) ||
        !read(size_, "size", "a non-negative integer", row.size_bytes))
      return false;
    if (row.upper <= row.lower)
      return fail("\"upper\" expected more than the lower " + std::to_string(row.lower) + ", found " +
                  std::to_string(row.upper));
    rows_.push_back(row);
    return true;
  }

  bool end() override {
    if (form_ == Form::unknown) return fail_at(1, std::string(headers_expected) + "an empty file");
    // A lifetime covers [lower, upper): at one time the frees come first.
    struct Edge {
      std::int64_t time;
      bool birth;
      std::size_t row;
    };
    std::vector<Edge> edges;
    edges.reserve(2 * rows_.size());
    for (std::size_t row = 0; row < rows_.size(); ++row) {
      edges.push_back({rows_[row].lower, true, row});
      edges.push_back({rows_[row].upper, false, row});
    }
    std::sort(edges.begin(), edges.end(), [](const Edge& a, const Edge& b) {
      if (a.time != b.time) return a.time < b.time;
      return a.birth != b.birth ? b.birth : a.row < b.row;
    });
    std::vector<bool> refused(rows_.size());
    for (const Edge& edge : edges) {
      const Lifetime& row = rows_[edge.row];
      if (builder_.full()) return fail("expected at most 4,294,967,280 events in one trace, found more");
      if (edge.birth) {
        EventRecord record;
        record.time_ns = edge.time;
        record.id = row.id;
        record.size_bytes = record.capacity_bytes = row.size_bytes;
        refused[edge.row] = !builder_.alloc(record);
      } else if (!refused[edge.row]) {
        builder_.free(edge.time, row.id, Lifecycles::unknown, Lifecycles::unknown);
      }
    }
    rows_ = {};
    return true;
  }

  struct Lifetime {
    std::uint64_t id, size_bytes;
    std::int64_t lower, upper;
  };

  Form form_ = Form::unknown;
  std::size_t id_ = absent, size_ = absent, time_ = absent, op_ = absent, lower_ = absent, upper_ = absent;
  std::vector<std::string_view> cells_;
  std::vector<Lifetime> rows_;
};

}  // namespace

std::unique_ptr<Reader> make_csv_reader() {
  return std::make_unique<CsvReader>();
}

}  // namespace bufgc::trace
