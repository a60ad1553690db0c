// The rules by which decay decides, to the allocation and to the byte.

#include "bufgc/memory/decay.hpp"
#include "memory/support.hpp"

using namespace bufgc;
using namespace bufgc::testing;

TEST_CASE("an epoch ends with its last allocation, and the next begins there", "[memory][decay]") {
  Decay decay(100);
  for (std::uint64_t begin : {0U, 100U, 250U}) {
    INFO(begin);
    decay.on_live(10, 1);
    CHECK(decay.reserve_limit_bytes(begin, 0) == Decay::unlimited);
    CHECK(decay.reserve_limit_bytes(begin + 99, 0) == Decay::unlimited);
    const std::uint64_t end = begin + (begin == 100 ? 150 : 100);  // it may be looked at late
    CHECK(decay.reserve_limit_bytes(end, 0) == 2 * 10 + MiB);
  }
}

TEST_CASE("what an epoch needed is the most of each of its figures, and forgotten after it",
          "[memory][decay]") {
  Decay decay(10);
  decay.on_live(1000, 3);
  decay.on_live(500, 8);
  decay.on_live(700, 5);
  CHECK(decay.most_live_bytes() == 1000);
  CHECK(decay.most_live_blocks() == 8);
  CHECK(decay.reserve_limit_bytes(10, 63) == 2 * (1000 + 8 * 63) + MiB);
  CHECK(decay.most_live_bytes() == 0);
  CHECK(decay.most_live_blocks() == 0);
  decay.on_live(1000, 1);
  decay.on_used(1062);
  decay.on_used(20);
  CHECK(decay.reserve_limit_bytes(20, 63) == 2 * 1063 + MiB);
  decay.on_live(1000, 1);
  decay.on_used(1064);
  CHECK(decay.reserve_limit_bytes(30, 63) == 2 * 1064 + MiB);
  CHECK(decay.reserve_limit_bytes(40, 63) == MiB);
}

TEST_CASE("epochs double when more is needed than an earlier one left, and not when as much is",
          "[memory][decay]") {
  Decay decay(10);
  CHECK(decay.reserve_limit_bytes(10, 0) == MiB);  // nothing was needed, a mebibyte is left
  decay.on_live(MiB, 1);
  CHECK(decay.reserve_limit_bytes(20, 0) == 3 * MiB);
  // The least that any epoch left counts.
  decay.on_live(MiB, 1);
  CHECK(decay.reserve_limit_bytes(30, 0) == 3 * MiB);
  decay.on_live(MiB + 1, 1);
  CHECK(decay.reserve_limit_bytes(40, 0) == 3 * MiB + 2);
  // Twice as long from here on, and what earlier ones left is forgotten.
  CHECK(decay.reserve_limit_bytes(59, 0) == Decay::unlimited);
  decay.on_live(3 * MiB + 2, 1);
  CHECK(decay.reserve_limit_bytes(60, 0) == 7 * MiB + 4);
  CHECK(decay.reserve_limit_bytes(79, 0) == Decay::unlimited);
  decay.on_live(3 * MiB + 3, 1);
  CHECK(decay.reserve_limit_bytes(80, 0) == 7 * MiB + 6);
  CHECK(decay.reserve_limit_bytes(119, 0) == Decay::unlimited);
  CHECK(decay.reserve_limit_bytes(120, 0) == MiB);
}

TEST_CASE("only every so manieth visit asks whether an epoch is over, and none where nothing decays",
          "[memory][decay]") {
  Decay decay(1);
  for (int round = 0; round < 3; ++round) {
    for (std::uint32_t visit = 1; visit < Decay::visits; ++visit) REQUIRE_FALSE(decay.is_due());
    REQUIRE(decay.is_due());
  }
  Decay never(0);
  for (std::uint32_t visit = 0; visit < 3 * Decay::visits; ++visit) REQUIRE_FALSE(never.is_due());
}
