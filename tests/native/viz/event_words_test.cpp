// How events are written: which births fit the compact form, and that all forms tell the same.

#include "bufgc/viz/event_words.hpp"

#include <catch2/catch.hpp>
#include <cstdint>
#include <vector>

using namespace bufgc;

namespace {

constexpr std::uint64_t max_48 = (std::uint64_t{1} << 48U) - 1;

LoggedBirth plain() {
  LoggedBirth birth;
  birth.id = 7;
  birth.address = 0x7f0000001040;
  birth.size_bytes = 1000;
  birth.capacity_bytes = 1024;
  birth.thread = 1;
  return birth;
}

/// The words that it takes; it comes out as it went in.
std::size_t words_of(const LoggedBirth& birth) {
  BirthWords words{};
  const std::size_t count = pack_birth(birth, words);
  REQUIRE(EventWord(words[0]).kind() == EventWord::Kind::alloc);
  REQUIRE(EventWord(words[0]).subject() == birth.id);
  REQUIRE(EventWord(words[0]).words() == count);
  const LoggedBirth read = unpack_birth(words.data());
  REQUIRE(read.id == birth.id);
  REQUIRE(read.size_bytes == birth.size_bytes);
  REQUIRE(read.capacity_bytes == birth.capacity_bytes);
  REQUIRE(read.address == birth.address);
  REQUIRE(read.base_id == birth.base_id);
  REQUIRE(read.label == birth.label);
  REQUIRE(read.shape == birth.shape);
  REQUIRE(read.site == birth.site);
  REQUIRE(read.thread == birth.thread);
  REQUIRE(read.dtype == birth.dtype);
  REQUIRE(read.kind == birth.kind);
  REQUIRE(read.served_by == birth.served_by);
  const bool owned = birth.kind == static_cast<std::uint8_t>(BufferKind::owned);
  REQUIRE(owned_bytes_of_birth(words.data()) == (owned ? birth.size_bytes : 0));
  return count;
}

template <class Change>
std::size_t words_with(Change&& change) {
  LoggedBirth birth = plain();
  change(birth);
  return words_of(birth);
}

}  // namespace

TEST_CASE("a birth of nothing but bytes is compact up to the last value of each of its fields") {
  CHECK(words_of(plain()) == 3);
  CHECK(words_with([](LoggedBirth& b) { b.id = 0; }) == 3);
  CHECK(words_with([](LoggedBirth& b) { b.id = EventWord::max_subject; }) == 3);
  CHECK(words_with([](LoggedBirth& b) { b.address = 0; }) == 3);
  CHECK(words_with([](LoggedBirth& b) { b.address = max_48; }) == 3);
  CHECK(words_with([](LoggedBirth& b) { b.address = max_48 + 1; }) == 8);
  CHECK(words_with([](LoggedBirth& b) { b.address = Lifecycles::no_address; }) == 8);
  CHECK(words_with([](LoggedBirth& b) { b.thread = 0xffff; }) == 3);
  CHECK(words_with([](LoggedBirth& b) { b.thread = 0x10000; }) == 8);
  CHECK(words_with([](LoggedBirth& b) { b.thread = 0xffffffff; }) == 8);
  CHECK(words_with([](LoggedBirth& b) { b.size_bytes = b.capacity_bytes = 0; }) == 3);
  CHECK(words_with([](LoggedBirth& b) { b.size_bytes = b.capacity_bytes = max_48; }) == 3);
  CHECK(words_with([](LoggedBirth& b) { b.size_bytes = b.capacity_bytes = max_48 + 1; }) == 8);
  CHECK(words_with([](LoggedBirth& b) { b.capacity_bytes = b.size_bytes + 0xffff; }) == 3);
  CHECK(words_with([](LoggedBirth& b) { b.capacity_bytes = b.size_bytes + 0x10000; }) == 8);
  CHECK(words_with([](LoggedBirth& b) {
          b.size_bytes = max_48;
          b.capacity_bytes = max_48 + 0xffff;
        }) == 3);
  CHECK(words_with([](LoggedBirth& b) { b.capacity_bytes = b.size_bytes - 1; }) == 8);
  CHECK(words_with([](LoggedBirth& b) { b.capacity_bytes = 0; }) == 8);
  for (std::uint8_t dtype = 0; dtype < dtype_count; ++dtype)
    CHECK(words_with([&](LoggedBirth& b) { b.dtype = dtype; }) == 3);
  for (std::uint8_t served_by = 0; served_by < 3; ++served_by)
    CHECK(words_with([&](LoggedBirth& b) { b.served_by = served_by; }) == 3);
  CHECK(words_with([](LoggedBirth& b) { b.served_by = Lifecycles::unknown; }) == 8);
}

TEST_CASE(
    "a birth with text, shape or base, or of a buffer that does not own its bytes, is written in full") {
  CHECK(words_with([](LoggedBirth& b) { b.label = 1; }) == 8);
  CHECK(words_with([](LoggedBirth& b) { b.shape = 1; }) == 8);
  CHECK(words_with([](LoggedBirth& b) { b.site = 1; }) == 8);
  CHECK(words_with([](LoggedBirth& b) { b.base_id = 0; }) == 8);
  CHECK(words_with([](LoggedBirth& b) { b.kind = static_cast<std::uint8_t>(BufferKind::external); }) == 8);
  CHECK(words_with([](LoggedBirth& b) {
          b.kind = static_cast<std::uint8_t>(BufferKind::view);
          b.base_id = EventWord::max_subject;
          b.label = b.shape = b.site = b.thread = 0xffffffff;
          b.size_bytes = b.capacity_bytes = b.address = ~std::uint64_t{0};
          b.dtype = 13;
          b.served_by = Lifecycles::unknown;
          b.id = EventWord::max_subject;
        }) == 8);
}

TEST_CASE("an end is one word that tells its cause and where the block went, known or not") {
  for (const std::uint64_t id : {std::uint64_t{0}, EventWord::max_subject}) {
    for (const unsigned cause : {0U, 1U, 2U, 3U, unsigned{Lifecycles::unknown}}) {
      for (const unsigned to : {0U, 1U, 2U, unsigned{Lifecycles::unknown}}) {
        const EventWord end =
            EventWord::free(id, static_cast<std::uint8_t>(cause), static_cast<std::uint8_t>(to));
        CHECK(end.kind() == EventWord::Kind::free);
        CHECK(end.subject() == id);
        CHECK(end.cause() == cause);
        CHECK(end.freed_to() == to);
        CHECK(end.words() == 1);
        CHECK(end.is_free_of(id));
        CHECK_FALSE(end.is_free_of(id ^ 1U));
      }
    }
  }
  CHECK_FALSE(EventWord(EventWord::Kind::move, 5).is_free_of(5));
}

TEST_CASE("a full birth's names are replaced, its thread stays") {
  LoggedBirth birth = plain();
  birth.label = 10;
  birth.shape = 20;
  birth.site = 30;
  birth.thread = 40;
  BirthWords words{};
  REQUIRE(pack_birth(birth, words) == 8);
  std::vector<std::uint32_t> asked;
  rename_birth(words[5], words[6], [&](std::uint32_t name) {
    asked.push_back(name);
    return name + 0xfffffff0U - 10;
  });
  const LoggedBirth renamed = unpack_birth(words.data());
  CHECK(asked == std::vector<std::uint32_t>{10, 20, 30});
  CHECK(renamed.label == 0xfffffff0U);
  CHECK(renamed.shape == 0xfffffffaU);
  CHECK(renamed.site == 4);
  CHECK(renamed.thread == 40);
}
