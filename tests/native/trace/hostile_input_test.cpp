// Broken and hostile files: an error or a result, never a crash or a hang.

#include <catch2/catch.hpp>
#include <random>
#include <string>

#include "trace/reading.hpp"

using namespace bufgc;

namespace {

void survives(const std::string& text) {
  const Read ndjson = read_ndjson(text);
  CHECK(ndjson.good == ndjson.error.message.empty());
  if (ndjson.good) CHECK(read_ndjson(ndjson_of(ndjson.rows)).good);
  const Read csv = read_csv(text);
  CHECK(csv.good == csv.error.message.empty());
}

}  // namespace

TEST_CASE("a file cut off at any byte gives what came before, or an error in its last line") {
  const std::string text = file_text(BUFGC_TEST_DATA "/every_field.ndjson");
  REQUIRE(text.size() > 1000);
  std::size_t whole_lines = 0;
  for (std::size_t length = 0; length < text.size(); ++length) {
    const Read result = read_ndjson(text.substr(0, length));
    if (length > 0 && text[length - 1] == '\n') ++whole_lines;
    INFO("cut at byte " << length);
    if (!result.good) REQUIRE(result.error.line == whole_lines + 1);
    REQUIRE(result.rows.event_count() >= whole_lines);
    REQUIRE(result.rows.event_count() <= whole_lines + 1);
  }
}

TEST_CASE("any single flipped bit gives a result or an error") {
  const std::string text = file_text(BUFGC_TEST_DATA "/every_field.ndjson");
  for (std::size_t bit = 0; bit < text.size() * 8; ++bit) {
    std::string broken = text;
    broken[bit / 8] = static_cast<char>(static_cast<unsigned char>(broken[bit / 8]) ^ (1U << (bit % 8)));
    const Read result = read_ndjson(broken);
    REQUIRE(result.good == result.error.message.empty());
  }
  const std::string csv = "time,op,id,size\n0,a,1,100\n3,f,1,100\n";
  for (std::size_t bit = 0; bit < csv.size() * 8; ++bit) {
    std::string broken = csv;
    broken[bit / 8] = static_cast<char>(static_cast<unsigned char>(broken[bit / 8]) ^ (1U << (bit % 8)));
    const Read result = read_csv(broken);
    REQUIRE(result.good == result.error.message.empty());
  }
}

TEST_CASE("ten thousand random lines harm nothing") {
  const std::uint64_t seed = 20240811;
  INFO("seed " << seed);
  std::mt19937_64 random(seed);
  const std::string_view scraps[] = {"{",
                                     "}",
                                     "[",
                                     "]",
                                     ",",
                                     ":",
                                     "\"t\":",
                                     "\"op\":",
                                     "\"alloc\"",
                                     "\"free\"",
                                     "\"id\":",
                                     "\"size\":",
                                     "1",
                                     "-1",
                                     "1e999",
                                     "0x",
                                     "\"use\"",
                                     "\"bufs\":",
                                     "\"r\"",
                                     "null",
                                     "true",
                                     "\"\\u0000\"",
                                     "18446744073709551615",
                                     "\xff",
                                     "\"",
                                     "\\",
                                     "time",
                                     "id,size",
                                     "\"addr\":\"0x1\"",
                                     "\"shape\":",
                                     "\"reserve\"",
                                     "\"release\"",
                                     "\r",
                                     " "};
  for (int line = 0; line < 10000; ++line) {
    std::string text = random() % 2 == 0 ? "{\"t\":1,\"op\":\"" : "";
    for (std::uint64_t scrap = random() % 20; scrap > 0; --scrap)
      text += scraps[random() % std::size(scraps)];
    survives(text + "\n");
  }
}

TEST_CASE("sizes that wrap are read as they are and sum without harm") {
  const Read result = read_ndjson(
      "{\"t\":0,\"op\":\"alloc\",\"id\":1,\"size\":18446744073709551615}\n"
      "{\"t\":0,\"op\":\"alloc\",\"id\":2,\"size\":18446744073709551615,\"addr\":\"0xffffffffffffffff\"}\n"
      "{\"t\":0,\"op\":\"reserve\",\"addr\":\"0xfffffffffffff000\",\"size\":18446744073709551615}\n"
      "{\"t\":0,\"op\":\"release\",\"addr\":\"0x0\",\"size\":18446744073709551615}\n"
      "{\"t\":-0,\"op\":\"reserve\",\"addr\":\"0x0\",\"size\":0}\n");
  INFO(result.error.message);
  REQUIRE(result.good);
  CHECK(result.rows.size_bytes[1] == 18446744073709551615U);
  CHECK(result.rows.skipped_events == 1);
  CHECK(read_ndjson(ndjson_of(result.rows)).good);
}
