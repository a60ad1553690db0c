// Collection against a model: random programs whose every buffer is known to be reachable or not.

#include <map>
#include <random>

#include "support.hpp"

using namespace bufgc;
using bufgc::test::require_nothing_left;
using bufgc::test::weightless;

namespace {

/// A random program over one manager, and what must be alive in it.
class Program {
 public:
  explicit Program(std::uint32_t seed, std::uint64_t collect_threshold = 0, bool misbehaves = true)
      : random_(seed), misbehaves_(misbehaves) {
    manager_.set_collect_threshold(collect_threshold);
  }

  void step() {
    switch (below(20)) {
      case 0:
      case 1:
      case 2:
      case 3:
      case 4:
        add();
        break;
      case 5:
      case 6:
        unlink();
        break;
      case 7:
      case 8:
      case 9:
      case 10:
      case 11:
        if (held_.size() > 12) drop();
        break;
      case 12:
        if (below(4) == 0 && !held_.empty()) destroy();
        break;
      default:
        link();
    }
  }

  /// Collects, and compares every buffer's deaths with what the model says.
  void collect_and_judge() {
    while (manager_.collect().buffers != 0) {  // the last one finds what finalizers left
    }
    REQUIRE(manager_.check_invariants() == nullptr);
    const std::vector<bool> alive = reachable();
    std::uint64_t expected_links = 0;
    for (std::size_t at = 0; at < nodes_.size(); ++at) {
      if (deaths_[at] != (alive[at] ? 0 : 1)) FAIL("buffer " << at << " died " << deaths_[at] << " times");
      if (!alive[at]) continue;
      for (const auto& [target, times] : nodes_[at].links) expected_links += times;
    }
    REQUIRE(manager_.statistics().edges == expected_links);
  }

  /// What is dead may be so already, what is reachable may not.
  void judge_the_living() {
    REQUIRE(manager_.check_invariants() == nullptr);
    const std::vector<bool> alive = reachable();
    for (std::size_t at = 0; at < nodes_.size(); ++at) {
      if (alive[at] && deaths_[at] != 0) FAIL("buffer " << at << " died, though it is reachable");
    }
  }

  /// Of all buffers that are dead, those whose end is to come.
  [[nodiscard]] std::size_t garbage() const {
    const std::vector<bool> alive = reachable();
    std::size_t count = 0;
    for (std::size_t at = 0; at < nodes_.size(); ++at) count += !alive[at] && deaths_[at] == 0 ? 1 : 0;
    return count;
  }

  /// Lets so many go that one comes.
  void run_automatic_collection() {
    const std::uint64_t before = manager_.statistics().collections;
    while (manager_.statistics().collections == before) {
      CpuBuffer loop = weightless(manager_);
      loop.link(loop);
    }
  }

  void end() {
    while (!held_.empty()) drop();
    collect_and_judge();
    require_nothing_left(manager_);
  }

 private:
  static constexpr std::size_t none = ~std::size_t{0};

  struct Node {
    CpuBuffer handle;  ///< While it stands in `held_`.
    std::size_t root = none;
    std::map<std::size_t, std::uint32_t> links;
    bool destroyed = false;
  };

  [[nodiscard]] std::vector<bool> reachable() const {
    std::vector<bool> alive(nodes_.size());
    std::vector<std::size_t> stack;
    const auto reach = [&](std::size_t at) {
      if (nodes_[at].destroyed || alive[at]) return;
      alive[at] = true;
      stack.push_back(at);
    };
    for (const std::size_t at : held_) reach(at);
    while (!stack.empty()) {
      const Node& node = nodes_[stack.back()];
      stack.pop_back();
      if (node.root != none) reach(node.root);
      for (const auto& [target, times] : node.links) reach(target);
    }
    return alive;
  }

  std::uint32_t below(std::size_t bound) { return static_cast<std::uint32_t>(random_() % bound); }
  std::size_t any() { return held_[below(held_.size())]; }
  [[nodiscard]] bool usable(std::size_t at) const {
    return nodes_[at].root == none || !nodes_[nodes_[at].root].destroyed;
  }

  void add() {
    const std::size_t at = nodes_.size();
    Node node;
    const std::size_t base = held_.empty() ? none : any();
    if (below(4) == 0 && base != none && usable(base)) {
      node.handle = nodes_[base].handle.view({});
      node.root = nodes_[base].root == none ? base : nodes_[base].root;
    } else {
      node.handle =
          below(2) == 0 ? manager_.alloc(64) : weightless(manager_, [](std::byte*, std::uint64_t) {});
    }
    deaths_.push_back(0);
    if (below(3) != 0 && misbehaves_) {
      // What a finalizer does must not matter to others.
      manager_.finalize(node.handle, [this, at] {
        ++deaths_[at];
        misbehave(at);
      });
    } else {
      manager_.finalize(node.handle, [this, at] { ++deaths_[at]; });
    }
    nodes_.push_back(std::move(node));
    held_.push_back(at);
  }

  /// Allocates, links, unlinks, destroys and collects in the middle of somebody's end.
  void misbehave(std::size_t at) {
    CpuBuffer a = manager_.alloc(64);
    CpuBuffer b = a.view({});
    CpuBuffer c = weightless(manager_);
    a.link(b);
    b.link(c);
    c.link(a);
    if (at % 5 == 0) b.destroy();
    if (at % 7 == 0) a.unlink(b);
    if (at % 3 == 0) {
      a = {};
      b = {};
      c = {};
      manager_.collect();
    }
  }

  void link() {
    if (held_.empty()) return;
    const std::size_t from = any();
    const std::size_t to = any();
    const bool possible = usable(from) && usable(to);
    REQUIRE(nodes_[from].handle.try_link(nodes_[to].handle) == (possible ? Status::ok : Status::destroyed));
    if (possible) ++nodes_[from].links[to];
  }

  void unlink() {
    if (held_.empty()) return;
    const std::size_t from = any();
    const std::size_t to = any();
    auto& links = nodes_[from].links;
    const auto found = links.find(to);
    REQUIRE(nodes_[from].handle.try_unlink(nodes_[to].handle) ==
            (found != links.end() ? Status::ok : Status::invalid_argument));
    if (found != links.end() && --found->second == 0) links.erase(found);
  }

  void drop() {
    const std::size_t place = below(held_.size());
    const std::size_t at = held_[place];
    held_.erase(held_.begin() + static_cast<std::ptrdiff_t>(place));
    nodes_[at].handle = {};
  }

  void destroy() {
    const std::size_t place = below(held_.size());
    const std::size_t at = held_[place];
    if (!usable(at)) return;  // a view, which counts as destroyed with its base
    nodes_[at].destroyed = true;
    nodes_[at].links.clear();
    held_.erase(held_.begin() + static_cast<std::ptrdiff_t>(place));
    nodes_[at].handle.destroy();
    nodes_[at].handle = {};
  }

  std::mt19937 random_;
  const bool misbehaves_;
  std::vector<Node> nodes_;
  std::vector<std::size_t> held_;
  std::vector<int> deaths_;
  BufferManager manager_;
};

}  // namespace

TEST_CASE("random programs: after each collection exactly what handles reach is alive",
          "[collection][model]") {
  for (std::uint32_t seed = 1; seed <= 40; ++seed) {
    INFO("seed " << seed);
    Program program(seed);
    for (int round = 0; round < 12; ++round) {
      for (std::uint32_t steps = 1 + seed * 3; steps > 0; --steps) program.step();
      program.collect_and_judge();
    }
    program.end();
  }
}

TEST_CASE("random programs: automatic collection ends nothing reachable, and garbage in time",
          "[collection][automatic][model]") {
  for (std::uint32_t seed = 1; seed <= 40; ++seed) {
    INFO("seed " << seed);
    const std::uint32_t threshold = 1 + seed % 7;
    Program program(seed, threshold);
    for (int round = 0; round < 12; ++round) {
      for (std::uint32_t steps = 1 + seed * 3; steps > 0; --steps) {
        program.step();
        if (steps % 4 == 0) program.judge_the_living();
      }
      if (round % 4 == 3) program.collect_and_judge();
    }
    program.end();
  }
}

TEST_CASE("random programs: an automatic collection finds all that is garbage",
          "[collection][automatic][model]") {
  std::size_t found = 0;
  for (std::uint32_t seed = 1; seed <= 40; ++seed) {
    INFO("seed " << seed);
    Program program(seed, 1000, false);
    for (int round = 0; round < 20; ++round) {
      for (int steps = 0; steps < 60; ++steps) program.step();
      found += program.garbage();
      program.run_automatic_collection();
      REQUIRE(program.garbage() == 0);
    }
    program.end();
  }
  REQUIRE(found > 500);
}
