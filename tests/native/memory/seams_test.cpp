#if !defined(__EMSCRIPTEN__)

// The seams between mappings against a set of addresses.

#include "bufgc/memory/seams.hpp"

#include <iterator>
#include <set>

#include "memory/support.hpp"

using namespace bufgc;
using namespace bufgc::testing;

TEST_CASE("seams are the set of addresses that were put and not erased", "[memory][source][random]") {
  constexpr std::size_t places = 60;
  Random random(61);
  std::byte field[places + 1] = {};
  for (int round = 0; round < 40; ++round) {
    Seams seams;
    std::set<std::byte*> plain;
    for (int step = 0; step < 150; ++step) {
      std::byte* const at = field + below(random, places);
      std::byte* const end = at + 1 + below(random, static_cast<std::size_t>(field + places - at));
      if (below(random, 3) != 0) {
        REQUIRE(seams.reserve(1));
        seams.put(at);
        plain.insert(at);
      } else if (below(random, 3) == 0) {
        seams.erase_between(at, end);
        plain.erase(plain.upper_bound(at), plain.lower_bound(end));
      }
      REQUIRE(seams.count() == plain.size());
      const auto next = plain.upper_bound(at);
      REQUIRE(seams.next(at, end) == (next == plain.end() || *next >= end ? end : *next));
      REQUIRE(seams.count_between(at, end) ==
              static_cast<std::size_t>(std::distance(next, plain.lower_bound(end))));
    }
  }
}

#endif
