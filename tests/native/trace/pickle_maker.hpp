#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Python's values, as far as a snapshot has them, and their pickles as Python 3 writes them. A value that
/// was handed on twice is one object: it is written once and remembered.
class Py {
 public:
  enum class Kind : std::uint8_t { none, boolean, integer, real, text, bytes, list, tuple, dict };

  Py() : Py(Kind::none) {}
  Py(const char* text) : Py(Kind::text) { node_->text = text; }
  Py(std::string text) : Py(Kind::text) { node_->text = std::move(text); }
  Py(bool value) : Py(Kind::boolean) { node_->number = value ? 1 : 0; }
  Py(std::int64_t value) : Py(Kind::integer) {
    node_->number = static_cast<std::uint64_t>(value);
    node_->negative = value < 0;
  }
  Py(int value) : Py(std::int64_t{value}) {}
  Py(std::uint64_t value) : Py(Kind::integer) { node_->number = value; }

  static Py real(double value) {
    Py py(Kind::real);
    py.node_->number = bits_of(value);
    return py;
  }
  static Py bytes(std::string text) {
    Py py(Kind::bytes);
    py.node_->text = std::move(text);
    return py;
  }
  static Py list(std::vector<Py> items = {}) { return with(Kind::list, std::move(items)); }
  static Py tuple(std::vector<Py> items) { return with(Kind::tuple, std::move(items)); }
  static Py dict(std::initializer_list<std::pair<const char*, Py>> items = {}) {
    Py py(Kind::dict);
    for (const auto& [key, value] : items) py.set(key, value);
    return py;
  }

  /// Of a list; may be itself.
  void append(const Py& item) { node_->items.push_back(item); }
  /// Of a dict.
  void set(const Py& key, const Py& value) {
    node_->items.push_back(key);
    node_->items.push_back(value);
  }
  /// Breaks a cycle, which would otherwise never be released.
  void clear() { node_->items.clear(); }

  [[nodiscard]] std::string pickle(int protocol) const {
    std::string body;
    Memo memo;
    write(body, protocol, memo);
    body += '.';
    std::string all = {'\x80', static_cast<char>(protocol)};
    if (protocol >= 4) {
      all += '\x95';
      number(all, body.size(), 8);
    }
    return all + body;
  }

 private:
  struct Node {
    Kind kind;
    bool negative = false;
    std::uint64_t number = 0;
    std::string text;
    std::vector<Py> items;  // of a dict keys and values in turn
  };
  struct Memo {
    std::map<const Node*, std::size_t> containers;
    std::map<std::string, std::size_t> texts;  // as Python has one object for a word that it knows
    std::size_t size = 0;
  };

  explicit Py(Kind kind) : node_(std::make_shared<Node>(Node{kind, false, 0, {}, {}})) {}
  static Py with(Kind kind, std::vector<Py> items) {
    Py py(kind);
    py.node_->items = std::move(items);
    return py;
  }
  static std::uint64_t bits_of(double value) {
    static_assert(sizeof value == sizeof(std::uint64_t));
    std::uint64_t bits = 0;
    __builtin_memcpy(&bits, &value, sizeof bits);
    return bits;
  }
  static void number(std::string& to, std::uint64_t value, unsigned bytes) {
    for (unsigned byte = 0; byte < bytes; ++byte) to += static_cast<char>(value >> 8U * byte & 0xffU);
  }
  static void counted(std::string& to, int protocol, char short_code, char code, const std::string& text) {
    const bool is_short = text.size() < 256 && (protocol >= 4 || short_code == 'C');
    to += is_short ? short_code : code;
    number(to, text.size(), is_short ? 1 : 4);
    to += text;
  }
  static void remember(std::string& to, int protocol, Memo& memo, std::size_t& place) {
    place = memo.size++;
    if (protocol >= 4) {
      to += '\x94';
    } else {
      to += place < 256 ? 'q' : 'r';
      number(to, place, place < 256 ? 1 : 4);
    }
  }
  static void recall(std::string& to, std::size_t place) {
    to += place < 256 ? 'h' : 'j';
    number(to, place, place < 256 ? 1 : 4);
  }

  void write_integer(std::string& to) const {
    const Node& node = *node_;
    const auto value = static_cast<std::int64_t>(node.number);
    if (!node.negative && node.number < 256) {
      to += 'K';
      number(to, node.number, 1);
    } else if (!node.negative && node.number < 65536) {
      to += 'M';
      number(to, node.number, 2);
    } else if (node.negative ? value >= -2147483648LL : node.number < 2147483648ULL) {
      to += 'J';
      number(to, node.number, 4);
    } else {
      // As few bytes as hold it with its sign.
      unsigned bytes = 1;
      while (bytes < 8 && (node.negative ? ~node.number : node.number) >> (8 * bytes - 1) != 0) ++bytes;
      const bool beyond = !node.negative && node.number >> 63U != 0;
      to += '\x8a';
      to += static_cast<char>(beyond ? 9 : bytes);
      number(to, node.number, bytes);
      if (beyond) to += '\0';
    }
  }

  void write(std::string& to, int protocol, Memo& memo) const {
    const Node& node = *node_;
    const std::size_t count = node.items.size();
    switch (node.kind) {
      case Kind::none:
        to += 'N';
        return;
      case Kind::boolean:
        to += node.number == 1 ? '\x88' : '\x89';
        return;
      case Kind::integer:
        write_integer(to);
        return;
      case Kind::real:
        to += 'G';
        for (unsigned byte = 8; byte-- > 0;) to += static_cast<char>(node.number >> 8U * byte & 0xffU);
        return;
      case Kind::text: {
        if (const auto known = memo.texts.find(node.text); known != memo.texts.end()) {
          recall(to, known->second);
          return;
        }
        counted(to, protocol, '\x8c', 'X', node.text);
        remember(to, protocol, memo, memo.texts[node.text]);
        return;
      }
      case Kind::bytes: {
        counted(to, protocol, 'C', 'B', node.text);
        std::size_t ignored = 0;
        remember(to, protocol, memo, ignored);
        return;
      }
      default:
        break;
    }
    if (const auto known = memo.containers.find(node_.get()); known != memo.containers.end()) {
      recall(to, known->second);
      return;
    }
    if (node.kind == Kind::tuple) {
      if (count == 0 || count > 3) to += count == 0 ? ')' : '(';
      for (const Py& item : node.items) item.write(to, protocol, memo);
      if (count > 3) to += 't';
      if (count >= 1 && count <= 3) to += static_cast<char>(0x84 + count);
      if (count > 0) remember(to, protocol, memo, memo.containers[node_.get()]);
      return;
    }
    const bool is_dict = node.kind == Kind::dict;
    to += is_dict ? '}' : ']';
    remember(to, protocol, memo, memo.containers[node_.get()]);
    const std::size_t one = is_dict ? 2 : 1;
    constexpr std::size_t most = 1000;  // items that Python adds at once
    for (std::size_t at = 0; at < count; at += most * one) {
      const std::size_t end = std::min(count, at + most * one);
      const bool single = end - at == one;
      if (!single) to += '(';
      for (std::size_t item = at; item < end; ++item) node.items[item].write(to, protocol, memo);
      to += is_dict ? (single ? 's' : 'u') : (single ? 'a' : 'e');
    }
  }

  std::shared_ptr<Node> node_;
};
