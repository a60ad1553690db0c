// All of bufgc used by several threads at once; ThreadSanitizer watches these.

#if !defined(__EMSCRIPTEN__)

#include <algorithm>
#include <array>

#include "proof/support.hpp"
#include "proof/threaded_program.hpp"

using namespace bufgc;
using namespace bufgc::proof;

TEST_CASE("eight threads that use a manager in every way at once leave what they counted",
          "[proof][threads][threaded-program]") {
  constexpr std::uint64_t operations_of_a_round = 10'000;
  const std::uint64_t each = std::max<std::uint64_t>(operations(30'000), 300);
  const std::uint64_t first_seed = seed();
  tell("eight threads, each", first_seed, each);
  std::uint64_t collected = 0;
  std::uint64_t refused = 0;
  std::uint64_t finalizers = 0;
  std::uint64_t rescued = 0;
  std::uint64_t done = 0;
  for (std::uint64_t round = 0; done < each; ++round) {
    // Each kind of end comes in the shortest run too.
    const std::uint64_t count = std::min({operations_of_a_round, each / 3, each - done});
    constexpr std::array ends{ThreadedProgram::End::let_go, ThreadedProgram::End::close,
                              ThreadedProgram::End::gone};
    INFO("seed " << first_seed << ", round " << round);
    ThreadedProgram program(first_seed + round);
    const char* const wrong = program.run(count, ends[round % ends.size()]);
    INFO((wrong == nullptr ? "" : wrong));
    REQUIRE(wrong == nullptr);
    const Statistics& figures = program.statistics();
    collected += figures.collected_buffers;
    refused += figures.failed_allocations;
    finalizers += figures.finalizers_run;
    rescued += program.rescued();
    done += count;
  }
  std::printf("       %" PRIu64 " buffers collected, %" PRIu64 " refused, %" PRIu64 " finalizers, %" PRIu64
              " rescued\n",
              collected, refused, finalizers, rescued);
  if (each >= operations_of_a_round) CHECK(collected > 0);  // the shortest runs leave little garbage
  CHECK(finalizers > 0);
}

#endif
