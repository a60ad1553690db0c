#include "bufgc/buffer/finalizer_registry.hpp"

#include <cstdio>
#include <utility>

#include "bufgc/buffer/buffer_record.hpp"

namespace bufgc {

std::shared_ptr<FinalizerState> FinalizerRegistry::add(const std::shared_ptr<FinalizerRegistry>& registry,
                                                       BufferRecord* owner, Finalizer::Callback callback) {
  auto state = std::make_shared<FinalizerState>(registry);
  state->callback = std::make_shared<Finalizer::Callback>(std::move(callback));
  state->owner = owner;
  state->owner_id = owner->id();
  const Locked locked(registry->lock_);
  // An explicit end changes the generation first and takes the list under this lock after, so a
  // finalizer is either refused here or seen there.
  if (!owner->own_life()) return nullptr;
  FinalizerState* const newest_of_owner = owner->newest_finalizer.load(std::memory_order_relaxed);
  state->older_of_owner = newest_of_owner;
  if (newest_of_owner != nullptr) newest_of_owner->newer_of_owner = state.get();
  owner->newest_finalizer.store(state.get(), std::memory_order_release);
  state->older = registry->newest_;
  if (state->older != nullptr) state->older->newer = state.get();
  registry->newest_ = state.get();
  state->self = state;
  ++registry->counts_.alive;
  return state;
}

// `keep` receives the list's ownership, so that the state dies outside the lock.
FinalizerRegistry::Callback FinalizerRegistry::unlink(FinalizerState& state, bool to_run,
                                                      std::shared_ptr<FinalizerState>& keep) noexcept {
  if (state.self == nullptr) return nullptr;
  if (state.newer_of_owner != nullptr) {
    state.newer_of_owner->older_of_owner = state.older_of_owner;
  } else {
    state.owner->newest_finalizer.store(state.older_of_owner, std::memory_order_release);
  }
  if (state.older_of_owner != nullptr) state.older_of_owner->newer_of_owner = state.newer_of_owner;
  if (state.newer != nullptr) {
    state.newer->older = state.older;
  } else {
    newest_ = state.older;
  }
  if (state.older != nullptr) state.older->newer = state.newer;
  state.owner = nullptr;
  state.older_of_owner = state.newer_of_owner = state.older = state.newer = nullptr;
  --counts_.alive;
  if (to_run) ++counts_.run;
  keep = std::move(state.self);
  return std::move(state.callback);
}

FinalizerRegistry::Callback FinalizerRegistry::claim(FinalizerState& state, bool to_run) noexcept {
  std::shared_ptr<FinalizerState> keep;
  const Locked locked(lock_);
  return unlink(state, to_run, keep);
}

FinalizerRegistry::Callback FinalizerRegistry::claim_newest_of(BufferRecord* owner, bool to_run) noexcept {
  std::shared_ptr<FinalizerState> keep;
  const Locked locked(lock_);
  FinalizerState* const newest = owner->newest_finalizer.load(std::memory_order_relaxed);
  return newest == nullptr ? nullptr : unlink(*newest, to_run, keep);
}

FinalizerRegistry::Callback FinalizerRegistry::claim_newest_at_exit() noexcept {
  std::shared_ptr<FinalizerState> keep;
  const Locked locked(lock_);
  for (FinalizerState* state = newest_; state != nullptr; state = state->older) {
    if (state->at_exit.load(std::memory_order_relaxed)) return unlink(*state, true, keep);
  }
  return nullptr;
}

std::optional<Finalizer::Peek> FinalizerRegistry::peek(FinalizerState& state) {
  Callback callback;
  BufferId owner;
  {
    const Locked locked(lock_);
    if (state.self == nullptr) return std::nullopt;
    callback = state.callback;
    owner = state.owner_id;
  }
  // Copying a callable is user code: not under the lock.
  return Finalizer::Peek{owner, *callback, state.at_exit.load(std::memory_order_relaxed)};
}

bool FinalizerRegistry::alive(const FinalizerState& state) noexcept {
  const Locked locked(lock_);
  return state.self != nullptr;
}

void FinalizerRegistry::run(const Callback& callback) noexcept {
#if defined(__cpp_exceptions)
  try {
    if (*callback) static_cast<void>((*callback)());
  } catch (...) {
    {
      const Locked locked(lock_);
      ++counts_.errors;
    }
    report_current_exception();
  }
#else
  if (*callback) static_cast<void>((*callback)());
#endif
}

void FinalizerRegistry::report_current_exception() noexcept {
#if defined(__cpp_exceptions)
  std::shared_ptr<const ErrorHandler> handler;
  {
    const Locked locked(lock_);
    handler = error_handler_;
  }
  try {
    if (handler != nullptr && *handler) {
      (*handler)(std::current_exception());
      return;
    }
    throw;
  } catch (const std::exception& error) {
    // Also what a handler throws against its promise: it must not end the program.
    std::fprintf(stderr, "bufgc: a callback threw: %s\n", error.what());
  } catch (...) {
    std::fputs("bufgc: a callback threw\n", stderr);
  }
#endif
}

void FinalizerRegistry::set_error_handler(ErrorHandler handler) {
  auto kept = std::make_shared<const ErrorHandler>(std::move(handler));
  const Locked locked(lock_);
  error_handler_.swap(kept);
}

FinalizerRegistry::Counts FinalizerRegistry::counts() noexcept {
  const Locked locked(lock_);
  return counts_;
}

const char* FinalizerRegistry::check() noexcept {
  const Locked locked(lock_);
  std::uint64_t alive = 0;
  const FinalizerState* newer = nullptr;
  for (const FinalizerState* state = newest_; state != nullptr; newer = state, state = state->older) {
    ++alive;
    if (state->self == nullptr || state->owner == nullptr) return "a dead finalizer stands in the list";
    if (state->newer != newer) return "the list of finalizers is not linked both ways";
  }
  return alive == counts_.alive ? nullptr : "finalizers_alive is not the number of finalizers in the list";
}

}  // namespace bufgc
