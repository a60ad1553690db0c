#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "proof/splitmix.hpp"
#include "proof/threaded_program.hpp"

namespace bufgc::proof {

/// One thread's program, and what it holds.
class ThreadedProgram::Worker {
 public:
  Worker(ThreadedProgram& program, std::uint64_t seed) : program_(program), random_(seed) {}

  void step();
  void drop_all() {
    pins_.clear();
    held_.clear();
    iteration_.reset();
  }
  [[nodiscard]] const std::vector<CpuBuffer>& held() const noexcept { return held_; }

 private:
  void allocate();
  void allocate_external();
  void view();
  void drop();
  void share();
  void weak();
  void link();
  void finalizer();
  void destroy();
  void pin();
  void seldom();

  [[nodiscard]] BufferManager& manager() const noexcept { return *program_.manager_; }
  [[nodiscard]] CpuBuffer* any() {
    return held_.empty() ? nullptr : &held_[static_cast<std::size_t>(random_.below(held_.size()))];
  }
  void hold(CpuBuffer buffer) {
    if (!buffer) return;
    if (held_.size() >= 24) drop();
    held_.push_back(std::move(buffer));
  }

  ThreadedProgram& program_;
  Random random_;
  std::vector<CpuBuffer> held_;
  std::vector<std::pair<BufferPin, const std::byte*>> pins_;
  std::unique_ptr<Iteration> iteration_;
};

}  // namespace bufgc::proof
