#include "trace/ndjson_line.hpp"

#include <rapidjson/reader.h>

#include <algorithm>
#include <charconv>
#include <limits>

#include "trace/line_reader.hpp"
#include "trace/names.hpp"

namespace bufgc::trace {
namespace {

enum class Form : std::uint8_t { time, whole, text, address, shape, name, uses, ignored };

struct FieldInfo {
  std::string_view name;
  Form form;
};
constexpr FieldInfo fields[] = {
#define BUFGC_X(name, form) {#name, Form::form},
    BUFGC_NDJSON_FIELDS(BUFGC_X)
#undef BUFGC_X
        {{}, Form::ignored},
};

constexpr std::size_t longest_name = 16;

/// Where the names of each length begin in `fields`.
constexpr auto first_of_length = [] {
  std::array<std::uint8_t, longest_name + 2> first{};
  for (std::size_t length = 0; length < first.size(); ++length)
    for (std::size_t i = 0; i < field_count; ++i)
      if (fields[i].name.size() < length) first[length] = static_cast<std::uint8_t>(i + 1);
  return first;
}();
static_assert([] {
  for (std::size_t i = 1; i < field_count; ++i)
    if (fields[i].name.size() < fields[i - 1].name.size()) return false;
  return fields[field_count - 1].name.size() == longest_name;
}());

Field field_of(std::string_view name) {
  if (name.size() > longest_name) return Field::other;
  for (std::size_t i = first_of_length[name.size()]; i < first_of_length[name.size() + 1]; ++i)
    if (fields[i].name == name) return static_cast<Field>(i);
  return Field::other;
}

std::string_view expectation(Form form) {
  switch (form) {
    case Form::time:
      return "an integer of nanoseconds";
    case Form::whole:
      return "a non-negative integer";
    case Form::text:
      return "a string";
    case Form::address:
      return "a hexadecimal string as \"0x7f00\"";
    case Form::shape:
      return "an array of non-negative integers";
    case Form::name:
      return "a string or an integer";
    case Form::uses:
      return "an array of pairs as [id,\"r\"|\"w\"|\"rw\"]";
    case Form::ignored:
      break;
  }
  return "anything";
}

bool parse_address(std::string_view text, std::uint64_t& address) {
  if (text.size() > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) text.remove_prefix(2);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), address, 16);
  return error == std::errc{} && end == text.data() + text.size();
}

std::string_view syntax_reason(rapidjson::ParseErrorCode code) {
  switch (code) {
    case rapidjson::kParseErrorObjectMissName:
      return "a name is missing in the object";
    case rapidjson::kParseErrorObjectMissColon:
      return "a colon is missing after a name";
    case rapidjson::kParseErrorObjectMissCommaOrCurlyBracket:
      return "a comma or a closing brace is missing";
    case rapidjson::kParseErrorArrayMissCommaOrSquareBracket:
      return "a comma or a closing bracket is missing";
    case rapidjson::kParseErrorStringMissQuotationMark:
      return "a string is not closed";
    case rapidjson::kParseErrorStringEscapeInvalid:
    case rapidjson::kParseErrorStringUnicodeEscapeInvalidHex:
    case rapidjson::kParseErrorStringUnicodeSurrogateInvalid:
      return "a string holds an invalid escape";
    case rapidjson::kParseErrorNumberTooBig:
    case rapidjson::kParseErrorNumberMissFraction:
    case rapidjson::kParseErrorNumberMissExponent:
      return "a number is malformed or too large";
    case rapidjson::kParseErrorDocumentRootNotSingular:
      return "more follows after the object";
    default:
      return "a value is invalid";
  }
}

}  // namespace

/// Takes RapidJSON's events. Values deeper than the fields' own forms are passed over.
struct NdjsonHandler {
  static constexpr int max_depth = 64;

  NdjsonLine& line;
  int depth = 0;
  bool too_deep = false;
  bool root_is_object = false;
  Field field = Field::other;
  Form form = Form::ignored;
  std::size_t items = 0;  // of the innermost pair of `bufs`
  const char* value_begin = "";

  [[nodiscard]] std::size_t at() const { return static_cast<std::size_t>(field); }
  void set() { line.present_ |= NdjsonLine::bit(field); }
  /// The value of the current field is not what it must be; `found` is what stands there.
  bool refuse(std::string_view found) {
    if (form == Form::ignored) return true;
    line.wrong_ |= NdjsonLine::bit(field);
    line.texts_[at()] = found;
    form = Form::ignored;  // one complaint is enough
    return true;
  }
  /// The text of a number as it stands in the line, for an error. (RapidJSON works on a copy of the
  /// stream, so the place is found from the field's name.)
  [[nodiscard]] std::string_view raw() const {
    const std::string_view rest(value_begin);
    const std::size_t begin = std::min(rest.find_first_not_of(" \t:"), rest.size());
    const std::string_view value = rest.substr(begin);
    return value.substr(0, value.find_first_of(",}] \t"));
  }

  bool number(bool negative, std::uint64_t magnitude) {
    if (depth == 0) return false;
    if (depth > 1) return element(negative, magnitude);
    constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    switch (form) {
      case Form::time:
        if (magnitude > most + (negative ? 1 : 0)) return refuse(raw());
        line.time_ns_ = static_cast<std::int64_t>(negative ? 0 - magnitude : magnitude);
        set();
        return true;
      case Form::whole:
      case Form::address:
        if (negative) return refuse(raw());
        line.numbers_[at()] = magnitude;
        set();
        return true;
      case Form::name:
        line.thread_ = std::to_string(magnitude);
        if (negative) line.thread_.insert(line.thread_.begin(), '-');
        line.texts_[at()] = line.thread_;
        set();
        return true;
      default:
        return refuse(raw());
    }
  }
  bool element(bool negative, std::uint64_t magnitude) {
    if (form == Form::shape) {
      if (depth != 2 || negative) return refuse("something else within it");
      std::array<char, 24> digits{};
      const char* const end = std::to_chars(digits.data(), digits.data() + digits.size(), magnitude).ptr;
      if (!line.shape_.empty()) line.shape_ += 'x';
      line.shape_.append(digits.data(), static_cast<std::size_t>(end - digits.data()));
      return true;
    }
    if (form == Form::uses) {
      if (depth != 3 || items != 0 || negative) return refuse("something else within it");
      line.uses_.push_back({magnitude, 0});
      ++items;
    }
    return true;
  }

  bool Int(int value) { return Int64(value); }
  bool Uint(unsigned value) { return number(false, value); }
  bool Int64(std::int64_t value) {
    return value < 0 ? number(true, 0 - static_cast<std::uint64_t>(value))
                     : number(false, static_cast<std::uint64_t>(value));
  }
  bool Uint64(std::uint64_t value) { return number(false, value); }
  bool Double(double) { return other_value(depth == 1 ? raw() : "a fraction within it"); }
  bool RawNumber(const char*, rapidjson::SizeType, bool) { return false; }
  bool Null() { return other_value("null"); }
  bool Bool(bool value) { return other_value(value ? "true" : "false"); }
  bool other_value(std::string_view found) { return depth > 0 && refuse(found); }

  bool String(const char* text, rapidjson::SizeType length, bool) {
    const std::string_view value(text, length);
    if (depth == 0) return false;
    if (depth > 1) {
      if (form != Form::uses) return refuse("a string within it");
      const std::uint8_t access = number_of(value, access_names);
      if (depth != 3 || items != 1 || access == 0 || access == Lifecycles::unknown)
        return refuse("something else within it");
      line.uses_.back().access = access;
      ++items;
      return true;
    }
    switch (form) {
      case Form::address:
        if (!parse_address(value, line.numbers_[at()])) return refuse(value);
        break;
      case Form::text:
      case Form::name:
      case Form::shape:
        line.texts_[at()] = value;
        break;
      default:
        return refuse(value);
    }
    set();
    return true;
  }

  bool Key(const char* text, rapidjson::SizeType length, bool) {
    if (depth == 1) {
      field = field_of({text, length});
      form = fields[static_cast<std::size_t>(field)].form;
      value_begin = text + length + 1;
    }
    return true;
  }
  bool StartObject() {
    if (depth == 0) root_is_object = true;
    if (depth > 0) refuse("an object");
    return deeper();
  }
  bool EndObject(rapidjson::SizeType) {
    --depth;
    return true;
  }
  bool StartArray() {
    if (depth == 0) return false;
    if (depth == 1) {
      if (form == Form::shape) line.shape_.clear();
      if (form == Form::uses) line.uses_.clear();
      if (form != Form::shape && form != Form::uses) refuse("an array");
    } else if (form == Form::uses && depth == 2) {
      items = 0;
    } else {
      refuse("an array within it");
    }
    return deeper();
  }
  bool EndArray(rapidjson::SizeType) {
    --depth;
    if (form == Form::uses && depth == 2 && items != 2) return refuse("something else within it");
    if (depth == 1 && (form == Form::shape || form == Form::uses)) {
      if (form == Form::shape) line.texts_[at()] = line.shape_;
      set();
    }
    return true;
  }
  bool deeper() {
    too_deep = ++depth > max_depth;
    return !too_deep;
  }
};

bool NdjsonLine::parse(std::string_view line) {
  buffer_.assign(line);
  present_ = 0;
  wrong_ = 0;
  rapidjson::InsituStringStream stream(buffer_.data());
  NdjsonHandler handler{*this};
  rapidjson::Reader reader;
  const rapidjson::ParseResult result = reader.Parse<rapidjson::kParseInsituFlag>(stream, handler);
  const bool whole = static_cast<std::size_t>(stream.src_ - buffer_.data()) == buffer_.size();
  if (!result.IsError() && handler.root_is_object && whole) return true;
  if (handler.too_deep) {
    syntax_error_ = "expected at most 64 levels of nesting, found more";
  } else if (!handler.root_is_object) {
    syntax_error_ = "expected a JSON object, found " + shown(line);
  } else {
    const std::size_t column =
        (result.IsError() ? result.Offset() : static_cast<std::size_t>(stream.src_ - buffer_.data())) + 1;
    syntax_error_ = "expected a whole JSON object, but ";
    syntax_error_ += result.IsError() ? syntax_reason(result.Code()) : "a zero byte stands";
    syntax_error_ += " at column " + std::to_string(column);
  }
  return false;
}

std::string NdjsonLine::complaint(Field field) const {
  const FieldInfo& info = fields[static_cast<std::size_t>(field)];
  std::string text = shown(info.name);
  text += wrong(field) ? " expected " : " is missing, expected ";
  text += expectation(info.form);
  if (wrong(field)) text += ", found " + shown(texts_[static_cast<std::size_t>(field)]);
  return text;
}

}  // namespace bufgc::trace
