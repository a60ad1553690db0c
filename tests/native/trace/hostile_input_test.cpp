// Broken and hostile files: an error or a result, never a crash or a hang.

#include <algorithm>
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

std::string with_bit_flipped(std::string text, std::size_t bit) {
  text[bit / 8] = static_cast<char>(static_cast<unsigned char>(text[bit / 8]) ^ (1U << (bit % 8)));
  return text;
}

/// Both forms, with all that their readers know: comments, quotes, spaces, other columns, both ends of a
/// line.
const std::string csv_of_events =
    "# recorded\ntime,op,id,size,device\n0,a,4,1281,cpu\r\n0, a ,7,12289,\"cpu\"\n3,f,4,1281,\n"
    "12,a,4,18446744073709551615,cpu\n12,f,7,12289,cpu\n9223372036854775807,f,4,0,\n";
const std::string csv_of_lifetimes =
    "id,lower,upper,size,offset\n# planned\n1,0,10,100,0\n2,-5,18,\"64\",128\r\n3, 10 ,20,200,0\n"
    "18446744073709551615,-9223372036854775808,9223372036854775807,7,64\n";

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
    const Read result = read_ndjson(with_bit_flipped(text, bit));
    REQUIRE(result.good == result.error.message.empty());
  }
}

TEST_CASE("a CSV file cut off at any byte gives what came before, or an error in its last line") {
  for (const std::string& text : {csv_of_events, csv_of_lifetimes}) {
    const bool of_events = text == csv_of_events;
    REQUIRE(read_csv(text).good);
    const std::size_t header_end = text.find("size");
    std::size_t whole_lines = 0;
    std::size_t whole_rows = 0;
    for (std::size_t length = 0; length < text.size(); ++length) {
      if (length > 0 && text[length - 1] == '\n') {
        const std::size_t begin = text.rfind('\n', length - 2) + 1;
        ++whole_lines;
        if (begin > header_end && text[begin] != '#') ++whole_rows;
      }
      const Read result = read_csv(text.substr(0, length));
      INFO("cut at byte " << length << " of " << text << ": " << result.error.message);
      REQUIRE(result.good == result.error.message.empty());
      if (!result.good) {
        REQUIRE((result.error.line == whole_lines + 1 || length <= text.find('\n', header_end)));
        continue;
      }
      const std::size_t events = of_events ? whole_rows : 2 * whole_rows;
      REQUIRE(result.rows.event_count() >= events);
      REQUIRE(result.rows.event_count() <= events + (of_events ? 1 : 2));
    }
  }
}

TEST_CASE("any single flipped bit of a CSV file gives a result or an error in a line that is there") {
  for (const std::string& text : {csv_of_events, csv_of_lifetimes}) {
    const auto lines = static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
    for (std::size_t bit = 0; bit < text.size() * 8; ++bit) {
      const Read result = read_csv(with_bit_flipped(text, bit));
      INFO("bit " << bit << " of " << text << ": " << result.error.message);
      REQUIRE(result.good == result.error.message.empty());
      if (result.good) {
        REQUIRE(read_ndjson(ndjson_of(result.rows)).good);
        continue;
      }
      REQUIRE(result.error.message.find("expected ") != std::string::npos);
      REQUIRE(result.error.line >= 1);
      REQUIRE(result.error.line <= lines + 1);  // a comma may have become the end of one
    }
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
