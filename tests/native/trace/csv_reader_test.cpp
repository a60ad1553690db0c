#include <catch2/catch.hpp>

#include "trace/reading.hpp"

using namespace bufgc;

TEST_CASE("CSV of events becomes lifetimes") {
  const Read result = read_csv("time,op,id,size\n0,a,4,100\r\n0,a,7,200\n5,f,4,100\n9,a,4,50");
  INFO(result.error.message);
  REQUIRE(result.good);
  CHECK(result.rows.id == std::vector<std::uint64_t>{4, 7, 4});
  CHECK(result.rows.size_bytes == std::vector<std::uint64_t>{100, 200, 50});
  CHECK(result.rows.free_time_ns(0) == 5);
  CHECK(result.rows.free_event[1] == Lifecycles::none);
}

TEST_CASE("CSV columns are found by name, others are ignored") {
  const Read result = read_csv("# made by hand\nid, size ,extra,op,time\n1,64,?,a,3\n");
  INFO(result.error.message);
  REQUIRE(result.good);
  CHECK(result.rows.alloc_time_ns(0) == 3);
  CHECK(result.rows.size_bytes[0] == 64);
}

TEST_CASE("CSV of lifetimes covers [lower, upper): at one time frees come before births") {
  const Read result = read_csv("id,lower,upper,size\n1,0,10,100\n2,10,20,200\n3,-5,10,50\n");
  INFO(result.error.message);
  REQUIRE(result.good);
  const Lifecycles& rows = result.rows;
  CHECK(rows.id == std::vector<std::uint64_t>{3, 1, 2});
  CHECK(rows.alloc_event == std::vector<std::uint32_t>{0, 1, 4});
  CHECK(rows.free_event == std::vector<std::uint32_t>{3, 2, 5});
}

TEST_CASE("lifetimes of one id that overlap are counted as skipped, not merged") {
  const Read result = read_csv("id,lower,upper,size\n1,0,10,100\n1,5,20,200\n1,10,12,7\n");
  REQUIRE(result.good);
  CHECK(result.rows.size_bytes == std::vector<std::uint64_t>{100, 7});
  CHECK(result.rows.skipped_events == 1);
  CHECK(result.rows.free_time_ns(0) == 10);
}

TEST_CASE("a CSV error names the line, the column, what was expected and what was found") {
  const std::pair<const char*, const char*> cases[] = {
      {"time,op,id,size\n0,a,1,x\n", "line 2: \"size\" expected a non-negative integer, found \"x\""},
      {"time,op,id,size\n0,a,1\n", "line 2: \"size\" expected a non-negative integer, found \"\""},
      {"time,op,id,size\n0,q,1,5\n", "line 2: \"op\" expected a or f, found \"q\""},
      {"time,op,id,size\n1.5,a,1,5\n", "line 2: \"time\" expected an integer, found \"1.5\""},
      {"time,op,id,size\n5,a,1,5\n4,f,1,5\n", "line 3: \"time\" expected a time not before 5, found 4"},
      {"time,op,id,size\n0,a,18446744073709551616,5\n",
       "line 2: \"id\" expected a non-negative integer, found \"18446744073709551616\""},
      {"id,lower,upper,size\n1,5,5,9\n", "line 2: \"upper\" expected more than the lower 5, found 5"},
      {"a,b\n", "line 1: expected a header with time,op,id,size or with id,lower,upper,size, found \"a,b\""},
      {"", "line 1: expected a header with time,op,id,size or with id,lower,upper,size, found an empty file"},
  };
  for (const auto& [text, message] : cases) {
    const Read result = read_csv(text);
    CHECK_FALSE(result.good);
    CHECK(result.error.message == message);
  }
}
