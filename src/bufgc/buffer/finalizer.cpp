#include "bufgc/buffer/finalizer.hpp"

#include "bufgc/buffer/finalizer_registry.hpp"

namespace bufgc {

bool Finalizer::alive() const noexcept {
  return state_ != nullptr && state_->registry->alive(*state_);
}

std::any Finalizer::call() {
  if (state_ == nullptr) return {};
  const FinalizerRegistry::Callback callback = state_->registry->claim(*state_, true);
  if (callback == nullptr || !*callback) return {};
  return (*callback)();
}

std::optional<Finalizer::Peek> Finalizer::peek() const {
  if (state_ == nullptr) return std::nullopt;
  return state_->registry->peek(*state_);
}

std::optional<Finalizer::Peek> Finalizer::detach() {
  if (state_ == nullptr) return std::nullopt;
  const BufferId owner = state_->owner_id;
  const bool at_exit = state_->at_exit.load(std::memory_order_relaxed);
  FinalizerRegistry::Callback callback = state_->registry->claim(*state_, false);
  if (callback == nullptr) return std::nullopt;
  return Peek{owner, *callback, at_exit};
}

bool Finalizer::at_exit() const noexcept {
  return state_ != nullptr && state_->at_exit.load(std::memory_order_relaxed);
}

void Finalizer::set_at_exit(bool at_exit) noexcept {
  if (state_ != nullptr) state_->at_exit.store(at_exit, std::memory_order_relaxed);
}

}  // namespace bufgc
