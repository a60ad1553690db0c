#include "timeline/flame.hpp"

#include <algorithm>
#include <functional>
#include <unordered_map>
#include <utility>

#include "bufgc/viz/site_text.hpp"
#include "timeline/rows.hpp"

namespace bufgc::timeline {
namespace {

using Frames = std::vector<std::string_view>;
std::string_view trimmed(std::string_view text) noexcept {
  const std::size_t first = text.find_first_not_of(' ');
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

Frames cut(std::string_view text, std::string_view separator) {
  Frames frames;
  while (frames.size() + 1 < most_stack_frames) {
    const std::size_t at = text.find(separator);
    if (at == std::string_view::npos) break;
    // Nothing stands before a leading separator or between two.
    const std::string_view frame = trimmed(text.substr(0, at));
    if (!frame.empty()) frames.push_back(frame);
    text.remove_prefix(at + separator.size());
  }
  if (!trimmed(text).empty()) frames.push_back(trimmed(text));
  return frames;
}

bool is_plain_word(std::string_view part) noexcept {
  return !part.empty() && std::all_of(part.begin(), part.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

/// One frame while the tree is built.
struct Branch {
  FlameFrame frame;
  std::string_view name;
  std::uint64_t bytes = 0;
  std::uint64_t self_bytes = 0;
  std::uint64_t buffers = 0;
  std::vector<std::uint32_t> inner;
};

class Tree {
 public:
  Tree() : branches_(1) {}

  void add(std::uint32_t text, const Frames& frames, std::uint64_t bytes, std::uint64_t buffers) {
    std::uint32_t at = 0;
    count(at, bytes, buffers);
    for (std::uint32_t depth = 1; depth <= frames.size(); ++depth) {
      at = inner(at, {text, depth}, frames[depth - 1]);
      count(at, bytes, buffers);
    }
    branches_[at].self_bytes += bytes;
  }
  /// `FlameNode::none` where no row has that frame.
  [[nodiscard]] std::uint32_t find(const Frames& frames, std::uint32_t depth) const {
    std::uint32_t at = 0;
    for (std::uint32_t i = 0; i < depth; ++i) {
      if (i >= frames.size()) return FlameNode::none;
      const auto found = places_.find({at, frames[i]});
      if (found == places_.end()) return FlameNode::none;
      at = found->second;
    }
    return at;
  }
  [[nodiscard]] const Branch& operator[](std::uint32_t index) const { return branches_[index]; }
  [[nodiscard]] std::vector<std::uint32_t> largest_first(std::uint32_t index) const {
    std::vector<std::uint32_t> inner = branches_[index].inner;
    std::sort(inner.begin(), inner.end(), [&](std::uint32_t a, std::uint32_t b) {
      const Branch& left = branches_[a];
      const Branch& right = branches_[b];
      return left.bytes != right.bytes ? left.bytes > right.bytes : left.name < right.name;
    });
    return inner;
  }

 private:
  using Place = std::pair<std::uint32_t, std::string_view>;
  struct PlaceHash {
    std::size_t operator()(const Place& place) const noexcept {
      return std::hash<std::string_view>()(place.second) ^ (std::size_t{place.first} * 0x9e3779b1U);
    }
  };
  void count(std::uint32_t at, std::uint64_t bytes, std::uint64_t buffers) {
    branches_[at].bytes += bytes;
    branches_[at].buffers += buffers;
  }
  std::uint32_t inner(std::uint32_t around, FlameFrame frame, std::string_view name) {
    const auto [place, added] =
        places_.try_emplace({around, name}, static_cast<std::uint32_t>(branches_.size()));
    if (added) {
      branches_[around].inner.push_back(place->second);
      Branch& branch = branches_.emplace_back();
      branch.frame = frame;
      branch.name = name;
    }
    return place->second;
  }

  std::vector<Branch> branches_;
  std::unordered_map<Place, std::uint32_t, PlaceHash> places_;
};

bool is_counted(const Lifecycles& lifecycles, const FlameQuery& query, std::uint32_t row) {
  if (query.measure == FlameMeasure::live) return lives_after(lifecycles, row, query.event);
  const std::uint32_t born = lifecycles.alloc_event[row];
  if (born < query.first_event || born >= query.last_event || !born_in_log(lifecycles, row)) return false;
  return query.measure == FlameMeasure::allocated || is_alive_at_end(lifecycles, row);
}

Tree tree_of(const Lifecycles& lifecycles, const FlameQuery& query,
             const std::vector<std::uint8_t>& matches) {
  const NarrowColumn<std::uint32_t>& text = query.by == FlameBy::label ? lifecycles.label : lifecycles.site;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> counts(lifecycles.strings.size());
  for (std::uint32_t row = 0; row < matches.size(); ++row) {
    if (matches[row] == 0 || !is_counted(lifecycles, query, row)) continue;
    counts[text[row]].first += live_bytes(lifecycles, row);
    ++counts[text[row]].second;
  }
  Tree tree;
  for (std::uint32_t i = 0; i < counts.size(); ++i) {
    const auto [bytes, buffers] = counts[i];
    if (buffers != 0) tree.add(i, split_frames(lifecycles.strings.at(i)), bytes, buffers);
  }
  return tree;
}

/// Writes the branches level by level, narrow ones merged.
class Writer {
 public:
  Writer(const Tree& tree, const FlameQuery& query, std::uint32_t root) : tree_(tree), query_(query) {
    nodes_.push_back(node_of(root));
    branch_.push_back(root);
    least_bytes_ = static_cast<double>(tree[root].bytes) * query.least_share;
  }
  std::vector<FlameNode> write() && {
    for (std::uint32_t at = 0; at < nodes_.size(); ++at) {
      if (nodes_[at].merged == 0) write_inner(at);
    }
    return std::move(nodes_);
  }

 private:
  [[nodiscard]] FlameNode node_of(std::uint32_t index) const {
    const Branch& branch = tree_[index];
    FlameNode node;
    node.frame = branch.frame;
    node.name = branch.name;
    node.bytes = branch.bytes;
    node.self_bytes = branch.self_bytes;
    node.buffers = branch.buffers;
    return node;
  }
  void write_inner(std::uint32_t around) {
    FlameNode others;
    std::uint64_t start = nodes_[around].start_bytes;
    for (const std::uint32_t index : tree_.largest_first(branch_[around])) {
      FlameNode node = node_of(index);
      const bool narrow = node.bytes == 0 || static_cast<double>(node.bytes) < least_bytes_;
      if (narrow || nodes_.size() >= query_.most_nodes) {
        ++others.merged;
        others.bytes += node.bytes;
        others.buffers += node.buffers;
        continue;
      }
      push(node, around, start, index);
      start += node.bytes;
    }
    others.frame = nodes_[around].frame;
    if (others.merged != 0) push(others, around, start, 0);
  }
  void push(FlameNode node, std::uint32_t around, std::uint64_t start, std::uint32_t branch) {
    node.parent = around;
    node.start_bytes = start;
    nodes_.push_back(node);
    branch_.push_back(branch);
  }

  const Tree& tree_;
  const FlameQuery& query_;
  std::vector<FlameNode> nodes_;
  std::vector<std::uint32_t> branch_;  ///< Of each node; of merged ones meaningless.
  double least_bytes_ = 0;
};

}  // namespace

std::vector<std::string_view> split_frames(std::string_view text) {
  for (const std::string_view separator : {frame_separator, std::string_view(";"), std::string_view("/")}) {
    if (text.find(separator) == std::string_view::npos) continue;
    Frames frames = cut(text, separator);
    if (separator == frame_separator) {
      std::reverse(frames.begin(), frames.end());
      for (std::string_view& frame : frames)
        if (frame.substr(0, own_frame_mark.size()) == own_frame_mark)
          frame.remove_prefix(own_frame_mark.size());
    }
    if (!frames.empty()) return frames;
  }
  Frames frames = cut(text, ".");
  if (frames.size() > 1 && std::all_of(frames.begin(), frames.end(), is_plain_word)) return frames;
  return {text};
}

std::vector<FlameNode> flame_graph(const Lifecycles& lifecycles, const FlameQuery& query,
                                   const std::vector<std::uint8_t>& matches) {
  const Tree tree = tree_of(lifecycles, query, matches);
  const std::uint32_t root =
      query.root.depth == 0
          ? 0
          : tree.find(split_frames(lifecycles.strings.at(query.root.text)), query.root.depth);
  if (root != FlameNode::none) return Writer(tree, query, root).write();
  FlameNode nothing;
  nothing.frame = query.root;
  return {nothing};
}

}  // namespace bufgc::timeline
