#pragma once

#include <cstddef>
#include <cstdint>

#include "bufgc/memory/depot.hpp"
#include "bufgc/memory/lock.hpp"
#include "bufgc/memory/thread_cache.hpp"

namespace bufgc {

/// The caches of one allocator: one for each thread that uses it, one in common for whoever has none
/// (a thread that ends, or has no memory for one), and the lock under which caches are exchanged.
/// Without threads there is the common one alone, and all of this costs next to nothing.
class CacheRoster {
 public:
  CacheRoster(const CacheRoster&) = delete;
  CacheRoster& operator=(const CacheRoster&) = delete;

  /// The calling thread's cache, to be used until `leave`; null when it has none yet or somebody is
  /// alone with all: then `Section` is the way.
  [[nodiscard]] BlockCache* enter() noexcept {
#if defined(BUFGC_SINGLE_THREADED)
    return enter_at_once();
#else
    ThreadCache* const cache = recent_of_thread();
    return cache->lock.try_enter(key()) ? cache : nullptr;
#endif
  }
  /// The same without a call in it: null also where `enter` takes longer.
  [[nodiscard]] BlockCache* enter_at_once() noexcept {
#if defined(BUFGC_SINGLE_THREADED)
    return allowed_ ? &common_ : nullptr;
#else
    ThreadCache* const cache = recent_of_thread();
    if (!cache->lock.try_enter_at_once(key())) [[unlikely]]
      return nullptr;
    if (cache == nullptr) __builtin_unreachable();  // the callers' test for it costs nothing then
    return cache;
#endif
  }
  static void leave(BlockCache* cache) noexcept {
    cache->lock.leave();
  }

  /// Holds the allocator's lock from here to the end of the scope. Not to be opened inside `enter`.
  class [[nodiscard]] Section {
   public:
    explicit Section(CacheRoster& roster) noexcept : roster_(roster) { roster.lock_.lock(); }
    ~Section() {
      roster_.open();
      roster_.lock_.unlock();
    }
    Section(const Section&) = delete;
    Section& operator=(const Section&) = delete;

   private:
    CacheRoster& roster_;
  };

 protected:
  CacheRoster() noexcept;
  ~CacheRoster() = default;

  // Under the lock:
  /// The calling thread's cache, made where it has none; else the common one, of which only the rider
  /// may be used.
  [[nodiscard]] BlockCache& of_thread_or_common() noexcept;
  /// The same, settled; the common one alone with all.
  [[nodiscard]] BlockCache& of_thread() noexcept;
  /// From here to the end of the section no thread is in its cache, all are settled, and every record tells
  /// whether its block is kept.
  void be_alone() noexcept;
  /// Whether this section called `be_alone`: every cache may be looked at.
  [[nodiscard]] bool is_alone() const noexcept;
  /// Off: what threads keep goes to the common cache, and they use that one under the lock.
  void allow_thread_caches(bool allowed) noexcept;
  /// The only cache in use, or null when there are several.
  [[nodiscard]] BlockCache* sole() noexcept;
  [[nodiscard]] std::size_t thread_count() const noexcept;
  [[nodiscard]] BlockCache& common() noexcept {
    return common_;
  }
  [[nodiscard]] const BlockCache& common() const noexcept {
    return common_;
  }
  /// What threads that have a cache exchange: nothing where fewer than two have.
  [[nodiscard]] Depot& depot() noexcept {
    return depot_;
  }
  /// While alone with all, or where the calling thread's is the only one.
  template <class Visit>
  void each_cache(Visit visit) {
    visit(common_);
#if !defined(BUFGC_SINGLE_THREADED)
#if defined(BUFGC_CHECK_INVARIANTS)
    require_alone();
#endif
    for (ThreadCache* cache = caches_; cache != nullptr; cache = cache->next_of_roster) visit(*cache);
#endif
  }

  /// From here on caches may have riders, and the common one has `of_common`. Without a keeper none has.
  void set_rider_keeper(RiderKeeper* keeper, CacheRider* of_common) noexcept;

  /// Lets all threads go for good. By whom the allocator ends.
  void retire() noexcept;
  /// Takes over what `cache`, of a thread that goes, keeps and counted. Alone with all.
  virtual void absorb(BlockCache& cache) noexcept = 0;
  /// Another number of caches is in use. Alone with all.
  virtual void on_caches_changed() noexcept = 0;

 private:
  friend struct ThreadCacheReaper;
  void open() noexcept;

#if !defined(BUFGC_SINGLE_THREADED)
  void require_alone() const noexcept;  ///< In checking builds.
  void remove(ThreadCache* cache) noexcept;
  [[nodiscard]] ThreadCache*& recent_of_thread() const noexcept {
    return thread_caches.recent[place_];
  }
  /// For whom the caches' locks are open. Those of a roster that is gone are shut, so that another one may
  /// come to lie at its address.
  [[nodiscard]] std::uintptr_t key() const noexcept {
    return reinterpret_cast<std::uintptr_t>(this);
  }
  /// The calling thread's cache, or null.
  [[nodiscard]] ThreadCache* own() const noexcept {
    ThreadCache* const recent = recent_of_thread();
    return recent->roster.load(std::memory_order_relaxed) == this ? recent : nullptr;
  }

  const std::size_t place_;  ///< In each thread's table.
  ThreadCache* caches_ = nullptr;
  std::size_t count_ = 0;
  bool alone_ = false;
#endif
  bool allowed_ = true;
  RiderKeeper* rider_keeper_ = nullptr;
  Lock lock_;
  BlockCache common_;
  Depot depot_;
};

}  // namespace bufgc
