// Packed files that are damaged: cut off, and flipped.

#if defined(BUFGC_HAS_ZLIB)

#include <catch2/catch.hpp>
#include <string>

#include "cli/gzip.hpp"
#include "trace/reading.hpp"

using namespace bufgc;

namespace {

std::string packed(std::string_view text) {
  trace::StringSink sink;
  cli::GzipSink gzip(sink);
  REQUIRE(gzip.write(text));
  REQUIRE(gzip.finish());
  return sink.text;
}

struct Unpacked {
  bool good = false;
  std::string text;
  std::string error;
};

Unpacked unpack(std::string_view bytes, std::size_t piece) {
  trace::StringSink sink;
  cli::Gunzip gunzip(sink);
  bool good = true;
  for (std::size_t at = 0; at < bytes.size() && good; at += piece)
    good = gunzip.feed(bytes.substr(at, piece));
  good = good && gunzip.finish();
  return {good, sink.text, gunzip.error()};
}

/// Two members, as `cat a.gz b.gz` makes them: what is packed, and where the first ends.
struct Reference {
  std::string text = file_text(BUFGC_TEST_DATA "/every_field.ndjson");
  std::string first = packed(std::string_view(text).substr(0, 700));
  std::string bytes = first + packed(std::string_view(text).substr(700));
};

}  // namespace

TEST_CASE("a gzip file cut off at any byte is an error there, after all that could be unpacked") {
  const Reference file;
  REQUIRE(unpack(file.bytes, 100).text == file.text);
  for (std::size_t length = 0; length < file.bytes.size(); ++length) {
    INFO("cut at byte " << length);
    const Unpacked cut = unpack(std::string_view(file.bytes).substr(0, length), 100);
    REQUIRE(cut.text == file.text.substr(0, cut.text.size()));
    REQUIRE(cut.good == (length == file.first.size()));  // one member is a whole file
    if (cut.good) continue;
    REQUIRE(cut.error == "byte " + std::to_string(length) +
                             ": expected more gzip data, found the end: the file is cut off");
  }
}

TEST_CASE("a gzip file with any bit flipped is an error with its place, or unpacks to the same") {
  const Reference file;
  for (std::size_t bit = 0; bit < file.bytes.size() * 8; ++bit) {
    INFO("bit " << bit);
    std::string broken = file.bytes;
    broken[bit / 8] = static_cast<char>(static_cast<unsigned char>(broken[bit / 8]) ^ (1U << (bit % 8)));
    const Unpacked flipped = unpack(broken, 100);
    if (flipped.good) {
      REQUIRE(flipped.text == file.text);
      continue;
    }
    REQUIRE(flipped.error.find("byte ") == 0);
    REQUIRE(flipped.error.find(": expected ") != std::string::npos);
    // No more than deflate can make of so many bytes.
    REQUIRE(flipped.text.size() < 1032 * broken.size());
  }
}

#endif
