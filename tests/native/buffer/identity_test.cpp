// No two lifetimes share an id.

#include <unordered_set>

#include "bufgc/buffer/buffer_access.hpp"
#include "bufgc/buffer/buffer_record.hpp"
#include "support.hpp"

using namespace bufgc;
using bufgc::test::require_nothing_left;
using bufgc::test::weightless;

TEST_CASE("the first lifetimes of a manager are numbered from zero", "[identity]") {
  for (int round = 0; round < 3; ++round) {  // later managers use records of earlier ones
    BufferManager manager;
    std::vector<CpuBuffer> buffers;
    for (std::uint64_t i = 0; i < 300; ++i) {
      buffers.push_back(manager.alloc(16));
      REQUIRE(buffers.back().id().value() == i);
    }
  }
}

TEST_CASE("two lifetimes never share an id", "[identity]") {
  BufferManager manager;
  std::unordered_set<std::uint64_t> seen;
  std::vector<CpuBuffer> alive;
  std::uint32_t state = 12345;
  INFO("seed " << state);
  for (int i = 0; i < 100'000; ++i) {
    state = state * 1664525U + 1013904223U;
    if (alive.size() < 50 || (state >> 16U) % 2 == 0) {
      alive.push_back(weightless(manager));
      const bool is_new = seen.insert(alive.back().id().value()).second;
      REQUIRE(is_new);
    } else {
      std::swap(alive[(state >> 8U) % alive.size()], alive.back());
      alive.pop_back();
    }
  }
}

TEST_CASE("ids stay exact as numbers of JavaScript: a slot whose generations are spent retires",
          "[identity]") {
  BufferManager manager;
  constexpr std::uint64_t exact = std::uint64_t{1} << 53U;
  BufferId last;
  std::uint64_t slots_seen = 0;
  for (int i = 0; i < 2'200'000; ++i) {
    const CpuBuffer buffer = weightless(manager);
    const BufferId id = buffer.id();
    if (id.value() >= exact) FAIL("id " << id.value() << " is not exact as a double");
    if (id.slot != last.slot) ++slots_seen;
    if (id == last) FAIL("two lifetimes share id " << id.value());
    last = id;
  }
  REQUIRE(slots_seen == 2);
  require_nothing_left(manager);
}

TEST_CASE("a record whose own generations are spent is born in no manager any more", "[identity]") {
  BufferRecord* record = nullptr;
  std::uint64_t word = 0;
  {
    BufferManager manager;
    CpuBuffer buffer = manager.alloc(16);
    record = BufferAccess::peek(buffer);
    word = record->word;
    record->generation = record_word::last_generation;
    record->word = record_word::make(record_word::last_generation, 1);
    SECTION("it ended by itself") {}
    SECTION("it was collected") {
      buffer.link(buffer);
    }
    buffer.reset();
    manager.collect();
    for (int i = 0; i < 100; ++i) {
      buffer = manager.alloc(16);
      REQUIRE(BufferAccess::peek(buffer) != record);
    }
    buffer.reset();
    require_nothing_left(manager);
  }
  {
    BufferManager next;
    std::vector<CpuBuffer> buffers;
    for (int i = 0; i < 100; ++i) {
      buffers.push_back(next.alloc(16));
      CHECK(BufferAccess::peek(buffers.back()) != record);
    }
    buffers.clear();
    require_nothing_left(next);
  }
  record->word = word - record_word::one;  // as good as before, for the tests to come
}

TEST_CASE("a view has an id of its own", "[identity][view]") {
  BufferManager manager;
  const CpuBuffer base = manager.alloc(64);
  const CpuBuffer view = base.view({});
  REQUIRE(view.id() != base.id());
  REQUIRE(manager.lock(view.id()) == view);
}
