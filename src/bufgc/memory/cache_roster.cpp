// Which cache a thread uses for an allocator, and how caches come and go with threads and allocators.

#include "bufgc/memory/cache_roster.hpp"

#include <cstdio>
#include <cstdlib>
#include <new>

namespace bufgc {

#if defined(BUFGC_SINGLE_THREADED)

CacheRoster::CacheRoster() noexcept = default;
BlockCache& CacheRoster::of_thread_or_common() noexcept {
  return common_;
}
BlockCache& CacheRoster::of_thread() noexcept {
  common_.settle();
  return common_;
}
void CacheRoster::be_alone() noexcept {
  common_.settle();
}
void CacheRoster::open() noexcept {}
bool CacheRoster::is_alone() const noexcept {
  return true;
}
void CacheRoster::allow_thread_caches(bool allowed) noexcept {
  be_alone();
  allowed_ = allowed;
  on_caches_changed();
}
BlockCache* CacheRoster::sole() noexcept {
  return &common_;
}
std::size_t CacheRoster::thread_count() const noexcept {
  return 0;
}
void CacheRoster::retire() noexcept {}

#else

constinit ThreadCache ThreadCaches::none;

namespace {

constexpr ThreadCaches no_caches() noexcept {
  ThreadCaches caches{};
  caches.recent.fill(&ThreadCaches::none);
  return caches;
}

}  // namespace

constinit thread_local ThreadCaches thread_caches = no_caches();

namespace {

// Where a thread that ends meets an allocator that ends: both take a cache from the other.
constinit Lock retirement_lock;

/// Roster by roster, so that those that are used side by side do not meet at one place.
std::size_t next_place() noexcept {
  static std::atomic<std::size_t> rosters{0};
  return rosters.fetch_add(1, std::memory_order_relaxed) % ThreadCaches::size;
}

}  // namespace

/// Gives a thread's caches back when it ends.
struct ThreadCacheReaper {
  bool armed = false;
  ~ThreadCacheReaper() {
    ThreadCaches& mine = thread_caches;
    mine.exiting = true;
    mine.recent.fill(&ThreadCaches::none);
    while (ThreadCache* const cache = mine.first) {
      mine.first = cache->next_of_thread;
      {
        const Locked retiring(retirement_lock);
        if (CacheRoster* const roster = cache->roster.load(std::memory_order_acquire); roster != nullptr) {
          const CacheRoster::Section section(*roster);
          roster->be_alone();
          roster->remove(cache);
        }
      }
      delete cache;
    }
  }
};

CacheRoster::CacheRoster() noexcept : place_(next_place()) {}

BlockCache& CacheRoster::of_thread_or_common() noexcept {
  ThreadCaches& mine = thread_caches;
  ThreadCache* cache = nullptr;
  if (allowed_ && !mine.exiting) {
    if (ThreadCache* const recent = own(); recent != nullptr) return *recent;
    ThreadCache* unused = nullptr;
    for (cache = mine.first; cache != nullptr; cache = cache->next_of_thread) {
      const CacheRoster* const roster = cache->roster.load(std::memory_order_acquire);
      if (roster == this) break;
      if (roster == nullptr) unused = cache;
    }
    if (cache == nullptr) {
      if (unused != nullptr) {
        // What it kept is gone with its allocator.
        unused->counters = {};
        unused->magazine = {};
        unused->row = {};
        unused->hand = nullptr;
        unused->turns = 0;
        cache = unused;
      } else if (cache = new (std::nothrow) ThreadCache; cache != nullptr) {
        thread_local ThreadCacheReaper reaper;
        reaper.armed = true;
        cache->next_of_thread = mine.first;
        mine.first = cache;
      }
      if (cache != nullptr) {
        be_alone();
        cache->next_of_roster = caches_;
        caches_ = cache;
        ++count_;
        cache->roster.store(this, std::memory_order_relaxed);
        cache->lock.open(key());
        on_caches_changed();
      }
    }
  }
  if (cache == nullptr) return common_;
  recent_of_thread() = cache;
  return *cache;
}

BlockCache& CacheRoster::of_thread() noexcept {
  BlockCache& cache = of_thread_or_common();
  if (&cache == &common_) {
    be_alone();
  } else {
    cache.settle();
  }
  return cache;
}

void CacheRoster::be_alone() noexcept {
  // Those that are not allowed are shut already.
  if (alone_ || !allowed_) return;
  alone_ = true;
  const ThreadCache* const mine = own();
  bool others = false;
  for (ThreadCache* cache = caches_; cache != nullptr; cache = cache->next_of_roster) {
    if (cache == mine) continue;  // this thread is here, not there
    cache->lock.shut();
    others = true;
  }
  if (others) OwnerLock::fence();
  for (ThreadCache* cache = caches_; cache != nullptr; cache = cache->next_of_roster) {
    if (cache != mine) cache->lock.await_left();
    cache->settle_and_mark();
  }
  depot_.mark();
}

void CacheRoster::open() noexcept {
  if (!alone_) return;  // as where caches are not allowed
  alone_ = false;
  for (ThreadCache* cache = caches_; cache != nullptr; cache = cache->next_of_roster) cache->lock.open(key());
}

bool CacheRoster::is_alone() const noexcept {
  return alone_;
}

#if defined(BUFGC_CHECK_INVARIANTS)
void CacheRoster::require_alone() const noexcept {
  const bool only_mine = caches_ == nullptr || (count_ == 1 && own() == caches_);
  if (alone_ || !allowed_ || only_mine) return;
  std::fputs("bufgc: a thread looks at the caches of others while they use them\n", stderr);
  std::abort();
}
#endif

void CacheRoster::allow_thread_caches(bool allowed) noexcept {
  if (allowed == allowed_) return;
  be_alone();
  allowed_ = allowed;
  alone_ = allowed;
  if (!allowed) {
    for (ThreadCache* cache = caches_; cache != nullptr; cache = cache->next_of_roster) {
      cache->lock.shut();
      absorb(*cache);
    }
  }
  on_caches_changed();
}

BlockCache* CacheRoster::sole() noexcept {
  if (!allowed_ || caches_ == nullptr) return &common_;
  return count_ == 1 ? caches_ : nullptr;
}

std::size_t CacheRoster::thread_count() const noexcept {
  return allowed_ ? count_ : 0;
}

void CacheRoster::remove(ThreadCache* cache) noexcept {
  ThreadCache** link = &caches_;
  while (*link != cache) link = &(*link)->next_of_roster;
  *link = cache->next_of_roster;
  --count_;
  absorb(*cache);
  if (cache->rider != nullptr) rider_keeper_->take_back(cache->rider);
  cache->rider = nullptr;
  cache->roster.store(nullptr, std::memory_order_release);
  on_caches_changed();
}

void CacheRoster::retire() noexcept {
  const Locked retiring(retirement_lock);
  const Locked locked(lock_);
  while (ThreadCache* const cache = caches_) {
    caches_ = cache->next_of_roster;
    cache->lock.shut();
    cache->roster.store(nullptr, std::memory_order_release);
  }
  count_ = 0;
}

#endif

void CacheRoster::set_rider_keeper(RiderKeeper* keeper, CacheRider* of_common) noexcept {
  be_alone();
  rider_keeper_ = keeper;
  each_cache([](BlockCache& cache) { cache.rider = nullptr; });
  common_.rider = of_common;
}

}  // namespace bufgc
