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
  if (range->links().lower != nullptr)
    largest = std::max(largest, range->links().lower->links().largest_bytes);
  if (range->links().higher != nullptr)
    largest = std::max(largest, range->links().higher->links().largest_bytes);
  return largest;
}

void attach(Range* child, Range* parent, Range*& place) noexcept {
  place = child;
  if (child != nullptr) child->links().parent = parent;
}

}  // namespace

void AddressTree::replace(const Range* range, Range* child) noexcept {
  Range* parent = range->links().parent;
  if (parent == nullptr) {
    attach(child, nullptr, root_);
  } else {
    attach(child, parent, parent->links().lower == range ? parent->links().lower : parent->links().higher);
  }
}

void AddressTree::lift(Range* child) noexcept {
  Range* parent = child->links().parent;
  replace(parent, child);
  if (parent->links().lower == child) {
    attach(child->links().higher, parent, parent->links().lower);
    attach(parent, child, child->links().higher);
  } else {
    attach(child->links().lower, parent, parent->links().higher);
    attach(parent, child, child->links().lower);
  }
  child->links().largest_bytes = parent->links().largest_bytes;
  parent->links().largest_bytes = largest_of(parent);
}

void AddressTree::update(Range* range) noexcept {
  for (; range != nullptr; range = range->links().parent) {
    const std::size_t largest = largest_of(range);
    if (largest == range->links().largest_bytes) return;
    range->links().largest_bytes = largest;
  }
}

void AddressTree::insert(Range* range) noexcept {
  range->links().lower = nullptr;
  range->links().higher = nullptr;
  range->links().largest_bytes = range->capacity_bytes;
  Range* parent = nullptr;
  Range** place = &root_;
  while (*place != nullptr) {
    parent = *place;
    parent->links().largest_bytes = std::max(parent->links().largest_bytes, range->capacity_bytes);
    place = std::less<>{}(range->data, parent->data) ? &parent->links().lower : &parent->links().higher;
  }
  *place = range;
  range->links().parent = parent;
  while (range->links().parent != nullptr && outranks(range, range->links().parent)) lift(range);
}

void AddressTree::remove(Range* range) noexcept {
  while (range->links().lower != nullptr && range->links().higher != nullptr) {
    lift(outranks(range->links().lower, range->links().higher) ? range->links().lower
                                                               : range->links().higher);
  }
  replace(range, range->links().lower != nullptr ? range->links().lower : range->links().higher);
  update(range->links().parent);
}

Range* AddressTree::find(std::size_t bytes) const noexcept {
  if (largest_bytes() < bytes) return nullptr;
  Range* range = root_;
  for (;;) {
    if (range->links().lower != nullptr && range->links().lower->links().largest_bytes >= bytes) {
      range = range->links().lower;
    } else if (range->capacity_bytes >= bytes) {
      return range;
    } else {
      range = range->links().higher;
    }
  }
}

Range* AddressTree::at(const std::byte* address) const noexcept {
  Range* found = nullptr;
  for (Range* range = root_; range != nullptr;) {
    const bool above = std::less<>{}(address, static_cast<const std::byte*>(range->data));
    if (!above) found = range;
    range = above ? range->links().lower : range->links().higher;
  }
  return found;
}

const char* AddressTree::check(std::size_t count, RangeState state) const noexcept {
  if (root_ != nullptr && root_->links().parent != nullptr) return "the root of the free ranges has a parent";
  // In address order: the lowest first, then always the next one above.
  const Range* range = root_;
  while (range != nullptr && range->links().lower != nullptr) range = range->links().lower;
  const Range* previous = nullptr;
  std::size_t seen = 0;
  while (range != nullptr) {
    if (++seen > count) return "the tree holds more ranges than are free";
    if (range->state != state) return "the tree holds a range that is not free";
    if (range->links().largest_bytes != largest_of(range)) return "a subtree's largest range is wrong";
    if (range->links().parent != nullptr && outranks(range, range->links().parent))
      return "the tree is out of balance";
    if (previous != nullptr && !std::less<>{}(previous->data, range->data)) {
      return "the tree is not in address order";
    }
    previous = range;
    if (range->links().higher != nullptr) {
      range = range->links().higher;
      while (range->links().lower != nullptr) range = range->links().lower;
    } else {
      while (range->links().parent != nullptr && range->links().parent->links().higher == range)
        range = range->links().parent;
      range = range->links().parent;
    }
  }
  return seen == count ? nullptr : "a free range is not in the tree";
}

}  // namespace bufgc
