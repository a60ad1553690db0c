#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bufgc::cli {

/// Bytes with three significant digits: "512 B", "5.07 MiB".
[[nodiscard]] std::string human_bytes(std::uint64_t bytes);
/// A count with its thousands apart: "38,801".
[[nodiscard]] std::string human_count(std::uint64_t count);
/// What was added or is missing: "+1.50 MiB", "-3", "0".
[[nodiscard]] std::string human_bytes_delta(std::uint64_t before, std::uint64_t after);
[[nodiscard]] std::string human_count_delta(std::uint64_t before, std::uint64_t after);
/// Text out of a file, made safe to stand in one line of a terminal: cut to 60 characters, "." for control
/// characters and for marks that turn the direction of writing, U+FFFD for what is no UTF-8.
[[nodiscard]] std::string plain_text(std::string_view text);
/// The last part of a path.
[[nodiscard]] std::string file_name(const std::string& path);
/// With `digits` behind the point.
[[nodiscard]] std::string fixed(double value, int digits);

/// Columns aligned: the first to the left, the others to the right.
class Table {
 public:
  explicit Table(std::vector<std::string> header) : rows_{std::move(header)} {}
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  [[nodiscard]] bool empty() const noexcept { return rows_.size() < 2; }
  /// To standard output.
  void print() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace bufgc::cli
