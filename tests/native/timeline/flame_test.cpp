#include "timeline/flame.hpp"

#include <catch2/catch.hpp>
#include <limits>
#include <map>
#include <string>

#include "trace_maker.hpp"

using namespace bufgc;
using namespace bufgc::timeline;

namespace {

using Frames = std::vector<std::string_view>;

std::vector<std::uint8_t> all_rows(const Lifecycles& trace) {
  return std::vector<std::uint8_t>(trace.size(), 1);
}

Lifecycles stacked_trace(std::uint32_t seed) {
  Lifecycles trace = random_trace({seed, 500});
  for (std::size_t row = 0; row < trace.size(); ++row) {
    const std::string outer = "model/part" + std::to_string(row % 3);
    const std::string name = row % 7 == 0 ? outer : outer + "/layer" + std::to_string(row % 5);
    trace.label.set(row, trace.strings.intern(row % 11 == 0 ? std::string() : name));
  }
  return trace;
}

std::string path_of(const std::vector<FlameNode>& nodes, std::uint32_t at) {
  if (nodes[at].parent == FlameNode::none) return {};
  return path_of(nodes, nodes[at].parent) + "/" + std::string(nodes[at].name);
}

struct Sums {
  std::uint64_t bytes = 0;
  std::uint64_t buffers = 0;
  friend bool operator==(const Sums& a, const Sums& b) {
    return a.bytes == b.bytes && a.buffers == b.buffers;
  }
};

}  // namespace

TEST_CASE("names and stacks are cut into frames, the outermost first") {
  CHECK(split_frames("") == Frames{""});
  CHECK(split_frames("conv") == Frames{"conv"});
  CHECK(split_frames("main;train;forward") == Frames{"main", "train", "forward"});
  CHECK(split_frames("model/layer.0/conv") == Frames{"model", "layer.0", "conv"});
  CHECK(split_frames("/usr//lib/a.so") == Frames{"usr", "lib", "a.so"});
  CHECK(split_frames("copy 8 B, CPU <- PYTHON") == Frames{"PYTHON", "copy 8 B, CPU"});
  CHECK(split_frames("copy        8 B,     CPU <- PYTHON ") == Frames{"PYTHON", "copy        8 B,     CPU"});
  CHECK(split_frames("a <- b/c <- d") == Frames{"d", "b/c", "a"});
  CHECK(split_frames("layers.0.weight") == Frames{"layers", "0", "weight"});
  CHECK(split_frames("wl.py:11") == Frames{"wl.py:11"});
  CHECK(split_frames("host wl.py") == Frames{"host wl.py"});
  CHECK(split_frames("...") == Frames{"..."});
  CHECK(split_frames("/") == Frames{"/"});
  std::string deep;
  for (int i = 0; i < 1000; ++i) deep += "f;";
  CHECK(split_frames(deep).size() == 128);
  CHECK(split_frames("linear <- linear.py:1 f <- > a.py:2 g <- a.py:3 h") ==
        Frames{"a.py:3 h", "a.py:2 g", "linear.py:1 f", "linear"});
}

TEST_CASE("flame: every frame holds what a count from nothing finds, by each measure") {
  for (std::uint32_t seed = 1; seed <= 5; ++seed) {
    const Lifecycles trace = stacked_trace(seed);
    const std::uint64_t events = trace.event_count();
    for (const FlameMeasure measure : {FlameMeasure::live, FlameMeasure::allocated, FlameMeasure::kept}) {
      FlameQuery query;
      query.measure = measure;
      query.event = events / 2;
      query.first_event = events / 5;
      query.last_event = events - events / 4;
      std::map<std::string, Sums> expected{{"", {}}};
      for (std::size_t row = 0; row < trace.size(); ++row) {
        const std::uint64_t born = trace.alloc_event[row];
        const bool inside = born >= query.first_event && born < query.last_event;
        const bool kept = trace.free_event[row] == Lifecycles::none;
        const bool live = born <= query.event && trace.free_event[row] > query.event;
        const bool counted = measure == FlameMeasure::live        ? live
                             : measure == FlameMeasure::allocated ? inside
                                                                  : inside && kept;
        if (!counted) continue;
        std::string path;
        const std::uint64_t bytes = trace.kind[row] == 0 ? trace.size_bytes[row] : 0;
        expected[path].bytes += bytes;
        ++expected[path].buffers;
        for (const std::string_view frame : split_frames(trace.strings.at(trace.label[row]))) {
          path += "/" + std::string(frame);
          expected[path].bytes += bytes;
          ++expected[path].buffers;
        }
      }
      std::erase_if(expected,
                    [](const auto& entry) { return entry.second.bytes == 0 && !entry.first.empty(); });
      const std::vector<FlameNode> nodes = flame_graph(trace, query, all_rows(trace));
      std::map<std::string, Sums> found;
      for (std::uint32_t i = 0; i < nodes.size(); ++i) {
        if (nodes[i].merged == 0) found[path_of(nodes, i)] = {nodes[i].bytes, nodes[i].buffers};
      }
      INFO("seed " << seed << ", measure " << static_cast<int>(measure));
      REQUIRE(found == expected);
    }
  }
}

TEST_CASE("flame: what stands beside each other fills the frame around it, less its own bytes") {
  const Lifecycles trace = stacked_trace(3);
  FlameQuery query;
  query.last_event = trace.event_count();
  for (const double least_share : {0.0, 0.02, 0.2}) {
    query.least_share = least_share;
    const std::vector<FlameNode> nodes = flame_graph(trace, query, all_rows(trace));
    std::vector<std::uint64_t> inner(nodes.size());
    std::vector<std::uint64_t> buffers(nodes.size());
    for (std::uint32_t i = 1; i < nodes.size(); ++i) {
      const FlameNode& node = nodes[i];
      REQUIRE(node.parent < i);
      REQUIRE(node.start_bytes == nodes[node.parent].start_bytes + inner[node.parent]);
      if (node.merged == 0) {
        REQUIRE(static_cast<double>(node.bytes) >= least_share * static_cast<double>(nodes[0].bytes));
      }
      inner[node.parent] += node.bytes;
    }
    for (std::uint32_t i = 0; i < nodes.size(); ++i) {
      if (nodes[i].merged == 0) REQUIRE(inner[i] + nodes[i].self_bytes == nodes[i].bytes);
    }
  }
}

TEST_CASE("flame: a frame can be the root, and a few nodes must do where a few are allowed") {
  TraceMaker maker;
  maker.alloc({100, 0, "a/b/c"});
  maker.alloc({50, 0, "a/b/d"});
  maker.alloc({25, 0, "a/e"});
  maker.alloc({1000, 0, "z"});
  FlameQuery query;
  query.last_event = 4;
  query.root = {maker.trace.strings.find("a/b/d"), 2};
  const std::vector<FlameNode> inner = flame_graph(maker.trace, query, all_rows(maker.trace));
  REQUIRE(inner.size() == 3);
  CHECK(inner[0].name == "b");
  CHECK(inner[0].bytes == 150);
  CHECK(inner[1].name == "c");
  CHECK(inner[1].frame.depth == 3);
  CHECK(inner[2].start_bytes == 100);

  query.root = {};
  query.most_nodes = 2;
  const std::vector<FlameNode> few = flame_graph(maker.trace, query, all_rows(maker.trace));
  REQUIRE(few.size() == 3);
  CHECK(few[1].name == "z");
  CHECK(few[2].merged == 1);
  CHECK(few[2].bytes == 175);

  query.root = {maker.trace.strings.find("z"), 2};
  CHECK(flame_graph(maker.trace, query, all_rows(maker.trace)).front().bytes == 0);
  query.root = {std::numeric_limits<std::uint32_t>::max(), 1};
  CHECK(flame_graph(maker.trace, query, all_rows(maker.trace)).front().bytes == 0);
  query.root = {};
  CHECK(flame_graph(maker.trace, query, {0, 0, 0, 1}).front().bytes == 1000);
  CHECK(flame_graph({}, {}, {}).size() == 1);
}
