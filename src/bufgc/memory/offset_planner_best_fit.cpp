#include "bufgc/memory/offset_planner_best_fit.hpp"

#include <algorithm>
#include <tuple>

namespace bufgc::planning {
namespace {

/// A node's place in the treap's heap order: a fixed mixing of its index, so that plans repeat.
std::uint32_t priority(std::uint32_t index) noexcept {
  std::uint32_t mixed = index * 0x9e3779b9U;
  mixed = (mixed ^ (mixed >> 16U)) * 0x85ebca6bU;
  return mixed ^ (mixed >> 13U);
}

}  // namespace

bool BestFit::allocate(std::size_t count) noexcept {
  return nodes_.allocate(count + 1) && births_.allocate(count) && deaths_.allocate(count);
}

void BestFit::plan(std::span<const Item> items, std::span<std::uint64_t> offsets) noexcept {
  const auto count = static_cast<std::uint32_t>(items.size());
  ground_ = count;
  top_ = ground_;
  root_ = none;
  nodes_[ground_] = {};
  for (std::uint32_t i = 0; i < count; ++i) births_[i] = deaths_[i] = i;
  std::sort(births_.begin(), births_.begin() + count, [&](std::uint32_t a, std::uint32_t b) {
    return std::tuple(items[a].first, items[b].size, a) < std::tuple(items[b].first, items[a].size, b);
  });
  std::sort(deaths_.begin(), deaths_.begin() + count, [&](std::uint32_t a, std::uint32_t b) {
    return std::tuple(items[a].last, a) < std::tuple(items[b].last, b);
  });
  std::size_t dead = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t born = births_[i];
    for (; items[deaths_[dead]].last <= items[born].first; ++dead) {
      remove(deaths_[dead], items[deaths_[dead]].size);
    }
    place(born, items[born].size, offsets[born]);
  }
}

void BestFit::place(std::uint32_t index, std::uint64_t size, std::uint64_t& offset) noexcept {
  const std::uint32_t gap = smallest_gap(size);
  const std::uint32_t below = gap == none ? top_ : gap;
  offset = nodes_[below].end;
  Node& node = nodes_[index];
  node = {};
  node.below = below;
  node.above = nodes_[below].above;
  node.end = offset + size;
  nodes_[below].above = index;
  if (gap == none) {
    top_ = index;
    return;
  }
  nodes_[node.above].below = index;
  erase_gap(gap);
  node.gap = nodes_[gap].gap - size;
  nodes_[gap].gap = 0;
  if (node.gap > 0) insert_gap(index);
}

void BestFit::remove(std::uint32_t index, std::uint64_t size) noexcept {
  const Node& node = nodes_[index];
  Node& below = nodes_[node.below];
  if (node.gap > 0) erase_gap(index);
  if (below.gap > 0) erase_gap(node.below);
  below.above = node.above;
  if (index == top_) {  // what is above the top is no gap
    top_ = node.below;
    below.gap = 0;
    return;
  }
  nodes_[node.above].below = node.below;
  below.gap += size + node.gap;
  insert_gap(node.below);
}

bool BestFit::sorts_before(std::uint32_t a, std::uint32_t b) const noexcept {
  return std::tuple(nodes_[a].gap, nodes_[a].end) < std::tuple(nodes_[b].gap, nodes_[b].end);
}

std::uint32_t BestFit::smallest_gap(std::uint64_t size) const noexcept {
  std::uint32_t found = none;
  for (std::uint32_t node = root_; node != none;) {
    if (nodes_[node].gap < size) {
      node = nodes_[node].right;
    } else {
      found = node;
      node = nodes_[node].left;
    }
  }
  return found;
}

void BestFit::insert_gap(std::uint32_t index) noexcept {
  std::uint32_t* link = &root_;
  while (*link != none && priority(*link) >= priority(index)) {
    link = sorts_before(*link, index) ? &nodes_[*link].right : &nodes_[*link].left;
  }
  // What was here is split around the new node and becomes its children.
  std::uint32_t rest = *link;
  *link = index;
  std::uint32_t* left = &nodes_[index].left;
  std::uint32_t* right = &nodes_[index].right;
  while (rest != none) {
    if (sorts_before(rest, index)) {
      *left = rest;
      left = &nodes_[rest].right;
      rest = *left;
    } else {
      *right = rest;
      right = &nodes_[rest].left;
      rest = *right;
    }
  }
  *left = none;
  *right = none;
}

void BestFit::erase_gap(std::uint32_t index) noexcept {
  std::uint32_t* link = &root_;
  while (*link != index) link = sorts_before(*link, index) ? &nodes_[*link].right : &nodes_[*link].left;
  // Its children are merged in its place.
  std::uint32_t left = nodes_[index].left;
  std::uint32_t right = nodes_[index].right;
  while (left != none && right != none) {
    std::uint32_t& higher = priority(left) >= priority(right) ? left : right;
    *link = higher;
    link = &higher == &left ? &nodes_[left].right : &nodes_[right].left;
    higher = *link;
  }
  *link = left != none ? left : right;
}

}  // namespace bufgc::planning
