#include "bufgc/buffer/finalizer_registry.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "bufgc/buffer/buffer_record.hpp"
#include "bufgc/buffer/offered.hpp"

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
  if (offers_deferred_finalizers && state.deferred) {
    leave_queue(state);
  } else {
    leave_lists(state);
  }
  --counts_.alive;
  if (to_run) ++counts_.run;
  keep = std::move(state.self);
  return std::move(state.callback);
}

void FinalizerRegistry::leave_lists(FinalizerState& state) noexcept {
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
}

void FinalizerRegistry::leave_queue(FinalizerState& state) noexcept {
  (state.older != nullptr ? state.older->newer : first_deferred_) = state.newer;
  (state.newer != nullptr ? state.newer->older : last_deferred_) = state.older;
  state.older = state.newer = nullptr;
  state.deferred = false;
  --counts_.deferred;
}

bool FinalizerRegistry::defer(BufferRecord* owner) noexcept {
  const Locked locked(lock_);
  if (!defers_) return false;
  while (FinalizerState* const state = owner->newest_finalizer.load(std::memory_order_relaxed)) {
    leave_lists(*state);
    state->deferred = true;
    state->older = last_deferred_;
    (last_deferred_ != nullptr ? last_deferred_->newer : first_deferred_) = state;
    last_deferred_ = state;
    ++counts_.deferred;
  }
  return true;
}

bool FinalizerRegistry::defer(ReleaseHook* hook, std::byte* data, std::uint64_t size_bytes) noexcept {
  const Locked locked(lock_);
  if (!defers_) return false;
  hook->data = data;
  hook->size_bytes = size_bytes;
  (last_hook_ != nullptr ? last_hook_->next : first_hook_) = hook;
  last_hook_ = hook;
  ++counts_.hooks;
  return true;
}

std::uint64_t FinalizerRegistry::drain(std::uint64_t most) noexcept {
  if (!offers_deferred_finalizers) return 0;
  std::uint64_t left = 0;
  {
    const Locked locked(lock_);
    left = std::min(most, counts_.deferred + counts_.hooks);
  }
  std::uint64_t ran = 0;
  for (; ran < left; ++ran) {
    std::shared_ptr<FinalizerState> keep;
    Callback callback;
    ReleaseHook* hook = nullptr;
    {
      const Locked locked(lock_);
      if (first_deferred_ != nullptr) {
        callback = unlink(*first_deferred_, true, keep);
      } else if (hook = first_hook_; hook != nullptr) {
        first_hook_ = hook->next;
        if (first_hook_ == nullptr) last_hook_ = nullptr;
        --counts_.hooks;
      }
    }
    if (callback != nullptr) {
      run(callback);
    } else if (hook != nullptr) {
      run(hook, hook->data, hook->size_bytes);
    } else {
      break;
    }
  }
  return ran;
}

void FinalizerRegistry::stop_deferring() noexcept {
  const Locked locked(lock_);
  defers_ = false;
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

void FinalizerRegistry::run(ReleaseHook* hook, std::byte* data, std::uint64_t size_bytes) noexcept {
#if defined(__cpp_exceptions)
  try {
    hook->callback(data, size_bytes);
  } catch (...) {
    report_current_exception();
  }
#else
  hook->callback(data, size_bytes);
#endif
  delete hook;
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
    const FinalizerState* const next_of_owner =
        state->newer_of_owner != nullptr ? state->newer_of_owner->older_of_owner
                                         : state->owner->newest_finalizer.load(std::memory_order_relaxed);
    if (next_of_owner != state) return "a buffer's list of finalizers is not linked both ways";
  }
  std::uint64_t deferred = 0;
  const FinalizerState* last = nullptr;
  for (const FinalizerState* state = first_deferred_; state != nullptr; last = state, state = state->newer) {
    ++deferred;
    if (state->self == nullptr || !state->deferred) return "a dead finalizer stands in the queue";
    if (state->older != last) return "the queue of finalizers is not linked both ways";
  }
  if (deferred != counts_.deferred) return "finalizers_deferred is not the number of finalizers in the queue";
  if (last_deferred_ != last) return "the queue of finalizers has another end";
  std::uint64_t hooks = 0;
  const ReleaseHook* last_hook = nullptr;
  for (const ReleaseHook* hook = first_hook_; hook != nullptr; last_hook = hook, hook = hook->next) ++hooks;
  if (hooks != counts_.hooks || last_hook_ != last_hook)
    return "the queue of release callbacks is miscounted";
  return alive + deferred == counts_.alive ? nullptr
                                           : "finalizers_alive is not the number of finalizers there";
}

}  // namespace bufgc
