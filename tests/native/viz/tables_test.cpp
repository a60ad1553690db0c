// The log's tables against those of the standard library: ids, ranges of addresses, strings.

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "bufgc/viz/id_map.hpp"
#include "bufgc/viz/range_map.hpp"
#include "bufgc/viz/string_table.hpp"

using namespace bufgc;

TEST_CASE("a map of ids is a map") {
  std::mt19937_64 random(7);
  for (int round = 0; round < 20; ++round) {
    IdMap ids;
    std::map<std::uint64_t, std::uint32_t> plain;
    CHECK(ids.find(0) == IdMap::none);
    CHECK(ids.erase(0) == IdMap::none);
    for (std::uint32_t step = 0; step < 1500; ++step) {
      // Also the largest id there is.
      const std::uint64_t id = random() % (10U << (static_cast<unsigned>(round) % 8U)) - 1;
      const auto there = plain.find(id);
      REQUIRE(ids.find(id) == (there == plain.end() ? IdMap::none : there->second));
      if (random() % 3 != 0) {
        REQUIRE(ids.insert(id, step) == plain.emplace(id, step).second);
      } else {
        REQUIRE(ids.erase(id) == (there == plain.end() ? IdMap::none : there->second));
        plain.erase(id);
      }
      REQUIRE(ids.size() == plain.size());
    }
    for (const auto& [id, row] : plain) REQUIRE(ids.find(id) == row);
    // At most half full, so that there is an end to every search.
    REQUIRE(ids.memory_bytes() >= 2 * ids.size() * (sizeof(std::uint64_t) + sizeof(std::uint32_t)));
  }
}

TEST_CASE("a map of ranges tells what covers what, to the byte") {
  constexpr std::size_t end = 64;
  std::mt19937_64 random(8);
  for (int round = 0; round < 50; ++round) {
    RangeMap<int> ranges;
    std::vector<int> plain(end, 0);  // of each byte whose it is
    for (int step = 1; step < 100; ++step) {
      const auto from = static_cast<std::size_t>(random() % end);
      const std::size_t to =
          from + 1 + static_cast<std::size_t>(random() % std::min<std::size_t>(9, end - from));
      bool covered = false;
      std::vector<std::pair<std::uint64_t, std::uint64_t>> gaps;
      for (std::size_t at = from; at < to; ++at) {
        covered = covered || plain[at] != 0;
        if (plain[at] != 0) continue;
        if (!gaps.empty() && gaps.back().second == at) {
          ++gaps.back().second;
        } else {
          gaps.emplace_back(at, at + 1);
        }
      }
      REQUIRE(ranges.overlaps(from, to) == covered);
      std::vector<std::pair<std::uint64_t, std::uint64_t>> parts;
      ranges.uncovered(from, to, [&](std::uint64_t a, std::uint64_t b) { parts.emplace_back(a, b); });
      REQUIRE(parts == gaps);
      if (!covered) {
        ranges.insert(from, to, step);
        std::fill(plain.begin() + static_cast<std::ptrdiff_t>(from),
                  plain.begin() + static_cast<std::ptrdiff_t>(to), step);
      } else if (random() % 3 == 0) {
        std::uint64_t last = 0;
        for (const auto& piece : ranges.take(from, to)) {
          REQUIRE(piece.begin >= last);
          REQUIRE(piece.begin < to);
          REQUIRE(piece.end > from);
          last = piece.end;
          for (auto at = static_cast<std::size_t>(piece.begin); at < piece.end; ++at)
            REQUIRE(std::exchange(plain[at], 0) == piece.tag);
        }
        for (std::size_t at = from; at < to; ++at) REQUIRE(plain[at] == 0);
      }
      std::uint64_t bytes = 0;
      for (const auto& piece : ranges.pieces()) {
        bytes += piece.end - piece.begin;
        for (auto at = static_cast<std::size_t>(piece.begin); at < piece.end; ++at)
          REQUIRE(plain[at] == piece.tag);
      }
      REQUIRE(bytes == end - static_cast<std::uint64_t>(std::count(plain.begin(), plain.end(), 0)));
    }
    ranges.clear();
    REQUIRE(ranges.pieces().empty());
    REQUIRE(ranges.memory_bytes() == 0);
  }
  constexpr std::uint64_t last = ~std::uint64_t{0};
  CHECK(RangeMap<int>::end_of(10, 5) == 15);
  CHECK(RangeMap<int>::end_of(last - 5, 5) == last);
  CHECK(RangeMap<int>::end_of(last - 5, 6) == last);
  CHECK(RangeMap<int>::end_of(1, last) == last);
}

TEST_CASE("a table of strings gives each its number, once, and finds no other") {
  StringTable strings;
  std::map<std::string, std::uint32_t> plain{{"", 0}};
  std::mt19937_64 random(9);
  CHECK(strings.size() == 1);
  CHECK(strings.find("") == 0);
  std::size_t bytes = 0;
  for (int step = 0; step < 5000; ++step) {
    // Some that differ in their last characters only, of lengths around a word's.
    const std::string text = std::string(random() % 20, 'x') + std::to_string(random() % 100);
    const auto there = plain.find(text);
    REQUIRE(strings.find(text) == (there == plain.end() ? StringTable::absent : there->second));
    if (there == plain.end()) bytes += text.size();
    const auto [kept, fresh] = plain.emplace(text, static_cast<std::uint32_t>(plain.size()));
    REQUIRE(strings.intern(text) == kept->second);
    REQUIRE(strings.size() == plain.size());
    REQUIRE(strings.text_bytes() == bytes);
  }
  for (const auto& [text, number] : plain) REQUIRE(strings.at(number) == text);
  CHECK(strings.at(static_cast<std::uint32_t>(plain.size())).empty());
  CHECK(strings.at(StringTable::absent).empty());
}
