#include "timeline/strips.hpp"

#include <catch2/catch.hpp>
#include <cstdint>
#include <random>
#include <vector>

using namespace bufgc::timeline;

namespace {

constexpr std::uint64_t most_narrow = 0xFFFF'FFFF;

void check_same(const Strips& strips, const std::vector<Strip>& expected) {
  REQUIRE(strips.size() == expected.size());
  for (std::size_t box = 0; box < expected.size(); ++box) {
    REQUIRE(strips[box] == expected[box]);
    const Extent extent = strips.extent(box);
    REQUIRE(extent.low == static_cast<double>(expected[box].y));
    REQUIRE(extent.high == static_cast<double>(expected[box].y + expected[box].height));
  }
}

}  // namespace

TEST_CASE("strips are what was written last, wherever on the axis one of them reaches") {
  for (const std::uint64_t axis_height : {std::uint64_t{0}, most_narrow, most_narrow + 1}) {
    for (const std::uint64_t bound : {std::uint64_t{1000}, most_narrow, ~std::uint64_t{0}}) {
      std::mt19937_64 random(bound);
      Strips strips(50, axis_height);
      std::vector<Strip> expected(50);
      check_same(strips, expected);
      for (int i = 0; i < 200; ++i) {
        const Strip strip{random() % bound, random() % bound};
        if (i % 2 == 0) {
          strips.add(strip);
          expected.push_back(strip);
        } else {
          const std::size_t box = static_cast<std::size_t>(random() % expected.size());
          strips.set(box, strip);
          expected[box] = strip;
        }
      }
      check_same(strips, expected);
    }
  }
}

TEST_CASE("strips keep the last place that four bytes hold and the first beyond, by place and by height") {
  const std::vector<Strip> expected = {{most_narrow, 1},     {1, most_narrow},     {0, 0},
                                       {most_narrow + 1, 1}, {2, most_narrow + 1}, {3, 4}};
  for (std::size_t first = 0; first < expected.size(); ++first) {
    Strips strips;
    std::vector<Strip> added;
    for (std::size_t i = 0; i < expected.size(); ++i) {
      added.push_back(expected[(first + i) % expected.size()]);
      strips.add(added.back());
      check_same(strips, added);
    }
  }
}
