#include "proof/threaded_program.hpp"

#if !defined(__EMSCRIPTEN__)

#include <algorithm>
#include <array>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include "bufgc/memory/default_source.hpp"
#include "bufgc/memory/errors.hpp"
#include "proof/splitmix.hpp"
#include "proof/threaded_worker.hpp"

namespace bufgc::proof {
namespace {

constexpr std::uint64_t kibibyte = 1024;

std::uint64_t word_at(BufferId id, std::size_t word) {
  return (id.value() + 1) * 0x9e3779b97f4a7c15U ^ word;
}

/// Of a large buffer not every word is written and read: 64 or so, from the first to the last.
std::size_t word_step(std::size_t words) {
  return std::max<std::size_t>(1, words / 64);
}

ManagerOptions options_of(Random random, MemorySource& source, std::uint64_t budget_bytes) {
  ManagerOptions options;
  options.source = &source;
  options.allocator.budget_bytes = budget_bytes;
  options.allocator.cache = !random.one_in(8);
  if (random.one_in(4)) options.allocator.cache_limit_bytes = 64 * kibibyte;
  if (random.one_in(4)) options.allocator.decay_after_allocations = 2000;
  if (random.one_in(6)) options.allocator.hardening = Hardening::full;
  options.allocator.quarantine_bytes = 256 * kibibyte;
  options.visualizer.max_events = 4096;
  options.visualize = random.one_in(2);
  options.sites = random.one_in(4);
  if (random.one_in(2)) options.collect_threshold = 1 + random.below(100);
  return options;
}

}  // namespace

ThreadedProgram::ThreadedProgram(std::uint64_t seed)
    : seed_(seed),
      budget_bytes_((Random(seed).one_in(3) ? 1024 : 16 * 1024) * kibibyte),
      source_(default_source()) {
  manager_.emplace(options_of(Random(seed + 1), source_, budget_bytes_));
  manager_->set_error_handler([this](const std::exception_ptr&) { errors_.add(); });
  manager_->set_misuse_handler([this](const Misuse& misuse) {
    misuses_.add();
    std::array<char, 640> place{};
    std::puts(std::string(misuse_text(misuse, place)).c_str());
  });
  manager_->set_collect_callbacks({},
                                  [this](const CollectReport& report) { collected_.add(report.buffers); });
  manager_->set_pressure_handler([this](std::size_t needed_bytes) {
    return static_cast<bool>(exchange(place(needed_bytes + blocks_.value())));
  });
}

const char* ThreadedProgram::run(std::uint64_t operations, End end) {
  Workers workers;
  for (unsigned thread = 0; thread < threads; ++thread)
    workers.push_back(std::make_unique<Worker>(*this, seed_ ^ (std::uint64_t{thread} + 2) << 32U));
  // The last quarter is for a close that comes meanwhile.
  const std::uint64_t reading = end == End::close ? operations - operations / 4 : operations;
  on_threads([&](unsigned thread) {
    for (std::uint64_t step = 0; step < reading; ++step) workers[thread]->step();
  });
  check_counts();
  for (const std::unique_ptr<Worker>& worker : workers) {
    for (const CpuBuffer& buffer : worker->held()) check(buffer);
  }
  figures_ = manager_->statistics();
  if (end == End::let_go) {
    let_go(workers);
  } else if (end == End::close) {
    close_at_work(workers, operations - reading);
  } else {
    go(workers);
  }
  expect(source_.bytes_out() == 0, "memory stays out at the end");
  expect(source_.most_bytes_out() <= budget_bytes_, "more was out than the budget allows");
  return wrong_.load();
}

template <class Body>
void ThreadedProgram::on_threads(Body body) {
  std::vector<std::thread> running;
  for (unsigned thread = 0; thread < threads; ++thread) running.emplace_back(body, thread);
  for (std::thread& thread : running) thread.join();
}

void ThreadedProgram::expect(bool holds, const char* what) noexcept {
  const char* none = nullptr;
  if (!holds) wrong_.compare_exchange_strong(none, what);
}

// ---- what the threads share

CpuBuffer ThreadedProgram::exchange(Place& place, CpuBuffer buffer) {
  const std::lock_guard<std::mutex> locked(place.mutex);
  return std::exchange(place.strong, std::move(buffer));
}

CpuBuffer ThreadedProgram::make(std::uint64_t size_bytes, DType dtype, bool labelled) {
  Result<CpuBuffer> result = dtype == DType::uint8 && !labelled
                                 ? manager_->try_alloc(size_bytes)
                                 : manager_->try_alloc({size_bytes, dtype, {}, labelled ? "labelled" : ""});
  if (!result) {
    expect(result.status == Status::out_of_memory || (closes_ && result.status == Status::closed),
           "an allocation is refused, but not for want of memory");
    if (result.status == Status::out_of_memory) refused_.add();
    return {};
  }
  blocks_.add();
  block_bytes_.add(size_bytes);
  if (dtype == DType::uint8) fill(result.value);
  return std::move(result.value);
}

void ThreadedProgram::fill(const CpuBuffer& buffer) const {
  if (!reads_) return;
  const auto words = buffer.as<std::uint64_t>();
  const BufferId id = buffer.id();
  for (std::size_t word = 0; word < words.size(); word += word_step(words.size()))
    words[word] = word_at(id, word);
}

void ThreadedProgram::check(const CpuBuffer& buffer) {
  if (!reads_) return;
  if (shared_with_destroyers(buffer) || buffer.size_bytes() == 0) return;
  expect(!buffer.destroyed(), "a buffer that nobody destroys was destroyed");
  if (buffer.is_external()) return;
  const CpuBuffer base = buffer.is_view() ? buffer.base() : buffer;
  expect(static_cast<bool>(base) && !base.destroyed(), "a view outlives its base");
  if (base.is_external()) return;
  const std::byte* const begin = base.try_data();
  const std::byte* const end = begin + base.size_bytes();
  const std::byte* const place = buffer.try_data();
  expect(place >= begin && place + buffer.size_bytes() <= end, "a view shows what is not its base's");
  const auto words = base.as<const std::uint64_t>();
  const BufferId id = base.id();
  for (std::size_t word = 0; word < words.size(); word += word_step(words.size()))
    expect(words[word] == word_at(id, word), "the contents of a buffer changed");
}

bool ThreadedProgram::finalize(const CpuBuffer& owner, std::uint64_t choice, Finalizer& registered) {
  CpuBuffer kept = choice % 8 == 7 ? make(64, DType::uint8) : CpuBuffer();
  try {
    registered = manager_->finalize(owner, [this, weak = owner.weak(), kept, choice] {
      runs_.add();
      if (gone_) return;
      // Where it is called, or runs at a close, its owner may live.
      const CpuBuffer found = weak.lock();
      expect(!found || found.id() == weak.id(), "a weak reference gives another buffer");
      if (kept && reads_) {
        check(kept);
        rescued_.add();
        static_cast<void>(exchange(place(choice), kept));
      }
      behave(choice);
      if (choice % 16 == 1) {
        thrown_.add();
        throw std::runtime_error("as it should");
      }
    });
  } catch (const UseAfterDestroy&) {
    expect(shared_with_destroyers(owner) || closes_, "a finalizer is refused to a buffer that lives");
    return false;
  }
  registered_.add();
  return true;
}

void ThreadedProgram::behave(std::uint64_t choice) {
  switch (choice % 16) {
    case 2:
      static_cast<void>(make(100 + choice % 5000, DType::uint8));
      break;
    case 3: {
      // A ring of its own, which is left to a collection.
      CpuBuffer ring = make(64, DType::uint8);
      if (ring) static_cast<void>(ring.try_link(ring));
      break;
    }
    case 4:
      if (choice % 64 < 16) manager_->collect();
      break;
    case 5:
      if (choice % 64 < 16) manager_->trim(64 * kibibyte);
      break;
    case 6:
      static_cast<void>(exchange(place(choice)));
      break;
    default:
      break;
  }
}

// ---- what must hold

void ThreadedProgram::check_moment() {
  const Statistics now = manager_->statistics();
  expect(now.reserved_bytes == now.live_bytes + now.rounding_bytes + now.cached_bytes + now.gap_bytes,
         "the reserve is not the sum of its parts");
  expect(now.reserved_bytes <= budget_bytes_ && now.peak_reserved_bytes <= budget_bytes_,
         "more is reserved than the budget allows");
  expect(now.allocations == now.frees + now.live_blocks, "a block is neither live nor freed");
  expect(now.allocations == now.hits + now.misses, "an allocation neither hit nor missed");
  const char* const unsound = manager_->check_invariants();
  expect(unsound == nullptr, unsound);
}

void ThreadedProgram::check_counts() {
  check_moment();
  const Statistics now = manager_->statistics();
  // A block that was taken as the manager closed goes back, and no buffer is born of it.
  expect(closes_ ? now.allocations >= blocks_.value() : now.allocations == blocks_.value(),
         "allocations is wrong");
  expect(closes_ ? now.total_allocated_bytes >= block_bytes_.value()
                 : now.total_allocated_bytes == block_bytes_.value(),
         "total_allocated_bytes is wrong");
  expect(now.failed_allocations == refused_.value(), "failed_allocations is wrong");
  expect(now.live_blocks == now.live_buffers, "live_blocks is wrong");
  expect(now.reserved_bytes == source_.bytes_out(), "reserved_bytes is not what is out");
  const std::uint64_t alive = now.live_buffers + now.live_views + now.external_buffers;
  const std::uint64_t ended =
      now.disposed_buffers + now.finalized_buffers + now.collected_buffers + now.closed_buffers;
  expect(alive + ended == blocks_.value() + views_.value() + externals_.value(),
         "buffers are neither alive nor ended");
  expect(now.disposed_buffers >= destroyed_.value(), "disposed_buffers is wrong");
  expect(now.collected_buffers == collected_.value(), "collections tell of other ends than took place");
  expect(now.finalizers_run == runs_.value(), "finalizers_run is wrong");
  expect(errors_.value() == thrown_.value(), "not each error of a finalizer arrived once");
  expect(misuses_.value() == 0, "hardened mode reports misuse where there is none");
  if (manager_->closed()) return;
  expect(now.finalizers_alive == registered_.value() - runs_.value() - detached_.value(),
         "finalizers_alive is wrong");
  if (manager_->visualizing())
    expect(manager_->visualizer().live_buffers().size() == alive, "the visualizer sees other buffers alive");
}

void ThreadedProgram::empty_places() {
  for (Place& place : places_) {
    static_cast<void>(exchange(place));
    place.weak = {};
    place.finalizer = {};
  }
}

void ThreadedProgram::let_go(Workers& workers) {
  on_threads([&](unsigned thread) { workers[thread]->drop_all(); });
  // What finalizers do may put something there again, and leave garbage.
  std::uint64_t runs = 0;
  do {
    runs = runs_.value();
    empty_places();
    manager_->drain();
    while (manager_->collect().buffers != 0) {
    }
  } while (runs != runs_.value());
  empty_places();
  check_counts();
  const Statistics now = manager_->statistics();
  expect(now.live_buffers + now.live_views + now.external_buffers == 0, "a buffer is left that nobody holds");
  expect(externals_released_.value() == externals_.value(), "not each external buffer was released once");
  expect(now.live_bytes == 0 && now.edges == 0 && now.finalizers_alive == 0,
         "something is left of no buffer");
  manager_->trim(0);
  expect(manager_->statistics().cached_bytes == 0, "trim(0) leaves something cached");
  expect(manager_->statistics().reserved_bytes == 0, "memory stays reserved when nothing is live");
}

void ThreadedProgram::close_at_work(Workers& workers, std::uint64_t operations) {
  reads_ = false;
  closes_ = true;
  const std::uint64_t before_close = Random(seed_ + 2).below(operations);
  on_threads([&](unsigned thread) {
    for (std::uint64_t step = 0; step < operations; ++step) {
      if (thread == 0 && step == before_close) manager_->close();
      workers[thread]->step();
    }
  });
  manager_->drain();  // what ended around the close on a thread that defers waits for it
  check_counts();
  const Statistics now = manager_->statistics();
  expect(now.live_buffers + now.live_views + now.external_buffers == 0, "a buffer outlives its manager");
  expect(now.live_bytes == 0 && now.edges == 0 && now.finalizers_alive == 0,
         "something is left of no buffer");
  expect(externals_released_.value() == externals_.value(), "not each external buffer was released once");
  expect(now.reserved_bytes == 0, "a closed manager holds memory");
  for (const std::unique_ptr<Worker>& worker : workers) {
    for (const CpuBuffer& buffer : worker->held())
      expect(buffer.destroyed() && buffer.try_data() == nullptr && !buffer.weak().lock(),
             "a handle of a closed manager can be used");
  }
  on_threads([&](unsigned thread) { workers[thread]->drop_all(); });
  empty_places();
}

void ThreadedProgram::go(Workers& workers) {
  reads_ = false;
  gone_ = true;
  on_threads([&](unsigned thread) {
    if (thread == 0) manager_.reset();
    workers[thread]->drop_all();
  });
  empty_places();
  expect(externals_released_.value() == externals_.value(), "not each external buffer was released once");
  expect(runs_.value() + detached_.value() <= registered_.value(), "a finalizer ran twice");
}

}  // namespace bufgc::proof

#endif
