#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <utility>
#include <vector>

#include "bufgc/buffer_manager.hpp"
#include "bufgc/memory/failing_source.hpp"

namespace bufgc::proof {

/// What a random program runs on.
struct World {
  MemorySource* source;
  AllocatorOptions allocator{};
  bool changes_budget = false;   ///< Now and then: lower, higher, none.
  bool forces_exchange = false;  ///< No allocation gets new memory while what is free elsewhere would do.
  std::size_t largest_bytes = std::size_t{64} * 1024;
};

/// A random program over one manager that uses all of it, beside a reference model that knows of each buffer
/// whether it must be alive, with which contents, and which of its finalizers ran. The model counts
/// references by itself and finds by itself what nobody reaches; it learns from bufgc only when a collection
/// took place.
class RandomProgram {
 public:
  RandomProgram(const World& world, std::uint64_t seed);

  ~RandomProgram();
  RandomProgram(const RandomProgram&) = delete;
  RandomProgram& operator=(const RandomProgram&) = delete;

  /// One operation, after which what it touched is compared with the model.
  void step();
  /// Compares every buffer, its contents, and all figures.
  void check_all();
  /// Ends every buffer, by dropping all handles or by closing; then nothing may be left or cached.
  void end(bool by_closing);

  [[nodiscard]] Statistics statistics() const { return manager_->statistics(); }

 private:
  using Index = std::uint32_t;
  static constexpr Index none = ~Index{0};

  enum class State : std::uint8_t { free, alive, ended };

  /// A registered finalizer: what it did is written where the model finds it.
  struct Registered {
    Finalizer finalizer;
    std::shared_ptr<int> runs;
    Index captive = none;  ///< Held by the callback.
    bool throws = false;
  };

  struct Node {
    State state = State::free;
    BufferKind kind = BufferKind::owned;
    std::uint64_t size_bytes = 0;
    std::uint64_t mark = 0;  ///< Its bytes follow from it.
    WeakBuffer weak;
    std::vector<CpuBuffer> handles;
    std::uint32_t strong = 0;  ///< Handles, pins, captures, views of it and links to it.
    Index root = none;         ///< Of a view.
    std::uint64_t offset_bytes = 0;
    std::vector<std::pair<Index, std::uint32_t>> links;
    std::vector<Registered> finalizers;
  };

  struct Pinned {
    Index index;
    BufferPin pin;
    const std::byte* place;
  };

  // random_operations.cpp
  void allocate();
  void allocate_external();
  void view();
  void copy();
  void drop();
  void drop(Index index);
  void destroy();
  void lock();
  void link();
  void unlink();
  void finalize();
  void settle_finalizer();
  void pin();
  void collect();
  void change_budget();
  void iterate();

  /// What a finalizer does beside being counted.
  void behave(std::uint64_t choice);
  [[nodiscard]] std::uint64_t random_size();

  // random_model.cpp
  Index add(CpuBuffer handle, BufferKind kind);
  void release(Index index);
  void die(Index index);
  void let_go_of(Index index);
  /// Follows collections: of what nobody reaches, all is dead afterwards (`completely`), or what says so is.
  void follow_collections(bool completely);
  [[nodiscard]] std::vector<bool> reachable() const;
  void check(Index index) const;
  void check_budget();

  [[nodiscard]] bool alive(Index index) const { return nodes_[index].state == State::alive; }
  /// Alive, and so is what a view shows.
  [[nodiscard]] bool usable(Index index) const {
    return alive(index) && (nodes_[index].root == none || alive(nodes_[index].root));
  }
  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }
  /// A node with handles; `none` when there is none.
  Index any_held();
  void fill(const CpuBuffer& buffer, std::uint64_t mark, std::uint64_t size_bytes) const;

  World world_;
  std::mt19937_64 random_;
  FailingSource source_;  ///< Counts what is out.
  std::vector<Node> nodes_;
  std::vector<Index> free_nodes_;
  std::vector<Index> held_;  ///< An entry for each handle.
  std::vector<Pinned> pins_;
  bool owner_may_live_ = false;  ///< A finalizer is called, or the manager closes.
  std::uint64_t steps_ = 0;
  std::uint64_t budget_ = no_budget;
  std::uint64_t ceiling_ = no_budget;  ///< The budget, or what was out already when that was lowered.
  std::uint64_t collections_ = 0;      ///< That are not followed yet.
  std::uint64_t runs_ = 0;
  std::uint64_t errors_ = 0;
  std::uint64_t expected_runs_ = 0;
  std::uint64_t expected_errors_ = 0;
  std::uint64_t external_ended_ = 0;
  std::uint64_t expected_external_ended_ = 0;
  std::uint64_t misuses_ = 0;
  std::vector<std::uint64_t> external_bytes_;
  std::optional<BufferManager> manager_;
  std::unique_ptr<Iteration> iteration_;
};

}  // namespace bufgc::proof
