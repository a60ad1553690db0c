#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>

#include "trace/sink.hpp"

namespace bufgc::trace {

/// Gathers small pieces of text for a sink. After the sink has refused once, everything is dropped.
class TextOutput {
 public:
  explicit TextOutput(Sink& sink) : sink_(sink) {}
  TextOutput(const TextOutput&) = delete;
  TextOutput& operator=(const TextOutput&) = delete;

  TextOutput& operator<<(std::string_view text) {
    if (text.size() > capacity - size_) {
      flush();
      if (text.size() > capacity) {
        if (good_) good_ = sink_.write(text);
        return *this;
      }
    }
    std::memcpy(buffer_.get() + size_, text.data(), text.size());
    size_ += text.size();
    return *this;
  }
  TextOutput& operator<<(char character) { return *this << std::string_view(&character, 1); }
  TextOutput& operator<<(std::uint64_t number) { return put(number, 10); }
  TextOutput& operator<<(std::uint32_t number) { return put(std::uint64_t{number}, 10); }
  TextOutput& operator<<(std::int64_t number) { return put(number, 10); }
  TextOutput& hex(std::uint64_t number) { return (*this << "0x").put(number, 16); }
  /// A JSON string with its quotes: always valid JSON and UTF-8, whatever the bytes are.
  TextOutput& quoted(std::string_view text);
  /// Microseconds with the three digits of the nanoseconds behind the point.
  TextOutput& microseconds(std::int64_t time_ns);

  bool flush() {
    if (good_ && size_ > 0) good_ = sink_.write({buffer_.get(), size_});
    size_ = 0;
    return good_;
  }
  [[nodiscard]] bool good() const noexcept { return good_; }

 private:
  static constexpr std::size_t capacity = std::size_t{1} << 16U;
  template <class Number>
  TextOutput& put(Number number, int base) {
    char digits[24];
    const char* const end = std::to_chars(digits, digits + sizeof digits, number, base).ptr;
    return *this << std::string_view(digits, static_cast<std::size_t>(end - digits));
  }

  Sink& sink_;
  // Not zeroed, as `make_unique` would have it: most texts are short.
  std::unique_ptr<char[]> buffer_{new char[capacity]};
  std::size_t size_ = 0;
  bool good_ = true;
};

}  // namespace bufgc::trace
