// Which cache a thread uses for an allocator, and how caches come and go with threads and allocators.

#include "bufgc/memory/cache_roster.hpp"

#include <new>

namespace bufgc {

#if defined(BUFGC_SINGLE_THREADED)

CacheRoster::CacheRoster() noexcept = default;
BlockCache& CacheRoster::of_thread() noexcept {
  return common_;
}
void CacheRoster::be_alone() noexcept {}
void CacheRoster::open() noexcept {}
bool CacheRoster::sees_all(const BlockCache&) const noexcept {
  return true;
}
void CacheRoster::allow_thread_caches(bool allowed) noexcept {
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

constinit thread_local ThreadCaches thread_caches{};

namespace {

// Where a thread that ends meets an allocator that ends: both take a cache from the other.
constinit Lock retirement_lock;

std::uint64_t next_id() noexcept {
  static std::atomic<std::uint64_t> ids{0};
  return ids.fetch_add(1, std::memory_order_relaxed) + 1;
}

}  // namespace

/// Gives a thread's caches back when it ends.
struct ThreadCacheReaper {
  bool armed = false;
  ~ThreadCacheReaper() {
    ThreadCaches& mine = thread_caches;
    mine.exiting = true;
    for (ThreadCaches::Recent& recent : mine.recent) recent = {};
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

// Roster by roster, so that those that are used side by side do not meet at one place.
CacheRoster::CacheRoster() noexcept
    : id_(next_id()), place_bytes_(id_ % ThreadCaches::size * sizeof(ThreadCaches::Recent)) {}

BlockCache& CacheRoster::of_thread() noexcept {
  ThreadCaches& mine = thread_caches;
  ThreadCache* cache = nullptr;
  if (allowed_ && !mine.exiting) {
    if (recent_of_thread().roster_id == id_) return *recent_of_thread().cache;
    ThreadCache* unused = nullptr;
    for (cache = mine.first; cache != nullptr; cache = cache->next_of_thread) {
      const CacheRoster* const roster = cache->roster.load(std::memory_order_acquire);
      if (roster == this) break;
      if (roster == nullptr) unused = cache;
    }
    if (cache == nullptr) {
      if (unused != nullptr) {
        // What it kept is gone with its allocator.
        static_cast<BlockCache&>(*unused) = BlockCache{};
        unused->lock.open();
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
        on_caches_changed();
      }
    }
  }
  if (cache == nullptr) {
    be_alone();
    return common_;
  }
  for (ThreadCaches::Recent& recent : mine.recent) {
    if (recent.cache == cache) recent = {};
  }
  recent_of_thread() = {id_, cache};
  return *cache;
}

void CacheRoster::be_alone() noexcept {
  // Those that are not allowed are shut already.
  if (alone_ || !allowed_) return;
  alone_ = true;
  const ThreadCaches::Recent& recent = recent_of_thread();
  const ThreadCache* const own = recent.roster_id == id_ ? recent.cache : nullptr;
  bool others = false;
  for (ThreadCache* cache = caches_; cache != nullptr; cache = cache->next_of_roster) {
    if (cache == own) continue;  // this thread is here, not there
    cache->lock.shut();
    others = true;
  }
  if (!others) return;
  OwnerLock::fence();
  for (ThreadCache* cache = caches_; cache != nullptr; cache = cache->next_of_roster) {
    if (cache != own) cache->lock.await_left();
  }
}

void CacheRoster::open() noexcept {
  if (!alone_) return;
  alone_ = false;
  if (!allowed_) return;
  for (ThreadCache* cache = caches_; cache != nullptr; cache = cache->next_of_roster) cache->lock.open();
}

bool CacheRoster::sees_all(const BlockCache& own) const noexcept {
  return alone_ || !allowed_ || caches_ == nullptr || (count_ == 1 && &own == caches_);
}

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
  cache->roster.store(nullptr, std::memory_order_release);
  on_caches_changed();
}

void CacheRoster::retire() noexcept {
  const Locked retiring(retirement_lock);
  const Locked locked(lock_);
  while (ThreadCache* const cache = caches_) {
    caches_ = cache->next_of_roster;
    cache->roster.store(nullptr, std::memory_order_release);
  }
  count_ = 0;
}

#endif

}  // namespace bufgc
