#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

namespace bufgc::viewer {

/// Writes one JSON value into a string. Commas are put where they belong; keys and nesting are the
/// caller's to balance.
class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) { out_.clear(); }

  JsonWriter& open(char bracket) {
    separate();
    out_ += bracket;
    first_ = true;
    return *this;
  }
  JsonWriter& close(char bracket) {
    out_ += bracket;
    first_ = false;
    return *this;
  }
  JsonWriter& key(std::string_view name) {
    separate();
    quote(name);
    out_ += ':';
    first_ = true;
    return *this;
  }
  JsonWriter& text(std::string_view value) {
    separate();
    quote(value);
    return *this;
  }
  template <class Number>
  JsonWriter& number(Number value) {
    static_assert(std::is_integral_v<Number>, "places after the point have no use here");
    separate();
    out_ += std::to_string(value);
    return *this;
  }
  JsonWriter& boolean(bool value) { return literal(value ? "true" : "false"); }
  JsonWriter& null() { return literal("null"); }

  // Members of an object.
  template <class Number>
  JsonWriter& member(std::string_view name, Number value) {
    return key(name).number(value);
  }
  JsonWriter& member_text(std::string_view name, std::string_view value) { return key(name).text(value); }
  /// An empty name stands for "not known".
  JsonWriter& member_name(std::string_view name, std::string_view value) {
    key(name);
    return value.empty() ? null() : text(value);
  }

 private:
  void separate() {
    if (!first_) out_ += ',';
    first_ = false;
  }
  JsonWriter& literal(std::string_view word) {
    separate();
    out_ += word;
    return *this;
  }
  void quote(std::string_view text);

  std::string& out_;
  bool first_ = true;
};

}  // namespace bufgc::viewer
