#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "bufgc/buffer/buffer_observer.hpp"
#include "trace/reading.hpp"

using namespace bufgc;

namespace {

std::string field(const Lifecycles& rows, const NarrowColumn<std::uint32_t>& column, std::size_t row) {
  return std::string(rows.strings.at(column[row]));
}
std::uint64_t skipped(const Lifecycles& rows, SkipReason reason) {
  return rows.skipped_by_reason[static_cast<std::size_t>(reason)];
}
template <class Enum>
std::uint8_t number(Enum value) {
  return static_cast<std::uint8_t>(value);
}

}  // namespace

TEST_CASE("every field of every event arrives") {
  const Read result = read_ndjson(file_text(BUFGC_TEST_DATA "/every_field.ndjson"));
  INFO(result.error.message);
  REQUIRE(result.good);
  const Lifecycles& rows = result.rows;
  CHECK(rows.skipped_events == 0);
  REQUIRE(rows.size() == 5);
  REQUIRE(rows.event_count() == 16);
  CHECK(rows.id == std::vector<std::uint64_t>{0, 18446744073709551615U, 4294967296U, 3, 0});
  CHECK(rows.size_bytes == std::vector<std::uint64_t>{1000, 64, 400, 4096, 0});
  CHECK(rows.capacity_bytes == std::vector<std::uint64_t>{1024, 64, 0, 0, 0});
  CHECK(rows.address ==
        std::vector<std::uint64_t>{0x10000, 0x10400, 0x10000, 0x7f0000001000, Lifecycles::no_address});
  const std::int64_t born_ns[] = {10, 11, 12, 13, 19};
  for (std::size_t row = 0; row < rows.size(); ++row) CHECK(rows.alloc_time_ns(row) == born_ns[row]);
  CHECK(rows.alloc_event == std::vector<std::uint32_t>{2, 3, 4, 5, 12});
  CHECK(rows.free_event == std::vector<std::uint32_t>{10, Lifecycles::none, 9, 11, 13});
  CHECK(rows.free_time_ns(0) == 17);
  CHECK(field(rows, rows.label, 0) == "weights \"w\" \xc3\xa9\\");
  CHECK(field(rows, rows.label, 1) == std::string("tabs\tand\0zero", 13));
  CHECK(field(rows, rows.dtype, 0) == "float32");
  CHECK(field(rows, rows.shape, 0) == "10x25");
  CHECK(field(rows, rows.shape, 2) == "4x25");
  CHECK(field(rows, rows.shape, 3).empty());
  CHECK(field(rows, rows.site, 0) == "train.cpp:12");
  CHECK(field(rows, rows.thread, 0) == "1");
  CHECK(field(rows, rows.thread, 1) == "2");
  CHECK(rows.base == std::vector<std::uint32_t>{Lifecycles::none, Lifecycles::none, 0, Lifecycles::none,
                                                Lifecycles::none});
  CHECK(rows.kind == std::vector<std::uint8_t>{0, 0, 1, 2, 0});
  CHECK(rows.cause == std::vector<std::uint8_t>{number(Cause::dispose), Lifecycles::unknown,
                                                number(Cause::finalized), number(Cause::collected),
                                                number(Cause::closed)});
  CHECK(rows.served_by == std::vector<std::uint8_t>{number(ServedBy::source), number(ServedBy::cache),
                                                    Lifecycles::unknown, number(ServedBy::source),
                                                    number(ServedBy::cache)});
  CHECK(rows.freed_to == std::vector<std::uint8_t>{number(FreedTo::cache), Lifecycles::unknown,
                                                   Lifecycles::unknown, Lifecycles::unknown,
                                                   number(FreedTo::source)});
  REQUIRE(rows.uses.size() == 3);
  CHECK(rows.strings.at(rows.uses[0].kernel) == "matmul");
  CHECK(rows.uses[0].row == 0);
  CHECK(rows.uses[1].row == 1);
  CHECK(rows.uses[1].access == number(Access::write));
  CHECK(rows.uses[2].access == number(Access::read_write));
  REQUIRE(rows.marks.size() == 1);
  CHECK(rows.strings.at(rows.marks[0].name) == "epoch 1");
  REQUIRE(rows.segments.size() == 1);
  CHECK(rows.segments[0].address == 0x10000);
  CHECK(rows.segments[0].reserve_event == 0);
  CHECK(rows.segments[0].release_event == 15);
  REQUIRE(rows.moves.size() == 1);
  CHECK(rows.moves[0].event == 14);
  CHECK(rows.moves[0].row == 1);
  CHECK(rows.moves[0].from == 0x10400);
  CHECK(rows.moves[0].to == 0x10040);
  REQUIRE(rows.links.size() == 2);
  CHECK(rows.links[0].holder == 0);
  CHECK(rows.links[0].held == 1);
  CHECK(rows.links[1].added == 0);
  CHECK(rows.event_time_ns.front() == -5);
  CHECK(rows.event_time_ns.back() == 9223372036854775807);
}

TEST_CASE("the result does not depend on how the file is cut into pieces") {
  const std::string text = file_text(BUFGC_TEST_DATA "/every_field.ndjson");
  const std::string whole = ndjson_of(read_ndjson(text).rows);
  for (std::size_t piece = 1; piece < 200; ++piece) {
    const Read result = read_ndjson(text, piece);
    REQUIRE(result.good);
    REQUIRE(ndjson_of(result.rows) == whole);
  }
}

TEST_CASE("what was read so far can be looked at between pieces") {
  const auto reader = trace::make_ndjson_reader();
  REQUIRE(reader->feed("{\"t\":1,\"op\":\"alloc\",\"id\":1,\"size\":8}\n{\"t\":2,\"op\":\"al"));
  CHECK(reader->lifecycles().size() == 1);
  REQUIRE(reader->feed("loc\",\"id\":2,\"size\":8}"));
  CHECK(reader->lifecycles().size() == 1);
  REQUIRE(reader->finish());
  CHECK(reader->lifecycles().size() == 2);
}

TEST_CASE("CRLF, a byte order mark, blank lines and a missing last newline are fine") {
  const Read result = read_ndjson(
      "\xef\xbb\xbf{\"t\":1,\"op\":\"alloc\",\"id\":1,\"size\":8}\r\n\r\n  \n"
      "{\"op\":\"free\",\"id\":1,\"t\":2}");
  INFO(result.error.message);
  REQUIRE(result.good);
  CHECK(result.rows.free_event[0] == 1);
}

TEST_CASE("an error names the line, the field, what was expected and what was found") {
  struct Case {
    const char* line;
    const char* message;
  };
  const Case cases[] = {
      {R"({"t":1,"op":"alloc","id":1,"size":"abc"})",
       R"("size" expected a non-negative integer, found "abc")"},
      {R"({"t":1,"op":"alloc","id":1,"size":-1})", R"("size" expected a non-negative integer, found "-1")"},
      {R"({"t":1,"op":"alloc","id":1,"size":1.5})", R"("size" expected a non-negative integer, found "1.5")"},
      {R"({"t":1,"op":"alloc","id":1,"size":null})",
       R"("size" expected a non-negative integer, found "null")"},
      {R"({"t":1,"op":"alloc","id":1})", R"("size" is missing, expected a non-negative integer)"},
      {R"({"t":1,"op":"alloc","size":1})", R"("id" is missing, expected a non-negative integer)"},
      {R"({"t":1,"op":"alloc","id":18446744073709551616,"size":1})",
       R"("id" expected a non-negative integer, found "18446744073709551616")"},
      {R"({"t":1,"op":"move","from":"0x1","addr":"0x2"})",
       R"("id" is missing, expected a non-negative integer)"},
      {R"({"t":1,"op":"move","id":1,"addr":"0x2"})",
       R"("from" is missing, expected a hexadecimal string as "0x7f00")"},
      {R"({"t":1,"op":"move","id":1,"from":"0x1","addr":true})",
       R"("addr" expected a hexadecimal string as "0x7f00", found "true")"},
      {R"({"t":1,"op":"move","id":1,"from":"0xzz","addr":"0x2"})",
       R"("from" expected a hexadecimal string as "0x7f00", found "0xzz")"},
      {R"({"op":"alloc","id":1,"size":1})", R"("t" is missing, expected an integer of nanoseconds)"},
      {R"({"t":"now","op":"alloc","id":1,"size":1})",
       R"("t" expected an integer of nanoseconds, found "now")"},
      {R"({"t":9223372036854775808,"op":"alloc","id":1,"size":1})",
       R"("t" expected an integer of nanoseconds, found "9223372036854775808")"},
      {R"({"t":1,"op":7,"id":1})", R"("op" expected a string, found "7")"},
      {R"({"t":1,"op":"alloc","id":1,"size":1,"addr":"xyz"})",
       R"("addr" expected a hexadecimal string as "0x7f00", found "xyz")"},
      {R"({"t":1,"op":"alloc","id":1,"size":1,"shape":[1,-2]})",
       R"("shape" expected an array of non-negative integers, found "something else within it")"},
      {R"({"t":1,"op":"alloc","id":1,"size":1,"label":{"a":1}})",
       R"("label" expected a string, found "an object")"},
      {R"({"t":1,"op":"use","kernel":"k","bufs":[[1,"q"]]})",
       R"("bufs" expected an array of pairs as [id,"r"|"w"|"rw"], found "something else within it")"},
      {R"({"t":1,"op":"use","kernel":"k","bufs":[[1]]})",
       R"("bufs" expected an array of pairs as [id,"r"|"w"|"rw"], found "something else within it")"},
      {R"({"t":1,"op":"use","kernel":"k"})",
       R"("bufs" is missing, expected an array of pairs as [id,"r"|"w"|"rw"])"},
      {R"({"t":1,"op":"reserve","size":4096})",
       R"("addr" is missing, expected a hexadecimal string as "0x7f00")"},
      {R"({"t":-1,"op":"mark","name":"m"})", R"("t" expected a time not before 0, found -1)"},
      {R"([1,2])", R"(expected a JSON object, found "[1,2]")"},
      {R"(17)", R"(expected a JSON object, found "17")"},
      {R"(time,op,id,size)", R"(expected a JSON object, found "time,op,id,size")"},
      {R"({"t":1,"op":"free","id":1)",
       "expected a whole JSON object, but a comma or a closing brace is missing at column 26"},
      {R"({"t":1 "op":"free"})",
       "expected a whole JSON object, but a comma or a closing brace is missing at column 8"},
      {R"({"t":1,"op":"fr)", "expected a whole JSON object, but a string is not closed at column 16"},
      {R"({"t":1}{"t":2})", "expected a whole JSON object, but more follows after the object at column 8"},
      {R"({"t":1,"op":"\ud800"})",
       "expected a whole JSON object, but a string holds an invalid escape at column 14"},
  };
  for (const Case& one : cases) {
    const Read result =
        read_ndjson("{\"t\":0,\"op\":\"mark\",\"name\":\"first\"}\n\n" + std::string(one.line) + "\n");
    INFO(one.line);
    CHECK_FALSE(result.good);
    CHECK(result.error.line == 3);
    CHECK(result.error.message == "line 3: " + std::string(one.message));
    CHECK(result.rows.marks.size() == 1);  // what came before stays
  }
}

TEST_CASE("after an error nothing more is taken") {
  const auto reader = trace::make_ndjson_reader();
  CHECK_FALSE(reader->feed("nonsense\n"));
  CHECK_FALSE(reader->feed("{\"t\":1,\"op\":\"alloc\",\"id\":1,\"size\":8}\n"));
  CHECK_FALSE(reader->finish());
  CHECK(reader->lifecycles().size() == 0);
  CHECK(reader->error().line == 1);
}

TEST_CASE("a zero byte in a line is an error, not an end") {
  std::string text = "{\"t\":1,\"op\":\"mark\",\"name\":\"m\"}";
  text += '\0';
  text += "junk\n";
  CHECK_FALSE(read_ndjson(text).good);
}

TEST_CASE("what cannot be used is counted with its reason and merges no lifetimes") {
  const Read result = read_ndjson(R"({"t":1,"op":"alloc","id":1,"size":10}
{"t":2,"op":"alloc","id":1,"size":99}
{"t":3,"op":"free","id":1}
{"t":4,"op":"free","id":1}
{"t":5,"op":"alloc","id":1,"size":20}
{"t":6,"op":"explode","id":1}
{"t":7,"comment":"no op"}
{"t":8,"op":"use","kernel":"k","bufs":[[2,"r"]]}
{"t":8,"op":"use","kernel":"k","bufs":[[2,"r"],[1,"w"]]}
{"t":8,"op":"use","kernel":"k","bufs":[]}
{"t":9,"op":"link","holder":1,"held":7}
{"t":9,"op":"move","id":7,"from":"0x1000","addr":"0x2000"}
{"t":9,"op":"release","addr":"0x1000","size":4096}
{"t":9,"op":"reserve","addr":"0x1000","size":4096}
{"t":9,"op":"reserve","addr":"0x1000","size":4096}
)");
  INFO(result.error.message);
  REQUIRE(result.good);
  const Lifecycles& rows = result.rows;
  CHECK(rows.size_bytes == std::vector<std::uint64_t>{10, 20});
  CHECK(rows.free_time_ns(0) == 3);
  CHECK(rows.free_event[1] == Lifecycles::none);
  CHECK(skipped(rows, SkipReason::alloc_of_live_id) == 1);
  CHECK(skipped(rows, SkipReason::free_of_unknown_id) == 1);
  CHECK(skipped(rows, SkipReason::unknown_op) == 2);
  CHECK(skipped(rows, SkipReason::use_of_unknown_id) == 3);
  CHECK(rows.uses.size() == 1);
  CHECK(skipped(rows, SkipReason::link_of_unknown_id) == 1);
  CHECK(skipped(rows, SkipReason::move_of_unknown_id) == 1);
  CHECK(skipped(rows, SkipReason::release_of_unknown_segment) == 1);
  CHECK(skipped(rows, SkipReason::reserve_of_held_segment) == 1);
  CHECK(rows.skipped_events == 11);
}

TEST_CASE("a release of a part of a segment leaves the rest held") {
  const Read result = read_ndjson(R"({"t":1,"op":"reserve","addr":"0x1000","size":12288}
{"t":2,"op":"release","addr":"0x2000","size":4096}
{"t":3,"op":"reserve","addr":"0x8000","size":4096}
{"t":4,"op":"release","addr":"0x3000","size":24576}
)");
  REQUIRE(result.good);
  std::uint64_t held = 0;
  for (const Lifecycles::SegmentLife& piece : result.rows.segments)
    if (piece.release_event == Lifecycles::none) held += piece.size_bytes;
  CHECK(held == 4096);
  CHECK(result.rows.event_count() == 5);  // the last release ends two pieces
  CHECK(ndjson_of(read_ndjson(ndjson_of(result.rows)).rows) == ndjson_of(result.rows));
}

TEST_CASE("nesting deeper than 64 levels is an error") {
  const auto nested = [](int depth) {
    return "{\"t\":1,\"op\":\"mark\",\"name\":\"m\",\"x\":" +
           std::string(static_cast<std::size_t>(depth), '[') +
           std::string(static_cast<std::size_t>(depth), ']') + "}";
  };
  CHECK(read_ndjson(nested(63)).good);
  const Read result = read_ndjson(nested(1000000));
  CHECK_FALSE(result.good);
  CHECK(result.error.message == "line 1: expected at most 64 levels of nesting, found more");
}

TEST_CASE("a line longer than 16 MiB is an error before it is whole") {
  const auto reader = trace::make_ndjson_reader();
  const std::string piece(1U << 20U, 'x');
  bool good = reader->feed("{\"t\":1,\"op\":\"mark\",\"name\":\"m\"}\n");
  int taken = 0;
  for (; good && taken < 100; ++taken) good = reader->feed(piece);
  CHECK(taken == 17);
  CHECK(reader->error().line == 2);
  CHECK(reader->error().message == "line 2: expected a line of at most 16 MiB, found a longer one");
}

TEST_CASE("labels that are not UTF-8 are repaired") {
  const Read result = read_ndjson("{\"t\":1,\"op\":\"mark\",\"name\":\"a\xff\xc3z\"}\n");
  REQUIRE(result.good);
  CHECK(result.rows.strings.at(result.rows.marks[0].name) == "a\xef\xbf\xbd\xef\xbf\xbdz");
}

TEST_CASE("the reader for a file is chosen by its first bytes, then by its name") {
  std::string why;
  CHECK(trace::make_reader("x", "{\"t\":1", why));
  CHECK(trace::make_reader("x.txt", "time,op,id,size\n", why));
  CHECK(trace::make_reader("x.ndjson", "", why));
  CHECK_FALSE(trace::make_reader("x.bin", "\x81\x02}q", why));
  CHECK(why.find("expected NDJSON") == 0);
  CHECK_FALSE(trace::make_reader("x", "\x1f\x8b\x08", why));
  CHECK(why == "expected unpacked text, found gzip");
}
