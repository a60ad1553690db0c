// A hardened allocator: what it says of each misuse, what it leaves alone, and that its figures stay exact.

#include <algorithm>
#include <atomic>
#include <cstring>
#include <memory>
#include <string>
#include <thread>

#include "bufgc/memory/guard_table.hpp"
#include "memory/iteration_support.hpp"
#include "memory/support.hpp"

using namespace bufgc;
using namespace bufgc::testing;

namespace {

AllocatorOptions hardened(Hardening level = Hardening::full) {
  AllocatorOptions options;
  options.hardening = level;
  return options;
}

/// What was reported; texts are kept.
struct Seen {
  Misuse misuse;
  std::string label;
  std::string site;
  std::string text;
};

struct Watched {
  explicit Watched(MemorySource& source, const AllocatorOptions& options = hardened())
      : allocator(source, options) {
    allocator.set_misuse_handler([this](const Misuse& misuse) {
      char place[512];
      seen.push_back({misuse, std::string(misuse.label), std::string(misuse.site),
                      std::string(misuse_text(misuse, place))});
    });
  }
  Block* block(std::size_t size_bytes) {
    Block* const block = allocator.allocate(size_bytes).block;
    REQUIRE(block != nullptr);
    return block;
  }
  /// The only report, which is taken.
  Misuse only(MisuseKind kind) {
    REQUIRE(seen.size() == 1);
    INFO(seen[0].text);
    const Misuse misuse = seen[0].misuse;
    REQUIRE(misuse_name(misuse.kind) == std::string(misuse_name(kind)));
    last = seen[0];
    seen.clear();
    return misuse;
  }
  std::vector<Seen> seen;
  Seen last;
  CpuAllocator allocator;
};

}  // namespace

TEST_CASE("hardened, a block is aligned, its size its own, and what stands around it counts as rounding",
          "[memory][hardening]") {
  for (const std::size_t alignment : {std::size_t{64}, std::size_t{256}, std::size_t{4096}}) {
    CountedSource counted;
    AllocatorOptions options = hardened();
    options.alignment_bytes = alignment;
    Watched watched(counted.source, options);
    Block* const block = watched.block(1000);
    CHECK(reinterpret_cast<std::uintptr_t>(block->data) % alignment == 0);
    CHECK(block->size_bytes == 1000);
    CHECK(block->capacity_bytes == round_up(alignment + 1000 + 16, alignment));
    std::memset(block->data, 7, 1000);
    const MemoryStatistics s = watched.allocator.statistics();
    CHECK(s.live_bytes == 1000);
    CHECK(s.rounding_bytes == block->capacity_bytes - 1000);
    check_sound(watched.allocator);
    watched.allocator.deallocate(block);
    CHECK(watched.allocator.statistics().cached_bytes >= 1000);
    watched.allocator.trim(0);
    CHECK(watched.allocator.statistics().reserved_bytes == 0);
    check_sound(watched.allocator);
    CHECK(watched.seen.empty());
  }
}

TEST_CASE("hardened, a block that is not to be had is refused and told from others", "[memory][hardening]") {
  const Hardening level = GENERATE(Hardening::checks, Hardening::full);
  CountedSource counted;
  Watched watched(counted.source, hardened(level));
  CpuAllocator& allocator = watched.allocator;
  Block* const block = watched.block(1000);
  allocator.set_block_name(block, {7, "frame", "main.cpp:12"});
  const auto named = [&](const Misuse& misuse) {
    CHECK(misuse.id == 7);
    CHECK(watched.last.label == "frame");
    CHECK(watched.last.site == "main.cpp:12");
    CHECK(misuse.size_bytes == 1000);
    CHECK(misuse.allocation == 1);
    CHECK(misuse.made_on_thread != 0);
    CHECK(misuse.seen_on_thread == misuse.made_on_thread);
  };

  SECTION("given back twice") {
    allocator.deallocate(block);
    CHECK(watched.seen.empty());
    allocator.deallocate(block);
    const Misuse misuse = watched.only(MisuseKind::double_free);
    named(misuse);
    CHECK(misuse.freed_on_thread == misuse.made_on_thread);
    CHECK(allocator.statistics().frees == 1);
  }
  SECTION("still known as freed after a thousand others") {
    allocator.deallocate(block);
    for (int i = 0; i < 1000; ++i) allocator.deallocate(watched.block(1000));
    allocator.deallocate(block);
    named(watched.only(MisuseKind::double_free));
  }
  SECTION("pinned and unpinned after it was given back") {
    allocator.deallocate(block);
    allocator.pin(block);
    named(watched.only(MisuseKind::double_free));
    allocator.unpin(block);
    named(watched.only(MisuseKind::double_free));
  }
  SECTION("made by nobody") {
    Block own{block->data, block->size_bytes, block->capacity_bytes};
    allocator.deallocate(&own);
    const Misuse misuse = watched.only(MisuseKind::foreign_pointer);
    CHECK(misuse.address == &own);
    CHECK(misuse.expected == 0);
    CHECK(misuse.found == reinterpret_cast<std::uintptr_t>(&own));
    CHECK(misuse.id == Misuse::no_id);
    // Not even read.
    allocator.deallocate(reinterpret_cast<Block*>(std::uintptr_t{64}));
    watched.only(MisuseKind::foreign_pointer);
    allocator.deallocate(reinterpret_cast<Block*>(reinterpret_cast<std::byte*>(block) + 8));
    watched.only(MisuseKind::foreign_pointer);
    CHECK(allocator.statistics().live_blocks == 1);
    allocator.deallocate(block);
  }
  SECTION("an address in its bytes in place of the block") {
    allocator.deallocate(reinterpret_cast<Block*>(block->data + 24));
    const Misuse misuse = watched.only(MisuseKind::interior_pointer);
    named(misuse);
    CHECK(misuse.offset_bytes == 24);
    CHECK(misuse.expected == reinterpret_cast<std::uintptr_t>(block));
    allocator.deallocate(block);
  }
  SECTION("its data moved on") {
    block->data += 100;
    allocator.deallocate(block);
    const Misuse misuse = watched.only(MisuseKind::interior_pointer);
    named(misuse);
    CHECK(misuse.offset_bytes == 100);
    CHECK(misuse.found == misuse.expected + 100);
    block->data -= 100;
    allocator.deallocate(block);
  }
  SECTION("its data moved elsewhere") {
    std::byte* const data = block->data;
    std::byte elsewhere{};
    block->data = &elsewhere;
    allocator.deallocate(block);
    named(watched.only(MisuseKind::foreign_pointer));
    block->data = data;
    allocator.deallocate(block);
  }
  SECTION("another size") {
    block->size_bytes = 999;
    allocator.deallocate(block);
    const Misuse misuse = watched.only(MisuseKind::wrong_size);
    named(misuse);
    CHECK(misuse.expected == 1000);
    CHECK(misuse.found == 999);
    block->size_bytes = 1000;
    allocator.deallocate(block);
  }
  SECTION("another allocator's") {
    Watched other(counted.source, hardened(level));
    other.allocator.deallocate(block);
    CHECK(watched.seen.empty());
    const Misuse misuse = other.only(MisuseKind::wrong_allocator);
    watched.last = other.last;
    named(misuse);
    CHECK(misuse.address == block);
    allocator.deallocate(block);
  }
  CHECK(watched.seen.empty());
  CHECK(allocator.statistics().live_blocks == 0);
  check_sound(allocator);
}

TEST_CASE("of several hardened allocators each is told from the others, whichever ended before",
          "[memory][hardening]") {
  CountedSource counted;
  std::vector<std::unique_ptr<Watched>> watched;
  for (int i = 0; i < 4; ++i) watched.push_back(std::make_unique<Watched>(counted.source));
  for (const std::size_t ends : {std::size_t{1}, std::size_t{0}}) {
    watched[ends].reset();
    for (const auto& owner : watched) {
      if (owner == nullptr) continue;
      Block* const block = owner->block(100);
      for (const auto& other : watched) {
        if (other == nullptr || other == owner) continue;
        other->allocator.deallocate(block);
        other->only(MisuseKind::wrong_allocator);
      }
      owner->allocator.deallocate(block);
    }
  }
}

TEST_CASE("hardened in full, every byte around a block is watched, from the first to the last",
          "[memory][hardening]") {
  CountedSource counted;
  Watched watched(counted.source);
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, std::size_t{48}, std::size_t{49}, std::size_t{1000}}) {
    INFO("size " << size);
    for (std::ptrdiff_t offset = -64;; ++offset) {
      if (offset == 0) offset = static_cast<std::ptrdiff_t>(size);
      Block* const block = watched.block(size);
      if (offset == static_cast<std::ptrdiff_t>(block->capacity_bytes) - 64) {
        watched.allocator.deallocate(block);
        break;
      }
      INFO("offset " << offset);
      std::byte* const byte = block->data + offset;
      const std::byte before = *byte;
      *byte = ~before;
      watched.allocator.deallocate(block);
      const Misuse misuse = watched.only(offset < 0 ? MisuseKind::write_before : MisuseKind::write_after);
      REQUIRE(misuse.address == byte);
      REQUIRE(misuse.offset_bytes == offset);
      REQUIRE(misuse.expected == std::to_integer<std::uint64_t>(before));
      REQUIRE(misuse.found == std::to_integer<std::uint64_t>(~before));
      REQUIRE(misuse.size_bytes == size);
    }
  }
  // Told once: what was freed goes its way.
  watched.allocator.trim(0);
  CHECK(watched.seen.empty());
  CHECK(watched.allocator.statistics().reserved_bytes == 0);
}

TEST_CASE("hardened in full, a check finds what was written around blocks that live", "[memory][hardening]") {
  CountedSource counted;
  Watched watched(counted.source);
  Block* const first = watched.block(100);
  Block* const second = watched.block(200);
  const std::byte before = first->data[100];
  first->data[100] = ~before;
  CHECK(watched.allocator.check_invariants() == nullptr);
  CHECK(watched.only(MisuseKind::write_after).allocation == 1);
  first->data[100] = before;
  CHECK(watched.allocator.check_invariants() == nullptr);
  CHECK(watched.seen.empty());
  watched.allocator.deallocate(first);
  watched.allocator.deallocate(second);
}

TEST_CASE(
    "hardened in full, writes into freed memory are found when it is used again, trimmed, checked, or at the "
    "end",
    "[memory][hardening]") {
  CountedSource counted;
  Watched watched(counted.source);
  CpuAllocator& allocator = watched.allocator;
  Block* const block = watched.block(1000);
  std::byte* const data = block->data;
  allocator.set_block_name(block, {3, "late", "late.cpp:4"});
  std::memset(data, 1, 1000);
  allocator.deallocate(block);
  CHECK(std::count(data, data + 1000, std::byte{0xDB}) == 1000);
  const std::size_t offset = GENERATE(std::size_t{0}, std::size_t{500}, std::size_t{999});
  data[offset] = std::byte{1};
  const auto found = [&] {
    const Misuse misuse = watched.only(MisuseKind::write_after_free);
    CHECK(misuse.offset_bytes == static_cast<std::int64_t>(offset));
    CHECK(misuse.expected == 0xDB);
    CHECK(misuse.found == 1);
    CHECK(misuse.id == 3);
    CHECK(watched.last.label == "late");
    CHECK(watched.last.site == "late.cpp:4");
    CHECK(misuse.freed_on_thread != 0);
  };
  SECTION("trimmed") {
    allocator.trim(0);
    found();
  }
  SECTION("checked") {
    CHECK(allocator.check_invariants() == nullptr);
    found();
    data[offset] = std::byte{0xDB};
  }
  SECTION("the budget lowered") {
    allocator.set_budget_bytes(0);
    found();
  }
  SECTION("pushed out by what is freed after it") {
    for (int i = 0; i < 17 && watched.seen.empty(); ++i) allocator.deallocate(watched.block(MiB));
    found();
  }
  SECTION("the place wanted at the budget") {
    allocator.set_budget_bytes(allocator.statistics().reserved_bytes);
    const std::size_t most = static_cast<std::size_t>(allocator.statistics().reserved_bytes) - 128;
    Block* const next = watched.block(most);
    found();
    allocator.deallocate(next);
  }
  CHECK(watched.seen.empty());
}

TEST_CASE("hardened in full, what was written after the last look is told when the allocator ends",
          "[memory][hardening]") {
  CountedSource counted;
  int told = 0;
  {
    CpuAllocator allocator(counted.source, hardened());
    allocator.set_misuse_handler(
        [&told](const Misuse& misuse) { told += misuse.kind == MisuseKind::write_after_free ? 1 : 100; });
    Block* const block = allocator.allocate(10).block;
    std::byte* const data = block->data;
    allocator.deallocate(block);
    data[9] = std::byte{};
  }
  CHECK(told == 1);
}

TEST_CASE("the quarantine keeps to its bytes and to the cache's, and yields to an allocation",
          "[memory][hardening]") {
  CountedSource counted;
  SECTION("its bytes") {
    AllocatorOptions options = hardened();
    options.quarantine_bytes = 64 * KiB;
    Watched watched(counted.source, options);
    Block* const first = watched.block(1000);
    std::byte* const data = first->data;
    watched.allocator.deallocate(first);
    // It leaves when it and those freed after it are more than that.
    const std::size_t capacity = 1088;
    for (std::size_t others = 0;; ++others) {
      REQUIRE(others < 100);
      Block* const block = watched.block(1000);
      REQUIRE(block->capacity_bytes == capacity);
      const bool again = block->data == data;
      watched.allocator.deallocate(block);
      if (!again) continue;
      CHECK(others == 64 * KiB / capacity);
      break;
    }
    CHECK(watched.seen.empty());
  }
  SECTION("exactly its bytes") {
    AllocatorOptions options = hardened();
    options.quarantine_bytes = 10 * 1088;
    Watched watched(counted.source, options);
    Block* const first = watched.block(1000);
    std::byte* const data = first->data;
    std::vector<Block*> others;
    for (int i = 0; i < 10; ++i) others.push_back(watched.block(1000));
    watched.allocator.deallocate(first);
    for (std::size_t i = 0; i < 9; ++i) watched.allocator.deallocate(others[i]);
    CHECK(watched.block(1000)->data != data);  // it is full, and not overfull
    watched.allocator.deallocate(others[9]);
    CHECK(watched.block(1000)->data == data);
    CHECK(watched.seen.empty());
  }
  SECTION("none without a cache") {
    AllocatorOptions options = hardened();
    options.cache = false;
    Watched watched(counted.source, options);
    watched.allocator.deallocate(watched.block(MiB));
    CHECK(watched.allocator.statistics().cached_bytes == 0);
    check_sound(watched.allocator);
  }
  SECTION("the cache's limit") {
    AllocatorOptions options = hardened();
    options.cache_limit_bytes = 128 * KiB;
    Watched watched(counted.source, options);
    for (int i = 0; i < 100; ++i) watched.allocator.deallocate(watched.block(10000));
    CHECK(watched.allocator.statistics().cached_bytes <= 128 * KiB);
    check_sound(watched.allocator);
  }
  SECTION("the budget, to the byte") {
    AllocatorOptions options = hardened();
    options.budget_bytes = 4 * MiB;
    Watched watched(counted.source, options);
    for (int i = 0; i < 100; ++i) {
      watched.allocator.deallocate(watched.block(3 * MiB));
      CHECK(watched.allocator.statistics().reserved_bytes <= 4 * MiB);
    }
    // With the strips it just fits.
    watched.allocator.deallocate(watched.block(4 * MiB - 64 - 64));
    CHECK(watched.allocator.allocate(4 * MiB - 64 - 15).block == nullptr);
    CHECK(watched.allocator.statistics().peak_reserved_bytes <= 4 * MiB);
    CHECK(watched.seen.empty());
  }
}

TEST_CASE("hardened, a block whose address was written over is its own, whatever that leads to",
          "[memory][hardening]") {
  CountedSource counted;
  Watched watched(counted.source);
  Watched other(counted.source);
  Block* const others = other.block(100);
  Block* const block = watched.block(100);
  std::byte* const data = block->data;
  // Not where another allocator's block lies, but that block itself.
  block->data = reinterpret_cast<std::byte*>(others);
  watched.allocator.deallocate(block);
  const Misuse misuse = watched.only(MisuseKind::foreign_pointer);
  CHECK(misuse.allocation == 1);
  CHECK(misuse.address == others);
  block->data = data;
  watched.allocator.deallocate(block);
  other.allocator.deallocate(others);
  CHECK(watched.seen.empty());
  CHECK(other.seen.empty());
}

TEST_CASE("hardened, sizes that would wrap with the strips are refused", "[memory][hardening]") {
  CountedSource counted;
  Watched watched(counted.source);
  for (std::size_t less = 0; less < 300; ++less) {
    CHECK(watched.allocator.allocate(max_object_bytes - less).block == nullptr);
    CHECK(watched.allocator.allocate(std::numeric_limits<std::size_t>::max() - less).block == nullptr);
  }
  check_sound(watched.allocator);
}

TEST_CASE("hardened, blocks that compaction moved are watched where they are", "[memory][hardening]") {
  SlidingSource source(4 * MiB);
  AllocatorOptions options = hardened();
  options.budget_bytes = MiB;
  options.quarantine_bytes = 0;
  Watched watched(source, options);
  std::vector<Block*> blocks;
  while (Block* const block = watched.allocator.allocate(1000).block) blocks.push_back(block);
  for (std::size_t i = 0; i < blocks.size(); ++i)
    std::memset(blocks[i]->data, static_cast<int>(i % 251), 1000);
  for (std::size_t i = 0; i < blocks.size(); i += 2) {
    watched.allocator.deallocate(blocks[i]);
    blocks[i] = nullptr;
  }
  std::vector<const std::byte*> were;
  for (std::size_t i = 1; i < blocks.size(); i += 2) were.push_back(blocks[i]->data);
  struct Listener final : MoveListener {
    void on_blocks_moved() noexcept override { has_moved = has_moved || block->data != was; }
    const Block* block = nullptr;
    const std::byte* was = nullptr;
    bool has_moved = false;
  } listener;
  listener.block =
      *std::find_if(blocks.rbegin(), blocks.rend(), [](Block* block) { return block != nullptr; });
  listener.was = listener.block->data;
  watched.allocator.set_move_listener(&listener);
  Block* const large = watched.block(300 * KiB);
  watched.allocator.set_move_listener(nullptr);
  REQUIRE(watched.allocator.statistics().compactions > 0);
  CHECK(listener.has_moved == (listener.block->data != listener.was));
  CHECK(watched.allocator.check_invariants() == nullptr);
  CHECK(watched.seen.empty());
  std::size_t moved = 0;
  for (std::size_t i = 1; i < blocks.size(); i += 2) {
    REQUIRE(std::count(blocks[i]->data, blocks[i]->data + 1000, static_cast<std::byte>(i % 251)) == 1000);
    if (blocks[i]->data != were[i / 2]) ++moved;
  }
  CHECK(moved > 100);
  blocks[1]->data[1000] = ~blocks[1]->data[1000];
  watched.allocator.deallocate(blocks[1]);
  watched.only(MisuseKind::write_after);
  for (std::size_t i = 3; i < blocks.size(); i += 2) watched.allocator.deallocate(blocks[i]);
  watched.allocator.deallocate(large);
  CHECK(watched.seen.empty());
  check_sound(watched.allocator);
}

TEST_CASE("hardened, a planned iteration is served from its plan, and its blocks are watched",
          "[memory][hardening][iteration]") {
  CountedSource counted;
  Watched watched(counted.source);
  Iteration iteration(watched.allocator, {});
  const auto step = [&](bool write_behind) {
    REQUIRE(iteration.begin() == Status::ok);
    std::vector<Block*> blocks;
    for (std::size_t i = 1; i <= 20; ++i) {
      blocks.push_back(watched.block(1000 * i));
      std::memset(blocks.back()->data, 1, 1000 * i);
      if (i % 3 == 0) {
        watched.allocator.deallocate(blocks.front());
        blocks.erase(blocks.begin());
      }
    }
    if (write_behind) blocks[0]->data[blocks[0]->size_bytes] ^= std::byte{1};
    for (Block* const block : blocks) watched.allocator.deallocate(block);
    REQUIRE(iteration.end() == Status::ok);
  };
  for (int i = 0; i < 4; ++i) step(false);
  CHECK(iteration.planned());
  const MemoryStatistics s = watched.allocator.statistics();
  CHECK(s.planned_allocations >= 40);
  CHECK(s.plan_deviations == 0);
  CHECK(watched.seen.empty());
  step(true);
  watched.only(MisuseKind::write_after);
  watched.allocator.trim(0);
  check_sound(watched.allocator);
}

TEST_CASE("hardened, what a plan has no place for is watched and held back within an iteration too",
          "[memory][hardening][iteration]") {
  CountedSource counted;
  Watched watched(counted.source);
  Iteration iteration(watched.allocator, {});
  for (int i = 0; i < 3; ++i) {
    REQUIRE(iteration.run([&] { watched.allocator.deallocate(watched.block(10'000)); }) == Status::ok);
  }
  REQUIRE(iteration.planned());
  std::byte* data = nullptr;
  REQUIRE(iteration.run([&] {
    Block* const unplanned = watched.block(20'000);
    data = unplanned->data;
    watched.allocator.deallocate(unplanned);
  }) == Status::ok);
  CHECK(watched.allocator.statistics().plan_deviations == 1);
  data[100] = std::byte{};
  watched.allocator.trim(0);
  watched.only(MisuseKind::write_after_free);
  check_sound(watched.allocator);
}

TEST_CASE("hardened, what stands beside records of blocks, or in one not given yet, is no block",
          "[memory][hardening]") {
  CountedSource counted;
  // Without the strips a freed block's record keeps no memory.
  Watched watched(counted.source, hardened(GENERATE(Hardening::checks, Hardening::full)));
  Block* const freed = watched.block(100);
  Block* const block = watched.block(100);
  watched.allocator.deallocate(freed);
  SECTION("one that was freed, to be named") {
    watched.allocator.set_block_name(freed, {1, "a", "b"});
    CHECK(watched.only(MisuseKind::double_free).allocation == 1);
  }
  SECTION("a record not given yet") {
    watched.allocator.deallocate(static_cast<GuardRecord*>(block) + 1);
    watched.only(MisuseKind::foreign_pointer);
  }
  SECTION("the middle of a record") {
    watched.allocator.deallocate(reinterpret_cast<Block*>(reinterpret_cast<std::byte*>(block) + 8));
    watched.only(MisuseKind::foreign_pointer);
  }
  SECTION("the bytes of a block, beside one that was freed") {
    watched.allocator.deallocate(reinterpret_cast<Block*>(block->data + 32));
    CHECK(watched.only(MisuseKind::interior_pointer).allocation == 2);
  }
  watched.allocator.deallocate(block);
  CHECK(watched.seen.empty());
}

TEST_CASE("hardened, of a long site the end is told, of a long label the beginning", "[memory][hardening]") {
  CountedSource counted;
  Watched watched(counted.source);
  Block* const block = watched.block(100);
  const std::string label = "label" + std::string(300, '-');
  const std::string site = std::string(300, '/') + "file.cpp:42";
  watched.allocator.set_block_name(block, {1, label, site});
  watched.allocator.deallocate(block);
  watched.allocator.deallocate(block);
  watched.only(MisuseKind::double_free);
  CHECK(watched.last.label.size() > 20);
  CHECK(label.starts_with(watched.last.label));
  CHECK(watched.last.site.size() > 20);
  CHECK(site.ends_with(watched.last.site));
}

TEST_CASE("hardened, of many misuses found at once the first eight are told, in their order",
          "[memory][hardening]") {
  CountedSource counted;
  Watched watched(counted.source);
  std::vector<Block*> blocks;
  std::vector<std::byte*> bytes;
  for (int i = 0; i < 12; ++i) {
    blocks.push_back(watched.block(100));
    bytes.push_back(blocks.back()->data);
  }
  for (Block* const block : blocks) watched.allocator.deallocate(block);
  for (std::byte* const data : bytes) data[50] = std::byte{};
  watched.allocator.trim(0);
  REQUIRE(watched.seen.size() == 8);
  for (std::size_t i = 0; i < 8; ++i) {
    CHECK(watched.seen[i].misuse.kind == MisuseKind::write_after_free);
    CHECK(watched.seen[i].misuse.allocation == i + 1);
  }
  // And those to come are told again.
  watched.seen.clear();
  watched.allocator.deallocate(blocks[11]);
  watched.only(MisuseKind::double_free);
}

TEST_CASE("hardened, another allocator's block is told as such, in whatever order allocators go",
          "[memory][hardening]") {
  CountedSource counted;
  std::vector<std::unique_ptr<Watched>> all;
  for (int i = 0; i < 4; ++i) all.push_back(std::make_unique<Watched>(counted.source));
  all.erase(all.begin() + GENERATE(0, 1, 2, 3));
  for (const auto& owner : all) {
    Block* const block = owner->block(100);
    for (const auto& other : all) {
      if (other == owner) continue;
      other->allocator.deallocate(block);
      other->only(MisuseKind::wrong_allocator);
    }
    owner->allocator.deallocate(block);
    CHECK(owner->seen.empty());
  }
}

TEST_CASE("a misuse handler that is replaced or taken away is let go", "[memory][hardening]") {
  CountedSource counted;
  CpuAllocator allocator(counted.source, hardened());
  auto kept = std::make_shared<int>(0);
  const std::weak_ptr<int> of_handler = kept;
  allocator.set_misuse_handler([kept](const Misuse&) {});
  kept.reset();
  REQUIRE_FALSE(of_handler.expired());
  allocator.set_misuse_handler({});
  CHECK(of_handler.expired());
}

TEST_CASE("the misuse handler is called outside the lock, and without one nothing is left over",
          "[memory][hardening]") {
  CountedSource counted;
  CpuAllocator allocator(counted.source, hardened());
  int calls = 0;
  allocator.set_misuse_handler([&](const Misuse&) {
    ++calls;
    allocator.deallocate(allocator.allocate(100).block);
    static_cast<void>(allocator.statistics());
    allocator.set_misuse_handler([&calls](const Misuse&) { calls += 10; });
  });
  Block* const block = allocator.allocate(100).block;
  allocator.deallocate(block);
  allocator.deallocate(block);
  CHECK(calls == 1);
  allocator.deallocate(block);
  CHECK(calls == 11);
  // Without hardening it is never called, and names are not kept.
  CpuAllocator plain(counted.source);
  plain.set_misuse_handler([](const Misuse&) { FAIL("called"); });
  Block* const other = plain.allocate(100).block;
  plain.set_block_name(other, {1, "a", "b"});
  plain.deallocate(other);
}

TEST_CASE("a report says everything that it knows, within the room it has", "[memory][hardening]") {
  Misuse misuse;
  misuse.kind = MisuseKind::write_after;
  misuse.offset_bytes = 1000;
  misuse.expected = 0x5a;
  misuse.found = 0xff;
  misuse.id = 12;
  misuse.size_bytes = 1000;
  misuse.label = "frame";
  misuse.site = "main.cpp:7";
  misuse.allocation = 5;
  misuse.made_on_thread = 1;
  misuse.freed_on_thread = 2;
  misuse.seen_on_thread = 3;
  char place[512];
  CHECK(misuse_text(misuse, place) ==
        "bufgc: write_after: buffer 12 'frame' of 1000 bytes, made at main.cpp:7, allocation 5 on thread 1, "
        "freed "
        "on thread 2; the byte at offset 1000 should be 0x5a, is 0xff; seen on thread 3");
  CHECK(misuse_text(misuse, std::span(place).first(18)) == "bufgc: write_after");
}

TEST_CASE("a report of each kind says what was expected and what was found", "[memory][hardening]") {
  Misuse misuse;
  misuse.offset_bytes = 8;
  misuse.expected = 2;
  misuse.found = 16;
  misuse.seen_on_thread = 1;
  const auto text = [&misuse](MisuseKind kind) {
    static char place[256];
    misuse.kind = kind;
    return std::string(misuse_text(misuse, place));
  };
  CHECK(text(MisuseKind::interior_pointer) ==
        "bufgc: interior_pointer: a block; handed in by an address at offset 8; seen on thread 1");
  CHECK(text(MisuseKind::wrong_size) ==
        "bufgc: wrong_size: a block; handed in with 16 bytes; seen on thread 1");
  for (const MisuseKind kind : {MisuseKind::double_release, MisuseKind::leaked_edge}) {
    CHECK(text(kind) == std::string("bufgc: ") + misuse_name(kind) +
                            ": a block; should have 2 references at least, had 16; seen on thread 1");
  }
  misuse.id = 7;
  CHECK(text(MisuseKind::stale_id) ==
        "bufgc: stale_id: buffer 7; it has ended, its slot's last id is 16; seen on thread 1");
  CHECK(text(MisuseKind::forged_id) ==
        "bufgc: forged_id: the id 7 was never given, its slot is that of buffer 16; seen on thread 1");
  misuse.found = Misuse::no_id;
  CHECK(text(MisuseKind::forged_id) == "bufgc: forged_id: the id 7 was never given; seen on thread 1");
  for (const MisuseKind kind :
       {MisuseKind::double_free, MisuseKind::foreign_pointer, MisuseKind::wrong_allocator}) {
    CHECK(text(kind) == std::string("bufgc: ") + misuse_name(kind) + ": buffer 7; seen on thread 1");
  }
  CHECK(misuse_name(static_cast<MisuseKind>(misuse_kinds)) == std::string("unknown"));
}

TEST_CASE("hardened, good programs on several threads are never told of", "[memory][hardening][threads]") {
  const char* const wanted = std::getenv("BUFGC_OPERATIONS");
  // At each level.
  const long long operations = wanted == nullptr ? 500000 : std::atoll(wanted);
  const Hardening level = GENERATE(Hardening::checks, Hardening::full);
  const std::uint64_t seed = Catch::rngSeed() + 600;
  INFO("seed " << seed);
  CountedSource counted;
  AllocatorOptions options = hardened(level);
  options.quarantine_bytes = MiB;
  Watched watched(counted.source, options);
  constexpr unsigned threads = 4;
  // Blocks that go from one thread to the next.
  std::vector<std::atomic<Block*>> handed(64);
  std::atomic<bool> intact{true};
  const auto work = [&](unsigned thread) {
    Random random(seed + thread);
    std::vector<Block*> live;
    const auto give_back = [&](Block* block) {
      const auto mark = static_cast<std::byte>(block->size_bytes);
      if (block->data[0] != mark || block->data[block->size_bytes - 1] != mark) intact = false;
      watched.allocator.deallocate(block);
    };
    for (long long i = 0; i < operations / threads; ++i) {
      if (live.size() < 50 && (live.empty() || below(random, 2) == 0)) {
        Block* const block = watched.allocator.allocate(1 + below(random, 3000)).block;
        block->data[0] = static_cast<std::byte>(block->size_bytes);
        block->data[block->size_bytes - 1] = static_cast<std::byte>(block->size_bytes);
        live.push_back(block);
      } else {
        std::swap(live[below(random, live.size())], live.back());
        Block* block = live.back();
        live.pop_back();
        if (below(random, 2) == 0) block = handed[below(random, handed.size())].exchange(block);
        if (block != nullptr) give_back(block);
      }
      if (below(random, 20000) == 0) watched.allocator.trim(below(random, MiB));
    }
    for (Block* const block : live) give_back(block);
  };
#if defined(__EMSCRIPTEN__)
  for (unsigned thread = 0; thread < threads; ++thread) work(thread);
#else
  std::vector<std::thread> running;
  for (unsigned thread = 0; thread < threads; ++thread) running.emplace_back(work, thread);
  for (std::thread& thread : running) thread.join();
#endif
  for (std::atomic<Block*>& block : handed) {
    if (Block* const left = block.load(); left != nullptr) watched.allocator.deallocate(left);
  }
  CHECK(intact);
  CHECK(watched.allocator.check_invariants() == nullptr);
  watched.allocator.trim(0);
  CHECK(watched.seen.empty());
  CHECK(watched.allocator.statistics().live_blocks == 0);
  CHECK(watched.allocator.statistics().reserved_bytes == 0);
}
