// How what a collection found dead ends, many at once.

#include "bufgc/memory/sole_thread.hpp"
#include "garbage.hpp"

using namespace bufgc;

TEST_CASE("dead cycles of all kinds end together as each would alone", "[collection]") {
#if defined(__EMSCRIPTEN__)
  REQUIRE(is_sole_thread());
#endif
  bufgc::test::require_all_garbage_ends();
}
