// What a random program does: each operation on what is there, and on the model beside it.

#include <algorithm>
#include <stdexcept>

#include "proof/random_program.hpp"
#include "proof/support.hpp"

namespace bufgc::proof {
namespace {

constexpr std::uint64_t kibibyte = 1024;

}  // namespace

std::uint64_t RandomProgram::random_size() {
  if (below(64) == 0) return 0;
  const std::uint64_t scale = std::uint64_t{1} << below(12);
  return below(24) == 0 ? 1 + below(world_.largest_bytes) : scale + below(scale);
}

void RandomProgram::allocate() {
  const std::uint64_t size_bytes = random_size();
  if (world_.forces_exchange && below(8) != 0) {
    budget_ = std::max<std::uint64_t>(manager_->statistics().reserved_bytes, 4096);
    manager_->set_budget_bytes(budget_);
    ceiling_ = std::max(budget_, std::min(ceiling_, source_.bytes_out()));
  }
  Result<CpuBuffer> result =
      below(4) == 0 ? manager_->try_alloc({size_bytes, DType::uint8, {}, below(2) == 0 ? "label" : ""})
                    : manager_->try_alloc(size_bytes);
  if (!result && world_.forces_exchange) {
    budget_ = ceiling_ = no_budget;
    manager_->set_budget_bytes(budget_);
    result = manager_->try_alloc(size_bytes);
  }
  if (collections_ > 0) follow_collections(false);
  if (!result) {
    ensure(result.status == Status::out_of_memory, "an allocation fails, but not for want of memory");
    return;
  }
  const std::uint64_t mark = random_();
  fill(result.value, mark, size_bytes);
  const Index index = add(std::move(result.value), BufferKind::owned);
  nodes_[index].size_bytes = size_bytes;
  nodes_[index].mark = mark;
}

void RandomProgram::allocate_external() {
  const std::uint64_t size_bytes = below(external_bytes_.size()) * 8;
  CpuBuffer buffer = manager_->external(
      reinterpret_cast<std::byte*>(external_bytes_.data()), {size_bytes, DType::uint8, {}, {}},
      [this, size_bytes](std::byte*, std::uint64_t size) { external_ended_ += size == size_bytes ? 1 : 0; });
  nodes_[add(std::move(buffer), BufferKind::external)].size_bytes = size_bytes;
}

void RandomProgram::view() {
  const Index of = any_held();
  if (of == none) return;
  const Node& viewed = nodes_[of];
  ViewSpec spec;
  spec.offset_bytes = below(viewed.size_bytes + 2);
  if (below(2) == 0) spec.size_bytes = below(viewed.size_bytes + 2);
  const bool fits =
      spec.offset_bytes <= viewed.size_bytes &&
      (spec.size_bytes == ViewSpec::to_the_end || spec.size_bytes <= viewed.size_bytes - spec.offset_bytes);
  Result<CpuBuffer> result = viewed.handles.back().try_view(spec);
  const Status expected = !usable(of) ? Status::destroyed : fits ? Status::ok : Status::invalid_argument;
  ensure(result.status == expected, "a view is made where it cannot be, or refused where it can");
  if (!result) return;
  const Index root = viewed.root == none ? of : viewed.root;
  const std::uint64_t offset_bytes = viewed.offset_bytes + spec.offset_bytes;
  const std::uint64_t size_bytes =
      spec.size_bytes == ViewSpec::to_the_end ? viewed.size_bytes - spec.offset_bytes : spec.size_bytes;
  Node& node = nodes_[add(std::move(result.value), BufferKind::view)];
  node.root = root;
  node.offset_bytes = offset_bytes;
  node.size_bytes = size_bytes;
  ++nodes_[root].strong;
}

void RandomProgram::copy() {
  const Index index = any_held();
  if (index == none || nodes_[index].handles.size() > 4) return;
  nodes_[index].handles.push_back(CpuBuffer(nodes_[index].handles.back()));
  ++nodes_[index].strong;
  held_.push_back(index);
}

void RandomProgram::drop() {
  if (held_.empty()) return;
  const std::size_t place = static_cast<std::size_t>(below(held_.size()));
  const Index index = held_[place];
  held_[place] = held_.back();
  held_.pop_back();
  drop(index);
}

void RandomProgram::drop(Index index) {
  if (below(8) == 0) check(index);
  CpuBuffer handle = std::move(nodes_[index].handles.back());
  nodes_[index].handles.pop_back();
  const WeakBuffer weak = nodes_[index].weak;
  const bool last = nodes_[index].strong == 1;
  if (below(2) == 0) handle.reset();
  handle = {};
  ensure(!last || weak.expired(), "a buffer outlives its last reference");
  release(index);
}

void RandomProgram::destroy() {
  const Index index = any_held();
  if (index == none) return;
  CpuBuffer handle = nodes_[index].handles.back();
  const bool possible = usable(index);
  const Status status = handle.try_destroy();
  ensure(status == (possible ? Status::ok : Status::destroyed), "a buffer is destroyed twice, or not once");
  ensure(handle.destroyed() && handle.try_data() == nullptr && !handle.weak().lock(),
         "what was destroyed can be used");
  if (possible) die(index);
}

void RandomProgram::lock() {
  if (nodes_.empty()) return;
  const auto index = static_cast<Index>(below(nodes_.size()));
  CpuBuffer locked = nodes_[index].weak.lock();
  if (!usable(index)) {
    ensure(!locked, "a weak reference gives a buffer that ended, or a view of one");
    return;
  }
  // Nobody may reach it, but no collection was since.
  ensure(locked && locked.id() == nodes_[index].weak.id(), "a weak reference gives nothing of what lives");
  locked = {};
  check(index);
}

void RandomProgram::link() {
  const Index from = any_held();
  const Index to = any_held();
  if (from == none) return;
  const bool possible = usable(from) && usable(to);
  const Status status = nodes_[from].handles.back().try_link(nodes_[to].handles.back());
  ensure(status == (possible ? Status::ok : Status::destroyed), "a link is made or refused wrongly");
  if (!possible) return;
  auto& links = nodes_[from].links;
  const auto found =
      std::find_if(links.begin(), links.end(), [&](const auto& link) { return link.first == to; });
  if (found != links.end()) {
    ++found->second;
  } else {
    links.emplace_back(to, 1);
  }
  ++nodes_[to].strong;
}

void RandomProgram::unlink() {
  const Index from = any_held();
  if (from == none) return;
  auto& links = nodes_[from].links;
  Index to = any_held();
  if (!links.empty() && below(3) != 0) {
    const Index linked = links[static_cast<std::size_t>(below(links.size()))].first;
    if (!nodes_[linked].handles.empty()) to = linked;
  }
  const auto found =
      std::find_if(links.begin(), links.end(), [&](const auto& link) { return link.first == to; });
  const bool there = found != links.end();
  const Status expected = !alive(from) ? Status::destroyed : there ? Status::ok : Status::invalid_argument;
  ensure(nodes_[from].handles.back().try_unlink(nodes_[to].handles.back()) == expected,
         "an unlink finds what is not there, or does not find what is");
  if (!there) return;
  if (--found->second == 0) links.erase(found);
  release(to);
}

void RandomProgram::finalize() {
  const Index owner = any_held();
  if (owner == none || !usable(owner) || nodes_[owner].finalizers.size() > 4) return;
  Registered registered;
  registered.runs = std::make_shared<int>(0);
  registered.throws = below(8) == 0;
  CpuBuffer captive;
  if (below(8) == 0) {
    // Not the owner's own: that would live for ever.
    const Index other = any_held();
    const auto root_of = [&](Index index) { return nodes_[index].root == none ? index : nodes_[index].root; };
    if (root_of(other) != root_of(owner)) registered.captive = other;
  }
  if (registered.captive != none) {
    captive = nodes_[registered.captive].handles.back();
    ++nodes_[registered.captive].strong;
  }
  registered.finalizer = manager_->finalize(
      nodes_[owner].handles.back(), [this, runs = registered.runs, captive, weak = nodes_[owner].weak,
                                     throws = registered.throws, choice = below(24)] {
        ++*runs;
        ++runs_;
        ensure(owner_may_live_ || !weak.lock(), "a finalizer finds its owner by a weak reference");
        behave(choice);
        if (throws) throw std::runtime_error("as it should");
      });
  nodes_[owner].finalizers.push_back(std::move(registered));
}

void RandomProgram::behave(std::uint64_t choice) {
  switch (choice) {
    case 0:
    case 1:
    case 2: {
      static_cast<void>(manager_->try_alloc(100 + choice * 5000));
      break;
    }
    case 3:
    case 4: {
      // A ring of its own, which it leaves to the collection that it asks for.
      CpuBuffer a = manager_->try_alloc(64).value;
      CpuBuffer b = a ? a.try_view({}).value : CpuBuffer();
      if (b && a.try_link(b) == Status::ok) {
        manager_->finalize(b, [this] {
          ++runs_;
          ++expected_runs_;
        });
      }
      a = {};
      b = {};
      manager_->collect();
      break;
    }
    case 5:
      manager_->collect();
      break;
    case 6:
      manager_->trim(64 * kibibyte);
      break;
    case 7: {
      const CpuBuffer temporary = manager_->try_alloc(1).value;
      if (temporary) {
        Finalizer taken_off = manager_->finalize(temporary, [this] { ++runs_; });
        ensure(taken_off.detach().has_value(), "a finalizer cannot be detached from within another");
      }
      break;
    }
    default:
      break;
  }
}

void RandomProgram::settle_finalizer() {
  const Index owner = any_held();
  if (owner == none || nodes_[owner].finalizers.empty()) return;
  auto& finalizers = nodes_[owner].finalizers;
  const auto place = finalizers.begin() + static_cast<std::ptrdiff_t>(below(finalizers.size()));
  Registered settled = std::move(*place);
  finalizers.erase(place);
  ensure(settled.finalizer.alive(), "a finalizer of a live buffer is dead");
  if (below(2) == 0) {
    ensure(settled.finalizer.detach().has_value(), "a finalizer cannot be detached");
    ensure(*settled.runs == 0, "a finalizer ran before its time");
  } else {
    bool threw = false;
    owner_may_live_ = true;
    try {
      settled.finalizer.call();
    } catch (const std::runtime_error&) {
      threw = true;
    }
    owner_may_live_ = false;
    ensure(threw == settled.throws, "what a finalizer throws does not reach its caller");
    ensure(*settled.runs == 1, "a finalizer does not run when it is called");
    ++expected_runs_;
  }
  ensure(!settled.finalizer.alive(), "a finalizer that was settled is alive");
  if (settled.captive == none) return;
  release(settled.captive);
}

void RandomProgram::pin() {
  if (pins_.size() > 6 || (!pins_.empty() && below(2) == 0)) {
    const std::size_t place = static_cast<std::size_t>(below(pins_.size()));
    Pinned pinned = std::move(pins_[place]);
    pins_[place] = std::move(pins_.back());
    pins_.pop_back();
    ensure(!usable(pinned.index) || pinned.pin.data() == pinned.place, "what is pinned moved");
    pinned.pin.reset();
    release(pinned.index);
  } else if (const Index index = any_held(); index != none) {
    BufferPin pin = nodes_[index].handles.back().pin();
    const bool possible = usable(index);
    ensure(static_cast<bool>(pin) == (possible && nodes_[index].handles.back().try_data() != nullptr),
           "a pin is given or refused wrongly");
    if (!pin) return;
    const std::byte* const place = pin.data();
    pins_.push_back({index, std::move(pin), place});
    ++nodes_[index].strong;
  }
}

void RandomProgram::collect() {
  while (manager_->collect().buffers != 0) {  // the last one finds what finalizers left
  }
  follow_collections(true);
}

void RandomProgram::change_budget() {
  const Statistics now = manager_->statistics();
  budget_ = below(6) == 0 ? no_budget : now.live_bytes / 2 + below(2 * now.reserved_bytes + 64 * kibibyte);
  manager_->set_budget_bytes(budget_);
  ceiling_ = std::max(budget_, source_.bytes_out());
  if (collections_ > 0) follow_collections(false);
}

void RandomProgram::iterate() {
  if (!iteration_->is_open()) {
    ensure(iteration_->begin() == Status::ok, "an iteration cannot begin");
  } else if (below(6) == 0) {
    iteration_->abandon();
  } else {
    const Status status = iteration_->end();
    ensure(status == Status::ok || status == Status::out_of_memory, "an iteration cannot end");
  }
}

}  // namespace bufgc::proof
