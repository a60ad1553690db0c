#include <catch2/catch.hpp>
#include <cstdint>
#include <iterator>
#include <random>
#include <set>
#include <vector>

#include "timeline/distinct_numbers.hpp"
#include "timeline/memo.hpp"
#include "timeline/rank_set.hpp"

using namespace bufgc::timeline;

TEST_CASE("a memo answers for the number asked for, whatever was asked before") {
  // Made for as many as are asked for, and for much fewer.
  for (const std::size_t numbers : {std::size_t{200'000}, std::size_t{0}}) {
    std::mt19937_64 random(5);
    Memo<std::uint64_t> memo(numbers);
    std::size_t remembered = 0;
    for (int i = 0; i < 200'000; ++i) {
      // Few numbers that come again, among many that take their places.
      const std::uint64_t number = i % 3 == 0 ? random() : random() % 2000;
      bool known = true;
      const std::uint64_t answer = memo.of(number, [&] {
        known = false;
        return number * 3;
      });
      REQUIRE(answer == number * 3);
      remembered += known ? 1 : 0;
    }
    CHECK(remembered > numbers * 3 / 5);
  }
  // What is written stays, as long as no other number takes the place.
  Memo<int> counts(3);
  for (const std::uint64_t number : {std::uint64_t{0}, std::uint64_t{1}, ~std::uint64_t{0}}) {
    CHECK(counts.of(number, [] { return 7; }) == 7);
    counts.of(number, [] { return 0; }) = 8;
    CHECK(counts.of(number, [] { return 0; }) == 8);
  }
}

TEST_CASE("distinct numbers are counted once each, however many there are") {
  std::mt19937_64 random(6);
  // More of them than are sorted out at once, and than the memo has places.
  for (const std::uint64_t bound : {std::uint64_t{1}, std::uint64_t{3000}, std::uint64_t{150'000}}) {
    DistinctNumbers distinct(300'000);
    std::set<std::uint64_t> expected;
    for (int i = 0; i < 300'000; ++i) {
      const std::uint64_t number = random() % bound;
      distinct.add(number);
      expected.insert(number);
    }
    REQUIRE(distinct.take() == std::vector<std::uint64_t>(expected.begin(), expected.end()));
  }
  CHECK(DistinctNumbers(0).take().empty());
}

TEST_CASE("a set of ranks finds the next and the one before as an ordered set does") {
  for (const std::size_t bound : {std::size_t{0}, std::size_t{1}, std::size_t{64}, std::size_t{65},
                                  std::size_t{5000}, std::size_t{300'000}}) {
    std::mt19937_64 random(bound);
    RankSet ranks(bound);
    std::set<std::size_t> expected;
    for (int i = 0; i < 3000 && bound > 0; ++i) {
      const auto number = static_cast<std::size_t>(random() % bound);
      if (random() % 2 == 0) {
        ranks.insert(number);
        expected.insert(number);
      } else if (const auto near = expected.lower_bound(number); near != expected.end()) {
        ranks.erase(*near);
        expected.erase(near);
      }
      for (const std::size_t from : {number, static_cast<std::size_t>(random() % (bound + 1))}) {
        const auto next = expected.lower_bound(from);
        REQUIRE(ranks.first_from(from) == (next == expected.end() ? RankSet::none : *next));
        REQUIRE(ranks.last_below(from) == (next == expected.begin() ? RankSet::none : *std::prev(next)));
      }
    }
    if (expected.empty()) REQUIRE(ranks.first_from(0) == RankSet::none);
    REQUIRE(ranks.last_below(bound) == (expected.empty() ? RankSet::none : *expected.rbegin()));
  }
}
