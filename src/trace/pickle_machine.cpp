#include "trace/pickle_machine.hpp"

#include <algorithm>
#include <array>

#include "trace/bufgc_format.hpp"

namespace bufgc::trace {

using Kind = PickleValue::Kind;

namespace {

// Instructions that are data. X(name, byte, bytes of its argument, whether as many bytes follow as that
// says).
#define BUFGC_PICKLE_DATA(X)         \
  X(mark, 0x28, 0, false)            \
  X(stop, 0x2e, 0, false)            \
  X(pop, 0x30, 0, false)             \
  X(pop_mark, 0x31, 0, false)        \
  X(proto, 0x80, 1, false)           \
  X(frame, 0x95, 8, false)           \
  X(none, 0x4e, 0, false)            \
  X(newtrue, 0x88, 0, false)         \
  X(newfalse, 0x89, 0, false)        \
  X(binint, 0x4a, 4, false)          \
  X(binint1, 0x4b, 1, false)         \
  X(binint2, 0x4d, 2, false)         \
  X(long1, 0x8a, 1, true)            \
  X(long4, 0x8b, 4, true)            \
  X(binfloat, 0x47, 8, false)        \
  X(binunicode, 0x58, 4, true)       \
  X(short_binunicode, 0x8c, 1, true) \
  X(binunicode8, 0x8d, 8, true)      \
  X(binbytes, 0x42, 4, true)         \
  X(short_binbytes, 0x43, 1, true)   \
  X(binbytes8, 0x8e, 8, true)        \
  X(empty_list, 0x5d, 0, false)      \
  X(append, 0x61, 0, false)          \
  X(appends, 0x65, 0, false)         \
  X(empty_tuple, 0x29, 0, false)     \
  X(tuple, 0x74, 0, false)           \
  X(tuple1, 0x85, 0, false)          \
  X(tuple2, 0x86, 0, false)          \
  X(tuple3, 0x87, 0, false)          \
  X(empty_dict, 0x7d, 0, false)      \
  X(setitem, 0x73, 0, false)         \
  X(setitems, 0x75, 0, false)        \
  X(binput, 0x71, 1, false)          \
  X(long_binput, 0x72, 4, false)     \
  X(memoize, 0x94, 0, false)         \
  X(binget, 0x68, 1, false)          \
  X(long_binget, 0x6a, 4, false)

// Those that are refused, for the message: they name or make things, or belong to protocols 0 and 1.
#define BUFGC_PICKLE_REFUSED(X) \
  X(GLOBAL, 0x63)               \
  X(STACK_GLOBAL, 0x93)         \
  X(INST, 0x69)                 \
  X(OBJ, 0x6f)                  \
  X(NEWOBJ, 0x81)               \
  X(NEWOBJ_EX, 0x92)            \
  X(REDUCE, 0x52)               \
  X(BUILD, 0x62)                \
  X(EXT1, 0x82)                 \
  X(EXT2, 0x83)                 \
  X(EXT4, 0x84)                 \
  X(PERSID, 0x50)               \
  X(BINPERSID, 0x51)            \
  X(EMPTY_SET, 0x8f)            \
  X(ADDITEMS, 0x90)             \
  X(FROZENSET, 0x91)            \
  X(BYTEARRAY8, 0x96)           \
  X(NEXT_BUFFER, 0x97)          \
  X(READONLY_BUFFER, 0x98)      \
  X(DUP, 0x32)                  \
  X(INT, 0x49)                  \
  X(LONG, 0x4c)                 \
  X(FLOAT, 0x46)                \
  X(STRING, 0x53)               \
  X(BINSTRING, 0x54)            \
  X(SHORT_BINSTRING, 0x55)      \
  X(UNICODE, 0x56)              \
  X(GET, 0x67)                  \
  X(PUT, 0x70)                  \
  X(LIST, 0x6c)                 \
  X(DICT, 0x64)

enum class Op : std::uint8_t {
#define BUFGC_X(name, byte, argument_bytes, counted) name = (byte),
  BUFGC_PICKLE_DATA(BUFGC_X)
#undef BUFGC_X
};

struct Instruction {
  bool known = false;
  bool counted = false;
  std::uint8_t argument_bytes = 0;
};

constexpr auto instructions = [] {
  std::array<Instruction, 256> all{};
#define BUFGC_X(name, byte, argument_bytes, counted) all[byte] = {true, counted, argument_bytes};
  BUFGC_PICKLE_DATA(BUFGC_X)
#undef BUFGC_X
  return all;
}();

std::string_view refused_name(std::uint8_t code) {
  switch (code) {
#define BUFGC_X(name, byte) \
  case byte:                \
    return #name;
    BUFGC_PICKLE_REFUSED(BUFGC_X)
#undef BUFGC_X
    default:
      return {};
  }
}

std::string hex_byte(std::uint8_t byte) {
  constexpr std::string_view digits = "0123456789abcdef";
  return {'0', 'x', digits[byte >> 4U], digits[byte & 15U]};
}

/// The number that some bytes are, lowest first.
std::uint64_t little_endian(std::string_view bytes) {
  std::uint64_t number = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) number = number << 8U | static_cast<unsigned char>(bytes[i]);
  return number;
}

}  // namespace

std::string_view name_of(Kind kind) noexcept {
  switch (kind) {
    case Kind::none:
      return "None";
    case Kind::boolean:
      return "a bool";
    case Kind::integer:
    case Kind::huge_integer:
      return "an int";
    case Kind::real:
      return "a float";
    case Kind::text:
      return "a str";
    case Kind::bytes:
      return "bytes";
    case Kind::list:
      return "a list";
    case Kind::tuple:
      return "a tuple";
    case Kind::dict:
      return "a dict";
  }
  return {};
}

bool PickleMachine::feed(std::string_view piece) {
  if (!error_.empty()) return false;
  std::size_t taken = 0;
  if (pending_.empty()) {
    if (!run(piece, taken)) return false;
    pending_.assign(piece.substr(taken));
    return true;
  }
  pending_.append(piece);
  if (pending_.size() < wanted_) return true;
  if (!run(pending_, taken)) return false;
  pending_.erase(0, taken);
  return true;
}

bool PickleMachine::finish() {
  if (!error_.empty()) return false;
  if (ended_) return true;
  offset_ += pending_.size();
  return fail("expected more of the pickle, up to its STOP, found the end of the file");
}

bool PickleMachine::run(std::string_view bytes, std::size_t& taken) {
  while (taken < bytes.size()) {
    std::size_t length = 0;
    switch (step(bytes.substr(taken), length)) {
      case Step::taken:
        taken += length;
        offset_ += length;
        break;
      case Step::more:
        wanted_ = length;
        return true;
      case Step::failed:
        return false;
    }
  }
  return true;
}

PickleMachine::Step PickleMachine::step(std::string_view bytes, std::size_t& length) {
  const auto code = static_cast<std::uint8_t>(bytes[0]);
  const auto failed = [&](const std::string& what) {
    fail(what);
    return Step::failed;
  };
  if (ended_) return failed("expected the end of the file after the pickle, found more bytes");
  if (offset_ == 0 && static_cast<Op>(code) != Op::proto)
    return failed("expected a pickle, which begins with 0x80, found " + hex_byte(code));
  const Instruction instruction = instructions[code];
  if (!instruction.known) {
    const std::string_view name = refused_name(code);
    return failed(
        "expected plain data (dict, list, tuple, int, str, bytes, float, bool, None), found " +
        (name.empty() ? "the unknown opcode " + hex_byte(code) : "the opcode " + std::string(name)));
  }
  length = std::size_t{1} + instruction.argument_bytes;
  if (bytes.size() < length) return Step::more;
  const std::uint64_t argument = little_endian(bytes.substr(1, instruction.argument_bytes));
  std::string_view counted;
  if (instruction.counted) {
    if (argument > max_text_bytes)
      return failed("expected at most 16 MiB in one value, found " + std::to_string(argument) + " bytes");
    const auto count = static_cast<std::size_t>(argument);
    if (bytes.size() - length < count) {
      length += count;
      return Step::more;
    }
    counted = bytes.substr(length, count);
    length += count;
  }
  return execute(code, argument, counted) ? Step::taken : Step::failed;
}

bool PickleMachine::execute(std::uint8_t code, std::uint64_t argument, std::string_view counted) {
  std::size_t begin = 0;
  const auto op = static_cast<Op>(code);
  switch (op) {
    case Op::proto:
      return (argument >= 2 && argument <= 5) ||
             fail("expected a pickle of protocol 2 to 5, found protocol " + std::to_string(argument));
    case Op::frame:  // how its bytes are bundled, which is nothing to whom they come in pieces
      return true;
    case Op::stop:
      return stop();
    case Op::mark:
      marks_.push_back(stack_.size());
      return true;
    case Op::pop:
      if (within_mark() == 0) return pop_to_mark(begin);
      stack_.pop_back();
      return true;
    case Op::pop_mark:
      if (!pop_to_mark(begin)) return false;
      stack_.resize(begin);
      return true;

    case Op::none:
      return push({});
    case Op::newtrue:
    case Op::newfalse:
      return push({Kind::boolean, false, op == Op::newtrue ? 1U : 0U});
    case Op::binint: {
      const auto number = static_cast<std::int32_t>(argument);
      return push_integer(static_cast<std::uint64_t>(std::int64_t{number}), number < 0);
    }
    case Op::binint1:
    case Op::binint2:
      return push_integer(argument, false);
    case Op::long1:
    case Op::long4:
      return push_long(counted);
    case Op::binfloat: {  // the only number with its highest byte first
      std::uint64_t bits = 0;
      for (unsigned byte = 0; byte < 8; ++byte) bits = bits << 8U | (argument >> 8U * byte & 0xffU);
      return push({Kind::real, false, bits});
    }
    case Op::binunicode:
    case Op::short_binunicode:
    case Op::binunicode8:
      return push(values_.add_text(Kind::text, counted));
    case Op::binbytes:
    case Op::short_binbytes:
    case Op::binbytes8:
      return push(values_.add_text(Kind::bytes, counted));

    case Op::empty_list:
      return push(values_.add_container(Kind::list));
    case Op::empty_dict:
      return push(values_.add_container(Kind::dict));
    case Op::empty_tuple:
      return push(values_.add_container(Kind::tuple));
    case Op::tuple1:
    case Op::tuple2:
    case Op::tuple3:
      return make_tuple(std::size_t{code} - static_cast<std::size_t>(Op::tuple1) + 1);
    case Op::tuple:
      return pop_to_mark(begin) && make_tuple(stack_.size() - begin);
    case Op::append:
      return extend(Kind::list, stack_.size() - std::min<std::size_t>(within_mark(), 1));
    case Op::setitem:
      return extend(Kind::dict, stack_.size() - std::min<std::size_t>(within_mark(), 2));
    case Op::appends:
      return pop_to_mark(begin) && extend(Kind::list, begin);
    case Op::setitems:
      return pop_to_mark(begin) && extend(Kind::dict, begin);

    case Op::binput:
    case Op::long_binput:
      return remember(argument);
    case Op::memoize:
      return remember(memo_.size());
    case Op::binget:
    case Op::long_binget:
      return recall(argument);
  }
  return false;
}

bool PickleMachine::push(PickleValue value) {
  stack_.push_back(value);
  return true;
}

bool PickleMachine::push_integer(std::uint64_t bits, bool negative) {
  return push({Kind::integer, negative, bits});
}

/// Two's complement, as many bytes as there are.
bool PickleMachine::push_long(std::string_view bytes) {
  const bool negative = !bytes.empty() && static_cast<unsigned char>(bytes.back()) >= 0x80;
  const char sign = negative ? '\xff' : '\0';
  while (!bytes.empty() && bytes.back() == sign) bytes.remove_suffix(1);
  std::uint64_t bits = little_endian(bytes.substr(0, 8));
  if (negative && bytes.size() < 8) bits |= ~std::uint64_t{0} << 8U * bytes.size();
  const bool fits = bytes.size() < 8 || (bytes.size() == 8 && (!negative || bits >> 63U == 1));
  return fits ? push_integer(bits, negative) : push({Kind::huge_integer, negative, 0});
}

bool PickleMachine::make_tuple(std::size_t count) {
  if (within_mark() < count)
    return fail("expected " + std::to_string(count) + " values for a tuple, found " +
                std::to_string(within_mark()));
  const std::size_t begin = stack_.size() - count;
  const PickleValue tuple =
      values_.add_container(Kind::tuple, std::span<const PickleValue>(stack_).subspan(begin));
  stack_.resize(begin);
  return push(tuple);
}

bool PickleMachine::pop_to_mark(std::size_t& begin) {
  if (marks_.empty()) return fail("expected a MARK before, found none");
  begin = marks_.back();
  marks_.pop_back();
  return true;
}

/// What stands on the stack from `begin` on goes into the container below it.
bool PickleMachine::extend(Kind kind, std::size_t begin) {
  const std::span<const PickleValue> items = std::span<const PickleValue>(stack_).subspan(begin);
  if (kind == Kind::dict && items.size() % 2 != 0)
    return fail("expected pairs of keys and values, found " + std::to_string(items.size()) + " values");
  const bool any = begin > (marks_.empty() ? 0 : marks_.back());
  if (!any || !stack_[begin - 1].is(kind))
    return fail("expected " + std::string(name_of(kind)) + " to add to, found " +
                std::string(any ? name_of(stack_[begin - 1].kind) : "nothing"));
  values_.extend(stack_[begin - 1], items);
  stack_.resize(begin);
  return true;
}

bool PickleMachine::remember(std::uint64_t index) {
  if (within_mark() == 0) return fail("expected a value to remember, found none");
  const std::uint32_t place = memo_.find(index);
  if (place != IdMap::none) {
    memo_values_[place] = stack_.back();
    return true;
  }
  if (memo_values_.size() >= IdMap::none) return fail("expected fewer than 4,294,967,295 values remembered");
  memo_.insert(index, static_cast<std::uint32_t>(memo_values_.size()));
  memo_values_.push_back(stack_.back());
  return true;
}

bool PickleMachine::recall(std::uint64_t index) {
  const std::uint32_t place = memo_.find(index);
  if (place == IdMap::none)
    return fail("expected a value remembered as " + std::to_string(index) + ", found none");
  return push(memo_values_[place]);
}

bool PickleMachine::stop() {
  if (stack_.size() != 1 || !marks_.empty())
    return fail("expected one value at the end, found " + std::to_string(stack_.size()) + " and " +
                std::to_string(marks_.size()) + " open marks");
  result_ = stack_.back();
  stack_.clear();
  ended_ = true;
  return true;
}

std::size_t PickleMachine::within_mark() const noexcept {
  return stack_.size() - (marks_.empty() ? 0 : marks_.back());
}

bool PickleMachine::fail(const std::string& what) {
  error_ = at_byte(offset_) + what;
  return false;
}

}  // namespace bufgc::trace
