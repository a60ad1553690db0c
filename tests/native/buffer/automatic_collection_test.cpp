// Collections that come by themselves: when, from what they start, and how much they look at.

#include "support.hpp"

using namespace bufgc;
using bufgc::test::make_chain;
using bufgc::test::require_nothing_left;
using bufgc::test::weightless;

namespace {

/// Keeps what each collection of a manager reported.
void keep_reports(BufferManager& manager, std::vector<CollectReport>& reports) {
  manager.set_collect_callbacks({}, [&reports](const CollectReport& report) { reports.push_back(report); });
}

ManagerOptions with_threshold(std::uint64_t candidates) {
  ManagerOptions options;
  options.collect_threshold = candidates;
  return options;
}

/// Two buffers that hold one another.
std::vector<CpuBuffer> make_pair(BufferManager& manager) {
  std::vector<CpuBuffer> pair{manager.alloc(64), manager.alloc(64)};
  pair[0].link(pair[1]);
  pair[1].link(pair[0]);
  return pair;
}

}  // namespace

TEST_CASE("without a threshold no collection comes by itself", "[collection][automatic]") {
  BufferManager manager;
  for (int i = 0; i < 5000; ++i) make_pair(manager);
  REQUIRE(manager.statistics().collections == 0);
  REQUIRE(manager.statistics().live_buffers == 10'000);
  const CollectReport report = manager.collect();
  REQUIRE(report.buffers == 10'000);
  REQUIRE(report.candidates == 0);
  REQUIRE_FALSE(report.automatic);
}

TEST_CASE("an automatic collection comes with the threshold, and its callbacks tell of it",
          "[collection][automatic]") {
  BufferManager manager(with_threshold(10));
  std::vector<bool> starts;
  std::vector<CollectReport> reports;
  manager.set_collect_callbacks(
      [&](const CollectReport& report) { starts.push_back(report.automatic && report.buffers == 0); },
      [&](const CollectReport& report) { reports.push_back(report); });
  manager.collect();  // so that the next may go by candidates
  REQUIRE(starts == std::vector<bool>{false});
  REQUIRE_FALSE(reports.back().automatic);
  std::uint64_t pairs = 0;
  while (reports.size() == 1) {
    make_pair(manager);
    ++pairs;
  }
  // Both of a pair are candidates. The release that follows the tenth runs the collection before it counts
  // itself.
  REQUIRE(pairs == 6);
  REQUIRE(starts == std::vector<bool>{false, true});
  const CollectReport& report = reports.back();
  REQUIRE(report.automatic);
  REQUIRE(report.candidates == 10);
  REQUIRE(report.buffers == 10);
  REQUIRE(report.bytes == 640);
  REQUIRE(report.examined == 10);
  REQUIRE(manager.check_invariants() == nullptr);
  REQUIRE(manager.collect().buffers == 2);
  require_nothing_left(manager);
}

TEST_CASE("what cannot lie on a cycle is no candidate", "[collection][automatic]") {
  BufferManager manager(with_threshold(1));
  std::vector<CollectReport> reports;
  keep_reports(manager, reports);
  const CpuBuffer plain = manager.alloc(10);
  const CpuBuffer holder = manager.alloc(10);
  const CpuBuffer held = manager.alloc(10);
  holder.weak().lock().link(held);
  for (const CpuBuffer* one : {&plain, &holder, &held}) {
    for (int i = 0; i < 100; ++i) CpuBuffer(*one).reset();
  }
  REQUIRE(reports.empty());
  REQUIRE(manager.collect().candidates == 0);
  REQUIRE(manager.check_invariants() == nullptr);
}

TEST_CASE("an automatic collection looks at what changed and what that reaches, not at what else lives",
          "[collection][automatic]") {
  constexpr std::uint64_t live = 1'000'000;
  constexpr std::uint64_t changed = 100;
  BufferManager manager(with_threshold(2 * live));
  std::vector<CollectReport> reports;
  keep_reports(manager, reports);
  // Pairs that hold one another, one of each held by a handle; so all others are held by links alone.
  std::vector<CpuBuffer> held;
  held.reserve(live / 2);
  for (std::uint64_t i = 0; i < live / 2; ++i) {
    CpuBuffer a = weightless(manager);
    CpuBuffer b = weightless(manager);
    a.link(b);
    b.link(a);
    held.push_back(std::move(a));
  }
  REQUIRE(manager.collect().buffers == 0);
  REQUIRE(manager.statistics().external_buffers == live);
  manager.set_collect_threshold(changed);

  SECTION("changed and alive: a look at each, and at what each is held by is none") {
    for (std::size_t i = 0; i <= changed; ++i) CpuBuffer(held[i * 7]).reset();
    REQUIRE(reports.size() == 2);
    REQUIRE(reports.back().candidates == changed);
    REQUIRE(reports.back().examined == changed);
    REQUIRE(reports.back().buffers == 0);
  }
  SECTION("changed and dead: a look at each, and at the other that it reaches") {
    for (std::size_t i = 0; i <= changed; ++i) held[i * 7].reset();
    REQUIRE(reports.size() == 2);
    REQUIRE(reports.back().candidates == changed);
    REQUIRE(reports.back().examined == 2 * changed);
    REQUIRE(reports.back().buffers == 2 * changed);
  }
  SECTION("changed, and alive by what is held: a look at each that only links hold, and one beyond") {
    for (std::size_t i = 0; i <= changed; ++i) {
      CpuBuffer other = weightless(manager);
      held[i].link(other);
      other.link(held[i + 1]);
    }
    REQUIRE(reports.size() == 2);
    REQUIRE(reports.back().candidates == changed);
    REQUIRE(reports.back().examined == 2 * changed);
    REQUIRE(reports.back().buffers == 0);
  }
  REQUIRE(manager.check_invariants() == nullptr);
}

TEST_CASE("a collection that looked in vain makes the next one wait for as many candidates as pay for it",
          "[collection][automatic]") {
  constexpr std::uint64_t length = 100'000;
  BufferManager manager;
  CpuBuffer head = make_chain(manager, length).head;
  manager.set_collect_threshold(16);
  manager.collect();
  std::vector<CollectReport> reports;
  keep_reports(manager, reports);
  // Each round one more buffer, from which all the chain is reached, becomes a candidate.
  std::uint64_t looks = 0;
  std::uint64_t candidates = 0;
  for (int i = 0; i < 50'000; ++i) {
    CpuBuffer next = weightless(manager);
    next.link(head);
    head.link(next);
    head = std::move(next);
  }
  for (const CollectReport& report : reports) {
    looks += report.examined;
    candidates += report.candidates;
  }
  REQUIRE(reports.size() > 1);
  REQUIRE(reports.front().candidates == 16);
  REQUIRE(reports.front().examined >= length);
  REQUIRE(looks <= 8 * candidates + reports.back().examined);
  REQUIRE(manager.check_invariants() == nullptr);
}

TEST_CASE("a view's end makes its base a candidate", "[collection][automatic][view]") {
  BufferManager manager(with_threshold(1));
  manager.collect();
  {
    CpuBuffer base = manager.alloc(100);
    base.link(base);
    CpuBuffer view = base.view({});
    base.reset();
    manager.collect();  // it was a candidate; now it is none, and held by the view alone
    view.reset();
  }
  REQUIRE(manager.statistics().live_buffers == 1);
  const std::vector<CpuBuffer> pair = make_pair(manager);
  CpuBuffer(pair[0]).reset();
  REQUIRE(manager.statistics().live_buffers == 2);
  REQUIRE(manager.statistics().collected_buffers == 1);
}

TEST_CASE("a cycle that something outside the candidates holds survives an automatic collection",
          "[collection][automatic]") {
  BufferManager manager(with_threshold(1));
  std::vector<CollectReport> reports;
  keep_reports(manager, reports);
  CpuBuffer outside = manager.alloc(10);
  WeakBuffer weak;
  {
    std::vector<CpuBuffer> pair = make_pair(manager);
    weak = pair[0].weak();
    outside.link(pair[0]);
  }
  make_pair(manager);
  make_pair(manager);
  REQUIRE(reports.size() > 2);
  REQUIRE(weak.lock());
  outside.reset();
  make_pair(manager);
  make_pair(manager);
  REQUIRE_FALSE(weak.lock());
  manager.collect();
  require_nothing_left(manager);
}

TEST_CASE("turned on late, automatic collection finds what died before, and turned off it stays off",
          "[collection][automatic]") {
  BufferManager manager;
  make_pair(manager);
  manager.set_collect_threshold(2);
  std::vector<CollectReport> reports;
  keep_reports(manager, reports);
  make_pair(manager);
  make_pair(manager);
  REQUIRE(reports.size() == 1);
  REQUIRE(reports[0].buffers == 4);
  manager.set_collect_threshold(0);
  for (int i = 0; i < 100; ++i) make_pair(manager);
  REQUIRE(reports.size() == 1);
  REQUIRE(manager.check_invariants() == nullptr);
  REQUIRE(manager.collect().buffers == 202);
  require_nothing_left(manager);
}

TEST_CASE("what is frozen is not looked at, lives while nobody holds it, and ends after unfreeze",
          "[collection][automatic]") {
  BufferManager manager(with_threshold(4));
  std::vector<CollectReport> reports;
  keep_reports(manager, reports);
  std::vector<CpuBuffer> frozen = make_pair(manager);
  const WeakBuffer weak = frozen[0].weak();
  CpuBuffer young = manager.alloc(64);
  const WeakBuffer weak_young = young.weak();
  REQUIRE(manager.freeze() == 2);
  frozen[0].link(young);
  young.link(young);
  young.reset();
  frozen.clear();
  const CollectReport report = manager.collect();
  REQUIRE(report.examined == 1);  // the young one, which what is frozen holds
  REQUIRE(report.buffers == 0);
  REQUIRE_FALSE(weak_young.expired());
  for (int i = 0; i < 20; ++i) make_pair(manager);
  REQUIRE(reports.size() > 2);
  // To lock them would make candidates of them.
  REQUIRE_FALSE(weak.expired());
  REQUIRE_FALSE(weak_young.expired());
  manager.unfreeze();
  reports.clear();
  while (reports.empty()) make_pair(manager);
  REQUIRE(reports[0].automatic);
  REQUIRE_FALSE(weak.lock());
  REQUIRE_FALSE(weak_young.lock());
  manager.collect();
  require_nothing_left(manager);
}

TEST_CASE("an automatic collection looks at nothing frozen, be it let go of or held by garbage",
          "[collection][automatic]") {
  BufferManager manager(with_threshold(2));
  std::vector<CollectReport> reports;
  keep_reports(manager, reports);
  std::vector<CpuBuffer> let_go = make_pair(manager);
  std::vector<CpuBuffer> held = make_pair(manager);
  const WeakBuffer weak[2] = {let_go[0].weak(), held[0].weak()};
  REQUIRE(manager.freeze() == 4);
  std::vector<CpuBuffer> young = make_pair(manager);
  young[0].link(held[0]);
  const WeakBuffer weak_young = young[0].weak();
  held.clear();
  young.clear();
  let_go.clear();
  while (weak_young.lock()) make_pair(manager);
  for (const CollectReport& report : reports) REQUIRE(report.automatic);
  REQUIRE(weak[0].lock());
  REQUIRE(weak[1].lock());
  manager.unfreeze();
  manager.collect();
  REQUIRE_FALSE(weak[0].lock());
  REQUIRE_FALSE(weak[1].lock());
  require_nothing_left(manager);
}

TEST_CASE("what is frozen ends like any other when nobody holds it", "[collection][automatic]") {
  BufferManager manager;
  CpuBuffer head = make_chain(manager, 10).head;
  REQUIRE(manager.freeze() == 10);
  head.reset();
  require_nothing_left(manager);
  make_pair(manager);  // takes the same places in the graph, and is not frozen
  REQUIRE(manager.collect().buffers == 2);
}

TEST_CASE("no automatic collection comes inside a finalizer or a callback of a collection",
          "[collection][automatic][finalizer]") {
  BufferManager manager(with_threshold(1));
  manager.collect();
  std::uint64_t inside = 0;
  const auto litter = [&] {
    const std::uint64_t before = manager.statistics().collections;
    for (int i = 0; i < 10; ++i) make_pair(manager);
    inside += manager.statistics().collections - before;
  };
  CpuBuffer a = manager.alloc(10);
  manager.finalize(a, litter);
  a.reset();
  manager.set_collect_callbacks([&](const CollectReport&) { litter(); },
                                [&](const CollectReport&) { litter(); });
  manager.collect();
  REQUIRE(inside == 0);
  manager.set_collect_callbacks({}, {});
  make_pair(manager);
  REQUIRE(manager.statistics().live_buffers == 2);
}

TEST_CASE("a callable that holds a buffer whose releases are watched holds its own target by that no more",
          "[automatic][finalizer]") {
  BufferManager manager(with_threshold(100));
  CpuBuffer owner = manager.alloc(64);
  const std::vector<CpuBuffer> watched = make_pair(manager);
  int runs = 0;
  manager.finalize(owner, [&runs, held = watched[0]] { runs += held.destroyed() ? 100 : 1; });
  owner.reset();
  REQUIRE(runs == 1);
}

TEST_CASE("a release that starts a collection whose finalizer destroys that very buffer is safe",
          "[collection][automatic][finalizer]") {
  BufferManager manager(with_threshold(1));
  manager.collect();
  std::vector<CpuBuffer> pair = make_pair(manager);
  const WeakBuffer victim = pair[0].weak();
  const CpuBuffer also_held = pair[0];
  {
    const std::vector<CpuBuffer> dead = make_pair(manager);
    manager.finalize(dead[0], [&] { victim.lock().destroy(); });
    manager.finalize(dead[1], [] {});
  }
  pair[0].reset();
  REQUIRE(also_held.destroyed());
  REQUIRE(manager.check_invariants() == nullptr);
}
