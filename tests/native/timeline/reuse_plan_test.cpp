#include <algorithm>
#include <catch2/catch.hpp>

#include "timeline/reuse.hpp"
#include "trace_maker.hpp"

using namespace bufgc;
using namespace bufgc::timeline;

namespace {

Reuse reuse_of(const Lifecycles& trace, std::size_t most_pairs = 100) {
  return find_reuse(trace, Levels(trace), most_pairs);
}

}  // namespace

TEST_CASE("reuse: the plan is no lower than what lived at once, and saved is actual less planned") {
  for (std::uint32_t seed = 1; seed <= 8; ++seed) {
    const Lifecycles trace = random_trace({seed});
    std::uint64_t most = 0;
    for (std::uint32_t event = 0; event < trace.event_count(); ++event) {
      std::uint64_t live = 0;
      for (std::size_t row = 0; row < trace.size(); ++row) {
        const bool lives = trace.alloc_event[row] <= event && trace.free_event[row] > event;
        live += lives && trace.kind[row] == 0 ? trace.capacity_bytes[row] : 0;
      }
      most = std::max(most, live);
    }
    INFO("seed " << seed);
    const Reuse reuse = reuse_of(trace);
    CHECK(reuse.least_bytes == most);
    CHECK(reuse.planned_bytes >= most);
    CHECK(reuse.planned_bytes <= most + most / 2);
    CHECK(reuse.actual_bytes == Levels(trace).maxima().reserved_bytes);
    CHECK(reuse.actual_bytes - reuse.saved_bytes == std::min(reuse.actual_bytes, reuse.planned_bytes));
  }
}

TEST_CASE("reuse: pairs follow each other, stood apart, and are the largest there are") {
  for (std::uint32_t seed = 1; seed <= 8; ++seed) {
    const Lifecycles trace = random_trace({seed, 600, true, true, seed % 2 == 0});
    const Places places(trace);
    const Reuse all = reuse_of(trace, trace.size());
    INFO("seed " << seed);
    REQUIRE(all.pairs.size() > 1);
    REQUIRE(all.pairs.size() == all.all_pairs);
    for (std::size_t i = 0; i < all.pairs.size(); ++i) {
      const auto [first, second, bytes] = all.pairs[i];
      REQUIRE(trace.free_event[first] <= trace.alloc_event[second]);
      REQUIRE(bytes <= std::min(trace.capacity_bytes[first], trace.capacity_bytes[second]));
      const std::uint64_t a = places.address(places.last_of(first));
      const std::uint64_t b = trace.address[second];
      REQUIRE((a + trace.capacity_bytes[first] <= b || b + trace.capacity_bytes[second] <= a));
      if (i > 0) REQUIRE(all.pairs[i - 1].bytes >= bytes);
    }
    const Reuse few = reuse_of(trace, 1);
    CHECK(few.pairs.size() == 1);
    CHECK(few.pairs.front().bytes == all.pairs.front().bytes);
    CHECK(few.all_pairs == all.all_pairs);
  }
}

TEST_CASE("reuse: many rows are placed by best fit in the order of events") {
  const Lifecycles trace = random_trace({9, 90'000});
  REQUIRE(trace.size() > ReuseSearch::most_planned_rows);
  std::vector<std::uint32_t> rows;
  std::uint64_t live = 0;
  std::uint64_t most = 0;
  for (std::uint32_t event = 0; event < trace.event_count(); ++event) {
    const std::uint32_t row = trace.event_row[event];
    if (trace.kind[row] != 0) continue;
    const bool born = trace.event_kind[event] == Lifecycles::EventKind::alloc;
    if (born) rows.push_back(row);
    live = born ? live + trace.capacity_bytes[row] : live - trace.capacity_bytes[row];
    most = std::max(most, live);
  }
  const Reuse reuse = reuse_of(trace);
  CHECK(reuse.planned_bytes == pack_rows(trace, rows).height);
  CHECK(reuse.least_bytes == most);
  CHECK(reuse.pairs.size() == 100);
  CHECK(reuse.all_pairs > 100);
  for (const auto& [first, second, bytes] : reuse.pairs) {
    REQUIRE(trace.free_event[first] <= trace.alloc_event[second]);
    REQUIRE(bytes <= std::min(trace.capacity_bytes[first], trace.capacity_bytes[second]));
  }
}

TEST_CASE("reuse: in pieces of any size the answer is the same, for a trace that grows meanwhile, too") {
  for (const std::uint32_t events : {700U, 50'000U}) {
    const Lifecycles trace = random_trace({4, events});
    const Levels levels(trace);
    const Reuse whole = find_reuse(trace, levels, 50);
    for (const std::size_t piece : {std::size_t{1}, std::size_t{333}, std::size_t{1'000'000}}) {
      Lifecycles growing = trace;
      ReuseSearch search(growing, 50);
      double before = -1;
      bool done = false;
      for (std::size_t pieces = 0; !done; ++pieces) {
        done = search.advance(piece);
        REQUIRE(search.share() > before);
        before = search.share();
        REQUIRE(done == (before >= 1));
        if (pieces != 1) continue;
        // What lived at the end is freed now, and something is born.
        const auto at = static_cast<std::uint32_t>(growing.event_count());
        for (std::uint32_t row = 0; row < growing.size(); ++row) {
          if (growing.free_event[row] != Lifecycles::none) continue;
          growing.free_event[row] = at;
          break;
        }
        growing.event_kind.push_back(Lifecycles::EventKind::free);
        growing.event_row.push_back(0);
        growing.event_time_ns.push_back(growing.event_time_ns.back());
      }
      const Reuse pieced = search.answer(levels);
      INFO(events << " events, pieces of " << piece);
      CHECK(pieced.planned_bytes == whole.planned_bytes);
      CHECK(pieced.least_bytes == whole.least_bytes);
      CHECK(pieced.saved_bytes == whole.saved_bytes);
      CHECK(pieced.all_pairs == whole.all_pairs);
      REQUIRE(pieced.pairs.size() == whole.pairs.size());
      for (std::size_t i = 0; i < whole.pairs.size(); ++i) {
        REQUIRE(pieced.pairs[i].first == whole.pairs[i].first);
        REQUIRE(pieced.pairs[i].second == whole.pairs[i].second);
        REQUIRE(pieced.pairs[i].bytes == whole.pairs[i].bytes);
      }
    }
  }
}

TEST_CASE("reuse: two buffers that never lived together could share, and those that did share are no pair") {
  TraceMaker maker;
  const std::uint32_t first = maker.alloc({100, 0x1000});
  maker.free(first, to_cache);
  const std::uint32_t second = maker.alloc({80, 0x2000});
  maker.free(second, to_cache);
  TraceMaker::Birth birth{80, 0x2000};
  birth.served_by = from_cache;
  maker.alloc(birth);
  const Reuse reuse = reuse_of(maker.trace);
  CHECK(reuse.actual_bytes == 180);
  CHECK(reuse.planned_bytes == 100);
  CHECK(reuse.least_bytes == 100);
  CHECK(reuse.saved_bytes == 80);
  REQUIRE(reuse.pairs.size() == 1);
  CHECK(reuse.pairs[0].first == first);
  CHECK(reuse.pairs[0].second == second);
  CHECK(reuse.pairs[0].bytes == 80);
}

TEST_CASE("reuse: what has no address, no bytes or no events is no pair") {
  TraceMaker maker;
  maker.free(maker.alloc({100}));
  maker.free(maker.alloc({100}));
  maker.alloc({0, 0x1000});
  const Reuse reuse = reuse_of(maker.trace);
  CHECK(reuse.planned_bytes == 100);
  CHECK(reuse.pairs.empty());
  CHECK(reuse_of({}).planned_bytes == 0);
}
