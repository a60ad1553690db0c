#include "bufgc/memory/fixed_array.hpp"

#include <limits>

#include "memory/support.hpp"

using namespace bufgc;

TEST_CASE("a fixed array that finds no memory is empty, whatever it was before", "[memory]") {
  FixedArray<std::uint64_t> array;
  CHECK(array.empty());
  for (const std::size_t count : {std::size_t{5}, std::size_t{3}}) {
    REQUIRE(array.allocate(count));
    CHECK(array.size() == count);
    CHECK_FALSE(array.empty());
    for (std::uint64_t& element : array) {
      CHECK(element == 0);  // also where others stood
      element = 7;
    }
    CHECK(array.end() - array.begin() == static_cast<std::ptrdiff_t>(count));
  }
  CHECK_FALSE(array.allocate(std::numeric_limits<std::size_t>::max() / sizeof(std::uint64_t)));
  CHECK(array.size() == 0);
  CHECK(array.empty());
  REQUIRE(array.allocate(0));
  CHECK(array.empty());
}
