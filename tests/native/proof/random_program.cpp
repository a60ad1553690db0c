#include "proof/random_program.hpp"

#include "proof/support.hpp"

namespace bufgc::proof {
namespace {

constexpr std::size_t most_nodes = 300;

ManagerOptions options_of(const World& world, MemorySource& source) {
  ManagerOptions options;
  options.allocator = world.allocator;
  options.source = &source;
  options.visualizer.max_events = 4096;
  return options;
}

}  // namespace

RandomProgram::RandomProgram(const World& world, std::uint64_t seed)
    : world_(world), random_(seed), source_(*world.source), external_bytes_(std::size_t{8} * 1024) {
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
    const std::uint64_t keep_bytes = below(4) == 0 ? 0 : below(std::uint64_t{1024} * 1024);
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

}  // namespace bufgc::proof
