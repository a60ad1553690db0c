// How what a collection found dead ends, many at once.

#include <array>
#include <string>
#include <vector>

#include "bufgc/memory/sole_thread.hpp"
#include "garbage.hpp"

using namespace bufgc;

TEST_CASE("dead cycles of all kinds end together as each would alone", "[collection]") {
#if defined(__EMSCRIPTEN__)
  REQUIRE(is_sole_thread());
#endif
  bufgc::test::require_all_garbage_ends();
}

TEST_CASE("between the parts of a burial links and records agree", "[collection][view]") {
  constexpr std::size_t count = 300;  // more than are buried at once
  ManagerOptions options;
  options.allocator.hardening = GENERATE(Hardening::off, Hardening::checks);
  BufferManager manager(options);
  const bool holds_what_lives = GENERATE(true, false);
  std::string wrong;
  std::size_t released = 0;
  std::array<std::byte, 64> bytes{};
  const auto release = [&](std::byte*, std::uint64_t) {
    ++released;
    manager.set_collect_threshold(released % 2 == 0 ? 0 : 1'000'000);
    if (const char* const found = manager.check_invariants(); found != nullptr) wrong = found;
  };
  const CpuBuffer outside = manager.alloc(64);
  std::vector<CpuBuffer> early;
  for (std::size_t i = 0; i <= count; ++i) early.push_back(manager.alloc(64));
  for (std::size_t i = 0; i < count; ++i) early[i].link(early[count]);
  {
    std::vector<CpuBuffer> bases;
    for (std::size_t i = 0; i < count; ++i) {
      bases.push_back(manager.external(bytes.data(), {bytes.size(), DType::uint8, {}, {}}, release));
      if (holds_what_lives) bases.back().link(outside);
    }
    // Views have their nodes in the places of the early ones: before their bases, which end first then.
    early.clear();
    for (CpuBuffer& base : bases) base.link(base.view({}));
  }
  REQUIRE(released == 0);
  REQUIRE(manager.collect().buffers == 2 * count);
  REQUIRE(released == count);
  REQUIRE(wrong == "");
}
