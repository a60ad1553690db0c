#include "bufgc/viz/narrow_column.hpp"

#include <catch2/catch.hpp>
#include <cstdint>
#include <limits>
#include <random>
#include <utility>
#include <vector>

using bufgc::NarrowColumn;

namespace {

template <class Number>
NarrowColumn<Number> column_of(const std::vector<Number>& numbers) {
  NarrowColumn<Number> column;
  for (const Number number : numbers) column.push_back(number);
  return column;
}

template <class Number>
void require_equal(const NarrowColumn<Number>& column, const std::vector<Number>& numbers) {
  REQUIRE(column.size() == numbers.size());
  REQUIRE(column.empty() == numbers.empty());
  for (std::size_t i = 0; i < numbers.size(); ++i) REQUIRE(column[i] == numbers[i]);
  REQUIRE(column == numbers);
  REQUIRE(column == column_of(numbers));
}

}  // namespace

TEST_CASE("a column takes as many bytes a number as its largest needs") {
  NarrowColumn<std::uint64_t> column;
  CHECK(column.width() == 1);
  const std::pair<std::uint64_t, std::size_t> steps[] = {
      {0, 1},     {255, 1},        {256, 2},        {65535, 2},
      {65536, 4}, {0xffffffff, 4}, {1ULL << 32, 8}, {~std::uint64_t{0}, 8}};
  std::vector<std::uint64_t> numbers;
  for (const auto& [number, width] : steps) {
    column.push_back(number);
    numbers.push_back(number);
    CHECK(column.width() == width);
    require_equal(column, numbers);
  }
  // From the narrowest to the widest at once, by setting as by adding.
  NarrowColumn<std::uint64_t> other = column_of<std::uint64_t>({1, 2, 3});
  other.set(1, std::numeric_limits<std::uint64_t>::max());
  require_equal(other, {1, std::numeric_limits<std::uint64_t>::max(), 3});
  CHECK(column_of<std::uint32_t>({1, 0xffffffff, 2}).width() == 4);
}

TEST_CASE("what is set changes no neighbour, at any width") {
  for (const std::uint32_t most : {0xffU, 0xffffU, 0xffffffffU}) {
    INFO(most);
    NarrowColumn<std::uint32_t> column = column_of<std::uint32_t>({most, most, most, most});
    column.set(1, 0);
    column.set(3, 7);
    require_equal(column, {most, 0, most, 7});
    column.push_back(most);
    require_equal(column, {most, 0, most, 7, most});
  }
}

TEST_CASE("numbers beyond the old size are 0, also where others stood") {
  NarrowColumn<std::uint64_t> column = column_of<std::uint64_t>({1000, 2000, 3000});
  column.resize(1);
  require_equal(column, {1000});
  column.resize(3);
  require_equal(column, {1000, 0, 0});
  column.resize(0);
  require_equal(column, {});
  column.push_back(5);
  require_equal(column, {5});
}

TEST_CASE("room that is made stays when the numbers become wider") {
  NarrowColumn<std::uint64_t> column;
  CHECK(column.capacity() == 0);
  column.reserve(1000);
  CHECK(column.capacity() == 1000);
  column.push_back(70000);
  CHECK(column.width() == 4);
  CHECK(column.capacity() == 1000);
}

TEST_CASE("columns are equal by their numbers, whatever their widths") {
  NarrowColumn<std::uint32_t> wide = column_of<std::uint32_t>({1, 70000});
  wide.set(1, 2);
  CHECK(wide.width() == 4);
  CHECK(wide == column_of<std::uint32_t>({1, 2}));
  CHECK_FALSE(wide == column_of<std::uint32_t>({1, 3}));
  CHECK_FALSE(wide == column_of<std::uint32_t>({1}));
}

TEST_CASE("a column does as a vector does") {
  std::mt19937_64 random(20260811);
  for (int round = 0; round < 50; ++round) {
    NarrowColumn<std::uint64_t> column;
    std::vector<std::uint64_t> numbers;
    for (int step = 0; step < 200; ++step) {
      // Rarely a large one.
      const std::uint64_t number = random() >> (random() % 8 == 0 ? random() % 64 : 56 + random() % 8);
      switch (random() % 5) {
        case 0:
          if (!numbers.empty()) {
            const std::size_t at = static_cast<std::size_t>(random() % numbers.size());
            column.set(at, number);
            numbers[at] = number;
          }
          break;
        case 1: {
          const auto size = static_cast<std::size_t>(random() % 40);
          column.resize(size);
          numbers.resize(size);
          break;
        }
        case 2: {
          const std::vector<std::uint64_t> more = {number, number / 2, number / 300};
          column.append(more.size(), [&](std::size_t i) { return more[i]; });
          numbers.insert(numbers.end(), more.begin(), more.end());
          break;
        }
        default:
          column.push_back(number);
          numbers.push_back(number);
      }
    }
    require_equal(column, numbers);
    const NarrowColumn<std::uint64_t> copy = column;
    const NarrowColumn<std::uint64_t> moved = std::move(column);
    require_equal(copy, numbers);
    require_equal(moved, numbers);
    CHECK(column.empty());  // NOLINT(bugprone-use-after-move): as a vector is
  }
}
