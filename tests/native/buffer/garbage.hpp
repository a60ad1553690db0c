#pragma once

// Dead cycles of all kinds, whose ends a collection must do as if each came alone. By functions, because a
// process with one thread is collected another way than one with several: both ways have to pass.

#include <string>

#include "bufgc/memory/default_source.hpp"
#include "support.hpp"

namespace bufgc::test {

/// What a heap of mixed garbage is made of.
struct Mix {
  bool links_outside = false;
  bool callbacks = false;  ///< External buffers, a finalizer and a release callback.
  bool watched = false;
  bool live_ring = false;  ///< A cycle that one handle holds, beside the dead ones.
};

/// Three hundred dead pairs among live ones, of whose ends everything that can be asked is asked.
inline void require_mixed_garbage_ends(const Mix& mix) {
  BufferManager manager;
  const CpuBuffer outside = manager.alloc(BufferSpec{48, DType::uint8, {}, "outside"});
  std::vector<CpuBuffer> alive;
  if (mix.live_ring) {
    for (int i = 0; i < 3; ++i) alive.push_back(manager.alloc(64));
    for (std::size_t i = 0; i < 3; ++i) alive[i].link(alive[(i + 1) % 3]);
    alive.resize(1);  // holds the others by links alone
  }
  const std::uint64_t ring = mix.live_ring ? 3 : 0;
  if (mix.watched) manager.start_visualizer();
  int released = 0;
  int finalized = 0;
  std::uint64_t bytes = 0;
  std::uint64_t outside_links = 0;
  std::uint64_t buffers = 0;
  std::uint64_t edges_at_release = 0;
  std::vector<WeakBuffer> weak;
  std::vector<std::string> wrong;
  const auto find_wrong = [&] {
    if (const char* const what = manager.check_invariants(); what != nullptr) wrong.emplace_back(what);
    for (const WeakBuffer& one : weak) {
      if (one.lock()) wrong.emplace_back("a weak reference to one of the dead is strong again");
    }
  };
  {
    std::vector<CpuBuffer> held;
    for (std::uint64_t i = 0; i < 300; ++i) {
      CpuBuffer a = manager.alloc(64);
      bytes += 64;
      CpuBuffer b;
      switch (i % 6) {
        case 0:
          b = manager.alloc(64);
          break;
        case 1:
          b = manager.alloc(BufferSpec{0, DType::float32, {4, 5}, "labelled"});
          break;
        case 2:
          b = manager.alloc(1000 + i);
          break;
        case 3:
          b = a.view({});
          break;
        case 4:
          b = mix.callbacks ? weightless(manager) : manager.alloc(128);
          break;
        default:
          b = manager.alloc(64);
          b.link(b);
          break;
      }
      if (!b.is_view() && (i % 6 != 4 || !mix.callbacks)) bytes += b.size_bytes();
      a.link(b);
      b.link(a);
      for (std::uint64_t k = 0; i % 7 == 0 && k < 5; ++k) {  // a table of links
        held.push_back(manager.alloc(64));
        bytes += 64;
        a.link(held.back());
      }
      if (mix.links_outside && i % 50 == 9) {
        b.link(outside);
        ++outside_links;
      }
      if (mix.callbacks && i == 100) {
        manager.finalize(a, [&] {
          ++finalized;
          find_wrong();
          // Another dead pair is found while this one and all others stand unburied.
          CpuBuffer c = manager.alloc(64);
          CpuBuffer d = manager.alloc(64);
          c.link(d);
          d.link(c);
          c.reset();
          d.reset();
          if (manager.collect().buffers != 2) wrong.emplace_back("a collection inside another found more");
        });
      }
      held.push_back(std::move(a));
      held.push_back(std::move(b));
    }
    if (mix.callbacks) {  // and a callback at an end
      held.push_back(weightless(manager, [&](std::byte*, std::uint64_t) {
        ++released;
        edges_at_release = manager.statistics().edges;
        find_wrong();
      }));
      held.back().link(held.front());
      held.front().link(held.back());
    }
    for (const CpuBuffer& buffer : held) weak.push_back(buffer.weak());
    buffers = held.size();
  }
  REQUIRE(outside.use_count() == 1 + outside_links);
  const CollectReport report = manager.collect();
  REQUIRE(wrong == std::vector<std::string>{});
  REQUIRE(report.buffers == buffers);
  REQUIRE(report.bytes == bytes);
  REQUIRE(finalized == (mix.callbacks ? 1 : 0));
  REQUIRE(released == finalized);
  if (mix.callbacks) REQUIRE(edges_at_release == ring);
  for (const WeakBuffer& one : weak) REQUIRE_FALSE(one.lock());
  REQUIRE(outside.use_count() == 1);
  const Statistics now = manager.statistics();
  REQUIRE(now.edges == ring);
  REQUIRE(now.live_buffers == 1 + ring);
  REQUIRE(now.live_views == 0);
  REQUIRE(now.external_buffers == 0);
  REQUIRE(now.live_blocks == 1 + ring);
  REQUIRE(now.live_bytes == 48 + ring * 64);
  REQUIRE(manager.check_invariants() == nullptr);
  if (mix.watched) {
    std::uint64_t collected = 0;
    const Lifecycles log = manager.visualizer().snapshot();
    for (const auto cause : log.cause)
      collected += cause == static_cast<std::uint8_t>(Cause::collected) ? 1 : 0;
    REQUIRE(collected == buffers + (mix.callbacks ? 2 : 0));
  }
  // Their slots describe bytes alone again, and their blocks are there to be used.
  for (std::uint64_t i = 0; i < buffers; ++i) {
    alive.push_back(manager.alloc(64));
    REQUIRE(alive.back().label().empty());
    REQUIRE(alive.back().shape().rank() == 0);
    REQUIRE(alive.back().dtype() == DType::uint8);
    REQUIRE_FALSE(alive.back().is_view());
  }
  REQUIRE(manager.check_invariants() == nullptr);
}

/// Asks weak references whenever memory goes back.
class AskingSource final : public MemorySource {
 public:
  [[nodiscard]] Segment acquire(std::size_t min_bytes) noexcept override {
    return source_.acquire(min_bytes);
  }
  void release(Segment segment) noexcept override {
    ++releases;
    for (const WeakBuffer& one : weak) {
      if (one.lock()) std::abort();  // a handle could not be let go in here
    }
    source_.release(segment);
  }
  [[nodiscard]] std::size_t granularity_bytes() const noexcept override {
    return source_.granularity_bytes();
  }

  std::vector<WeakBuffer> weak;
  int releases = 0;

 private:
  MemorySource& source_ = default_source();
};

/// Dead blocks of which `cache_limit_bytes` are kept, and the others go back to the source meanwhile.
inline void require_garbage_ends_beyond(std::uint64_t cache_limit_bytes) {
  AskingSource source;
  ManagerOptions options;
  options.source = &source;
  options.allocator.cache_limit_bytes = cache_limit_bytes;
  BufferManager manager(options);
  {
    std::vector<CpuBuffer> held;
    for (std::uint64_t i = 0; i < 500; ++i) held.push_back(manager.alloc(i % 3 == 0 ? 70000 : 4096));
    for (std::size_t i = 0; i < held.size(); ++i) held[i].link(held[(i + 1) % held.size()]);
    for (const CpuBuffer& buffer : held) source.weak.push_back(buffer.weak());
  }
  REQUIRE(manager.collect().buffers == 500);
  REQUIRE(source.releases > 0);
  require_nothing_left(manager);
  REQUIRE(manager.statistics().cached_bytes <= cache_limit_bytes);
  source.weak.clear();
}

/// All of the above, each way.
inline void require_all_garbage_ends() {
  for (int bits = 0; bits < 16; ++bits) {
    CAPTURE(bits);
    require_mixed_garbage_ends({(bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0, (bits & 8) != 0});
  }
  require_garbage_ends_beyond(0);
  require_garbage_ends_beyond(std::uint64_t{1} << 20U);
}

}  // namespace bufgc::test
