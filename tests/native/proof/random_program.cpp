#include "proof/random_program.hpp"

#include <algorithm>
#include <stdexcept>

#include "bufgc/memory/errors.hpp"
#include "proof/support.hpp"

namespace bufgc::proof {
namespace {

constexpr std::size_t most_nodes = 300;
constexpr std::uint64_t kibibyte = 1024;

ManagerOptions options_of(const World& world, MemorySource& source) {
  ManagerOptions options;
  options.allocator = world.allocator;
  options.source = &source;
  options.visualizer.max_events = 4096;
  return options;
}

std::uint64_t word_at(std::uint64_t mark, std::uint64_t word) {
  return mark ^ (word * 0x9e3779b97f4a7c15U);
}

}  // namespace

RandomProgram::RandomProgram(const World& world, std::uint64_t seed)
    : world_(world), random_(seed), source_(*world.source), external_bytes_(8 * kibibyte) {
  budget_ = ceiling_ = world.allocator.budget_bytes;
  manager_.emplace(options_of(world_, source_));
  manager_->set_collect_callbacks({}, [this](const CollectReport&) { ++collections_; });
  manager_->set_error_handler([this](const std::exception_ptr&) { ++errors_; });
  manager_->set_misuse_handler([this](const Misuse&) { ++misuses_; });
  iteration_.reset(new Iteration(manager_->iteration({std::chrono::microseconds(200), 3})));
}

RandomProgram::~RandomProgram() {
  owner_may_live_ = true;
}

void RandomProgram::step() {
  const std::uint64_t acquisitions = source_.acquisitions();
  // The program grows, shrinks, and grows again.
  const bool grows = (++steps_ / 2000) % 2 == 0 && nodes_.size() - free_nodes_.size() < most_nodes;
  const std::uint64_t choice = below(1000);
  if (choice < (grows ? 260U : 120U)) {
    allocate();
  } else if (choice < 290) {
    allocate_external();
  } else if (choice < 360) {
    view();
  } else if (choice < 420) {
    copy();
  } else if (choice < 690) {
    drop();
  } else if (choice < 710) {
    destroy();
  } else if (choice < 760) {
    lock();
  } else if (choice < 840) {
    link();
  } else if (choice < 890) {
    unlink();
  } else if (choice < 940) {
    finalize();
  } else if (choice < 960) {
    settle_finalizer();
  } else if (choice < 972) {
    pin();
  } else if (choice < 980) {
    collect();
  } else if (choice < 985) {
    const std::uint64_t keep_bytes = below(4) == 0 ? 0 : below(1024 * kibibyte);
    manager_->trim(keep_bytes);
    ensure(manager_->statistics().cached_bytes <= keep_bytes, "trim leaves more cached than it was told");
  } else if (choice < 990) {
    if (world_.changes_budget) change_budget();
  } else if (choice < 995) {
    iterate();
  } else if (choice < 997) {
    manager_->set_cache_enabled(below(4) != 0);
  } else if (choice < 998) {
    if (manager_->visualizing()) {
      manager_->stop_visualizer();
    } else {
      manager_->start_visualizer();
    }
  } else if (const Index index = any_held(); index != none) {
    // A handle goes round through moves.
    CpuBuffer taken = std::move(nodes_[index].handles.back());
    CpuBuffer further;
    further = std::move(taken);
    nodes_[index].handles.back() = std::move(further);
    check(index);
  }
  if (collections_ > 0) follow_collections(false);
  ensure(misuses_ == 0, "hardened mode reports misuse where there is none");
  if (source_.acquisitions() != acquisitions) check_budget();
  if (source_.bytes_out() > budget_) {
    ensure(manager_->statistics().cached_bytes == 0,
           "memory is kept while more is out than the budget allows");
  }
}

void RandomProgram::check_budget() {
  ensure(source_.bytes_out() <= ceiling_, "more is out than the budget allows");
  const Statistics now = manager_->statistics();
  ensure(now.reserved_bytes == source_.bytes_out(), "reserved_bytes is not what is out");
  ceiling_ = std::max(budget_, std::min(ceiling_, source_.bytes_out()));
}

// ---- operations

std::uint64_t RandomProgram::random_size() {
  if (below(64) == 0) return 0;
  const std::uint64_t scale = std::uint64_t{1} << below(12);
  return below(24) == 0 ? 1 + below(world_.largest_bytes) : scale + below(scale);
}

void RandomProgram::fill(const CpuBuffer& buffer, std::uint64_t mark, std::uint64_t size_bytes) const {
  const auto words = buffer.as<std::uint64_t>();
  for (std::size_t word = 0; word < words.size(); ++word) words[word] = word_at(mark, word);
  for (std::uint64_t at = size_bytes / 8 * 8; at < size_bytes; ++at)
    buffer.bytes()[static_cast<std::size_t>(at)] = static_cast<std::byte>(mark + at);
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

// ---- the model

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

}  // namespace bufgc::proof
