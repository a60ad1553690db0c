#include <algorithm>
#include <catch2/catch.hpp>
#include <random>

#include "timeline/lifecycle_index.hpp"

using namespace bufgc::timeline;

namespace {

struct Spans {
  std::vector<std::uint64_t> starts, ends;
  std::vector<std::uint32_t> boxes;   // Empty: each is of the box of its own number.
  std::vector<std::uint64_t> untils;  // Empty: nothing waits.
  [[nodiscard]] std::size_t size() const { return starts.size(); }
  [[nodiscard]] std::uint64_t start(std::size_t i) const { return starts[i]; }
  [[nodiscard]] std::uint64_t end(std::size_t i) const { return ends[i]; }
  [[nodiscard]] std::uint64_t until(std::size_t i) const { return untils.empty() ? ends[i] : untils[i]; }
  [[nodiscard]] std::uint32_t box(std::size_t i) const {
    return boxes.empty() ? static_cast<std::uint32_t>(i) : boxes[i];
  }
};

std::vector<std::uint32_t> found(const LifecycleIndex& index, std::uint64_t a, std::uint64_t b) {
  std::vector<std::uint32_t> rows;
  index.for_each(a, b, [&](std::uint32_t row, std::uint64_t, std::uint64_t) { rows.push_back(row); });
  std::sort(rows.begin(), rows.end());
  return rows;
}

/// Those that wait, too.
std::vector<std::uint32_t> held(const Spans& spans, const LifecycleIndex& index, std::uint64_t a,
                                std::uint64_t b) {
  std::vector<std::uint32_t> rows;
  index.for_each_held(
      a, b, [&](std::uint32_t row, std::uint64_t start, std::uint64_t end, std::uint64_t until) {
        REQUIRE((start == spans.start(row) && end == spans.end(row) && until == spans.until(row)));
        rows.push_back(row);
      });
  std::sort(rows.begin(), rows.end());
  return rows;
}

std::vector<std::uint32_t> naive(const Spans& spans, std::uint64_t a, std::uint64_t b, bool waiting = false) {
  std::vector<std::uint32_t> rows;
  for (std::uint32_t row = 0; a < b && row < spans.size(); ++row) {
    const std::uint64_t end = std::max(waiting ? spans.until(row) : spans.end(row), spans.start(row) + 1);
    if (spans.start(row) < b && end > a) rows.push_back(row);
  }
  return rows;
}

Spans random_spans(std::mt19937_64& random, std::size_t count, std::uint64_t extent, bool in_order) {
  Spans spans;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t start = random() % extent;
    const unsigned bits = static_cast<unsigned>(random() % 16);
    spans.starts.push_back(start);
    spans.ends.push_back(start + random() % (std::uint64_t{1} << bits));
  }
  if (in_order) std::sort(spans.starts.begin(), spans.starts.end());
  for (std::size_t i = 0; in_order && i < count; ++i) spans.ends[i] = spans.starts[i] + random() % 5000;
  // Half of them leave nothing that waits.
  for (const std::uint64_t end : spans.ends) spans.untils.push_back(end + (random() % 2) * (random() % 3000));
  return spans;
}

}  // namespace

TEST_CASE("a walk in steps meets what one at once meets, in the same order, and tells how far it is") {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    std::mt19937_64 random(seed);
    // Both forms of entries: an axis that ends beyond 2^32 has the wide one.
    Spans spans = random_spans(random, 300, 10'000, true);
    const std::uint64_t moved = seed % 2 == 0 ? std::uint64_t{1} << 40U : 0;
    for (auto* const places : {&spans.starts, &spans.ends, &spans.untils}) {
      for (std::uint64_t& place : *places) place += moved;
    }
    const LifecycleIndex index(spans);
    const std::uint64_t a = moved + 2000;
    const std::uint64_t b = moved + 6000;
    std::vector<std::uint32_t> whole;
    const auto visit = [](std::vector<std::uint32_t>& rows) {
      return [&rows](std::uint32_t row, std::uint64_t, std::uint64_t, std::uint64_t) { rows.push_back(row); };
    };
    index.for_each_held(a, b, visit(whole));
    REQUIRE(whole.size() > 50);
    for (const std::size_t most : {1U, 13U, 1000U}) {
      LifecycleIndex::Walk walk(index, a, b);
      std::vector<std::uint32_t> rows;
      std::size_t steps = 0;
      REQUIRE(walk.share() == 0);
      for (double before = 0; walk.share() < 1; before = walk.share(), ++steps) {
        walk.go_on(most, visit(rows));
        REQUIRE(walk.share() > before);
      }
      CHECK(rows == whole);
      CHECK(steps >= whole.size() / most);
      walk.go_on(most, visit(rows));
      CHECK(rows == whole);
    }
    CHECK(LifecycleIndex::Walk(index, b, a).share() == 1);
    CHECK(LifecycleIndex::Walk(index, moved + 60'000, moved + 70'000).share() == 1);
  }
}

TEST_CASE("the index finds exactly the intervals that meet a range") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    std::mt19937_64 random(seed);
    const Spans spans = random_spans(random, 300, seed % 2 == 0 ? 1000 : 100'000, seed % 3 != 0);
    const LifecycleIndex index(spans);
    for (int query = 0; query < 60; ++query) {
      const std::uint64_t a = random() % 101'000;
      const std::uint64_t b = a + random() % (query % 2 == 0 ? 20 : 50'000);
      INFO("seed " << seed << ", range " << a << " to " << b);
      REQUIRE(found(index, a, b) == naive(spans, a, b));
      REQUIRE(index.count(a, b) == naive(spans, a, b).size());
      REQUIRE(held(spans, index, a, b) == naive(spans, a, b, true));
    }
  }
}

TEST_CASE("the index holds intervals at the far end of the axis") {
  const std::uint64_t far = ~std::uint64_t{0};
  const Spans spans{{0, 0, far - 3}, {1, far, far}, {}, {}};
  const LifecycleIndex index(spans);
  CHECK(found(index, 0, 1) == std::vector<std::uint32_t>{0, 1});
  CHECK(found(index, far - 2, far) == std::vector<std::uint32_t>{1, 2});
  CHECK(found(index, 5, 5).empty());
}

TEST_CASE("an empty index finds nothing") {
  CHECK(found(LifecycleIndex(Spans{}), 0, 100).empty());
}

TEST_CASE("intervals tell whose they are") {
  const LifecycleIndex index(Spans{{0, 4, 8}, {2, 6, 9}, {7, 3, 7}, {}});
  CHECK(found(index, 0, 5) == std::vector<std::uint32_t>{3, 7});
  CHECK(found(index, 8, 9) == std::vector<std::uint32_t>{7});
}
