// Links in number: many of one buffer, many to one, and what a buffer has left of them.

#include <algorithm>
#include <map>
#include <random>

#include "bufgc/buffer/edge_set.hpp"
#include "support.hpp"

using namespace bufgc;
using bufgc::test::require_nothing_left;
using bufgc::test::weightless;

TEST_CASE("an edge set is the multiset that was added and removed", "[links]") {
  const std::uint32_t seed = GENERATE(1U, 2U, 3U, 4U, 5U, 6U);
  INFO("seed " << seed);
  std::mt19937 random(seed);
  // Few targets and many, so that it stays in its word, in an ordered table, or grows into a hashed one.
  const std::uint32_t targets = seed % 2 == 0 ? 20 : 5000;
  EdgeSet set;
  std::map<std::uint32_t, std::uint32_t> model;
  std::uint64_t links = 0;
  for (int step = 0; step < 60000; ++step) {
    // It grows for a while, then shrinks to nothing, and again.
    const bool grows = step % 20000 < 9000;
    const auto target = static_cast<std::uint32_t>(random() % targets);
    if (random() % 4 != 0 ? grows : !grows) {
      REQUIRE(set.add(target));
      ++model[target];
      ++links;
    } else {
      const auto at = model.find(target);
      REQUIRE(set.remove(target) == (at != model.end()));
      if (at != model.end()) {
        --links;
        if (--at->second == 0) model.erase(at);
      }
    }
    REQUIRE(set.size() == links);
    REQUIRE(set.empty() == model.empty());
    if (step % 997 != 0) continue;
    std::map<std::uint32_t, std::uint32_t> seen;
    set.each([&](std::uint32_t to, std::uint32_t times) { seen[to] += times; });
    REQUIRE(seen == model);
  }
  std::map<std::uint32_t, std::uint32_t> taken;
  std::uint32_t target = 0;
  std::uint32_t times = 0;
  while (set.take(target, times)) taken[target] += times;
  REQUIRE(taken == model);
  REQUIRE(set.empty());
}

TEST_CASE("a few links are visited in order of linking, also after some were taken away", "[links]") {
  EdgeSet set;
  for (const std::uint32_t target : {7U, 3U, 9U, 1U, 5U}) REQUIRE(set.add(target));
  REQUIRE(set.remove(3));
  REQUIRE(set.add(3));
  std::vector<std::uint32_t> order;
  set.each([&](std::uint32_t target, std::uint32_t) { order.push_back(target); });
  REQUIRE(order == std::vector<std::uint32_t>{7, 9, 1, 5, 3});
  set.clear();
  REQUIRE(set.empty());
}

TEST_CASE("what was taken out of an edge set is in it no more, and the rest is", "[links]") {
  const std::uint32_t targets = GENERATE(2U, 20U, 1000U);
  EdgeSet set;
  std::map<std::uint32_t, std::uint32_t> left;
  for (std::uint32_t i = 0; i < 3 * targets; ++i) {
    REQUIRE(set.add(i % targets));
    ++left[i % targets];
  }
  std::uint64_t links = std::uint64_t{3} * targets;
  std::uint32_t target = 0;
  std::uint32_t times = 0;
  while (set.take(target, times)) {
    left[target] -= times;
    if (left[target] == 0) left.erase(target);
    links -= times;
    REQUIRE(set.size() == links);
    if (links % 97 != 0 && links > 9) continue;
    std::map<std::uint32_t, std::uint32_t> seen;
    set.each([&](std::uint32_t to, std::uint32_t often) { seen[to] += often; });
    REQUIRE(seen == left);
  }
  REQUIRE(left.empty());
}

TEST_CASE("a hundred thousand links of one buffer go one by one, in any order, each at once", "[links]") {
  constexpr std::size_t count = 100'000;
  BufferManager manager;
  CpuBuffer holder = manager.alloc(10);
  std::vector<CpuBuffer> held;
  for (std::size_t i = 0; i < count; ++i) {
    held.push_back(weightless(manager));
    holder.link(held.back());
  }
  REQUIRE(manager.statistics().edges == count);
  REQUIRE(manager.check_invariants() == nullptr);
  // From the oldest on: a list searched from its end would take 5e9 steps.
  std::mt19937 random(99);
  std::shuffle(held.begin() + count / 2, held.end(), random);
  for (const CpuBuffer& buffer : held) holder.unlink(buffer);
  REQUIRE(manager.statistics().edges == 0);
  REQUIRE(holder.try_unlink(held[0]) == Status::invalid_argument);
  for (const CpuBuffer& buffer : held) REQUIRE(buffer.use_count() == 1);
  REQUIRE(manager.collect().examined == 0);
  held.clear();
  holder.reset();
  require_nothing_left(manager);
}

TEST_CASE("a hundred thousand links to and from one buffer go with it", "[links]") {
  constexpr std::size_t count = 100'000;
  const bool in_a_cycle = GENERATE(false, true);
  BufferManager manager;
  CpuBuffer holder = manager.alloc(10);
  const CpuBuffer stays = manager.alloc(10);
  for (std::size_t i = 0; i < count; ++i) {
    CpuBuffer held = weightless(manager);
    holder.link(held);
    if (in_a_cycle) held.link(holder);
    holder.link(stays);
  }
  REQUIRE(manager.collect().buffers == 0);
  holder.reset();
  REQUIRE(manager.collect().buffers == (in_a_cycle ? count + 1 : 0));
  REQUIRE(stays.use_count() == 1);
  REQUIRE(manager.statistics().live_buffers == 1);
  REQUIRE(manager.statistics().edges == 0);
  REQUIRE(manager.check_invariants() == nullptr);
}

TEST_CASE("a collection looks at a buffer only while it has links", "[links]") {
  BufferManager manager;
  CpuBuffer a = manager.alloc(10);
  const CpuBuffer b = manager.alloc(10);
  const CpuBuffer view = b.view({});
  a.link(view);
  REQUIRE(manager.collect().examined == 3);  // the base too, which the view holds
  a.unlink(view);
  REQUIRE(manager.collect().examined == 0);
  a.link(b);
  a.link(b);
  a.unlink(b);
  REQUIRE(manager.collect().examined == 2);
  a.destroy();
  REQUIRE(manager.collect().examined == 0);
  REQUIRE(manager.check_invariants() == nullptr);
}

TEST_CASE("a view and its base may hold one another, and end in any way", "[links][view]") {
  BufferManager manager;
  CpuBuffer base = manager.alloc(100);
  CpuBuffer view = base.view({});
  base.link(view);
  view.link(base);
  base.link(base);
  const int way = GENERATE(0, 1, 2, 3, 4);
  if (way == 0) base.destroy();
  if (way == 1) view.destroy();
  if (way == 2) base.unlink(view);
  if (way == 3) view.unlink(base);
  REQUIRE(manager.check_invariants() == nullptr);
  REQUIRE(manager.collect().buffers == 0);
  base.reset();
  view.reset();
  manager.collect();
  require_nothing_left(manager);
}
