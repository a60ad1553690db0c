// Twelve kinds of misuse, each in a process of its own: detected, named, with the buffer's label and the
// place where it was made. And what a hardened manager says to a program that has its own handler.

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "buffer/support.hpp"
#include "bufgc/buffer/buffer_access.hpp"
#include "bufgc/memory/default_source.hpp"
#include "misuse_process.hpp"

using namespace bufgc;
using namespace bufgc::test;

namespace {

ManagerOptions hardened(Hardening level = Hardening::full) {
  ManagerOptions options;
  options.allocator.hardening = level;
  return options;
}

/// Where the frame is made, as reports tell it.
const Site frame_site{"frame.cpp", 42};

CpuBuffer frame(BufferManager& manager, std::string_view label = "frame") {
  return manager.alloc({.size_bytes = 1000, .dtype = DType::uint8, .shape = {}, .label = label}, frame_site);
}

#if !defined(__EMSCRIPTEN__)
/// The bytes of an allocator's block under a name, for what buffers do not let happen.
Block* named_block(CpuAllocator& allocator) {
  Block* const block = allocator.allocate(1000).block;
  allocator.set_block_name(block, {0, "frame", "frame.cpp:42"});
  return block;
}

AllocatorOptions hardened_allocator() {
  return hardened().allocator;
}

struct Case {
  MisuseKind kind;
  void (*misuse)();
};

const Case cases[misuse_kinds] = {
    {MisuseKind::double_free,
     [] {
       CpuAllocator allocator(default_source(), hardened_allocator());
       Block* const block = named_block(allocator);
       allocator.deallocate(block);
       allocator.deallocate(block);
     }},
    // A block that nobody gave has neither label nor site; one that was made to point elsewhere has.
    {MisuseKind::foreign_pointer,
     [] {
       CpuAllocator allocator(default_source(), hardened_allocator());
       Block* const block = named_block(allocator);
       std::byte mine[1000];
       block->data = mine;
       allocator.deallocate(block);
     }},
    {MisuseKind::interior_pointer,
     [] {
       CpuAllocator allocator(default_source(), hardened_allocator());
       allocator.deallocate(reinterpret_cast<Block*>(named_block(allocator)->data + 16));
     }},
    {MisuseKind::wrong_size,
     [] {
       CpuAllocator allocator(default_source(), hardened_allocator());
       Block* const block = named_block(allocator);
       block->size_bytes = 4000;
       allocator.deallocate(block);
     }},
    {MisuseKind::wrong_allocator,
     [] {
       CpuAllocator allocator(default_source(), hardened_allocator());
       CpuAllocator other(default_source(), hardened_allocator());
       other.deallocate(named_block(allocator));
     }},
    {MisuseKind::write_before,
     [] {
       BufferManager manager(hardened());
       const CpuBuffer buffer = frame(manager);
       buffer.data()[-1] ^= std::byte{1};
     }},
    {MisuseKind::write_after,
     [] {
       BufferManager manager(hardened());
       CpuBuffer buffer = frame(manager);
       buffer.data()[1000] ^= std::byte{1};
       buffer.reset();
     }},
    {MisuseKind::write_after_free,
     [] {
       BufferManager manager(hardened());
       CpuBuffer buffer = frame(manager);
       std::byte* const bytes = buffer.data();
       buffer.destroy();
       bytes[500] = std::byte{1};
       manager.trim(0);
     }},
    {MisuseKind::double_release,
     [] {
       BufferManager manager(hardened());
       BufferRecord* const handle = BufferAccess::detach(frame(manager));
       BufferAccess::release(handle, Cause::dispose);
       BufferAccess::release(handle, Cause::dispose);
     }},
    {MisuseKind::stale_id,
     [] {
       BufferManager manager(hardened());
       const BufferId id = frame(manager).id();
       static_cast<void>(manager.lock(id));
     }},
    // The slot is known, the generation was never given: it is told whose slot it is now.
    {MisuseKind::forged_id,
     [] {
       BufferManager manager(hardened());
       const CpuBuffer buffer = frame(manager);
       static_cast<void>(manager.lock({buffer.id().slot, buffer.id().generation + 1}));
     }},
    {MisuseKind::leaked_edge,
     [] {
       BufferManager manager(hardened());
       CpuBuffer holder = manager.alloc(64);
       BufferRecord* const held = BufferAccess::detach(frame(manager));
       static_cast<void>(holder.try_link(BufferAccess::share(held)));
       BufferAccess::release(held, Cause::dispose);
       BufferAccess::release(held, Cause::dispose);  // the link's
     }},
};
#endif

struct Told {
  MisuseKind kind;
  std::uint64_t id;
  std::uint64_t expected;
  std::uint64_t found;
  std::string label;
  std::string site;
};

/// A hardened manager whose reports are kept.
struct Watched {
  explicit Watched(const ManagerOptions& options = hardened()) : manager(options) {
    manager.set_misuse_handler([this](const Misuse& misuse) {
      told.push_back({misuse.kind, misuse.id, misuse.expected, misuse.found, std::string(misuse.label),
                      std::string(misuse.site)});
    });
  }
  /// The only report, which is taken.
  Told only(MisuseKind kind) {
    REQUIRE(told.size() == 1);
    REQUIRE(misuse_name(told[0].kind) == std::string(misuse_name(kind)));
    const Told one = told[0];
    told.clear();
    return one;
  }
  std::vector<Told> told;
  BufferManager manager;
};

}  // namespace

#if !defined(__EMSCRIPTEN__)
TEST_CASE("each of twelve misuses, in a process of its own, is detected and named with label and site",
          "[hardening]") {
  for (std::size_t kind = 0; kind < misuse_kinds; ++kind) {
    REQUIRE(cases[kind].kind == static_cast<MisuseKind>(kind));
    const std::string text = bufgc::testing::stderr_of_abort(cases[kind].misuse);
    INFO(text);
    CHECK(text.find("bufgc: " + std::string(misuse_name(cases[kind].kind)) + ": ") == 0);
    CHECK(text.find("'frame' of 1000 bytes, made at frame.cpp:42, allocation ") != std::string::npos);
    CHECK(text.find("seen on thread ") != std::string::npos);
    CHECK(std::count(text.begin(), text.end(), '\n') == 1);
  }
}
#endif

TEST_CASE("hardened, a handle given back too often is told of and changes nothing", "[hardening]") {
  const Hardening level = GENERATE(Hardening::checks, Hardening::full);
  Watched watched(hardened(level));
  BufferManager& manager = watched.manager;
  BufferRecord* const handle = BufferAccess::detach(frame(manager));
  const std::uint64_t id = BufferAccess::id(handle).value();
  BufferAccess::release(handle, Cause::dispose);
  CHECK(watched.told.empty());
  for (int i = 0; i < 3; ++i) {
    BufferAccess::release(handle, Cause::dispose);
    const Told told = watched.only(MisuseKind::double_release);
    CHECK(told.id == id);
    CHECK(told.label == "frame");
    CHECK(told.site == "frame.cpp:42");
  }
  // Its slot is as good as ever.
  CpuBuffer next = frame(manager);
  CHECK(next.use_count() == 1);
  next = {};
  require_nothing_left(manager);
}

TEST_CASE("not hardened, a handle given back too often leaves its slot intact", "[hardening]") {
  BufferManager manager;
  BufferRecord* const handle = BufferAccess::detach(manager.alloc(64));
  BufferAccess::release(handle, Cause::dispose);
  BufferAccess::release(handle, Cause::dispose);
  CpuBuffer next = manager.alloc(64);
  CHECK(next.use_count() == 1);
  next = {};
  require_nothing_left(manager);
}

TEST_CASE("a handle given back too often may outlive its manager", "[hardening]") {
  BufferRecord* handle = nullptr;
  {
    BufferManager manager(hardened());
    handle = BufferAccess::detach(frame(manager));
    BufferAccess::release(handle, Cause::dispose);
  }
  BufferAccess::release(handle, Cause::dispose);
  BufferManager manager;
  CHECK(manager.alloc(64).use_count() == 1);
}

TEST_CASE("hardened, an id is told by whether it was ever given", "[hardening]") {
  Watched watched;
  BufferManager& manager = watched.manager;
  CpuBuffer buffer = frame(manager);
  const BufferId id = buffer.id();
  CHECK(manager.lock(id) == buffer);
  const WeakBuffer weak = buffer.weak();

  SECTION("of a buffer that has ended") {
    buffer = {};
    CHECK(!manager.lock(id));
    const Told told = watched.only(MisuseKind::stale_id);
    CHECK(told.id == id.value());
    CHECK(told.label == "frame");
    CHECK(told.site == "frame.cpp:42");
    CHECK(!weak.lock());  // for which "gone" is a good answer
  }
  SECTION("of one whose slot is another's now") {
    buffer = {};
    std::vector<CpuBuffer> others;
    for (int i = 0; i < 100; ++i) others.push_back(manager.alloc(64));
    CHECK(!manager.lock(id));
    const Told told = watched.only(MisuseKind::stale_id);
    CHECK(told.label == "frame");
    CHECK(told.found != id.value());
  }
  SECTION("of one that was destroyed and is held") {
    buffer.destroy();
    CHECK(!manager.lock(id));
    CHECK(watched.only(MisuseKind::stale_id).label == "frame");
  }
  SECTION("never given, in a slot that was used") {
    CHECK(!manager.lock({id.slot, id.generation + 1}));
    const Told told = watched.only(MisuseKind::forged_id);
    CHECK(told.id == BufferId{id.slot, id.generation + 1}.value());
    CHECK(told.found == id.value());
    CHECK(told.label == "frame");  // whose slot it is
  }
  SECTION("never given, in a slot that was not") {
    CHECK(!manager.lock({id.slot + 1, 0}));
    CHECK(watched.only(MisuseKind::forged_id).found == Misuse::no_id);
    CHECK(!manager.lock({0xfffffffeU, 0}));
    watched.only(MisuseKind::forged_id);
  }
  SECTION("no id at all") {
    CHECK(!manager.lock({}));
  }
  CHECK(watched.told.empty());
}

TEST_CASE("hardened, a buffer that dies with links to it is told of, and its links go", "[hardening]") {
  Watched watched;
  BufferManager& manager = watched.manager;
  std::vector<CpuBuffer> holders;
  BufferRecord* const held = BufferAccess::detach(frame(manager));
  const std::uint64_t id = BufferAccess::id(held).value();
  for (int i = 0; i < 3; ++i) {
    holders.push_back(manager.alloc(64));
    holders.back().link(BufferAccess::share(held));
  }
  holders[0].link(BufferAccess::share(held));
  holders[1].link(holders[2]);
  for (int i = 0; i < 5; ++i) BufferAccess::release(held, Cause::dispose);
  const Told told = watched.only(MisuseKind::leaked_edge);
  CHECK(told.id == id);
  CHECK(told.expected == 4);
  CHECK(told.found == 0);
  CHECK(told.label == "frame");
  CHECK(told.site == "frame.cpp:42");
  CHECK(manager.statistics().edges == 1);
  CHECK(manager.check_invariants() == nullptr);
  holders.clear();
  require_nothing_left(manager);
  CHECK(watched.told.empty());
}

#if !defined(__EMSCRIPTEN__)
TEST_CASE("a report and a trace call a thread by the same number", "[hardening][threads]") {
  Watched watched;
  BufferManager& manager = watched.manager;
  std::uint64_t made_on_thread = 0;
  manager.set_misuse_handler([&](const Misuse& misuse) { made_on_thread = misuse.made_on_thread; });
  // Some that only the allocator sees, and one that both do.
  for (int i = 0; i < 3; ++i) std::thread([&] { frame(manager); }).join();
  manager.start_visualizer();
  CpuBuffer made;
  std::thread([&] { made = frame(manager); }).join();
  made.data()[1000] = std::byte{1};
  const BufferId id = made.id();
  made.reset();
  const Lifecycles trace = manager.visualizer().snapshot();
  const auto row = std::find(trace.id.begin(), trace.id.end(), id.value()) - trace.id.begin();
  REQUIRE(trace.strings.at(trace.thread[static_cast<std::size_t>(row)]) == std::to_string(made_on_thread));
}
#endif

TEST_CASE("hardened, counts that disagree with links are told of by a check and at close", "[hardening]") {
  Watched watched;
  BufferManager& manager = watched.manager;
  CpuBuffer holder = manager.alloc(64);
  BufferRecord* const held = BufferAccess::detach(frame(manager));
  holder.link(BufferAccess::share(held));
  holder.link(BufferAccess::share(held));
  CHECK(manager.check_invariants() == nullptr);
  // Three references, of which two are the links'.
  BufferAccess::release(held, Cause::dispose);
  CHECK(manager.check_invariants() == nullptr);
  CHECK(watched.told.empty());
  BufferAccess::release(held, Cause::dispose);
  SECTION("a check") {
    CHECK(manager.check_invariants() != nullptr);
  }
  SECTION("close") {
    manager.close();
  }
  REQUIRE(!watched.told.empty());
  CHECK(watched.told[0].kind == MisuseKind::leaked_edge);
  CHECK(watched.told[0].expected == 2);
  CHECK(watched.told[0].found == 1);
  CHECK(watched.told[0].label == "frame");
}

TEST_CASE("hardened, views, external buffers, links, collections and pins are what they are", "[hardening]") {
  Watched watched;
  BufferManager& manager = watched.manager;
  {
    CpuBuffer base = frame(manager);
    CHECK(base.capacity_bytes() == 1088);
    CpuBuffer view = base.view({.offset_bytes = 100, .size_bytes = 100});
    CHECK(view.data() == base.data() + 100);
    BufferPin pin = base.pin();
    std::memset(base.data(), 1, 1000);
    base = {};
    pin.reset();
    int released = 0;
    CHECK(view.data()[99] == std::byte{1});
    CpuBuffer a = manager.alloc(100);
    CpuBuffer b = manager.alloc(100);
    a.link(b);
    b.link(a);
    a.link(weightless(manager, [&](std::byte*, std::uint64_t) { ++released; }));
    view.link(a);
    manager.finalize(b, [&] { static_cast<void>(manager.alloc(10)); });
    a = {};
    b = {};
    CHECK(manager.collect().buffers == 0);
    view.destroy();
    CHECK(manager.collect().buffers == 3);
    CHECK(released == 1);
    CHECK(manager.check_invariants() == nullptr);
  }
  require_nothing_left(manager);
  manager.close();
  CHECK(manager.statistics().reserved_bytes == 0);
  CHECK(watched.told.empty());
}

TEST_CASE("hardened, good programs of buffers on several threads are never told of", "[hardening][threads]") {
  const char* const wanted = std::getenv("BUFGC_OPERATIONS");
  const long long operations = wanted == nullptr ? 100000 : std::atoll(wanted);
  const auto seed = static_cast<unsigned>(Catch::rngSeed() + 70);
  INFO("seed " << seed);
  ManagerOptions options = hardened();
  options.allocator.quarantine_bytes = std::uint64_t{1} << 20U;
  Watched watched(options);
  BufferManager& manager = watched.manager;
  constexpr unsigned threads = 4;
  std::atomic<bool> intact{true};
  const auto work = [&](unsigned thread) {
    std::mt19937 random(seed + thread);
    std::vector<CpuBuffer> held;
    for (long long i = 0; i < operations / threads; ++i) {
      const auto any = [&]() -> CpuBuffer& { return held[random() % held.size()]; };
      switch (held.empty() ? 0 : random() % 12) {
        default:
          held.push_back(random() % 2 == 0 ? manager.alloc(1 + random() % 4000) : frame(manager));
          std::memset(held.back().data(), 3, static_cast<std::size_t>(held.back().size_bytes()));
          break;
        case 1:
        case 2:
        case 3:
        case 4: {
          std::swap(any(), held.back());
          const CpuBuffer last = std::move(held.back());
          held.pop_back();
          const std::byte* const data = last.try_data();
          if (data != nullptr && last.size_bytes() > 0 && data[last.size_bytes() - 1] != std::byte{3})
            intact = false;
          break;
        }
        case 5:
          static_cast<void>(any().try_link(any()));
          break;
        case 6:
          static_cast<void>(any().try_unlink(any()));
          break;
        case 7:
          if (Result<CpuBuffer> view = any().try_view({.offset_bytes = 1}))
            held.push_back(std::move(view.value));
          break;
        case 8: {
          const CpuBuffer& buffer = any();
          if (!buffer.destroyed() && manager.lock(buffer.id()) != buffer) intact = false;
          break;
        }
        case 9:
          static_cast<void>(any().try_destroy());
          break;
        case 10:
          if (random() % 500 == 0) manager.collect();
          break;
      }
      if (held.size() > 100) held.resize(50);
    }
  };
#if defined(__EMSCRIPTEN__)
  for (unsigned thread = 0; thread < threads; ++thread) work(thread);
#else
  std::vector<std::thread> running;
  for (unsigned thread = 0; thread < threads; ++thread) running.emplace_back(work, thread);
  for (std::thread& thread : running) thread.join();
#endif
  CHECK(intact);
  manager.collect();
  CHECK(manager.statistics().live_buffers == 0);
  CHECK(manager.check_invariants() == nullptr);
  manager.close();
  CHECK(watched.told.empty());
}
