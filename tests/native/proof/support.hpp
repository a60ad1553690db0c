#pragma once

#include <catch2/catch.hpp>
#include <cinttypes>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace bufgc::proof {

inline std::uint64_t setting(const char* name, std::uint64_t otherwise) {
  const char* const text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

/// How long a random test is: BUFGC_OPERATIONS, or `otherwise`; a fiftieth of that where every mutation walks
/// all that the allocator knows.
inline std::uint64_t operations(std::uint64_t otherwise) {
#if defined(BUFGC_CHECK_INVARIANTS)
  otherwise /= 50;
#elif defined(__EMSCRIPTEN__)
  otherwise /= 5;
#endif
  return setting("BUFGC_OPERATIONS", otherwise);
}

/// Of faults in a row every how manieth is tried: BUFGC_FAULT_STEP, else one in a few, and fewer where every
/// mutation walks all that the allocator knows.
inline std::size_t fault_step() {
#if defined(BUFGC_CHECK_INVARIANTS) || defined(__EMSCRIPTEN__)
  constexpr std::uint64_t otherwise = 13;
#else
  constexpr std::uint64_t otherwise = 7;
#endif
  return static_cast<std::size_t>(setting("BUFGC_FAULT_STEP", otherwise));
}

/// BUFGC_SEED, or the one that Catch2 was given.
inline std::uint64_t seed() {
  return setting("BUFGC_SEED", Catch::rngSeed());
}

/// REQUIRE without its price: these are asked after each of very many operations.
inline void ensure(bool holds, const char* what) {
  if (!holds) FAIL(what);
}

/// One line of the long run's figures.
inline void tell(const char* what, std::uint64_t seed, std::uint64_t operations) {
  std::printf("       %s: seed %" PRIu64 ", %" PRIu64 " operations\n", what, seed, operations);
}

}  // namespace bufgc::proof
