#include "bufgc/memory/address_tree.hpp"

#include <algorithm>
#include <cstdint>
#include <functional>

namespace bufgc {
namespace {

/// What makes a treap balanced: of a parent and its child the parent has the higher rank. A record's
/// own address, scattered, is as good as chance, and stays the same while the range moves or grows.
std::uint32_t rank_of(const Range* range) noexcept {
  const auto address = static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(range));
  return static_cast<std::uint32_t>((address * 0x9E3779B97F4A7C15U) >> 32U);
}

bool outranks(const Range* a, const Range* b) noexcept {
  const std::uint32_t rank_a = rank_of(a);
  const std::uint32_t rank_b = rank_of(b);
  return rank_a != rank_b ? rank_a > rank_b : std::less<>{}(a, b);
}

std::size_t largest_of(const Range* range) noexcept {
  std::size_t largest = range->capacity_bytes;
  if (range->lower != nullptr) largest = std::max(largest, range->lower->largest_bytes);
  if (range->higher != nullptr) largest = std::max(largest, range->higher->largest_bytes);
  return largest;
}

void attach(Range* child, Range* parent, Range*& place) noexcept {
  place = child;
  if (child != nullptr) child->parent = parent;
}

}  // namespace

void AddressTree::replace(const Range* range, Range* child) noexcept {
  Range* parent = range->parent;
  if (parent == nullptr) {
    attach(child, nullptr, root_);
  } else {
    attach(child, parent, parent->lower == range ? parent->lower : parent->higher);
  }
}

void AddressTree::lift(Range* child) noexcept {
  Range* parent = child->parent;
  replace(parent, child);
  if (parent->lower == child) {
    attach(child->higher, parent, parent->lower);
    attach(parent, child, child->higher);
  } else {
    attach(child->lower, parent, parent->higher);
    attach(parent, child, child->lower);
  }
  child->largest_bytes = parent->largest_bytes;
  parent->largest_bytes = largest_of(parent);
}

void AddressTree::update(Range* range) noexcept {
  for (; range != nullptr; range = range->parent) {
    const std::size_t largest = largest_of(range);
    if (largest == range->largest_bytes) return;
    range->largest_bytes = largest;
  }
}

void AddressTree::insert(Range* range) noexcept {
  range->lower = nullptr;
  range->higher = nullptr;
  range->largest_bytes = range->capacity_bytes;
  Range* parent = nullptr;
  Range** place = &root_;
  while (*place != nullptr) {
    parent = *place;
    parent->largest_bytes = std::max(parent->largest_bytes, range->capacity_bytes);
    place = std::less<>{}(range->data, parent->data) ? &parent->lower : &parent->higher;
  }
  *place = range;
  range->parent = parent;
  while (range->parent != nullptr && outranks(range, range->parent)) lift(range);
}

void AddressTree::remove(Range* range) noexcept {
  while (range->lower != nullptr && range->higher != nullptr) {
    lift(outranks(range->lower, range->higher) ? range->lower : range->higher);
  }
  replace(range, range->lower != nullptr ? range->lower : range->higher);
  update(range->parent);
}

Range* AddressTree::find(std::size_t bytes) const noexcept {
  if (largest_bytes() < bytes) return nullptr;
  Range* range = root_;
  for (;;) {
    if (range->lower != nullptr && range->lower->largest_bytes >= bytes) {
      range = range->lower;
    } else if (range->capacity_bytes >= bytes) {
      return range;
    } else {
      range = range->higher;
    }
  }
}

Range* AddressTree::at(const std::byte* address) const noexcept {
  Range* found = nullptr;
  for (Range* range = root_; range != nullptr;) {
    const bool above = std::less<>{}(address, static_cast<const std::byte*>(range->data));
    if (!above) found = range;
    range = above ? range->lower : range->higher;
  }
  return found;
}

const char* AddressTree::check(std::size_t count, RangeState state) const noexcept {
  if (root_ != nullptr && root_->parent != nullptr) return "the root of the free ranges has a parent";
  // In address order: the lowest first, then always the next one above.
  const Range* range = root_;
  while (range != nullptr && range->lower != nullptr) range = range->lower;
  const Range* previous = nullptr;
  std::size_t seen = 0;
  while (range != nullptr) {
    if (++seen > count) return "the tree holds more ranges than are free";
    if (range->state != state) return "the tree holds a range that is not free";
    if (range->largest_bytes != largest_of(range)) return "a subtree's largest range is wrong";
    if (range->parent != nullptr && outranks(range, range->parent)) return "the tree is out of balance";
    if (previous != nullptr && !std::less<>{}(previous->data, range->data)) {
      return "the tree is not in address order";
    }
    previous = range;
    if (range->higher != nullptr) {
      range = range->higher;
      while (range->lower != nullptr) range = range->lower;
    } else {
      while (range->parent != nullptr && range->parent->higher == range) range = range->parent;
      range = range->parent;
    }
  }
  return seen == count ? nullptr : "a free range is not in the tree";
}

}  // namespace bufgc
