// What a random program knows by itself of its buffers, and the comparisons with what is there.

#include <algorithm>

#include "proof/random_program.hpp"
#include "proof/support.hpp"

namespace bufgc::proof {
namespace {

std::uint64_t word_at(std::uint64_t mark, std::uint64_t word) {
  return mark ^ (word * 0x9e3779b97f4a7c15U);
}

}  // namespace

void RandomProgram::fill(const CpuBuffer& buffer, std::uint64_t mark, std::uint64_t size_bytes) const {
  const auto words = buffer.as<std::uint64_t>();
  for (std::size_t word = 0; word < words.size(); ++word) words[word] = word_at(mark, word);
  for (std::uint64_t at = size_bytes / 8 * 8; at < size_bytes; ++at)
    buffer.bytes()[static_cast<std::size_t>(at)] = static_cast<std::byte>(mark + at);
}

RandomProgram::Index RandomProgram::any_held() {
  return held_.empty() ? none : held_[static_cast<std::size_t>(below(held_.size()))];
}

RandomProgram::Index RandomProgram::add(CpuBuffer handle, BufferKind kind) {
  Index index = 0;
  if (free_nodes_.empty()) {
    index = static_cast<Index>(nodes_.size());
    nodes_.emplace_back();
  } else {
    index = free_nodes_.back();
    free_nodes_.pop_back();
  }
  Node& node = nodes_[index];
  node.state = State::alive;
  node.kind = kind;
  node.weak = handle.weak();
  node.handles.push_back(std::move(handle));
  node.strong = 1;
  node.root = none;
  node.offset_bytes = 0;
  held_.push_back(index);
  return index;
}

void RandomProgram::release(Index index) {
  if (--nodes_[index].strong > 0) return;
  if (alive(index)) die(index);
  nodes_[index].state = State::free;
  free_nodes_.push_back(index);
}

void RandomProgram::die(Index index) {
  nodes_[index].state = State::ended;
  let_go_of(index);
}

void RandomProgram::let_go_of(Index index) {
  ensure(nodes_[index].weak.expired(), "a buffer is alive that must have ended");
  if (nodes_[index].kind == BufferKind::external) ++expected_external_ended_;
  const auto finalizers = std::exchange(nodes_[index].finalizers, {});
  const auto links = std::exchange(nodes_[index].links, {});
  const Index root = nodes_[index].root;
  for (const Registered& registered : finalizers) {
    ensure(*registered.runs == 1, "a finalizer did not run once at its owner's end");
    ++expected_runs_;
    if (registered.throws) ++expected_errors_;
    if (registered.captive == none) continue;
    release(registered.captive);
  }
  for (const auto& [target, times] : links) {
    for (std::uint32_t time = 0; time < times; ++time) release(target);
  }
  if (root != none) release(root);
}

std::vector<bool> RandomProgram::reachable() const {
  std::vector<bool> reached(nodes_.size());
  std::vector<Index> pending;
  const auto reach = [&](Index index) {
    if (!alive(index) || reached[index]) return;
    reached[index] = true;
    pending.push_back(index);
  };
  for (Index index = 0; index < nodes_.size(); ++index) {
    const Node& node = nodes_[index];
    if (!node.handles.empty()) reach(index);
    // What a callback holds is held from outside, until its owner has ended.
    if (!alive(index) || node.weak.expired()) continue;
    for (const Registered& registered : node.finalizers) {
      if (registered.captive != none) reach(registered.captive);
    }
  }
  for (const Pinned& pinned : pins_) reach(pinned.index);
  while (!pending.empty()) {
    const Node& node = nodes_[pending.back()];
    pending.pop_back();
    if (node.root != none) reach(node.root);
    for (const auto& [target, times] : node.links) reach(target);
  }
  return reached;
}

void RandomProgram::follow_collections(bool completely) {
  collections_ = 0;
  while (true) {
    const std::vector<bool> reached = reachable();
    std::vector<Index> dead;
    for (Index index = 0; index < nodes_.size(); ++index) {
      if (!alive(index)) continue;
      const bool gone = nodes_[index].weak.expired();
      ensure(!reached[index] || !gone, "a buffer that is held has ended");
      ensure(!completely || reached[index] || gone, "a collection leaves what nobody reaches");
      if (gone) dead.push_back(index);
    }
    if (dead.empty()) return;
    // All of them together, each once; what they hold stays counted until its turn.
    for (const Index index : dead) {
      nodes_[index].state = State::ended;
      ++nodes_[index].strong;
    }
    for (const Index index : dead) let_go_of(index);
    for (const Index index : dead) release(index);
  }
}

void RandomProgram::check(Index index) const {
  const Node& node = nodes_[index];
  if (!alive(index)) return;
  ensure(!node.weak.expired(), "a buffer that must be alive has ended");
  if (!usable(index)) return;
  const CpuBuffer buffer = node.weak.lock();
  ensure(static_cast<bool>(buffer), "a buffer that must be alive is gone");
  ensure(buffer.use_count() == node.strong + 1, "a use count is not the number of references");
  ensure(buffer.size_bytes() == node.size_bytes, "a buffer has another size than it was made with");
  ensure(!buffer.destroyed(), "a buffer that lives says that it was destroyed");
  if (node.kind == BufferKind::view) {
    const CpuBuffer base = nodes_[node.root].weak.lock();
    const std::byte* const begin = base.try_data();
    ensure(node.size_bytes == 0 || buffer.try_data() == begin + node.offset_bytes,
           "a view shows another place");
  } else if (node.kind == BufferKind::owned) {
    const auto words = buffer.as<const std::uint64_t>();
    for (std::size_t word = 0; word < words.size(); ++word)
      ensure(words[word] == word_at(node.mark, word), "the contents of a buffer changed");
    for (std::uint64_t at = node.size_bytes / 8 * 8; at < node.size_bytes; ++at)
      ensure(buffer.bytes()[static_cast<std::size_t>(at)] == static_cast<std::byte>(node.mark + at),
             "the last bytes of a buffer changed");
  }
}

void RandomProgram::check_all() {
  std::uint64_t live[3] = {};
  std::uint64_t live_bytes = 0;
  std::uint64_t links = 0;
  std::uint64_t finalizers = 0;
  for (Index index = 0; index < nodes_.size(); ++index) {
    const Node& node = nodes_[index];
    check(index);
    if (node.state != State::alive) continue;
    ++live[static_cast<std::size_t>(node.kind)];
    if (node.kind == BufferKind::owned) live_bytes += node.size_bytes;
    for (const auto& [target, times] : node.links) links += times;
    finalizers += node.finalizers.size();
  }
  for (const Pinned& pinned : pins_)
    ensure(!usable(pinned.index) || pinned.pin.data() == pinned.place, "what is pinned moved");
  const Statistics now = manager_->statistics();
  ensure(now.live_buffers == live[static_cast<std::size_t>(BufferKind::owned)], "live_buffers is wrong");
  ensure(now.live_views == live[static_cast<std::size_t>(BufferKind::view)], "live_views is wrong");
  ensure(now.external_buffers == live[static_cast<std::size_t>(BufferKind::external)],
         "external_buffers is wrong");
  ensure(now.live_bytes == live_bytes, "live_bytes is wrong");
  ensure(now.live_blocks == now.live_buffers, "live_blocks is wrong");
  ensure(now.edges == links, "edges is wrong");
  ensure(now.finalizers_alive == finalizers, "finalizers_alive is wrong");
  ensure(runs_ == expected_runs_, "finalizers ran that should not have");
  ensure(errors_ == expected_errors_ && now.finalizer_errors == errors_,
         "not each error of a finalizer was handed on");
  ensure(external_ended_ == expected_external_ended_, "not each external buffer was released once");
  ensure(now.reserved_bytes == now.live_bytes + now.rounding_bytes + now.cached_bytes + now.gap_bytes,
         "the reserve is not the sum of its parts");
  if (manager_->visualizing()) {
    ensure(manager_->visualizer().live_buffers().size() == live[0] + live[1] + live[2],
           "the visualizer sees other buffers alive");
  }
  check_budget();
  const char* const wrong = manager_->check_invariants();
  ensure(wrong == nullptr, wrong == nullptr ? "" : wrong);
  ensure(misuses_ == 0, "hardened mode reports misuse where there is none");
}

void RandomProgram::end(bool by_closing) {
  if (iteration_->is_open()) iteration_->abandon();
  if (by_closing) {
    owner_may_live_ = true;
    manager_->close();
    for (Index index = 0; index < nodes_.size(); ++index) {
      const Node& node = nodes_[index];
      ensure(node.state == State::free || node.weak.expired(), "a buffer outlives its manager");
      for (const CpuBuffer& handle : node.handles)
        ensure(handle.destroyed() && handle.try_data() == nullptr,
               "a handle of a closed manager can be used");
      for (const Registered& registered : node.finalizers)
        ensure(*registered.runs == 1, "a finalizer did not run at the close");
    }
    ensure(source_.bytes_out() == 0, "a closed manager holds memory");
    ensure(manager_->check_invariants() == nullptr, "a closed manager is not in order");
  } else {
    while (!pins_.empty()) {
      const Index index = pins_.back().index;
      pins_.pop_back();
      release(index);
      if (collections_ > 0) follow_collections(false);
    }
    while (!held_.empty()) {
      drop();
      if (collections_ > 0) follow_collections(false);
    }
    collect();
    // Finalizers that hold one another's owners in a ring live for ever: those are taken off.
    for (Index index = 0; index < nodes_.size(); ++index) {
      while (alive(index) && !nodes_[index].finalizers.empty()) {
        Registered settled = std::move(nodes_[index].finalizers.back());
        nodes_[index].finalizers.pop_back();
        ensure(settled.finalizer.detach().has_value(), "a finalizer cannot be detached");
        if (settled.captive != none) release(settled.captive);
        if (collections_ > 0) follow_collections(false);
      }
    }
    collect();
    check_all();
    ensure(free_nodes_.size() == nodes_.size(), "the model keeps what nobody holds");
    manager_->trim(0);
    ensure(manager_->statistics().cached_bytes == 0, "trim(0) leaves something cached");
    ensure(source_.bytes_out() == 0, "memory stays out when nothing is live");
  }
  // Handles that outlive the manager.
  iteration_.reset();
  pins_.clear();
  manager_.reset();
  nodes_.clear();
  ensure(source_.bytes_out() == 0, "a manager that is gone left memory out");
}

void RandomProgram::check_budget() {
  ensure(source_.bytes_out() <= ceiling_, "more is out than the budget allows");
  const Statistics now = manager_->statistics();
  ensure(now.reserved_bytes == source_.bytes_out(), "reserved_bytes is not what is out");
  ceiling_ = std::max(budget_, std::min(ceiling_, source_.bytes_out()));
}

}  // namespace bufgc::proof
