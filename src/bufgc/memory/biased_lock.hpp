#pragma once

#include <atomic>
#include <cstdint>

#include "bufgc/memory/owner_lock.hpp"

namespace bufgc {

/// A lock that the first thread to take it as a user may go on taking without an atomic
/// read-modify-write, until a second one does; from then on it is a `Lock`. Whoever comes as a
/// visitor, now and then, does not end that. Threads are named by numbers, from 1 on, that are
/// never used again; 0 is a thread that has no number yet.
class BiasedLock {
 public:
  /// Takes it as a user without a call in it; false where that takes longer, as it does for all but the
  /// first thread. To be followed by `leave_at_once`.
  [[nodiscard]] bool try_enter_at_once(std::uint32_t thread) noexcept {
    return owner_.load(std::memory_order_relaxed) == thread && owned_.try_enter_at_once(thread);
  }
  void leave_at_once() noexcept { owned_.leave(); }

  class [[nodiscard]] User {
   public:
    User(BiasedLock& lock, std::uint32_t thread) noexcept
        : lock_(lock),
          by_owner_(lock.owner_.load(std::memory_order_relaxed) == thread && lock.owned_.try_enter(thread)) {
      if (by_owner_) return;
      lock.shared_.lock();
      lock.choose_owner(thread);
    }
    ~User() {
      if (by_owner_) {
        lock_.owned_.leave();
      } else {
        lock_.shared_.unlock();
      }
    }
    User(const User&) = delete;
    User& operator=(const User&) = delete;

   private:
    BiasedLock& lock_;
    const bool by_owner_;
  };

  class [[nodiscard]] Visitor {
   public:
    Visitor(BiasedLock& lock, std::uint32_t thread) noexcept : lock_(lock) {
      lock.shared_.lock();
      const std::uint32_t owner = lock.owner_.load(std::memory_order_relaxed);
      shut_ = owner != nobody && owner != everybody && owner != thread;
      if (shut_) lock.keep_owner_out();
    }
    ~Visitor() {
      if (shut_) lock_.owned_.open(lock_.owner_.load(std::memory_order_relaxed));
      lock_.shared_.unlock();
    }
    Visitor(const Visitor&) = delete;
    Visitor& operator=(const Visitor&) = delete;

   private:
    BiasedLock& lock_;
    bool shut_ = false;
  };

 private:
  static constexpr std::uint32_t nobody = 0xfffffffeU;
  static constexpr std::uint32_t everybody = 0xffffffffU;

  void keep_owner_out() noexcept {
    owned_.shut();
    OwnerLock::fence();
    owned_.await_left();
  }
  /// Under the shared lock.
  void choose_owner(std::uint32_t thread) noexcept {
    const std::uint32_t owner = owner_.load(std::memory_order_relaxed);
    if (owner == nobody) {
      owned_.open(thread);
      owner_.store(thread, std::memory_order_relaxed);
    } else if (owner != thread && owner != everybody) {
      keep_owner_out();
      owner_.store(everybody, std::memory_order_relaxed);
    }
  }

  std::atomic<std::uint32_t> owner_{nobody};
  OwnerLock owned_;
  Lock shared_;
};

}  // namespace bufgc
