#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <numeric>

#include "timeline/row_filter.hpp"
#include "timeline/row_table.hpp"
#include "trace_maker.hpp"

using namespace bufgc;
using namespace bufgc::timeline;

namespace {

/// Rows 0 to 4: two convolutions (one leaked), an input, a large weight, one with a quoted label.
Lifecycles sample() {
  TraceMaker maker;
  const std::uint32_t conv = maker.alloc({4096, 0x1000, "Conv 1", "float32"});
  maker.alloc({8192, 0x2000, "conv 2", "float16"});
  const std::uint32_t input = maker.alloc({100, 0x9000, "input", "uint8"});
  maker.alloc({std::uint64_t{3} << 20U, 0x100000, "weight", "float32"});
  maker.now += 2'000'000;
  maker.free(conv, to_cache, static_cast<std::uint8_t>(Cause::dispose));
  maker.now += 3'000'000;
  maker.free(input, 2, static_cast<std::uint8_t>(Cause::finalized));
  maker.alloc({4096, 0x1000, "a b", "float32"});
  maker.trace.uses.push_back({3, 1, 0, 1});
  maker.trace.uses.push_back({3, 1, 0, 2});
  maker.trace.uses.push_back({3, 0, 0, 1});
  return maker.trace;
}

std::vector<std::uint32_t> matching(std::string_view filter) {
  const Lifecycles trace = sample();
  return sorted_rows(trace, RowFilter(filter).apply(trace), {});
}

using Rows = std::vector<std::uint32_t>;

}  // namespace

TEST_CASE("words must all be contained, in any case, in label, site, dtype, id or cause") {
  CHECK(matching("") == Rows{0, 1, 2, 3, 4});
  CHECK(matching("conv") == Rows{0, 1});
  CHECK(matching("CONV float16") == Rows{1});
  CHECK(matching("dispose") == Rows{0});
  CHECK(matching("13") == Rows{4});
  CHECK(matching("\"a b\"") == Rows{4});
  CHECK(matching("nowhere").empty());
}

TEST_CASE("a field is asked alone") {
  CHECK(matching("label:conv") == Rows{0, 1});
  CHECK(matching("dtype:float32") == Rows{0, 3, 4});
  CHECK(matching("label:\"conv 2\"") == Rows{1});
  CHECK(matching("cause:final") == Rows{2});
  CHECK(matching("kind:owned dtype:uint8") == Rows{2});
  CHECK(matching("id:1") == Rows{0});
}

TEST_CASE("a field after an equals sign is just that, case and all") {
  CHECK(matching("label=conv").empty());
  CHECK(matching("label=\"Conv 1\"") == Rows{0});
  CHECK(matching("label=\"conv 1\"").empty());
  CHECK(matching("-label=\"Conv 1\"") == Rows{1, 2, 3, 4});
  CHECK(matching("dtype=float") == Rows{});
  CHECK(matching("dtype=float32 alive") == Rows{3, 4});
  CHECK(matching("cause=dispose") == Rows{0});
  CHECK(matching("cause=disp").empty());
  CHECK(matching("site=\"\"") == Rows{0, 1, 2, 3, 4});
  CHECK(matching("label=\"\"").empty());
  CHECK(matching("label=a=b").empty());
}

TEST_CASE("sizes and lifetimes compare with units") {
  CHECK(matching("size>1MiB") == Rows{3});
  CHECK(matching("size>=8KiB") == Rows{1, 3});
  CHECK(matching("size<4096") == Rows{2});
  CHECK(matching("size=4096") == Rows{0, 4});
  CHECK(matching("size<=4kb") == Rows{2});
  CHECK(matching("lifetime>4") == Rows{1});
  CHECK(matching("lifetime=2.5ms").empty());
  CHECK(matching("lifetime=2ms") == Rows{0});
  CHECK(matching("lifetime>2ms") == Rows{1, 2, 3});
  CHECK(matching("uses>1") == Rows{1});
  CHECK(matching("uses=0") == Rows{2, 3, 4});
}

TEST_CASE("alive and leaked are those that no free ended; a minus turns a term around") {
  CHECK(matching("alive") == Rows{1, 3, 4});
  CHECK(matching("leaked") == Rows{1, 3, 4});
  CHECK(matching("released") == Rows{0, 2});
  CHECK(matching("-alive") == Rows{0, 2});
  CHECK(matching("!label:conv alive") == Rows{3, 4});
}

TEST_CASE("a term that is not finished holds for every row and is named") {
  for (const std::string_view text :
       {"size>", "size>abc", "lifetime<5 size<x", "uses=3MiB", "label:", "label=", "size>1 dtype="}) {
    INFO(text);
    const RowFilter filter(text);
    CHECK_FALSE(filter.error().empty());
  }
  CHECK(matching("size>") == Rows{0, 1, 2, 3, 4});
  CHECK(RowFilter("size>1").error().empty());
}

TEST_CASE("rows sort by each key, equal ones in order of birth, both ways") {
  const Lifecycles trace = sample();
  const std::vector<std::uint8_t> all(trace.size(), 1);
  CHECK(sorted_rows(trace, all, {SortKey::size}) == Rows{2, 0, 4, 1, 3});
  CHECK(sorted_rows(trace, all, {SortKey::size, true}) == Rows{3, 1, 0, 4, 2});
  CHECK(sorted_rows(trace, all, {SortKey::label}) == Rows{0, 4, 1, 2, 3});
  CHECK(sorted_rows(trace, all, {SortKey::free_event}) == Rows{0, 2, 1, 3, 4});
  CHECK(sorted_rows(trace, all, {SortKey::use_count, true}) == Rows{1, 0, 2, 3, 4});
  CHECK(sorted_rows(trace, all, {SortKey::lifetime_events, true}) == Rows{1, 0, 3, 2, 4});
  CHECK(sorted_rows(trace, all, {SortKey::row}) == Rows{0, 1, 2, 3, 4});
  CHECK(sorted_rows(trace, all, {SortKey::row, true}) == Rows{4, 3, 2, 1, 0});
  CHECK(sorted_rows(trace, {1, 0, 0, 1, 1}, {SortKey::row, true}) == Rows{4, 3, 0});
  CHECK(sorted_rows(trace, all, {SortKey::size, false, true}) == Rows{4, 1, 3, 2, 0});
}

TEST_CASE("groups count buffers and bytes, most bytes first, in the colours of the picture") {
  const Lifecycles trace = sample();
  const std::vector<std::uint8_t> all(trace.size(), 1);
  const ColorMap colors(trace, *coloring_of(GroupBy::dtype));
  const std::vector<Group> dtypes = group_rows(trace, all, GroupBy::dtype, &colors);
  REQUIRE(dtypes.size() == 3);
  CHECK(dtypes[0].name == "float32");
  CHECK(dtypes[0].buffers == 3);
  CHECK(dtypes[0].bytes == (std::uint64_t{3} << 20U) + 8192);
  CHECK(dtypes[0].alive_buffers == 2);
  CHECK(dtypes[0].alive_bytes == (std::uint64_t{3} << 20U) + 4096);
  CHECK(dtypes[0].color == ColorMap(trace, ColorBy::dtype).of(0));

  const ColorMap state_colors(trace, *coloring_of(GroupBy::state));
  const std::vector<Group> states = group_rows(trace, all, GroupBy::state, &state_colors);
  REQUIRE(states.size() == 2);
  CHECK(states[0].name == "alive at end");
  CHECK(states[0].color == alive_color);
  CHECK(states[1].buffers == 2);

  const std::vector<Group> causes = group_rows(trace, all, GroupBy::cause);
  REQUIRE(causes.size() == 3);
  CHECK(causes[1].name == "dispose");
  CHECK(!causes[1].has_color);
  CHECK(!coloring_of(GroupBy::cause).has_value());

  const std::vector<Group> sizes = group_rows(trace, all, GroupBy::size);
  REQUIRE(sizes.size() == 4);
  CHECK(sizes[0].name == "64 B to 128 B");
  CHECK(sizes[3].name == "2 MiB to 4 MiB");
}

TEST_CASE(
    "lifetimes are grouped by powers of ten of events, in their order, and the filter chooses the same") {
  TraceMaker maker;
  const auto wait = [&](int events) {
    for (int i = 0; i < events; ++i) maker.alloc({1, Lifecycles::no_address, "filler"});
  };
  const std::uint32_t none = maker.born_before({1000});
  maker.free(none);
  const std::uint32_t one = maker.alloc({10});
  maker.free(one);
  const std::uint32_t nine = maker.alloc({20});
  wait(8);
  maker.free(nine);
  const std::uint32_t ten = maker.alloc({30});
  wait(9);
  maker.free(ten);
  maker.alloc({4000});  // alive to the end, 1,000 events later
  wait(999);
  const Lifecycles& trace = maker.trace;
  const std::vector<std::uint8_t> own = RowFilter("-label:filler").apply(trace);
  const std::vector<Group> groups = group_rows(trace, own, GroupBy::lifetime);
  REQUIRE(groups.size() == 4);
  const auto is = [&](std::size_t index, std::string_view name, std::uint64_t buffers, std::uint64_t bytes) {
    return groups[index].name == name && groups[index].buffers == buffers && groups[index].bytes == bytes;
  };
  CHECK(is(0, "0", 1, 1000));
  CHECK(is(1, "1 to 10", 2, 30));
  CHECK(is(2, "10 to 100", 1, 30));
  CHECK(is(3, "1k to 10k", 1, 4000));
  CHECK(groups[3].alive_buffers == 1);
  CHECK(coloring_of(GroupBy::lifetime) == ColorBy::lifetime);
  const std::vector<std::uint8_t> matches = RowFilter("lifetime>=1 lifetime<10 -label:filler").apply(trace);
  CHECK(std::accumulate(matches.begin(), matches.end(), 0) == 2);
}

TEST_CASE("stacks that lead to one frame of the user's are one site, in groups and in filters") {
  TraceMaker maker;
  const auto alloc = [&](std::uint64_t size, std::string_view site) {
    const std::uint32_t row = maker.alloc({size});
    maker.trace.site.set(row, maker.trace.strings.intern(site));
  };
  alloc(1, "lib.py:1 f <- > a.py:12 train <- a.py:40 main");
  alloc(2, "a.py:12 train <- a.py:41 main");
  alloc(4, "a.py:12 train");
  alloc(8, "a.py:1 train <- b.py:2 > no mark");
  alloc(16, "");
  const Lifecycles& trace = maker.trace;
  std::vector<std::pair<std::string, std::uint64_t>> found;
  for (const Group& group : group_rows(trace, std::vector<std::uint8_t>(5, 1), GroupBy::site))
    found.emplace_back(group.name, group.bytes);
  CHECK(found == std::vector<std::pair<std::string, std::uint64_t>>{
                     {"", 16}, {"a.py:1 train", 8}, {"a.py:12 train", 7}});
  const auto rows = [&](std::string_view filter) {
    return sorted_rows(trace, RowFilter(filter).apply(trace), {});
  };
  CHECK(rows("site=\"a.py:12 train\"") == Rows{0, 1, 2});
  CHECK(rows("site=\"a.py:12 train <- a.py:41 main\"") == Rows{1});
  CHECK(rows("site:main") == Rows{0, 1});
  CHECK(rows("label=\"a.py:12 train\"").empty());
}

TEST_CASE("the classes of the longest lifetimes have names") {
  Lifecycles trace;
  CHECK(group_name(trace, GroupBy::lifetime, 6, 0) == "100k to 1M");
  CHECK(group_name(trace, GroupBy::lifetime, 10, 0) == "1G to 10G");
}

TEST_CASE("groups count only what matches, and together all of it") {
  for (std::uint32_t seed = 1; seed <= 4; ++seed) {
    INFO("seed " << seed);
    const Lifecycles trace = random_trace({seed});
    const std::vector<std::uint8_t> matches = RowFilter("size>300").apply(trace);
    std::uint64_t rows = 0;
    std::uint64_t bytes = 0;
    for (std::size_t row = 0; row < trace.size(); ++row) {
      REQUIRE(matches[row] == (trace.size_bytes[row] > 300 ? 1 : 0));
      rows += matches[row];
      if (matches[row] != 0 && trace.kind[row] == 0) bytes += trace.size_bytes[row];
    }
    for (const GroupBy by : {GroupBy::label, GroupBy::dtype, GroupBy::size, GroupBy::state, GroupBy::site,
                             GroupBy::cause, GroupBy::lifetime}) {
      std::uint64_t counted = 0;
      std::uint64_t held = 0;
      for (const Group& group : group_rows(trace, matches, by)) {
        counted += group.buffers;
        held += group.bytes;
      }
      REQUIRE(counted == rows);
      REQUIRE(held == bytes);
    }
  }
}

TEST_CASE("neighbours are the rows before and after at the same address") {
  const Lifecycles trace = sample();
  const AddressBlocks blocks(trace, Places(trace));
  CHECK(neighbours_at_address(trace, blocks, 0).previous == Lifecycles::none);
  CHECK(neighbours_at_address(trace, blocks, 0).next == 4);
  CHECK(neighbours_at_address(trace, blocks, 4).previous == 0);
  CHECK(neighbours_at_address(trace, blocks, 2).next == Lifecycles::none);
}

TEST_CASE("colours: the names with most bytes get the palette, magnitudes run through viridis") {
  const Lifecycles trace = sample();
  const ColorMap labels(trace, ColorBy::label);
  CHECK(labels.of(3) == tol::groups[0]);
  CHECK(labels.of(1) == tol::groups[1]);
  const ColorMap sizes(trace, ColorBy::size);
  CHECK(sizes.of(2) == viridis(0));
  CHECK(sizes.of(3) == viridis(1));
  const ColorMap states(trace, ColorBy::state);
  CHECK(states.of(0) == released_color);
  CHECK(states.of(1) == alive_color);
  CHECK(to_hex(tol::blue) == "#4477aa");
}

TEST_CASE("colours of magnitudes are even in the logarithm, from the least to the greatest") {
  for (const std::uint64_t greatest : {std::uint64_t{7}, std::uint64_t{1} << 20U, ~std::uint64_t{0}}) {
    Lifecycles trace = random_trace({3});
    for (std::size_t row = 0; row < trace.size(); ++row) {
      trace.size_bytes[row] = greatest >> (row * 7 % 64);
    }
    const auto [low, high] = std::minmax_element(trace.size_bytes.begin(), trace.size_bytes.end());
    const double from = std::log2(static_cast<double>(*low) + 1);
    const double to = std::log2(static_cast<double>(*high) + 1);
    const ColorMap sizes(trace, ColorBy::size);
    const double steps = static_cast<double>(sizes.palette().size() - 1);
    for (std::size_t row = 0; row < trace.size(); ++row) {
      const double at = (std::log2(static_cast<double>(trace.size_bytes[row]) + 1) - from) / (to - from);
      REQUIRE(sizes.classes()[row] == static_cast<std::uint8_t>(std::lround(at * steps)));
    }
  }
}

TEST_CASE("in a trace that still runs what is alive has the colour of every life, in picture and groups") {
  const Lifecycles trace = sample();
  const ColorMap states(trace, ColorBy::state, TraceEnd::open);
  CHECK(states.of(0) == released_color);
  CHECK(states.of(1) == released_color);
  const std::vector<std::uint8_t> all(trace.size(), 1);
  for (const Group& group : group_rows(trace, all, GroupBy::state, &states, TraceEnd::open)) {
    INFO(group.name);
    CHECK(group.color == released_color);
    CHECK(group.name == (group.alive_buffers > 0 ? "alive now" : "released"));
  }
  CHECK(ColorMap(trace, ColorBy::label, TraceEnd::open).of(3) == ColorMap(trace, ColorBy::label).of(3));
}
