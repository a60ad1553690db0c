// Which allocation of a plan a request is taken for, against the rule over a plain list.

#include "bufgc/memory/open_iteration.hpp"

#include <algorithm>
#include <vector>

#include "memory/support.hpp"

using namespace bufgc;
using namespace bufgc::testing;

namespace {

constexpr std::size_t window = 32;
constexpr std::size_t most_awaited = 16;

/// An open iteration with a plan, and of each of its allocations whether it came.
class Watched {
 public:
  explicit Watched(const IterationPlan& plan) : plan_(plan), came_(plan.allocations.size()) {
    open_.open(&plan);
  }
  void ask(std::size_t capacity_bytes, bool placed) {
    const std::size_t count = came_.size();
    std::size_t number = count;
    if (next_ < count && size_of(next_) == capacity_bytes) {
      number = next_;
    } else {
      for (std::size_t i = first_; i < std::min(first_ + window, count) && number == count; ++i) {
        if (!came_[i] && size_of(i) == capacity_bytes) number = i;
      }
    }
    const IterationPlan::Allocation* const expected = open_.expected(capacity_bytes);
    REQUIRE(expected == (number == count ? nullptr : &plan_.allocations[number]));
    open_.on_allocate(expected, placed);
    placed_ += placed ? 1U : 0U;
    const bool has_place = expected != nullptr && expected->offset_bytes != IterationPlan::no_offset;
    if (expected == nullptr || (has_place && !placed)) ++deviations_;
    if (expected != nullptr) {
      ++asked_;
      came_[number] = true;
      next_ = std::max(next_, number + 1);
      // So many are waited for, and what came of the first is behind.
      if (number - first_ >= most_awaited) first_ = number - most_awaited + 1;
      while (first_ < count && came_[first_]) ++first_;
    }
    REQUIRE(open_.placed() == placed_);
    REQUIRE(open_.deviations() == deviations_);
    REQUIRE(open_.as_planned() == (deviations_ == 0 && asked_ == count));
  }
  [[nodiscard]] std::size_t next() const { return next_; }
  [[nodiscard]] OpenIteration& open() { return open_; }

 private:
  [[nodiscard]] std::size_t size_of(std::size_t i) const { return plan_.allocations[i].capacity_bytes; }

  const IterationPlan& plan_;
  OpenIteration open_;
  std::vector<bool> came_;
  std::size_t next_ = 0;
  std::size_t first_ = 0;
  std::uint64_t placed_ = 0;
  std::uint64_t deviations_ = 0;
  std::uint64_t asked_ = 0;
};

IterationPlan plan_of(Random& random, std::size_t count, std::size_t sizes) {
  IterationPlan plan;
  REQUIRE(plan.allocations.allocate(count));
  for (IterationPlan::Allocation& allocation : plan.allocations) {
    allocation.capacity_bytes = 64 * (1 + below(random, sizes));
    if (below(random, 4) != 0) allocation.offset_bytes = 0;
  }
  return plan;
}

}  // namespace

TEST_CASE("a request is taken for the next of its size, or the first that is awaited", "[iteration]") {
  Random random(31);
  for (int round = 0; round < 200; ++round) {
    const std::size_t sizes = 1 + below(random, 40);
    const IterationPlan plan = plan_of(random, 1 + below(random, 150), sizes);
    Watched watched(plan);
    for (std::size_t step = 0; step < plan.allocations.size() + 10; ++step) {
      // Mostly what the plan says, some ahead of their turn, some left out, some of other sizes.
      std::size_t at = watched.next();
      const std::size_t choice = below(random, 10);
      if (choice == 0) at += below(random, 40);
      if (choice == 1 && at > 0) at -= 1 + below(random, std::min<std::size_t>(at, 20));
      const bool planned = at < plan.allocations.size() && choice != 2;
      watched.ask(planned ? plan.allocations[at].capacity_bytes : 64 * (1 + below(random, sizes + 1)),
                  below(random, 5) != 0);
    }
  }
}

TEST_CASE("what comes as planned leaves no deviation, and an iteration opened again begins anew",
          "[iteration]") {
  Random random(32);
  const IterationPlan plan = plan_of(random, 100, 5);
  OpenIteration open;
  for (int round = 0; round < 3; ++round) {
    open.open(&plan);
    CHECK(open.of_this_thread());
    CHECK(open.plan() == &plan);
    CHECK(open.wants_region());
    CHECK_FALSE(open.wants_region());
    CHECK(open.placed() == 0);
    CHECK(open.deviations() == 0);
    for (const IterationPlan::Allocation& allocation : plan.allocations) {
      CHECK_FALSE(open.as_planned());
      REQUIRE(open.expected(allocation.capacity_bytes) == &allocation);
      open.on_allocate(&allocation, allocation.offset_bytes != IterationPlan::no_offset);
    }
    CHECK(open.as_planned());
    CHECK(open.expected(64) == nullptr);
    // The next round must not know of it.
    open.on_allocate(nullptr, false);
    CHECK_FALSE(open.as_planned());
    CHECK(open.deviations() == 1);
  }
}
