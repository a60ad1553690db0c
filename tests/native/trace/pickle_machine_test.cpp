// The pickle machine: what it reads, and above all what it refuses.

#include "trace/pickle_machine.hpp"

#include <catch2/catch.hpp>
#include <cstring>
#include <limits>
#include <string>

#include "trace/pickle_maker.hpp"

using namespace bufgc::trace;
using Kind = PickleValue::Kind;
using namespace std::string_literals;

namespace {

/// A machine that was given all of it in pieces; `good` where it took them.
struct Machine : PickleMachine {
  bool good = true;
  explicit Machine(const std::string& pickle, std::size_t piece = 1) {
    for (std::size_t at = 0; at < pickle.size() && good; at += piece)
      good = feed(std::string_view(pickle).substr(at, piece));
    good = good && finish();
  }
  [[nodiscard]] PickleValue at(std::size_t index) const { return values().items(result())[index]; }
};

std::string error_of(const std::string& pickle) {
  const Machine machine(pickle);
  CHECK_FALSE(machine.good);
  return machine.error();
}

}  // namespace

TEST_CASE("a pickle of plain values is read as it was written, in every protocol and any pieces") {
  const std::string long_text(70'000, 'x');
  const Py shared = Py::list({1});
  const Py all = Py::list({
      Py(),
      true,
      false,
      0,
      255,
      65535,
      2147483647,
      -1,
      -2147483647 - 1,
      std::int64_t{-2147483649},
      (std::int64_t{1} << 53) + 1,
      std::numeric_limits<std::int64_t>::min(),
      std::numeric_limits<std::uint64_t>::max(),
      Py::real(-0.75),
      "",
      "word",
      "word",
      long_text,
      Py::bytes("\x00\xff"s),
      Py::tuple({}),
      Py::tuple({1}),
      Py::tuple({1, 2}),
      Py::tuple({1, 2, 3}),
      Py::tuple({1, 2, 3, 4}),
      shared,
      shared,
      Py::dict(),
      Py::dict({{"a", 1}}),
      Py::dict({{"a", 1}, {"b", 2}}),
  });
  for (const int protocol : {2, 3, 4, 5}) {
    for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, ~std::size_t{0} / 2}) {
      INFO("protocol " << protocol << ", pieces of " << piece);
      const Machine machine(all.pickle(protocol), piece);
      INFO(machine.error());
      REQUIRE(machine.good);
      REQUIRE(machine.result().is(Kind::list));
      const auto integer = [&](std::size_t index) {
        REQUIRE(machine.at(index).is(Kind::integer));
        CHECK(machine.at(index).negative == ((index >= 7 && index <= 9) || index == 11));
        return static_cast<std::int64_t>(machine.at(index).bits);
      };
      CHECK(machine.at(0).is(Kind::none));
      CHECK((machine.at(1).is(Kind::boolean) && machine.at(1).bits == 1 && machine.at(2).bits == 0));
      CHECK(integer(3) == 0);
      CHECK(integer(4) == 255);
      CHECK(integer(5) == 65535);
      CHECK(integer(6) == 2147483647);
      CHECK(integer(7) == -1);
      CHECK(integer(8) == -2147483648LL);
      CHECK(integer(9) == -2147483649LL);
      CHECK(integer(10) == 9007199254740993LL);
      CHECK(integer(11) == std::numeric_limits<std::int64_t>::min());
      CHECK(integer(12) == -1);  // 2^64-1, not negative
      double real = 0;
      std::memcpy(&real, &machine.values().items(machine.result())[13].bits, sizeof real);
      CHECK(real == -0.75);
      CHECK(machine.values().text(machine.at(14)).empty());
      CHECK(machine.values().text(machine.at(15)) == "word");
      CHECK(machine.at(16).bits == machine.at(15).bits);
      CHECK(machine.values().text(machine.at(17)) == long_text);
      CHECK(machine.at(18).is(Kind::bytes));
      CHECK(machine.values().text(machine.at(18)) == "\x00\xff"s);
      for (std::size_t length = 0; length <= 4; ++length) {
        CHECK(machine.at(19 + length).is(Kind::tuple));
        CHECK(machine.values().items(machine.at(19 + length)).size() == length);
      }
      CHECK(machine.at(24).bits == machine.at(25).bits);
      for (std::size_t pairs = 0; pairs <= 2; ++pairs) {
        CHECK(machine.at(26 + pairs).is(Kind::dict));
        CHECK(machine.values().items(machine.at(26 + pairs)).size() == 2 * pairs);
      }
    }
  }
}

TEST_CASE("integers beyond 64 bits are told as such, and those of any width by their value") {
  const auto value = [](const std::string& bytes) {
    const Machine machine("\x80\x04\x8a" + std::string(1, static_cast<char>(bytes.size())) + bytes + ".");
    REQUIRE(machine.good);
    return machine.result();
  };
  CHECK(value("").bits == 0);
  CHECK(value("\x00\x80"s).bits == static_cast<std::uint64_t>(-32768));
  CHECK(value("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff").bits == ~std::uint64_t{0});
  CHECK(value("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff").negative);
  CHECK(value("\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"s).bits == 1);
  CHECK(value("\x00\x00\x00\x00\x00\x00\x00\x00\x01"s).is(Kind::huge_integer));  // 2^64
  CHECK(value("\xff\xff\xff\xff\xff\xff\xff\x7f\xff").is(Kind::huge_integer));   // -2^63-1
  CHECK(value("\x00\x00\x00\x00\x00\x00\x00\x80\xff"s).is(Kind::integer));       // -2^63
}

TEST_CASE("whatever names or calls something is refused with its byte and its name") {
  CHECK(
      error_of("\x80\x04}\x8c\x01"
               "acos\nsystem\n.") ==
      "byte 6: expected plain data (dict, list, tuple, int, str, bytes, float, bool, None), found the opcode "
      "GLOBAL");
  const std::pair<char, const char*> refused[] = {
      {'c', "GLOBAL"},
      {'\x93', "STACK_GLOBAL"},
      {'i', "INST"},
      {'o', "OBJ"},
      {'\x81', "NEWOBJ"},
      {'\x92', "NEWOBJ_EX"},
      {'R', "REDUCE"},
      {'b', "BUILD"},
      {'\x82', "EXT1"},
      {'\x83', "EXT2"},
      {'\x84', "EXT4"},
      {'P', "PERSID"},
      {'Q', "BINPERSID"},
      {'\x8f', "EMPTY_SET"},
      {'\x90', "ADDITEMS"},
      {'\x91', "FROZENSET"},
      {'\x96', "BYTEARRAY8"},
      {'\x97', "NEXT_BUFFER"},
      {'\x98', "READONLY_BUFFER"},
      {'2', "DUP"},
      {'I', "INT"},
      {'L', "LONG"},
      {'F', "FLOAT"},
      {'S', "STRING"},
      {'T', "BINSTRING"},
      {'U', "SHORT_BINSTRING"},
      {'V', "UNICODE"},
      {'g', "GET"},
      {'p', "PUT"},
      {'l', "LIST"},
      {'d', "DICT"},
  };
  for (const auto& [code, name] : refused) {
    const std::string error = error_of("\x80\x05]"s + code);
    CHECK(error.substr(0, 8) == "byte 3: ");
    CHECK(error.find("the opcode "s + name) == error.size() - 11 - std::strlen(name));
  }
  CHECK(error_of("\x80\x05\xff").find("the unknown opcode 0xff") != std::string::npos);
}

TEST_CASE("a pickle that is none, or is put together wrongly, is an error with its byte") {
  CHECK(error_of("{\"t\":1}") == "byte 0: expected a pickle, which begins with 0x80, found 0x7b");
  CHECK(error_of("\x80\x01.") == "byte 0: expected a pickle of protocol 2 to 5, found protocol 1");
  CHECK(error_of("\x80\x06.") == "byte 0: expected a pickle of protocol 2 to 5, found protocol 6");
  CHECK(error_of("") == "byte 0: expected more of the pickle, up to its STOP, found the end of the file");
  CHECK(error_of("\x80\x04N.N") == "byte 4: expected the end of the file after the pickle, found more bytes");
  CHECK(error_of("\x80\x04.") == "byte 2: expected one value at the end, found 0 and 0 open marks");
  CHECK(error_of("\x80\x04NN.") == "byte 4: expected one value at the end, found 2 and 0 open marks");
  CHECK(error_of("\x80\x04(N.") == "byte 4: expected one value at the end, found 1 and 1 open marks");
  CHECK(error_of("\x80\x04Ne.") == "byte 3: expected a MARK before, found none");
  CHECK(error_of("\x80\x04(Ne.") == "byte 4: expected a list to add to, found nothing");
  CHECK(error_of("\x80\x04N(Ne.") == "byte 5: expected a list to add to, found None");
  CHECK(error_of("\x80\x04](Nu.") == "byte 5: expected pairs of keys and values, found 1 values");
  CHECK(error_of("\x80\x04]NNs.") == "byte 5: expected a dict to add to, found a list");
  CHECK(error_of("\x80\x04](a.") == "byte 4: expected a list to add to, found nothing");
  CHECK(error_of("\x80\x04]a.") == "byte 3: expected a list to add to, found nothing");
  CHECK(error_of("\x80\x04}Ns.") == "byte 4: expected a dict to add to, found nothing");
  CHECK(error_of("\x80\x04N\x86.") == "byte 3: expected 2 values for a tuple, found 1");
  CHECK(error_of("\x80\x04N(\x85.") == "byte 4: expected 1 values for a tuple, found 0");
  CHECK(error_of("\x80\x04h\x07.") == "byte 2: expected a value remembered as 7, found none");
  CHECK(error_of("\x80\x04\x94.") == "byte 2: expected a value to remember, found none");
  CHECK(error_of("\x80\x04"
                 "0.") == "byte 2: expected a MARK before, found none");
}

TEST_CASE("a length that the file states makes room for nothing") {
  // Texts of 16 MiB, 2 GiB and 2^63 bytes of which none comes.
  CHECK(error_of("\x80\x04X\x00\x00\x00\x01"s) ==
        "byte 7: expected more of the pickle, up to its STOP, found the end of the file");
  CHECK(error_of("\x80\x04X\x00\x00\x00\x80"s) ==
        "byte 2: expected at most 16 MiB in one value, found 2147483648 bytes");
  CHECK(error_of("\x80\x04\x8d\x00\x00\x00\x00\x00\x00\x00\x80"s) ==
        "byte 2: expected at most 16 MiB in one value, found 9223372036854775808 bytes");
  CHECK(error_of("\x80\x04\x8b\xff\xff\xff\xff"s) ==
        "byte 2: expected at most 16 MiB in one value, found 4294967295 bytes");
  // A place in the memo near 2^32, and one that is given anew.
  const Machine far(
      "\x80\x02]r\xfe\xff\xff\xff"
      "j\xfe\xff\xff\xff"
      "a."s);
  CHECK(far.good);
  const Machine anew(
      "\x80\x02]q\x01](K\x05q\x01h\x01"
      "e\x86."s);
  REQUIRE(anew.good);
  CHECK(anew.values().items(anew.at(1))[1].bits == 5);
}

TEST_CASE("values popped are gone, and a pop at a mark takes the mark") {
  const Machine machine(
      "\x80\x04K\x01K\x02"
      "0(0(NN1."s);
  REQUIRE(machine.good);
  CHECK(machine.result().bits == 1);
}

TEST_CASE("a list within itself, and nesting of any depth, are read without recursion") {
  Py self = Py::list();
  self.append(self);
  const Machine machine(self.pickle(4));
  self.clear();
  REQUIRE(machine.good);
  CHECK(machine.at(0).bits == machine.result().bits);

  constexpr std::size_t depth = 1'000'000;
  const Machine deep("\x80\x04" + std::string(depth, ']') + std::string(depth - 1, 'a') + ".", 4096);
  REQUIRE(deep.good);
  CHECK(deep.values().containers() == depth);
}
