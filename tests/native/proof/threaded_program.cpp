#include "proof/threaded_program.hpp"

#if !defined(__EMSCRIPTEN__)

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include "bufgc/memory/default_source.hpp"
#include "bufgc/memory/errors.hpp"

namespace bufgc::proof {
namespace {

constexpr std::uint64_t kibibyte = 1024;

/// A generator of one word: ThreadSanitizer watches all memory, and that of std::mt19937_64 is large.
class Random {
 public:
  explicit Random(std::uint64_t seed) noexcept : state_(seed) {}
  /// The method "SplitMix64" of Steele, Lea and Flood, "Fast splittable pseudorandom number generators"
  /// (2014).
  std::uint64_t operator()() noexcept {
    std::uint64_t word = state_ += 0x9e3779b97f4a7c15U;
    word = (word ^ (word >> 30U)) * 0xbf58476d1ce4e5b9U;
    word = (word ^ (word >> 27U)) * 0x94d049bb133111ebU;
    return word ^ (word >> 31U);
  }
  std::uint64_t below(std::uint64_t bound) noexcept { return (*this)() % bound; }
  bool one_in(std::uint64_t count) noexcept { return below(count) == 0; }

 private:
  std::uint64_t state_;
};

std::uint64_t word_at(BufferId id, std::size_t word) {
  return (id.value() + 1) * 0x9e3779b97f4a7c15U ^ word;
}

/// Of a large buffer not every word is written and read: 64 or so, from the first to the last.
std::size_t word_step(std::size_t words) {
  return std::max<std::size_t>(1, words / 64);
}

bool shared_with_destroyers(const CpuBuffer& buffer) {
  return buffer.dtype() == DType::int8;
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

// ---- one thread's operations

void ThreadedProgram::Worker::step() {
  const std::uint64_t choice = random_.below(1000);
  if (choice < 200) {
    allocate();
  } else if (choice < 215) {
    allocate_external();
  } else if (choice < 275) {
    view();
  } else if (choice < 445) {
    drop();
  } else if (choice < 665) {
    share();
  } else if (choice < 805) {
    weak();
  } else if (choice < 885) {
    link();
  } else if (choice < 935) {
    finalizer();
  } else if (choice < 950) {
    destroy();
  } else if (choice < 970) {
    pin();
  } else if (choice < 998) {
    if (const CpuBuffer* const buffer = any()) program_.check(*buffer);
  } else {
    seldom();
  }
}

void ThreadedProgram::Worker::allocate() {
  const std::uint64_t scale = std::uint64_t{1} << random_.below(12);
  const std::uint64_t size_bytes =
      random_.one_in(64) ? random_.below(128 * kibibyte) : random_.below(2 * scale);
  hold(program_.make(size_bytes, random_.one_in(4) ? DType::int8 : DType::uint8, random_.one_in(8)));
}

void ThreadedProgram::Worker::allocate_external() {
  static std::byte bytes[64] = {};
  Result<CpuBuffer> result = manager().try_external(
      bytes, {sizeof bytes, random_.one_in(2) ? DType::int8 : DType::uint8, {}, {}},
      [this_ = &program_](std::byte*, std::uint64_t) { this_->externals_released_.add(); });
  if (!result) return;
  program_.externals_.add();
  hold(std::move(result.value));
}

void ThreadedProgram::Worker::view() {
  const CpuBuffer* const of = any();
  if (of == nullptr) return;
  ViewSpec spec;
  spec.offset_bytes = random_.below(of->size_bytes() + 1);
  spec.dtype = of->dtype();
  Result<CpuBuffer> result = of->try_view(spec);
  if (!result) {
    program_.expect(shared_with_destroyers(*of) || program_.closes_, "a view of a living buffer is refused");
    return;
  }
  program_.views_.add();
  hold(std::move(result.value));
}

void ThreadedProgram::Worker::drop() {
  if (held_.empty()) return;
  std::swap(held_[static_cast<std::size_t>(random_.below(held_.size()))], held_.back());
  CpuBuffer last = std::move(held_.back());
  held_.pop_back();
  if (random_.one_in(4)) program_.check(last);
  std::optional<DeferFinalizers> defers;
  if (random_.one_in(8)) defers.emplace();
  if (random_.one_in(2)) last.reset();
}

void ThreadedProgram::Worker::share() {
  Place& place = program_.place(random_());
  const std::uint64_t choice = random_.below(8);
  if (choice < 4) {
    // What another thread put there may end here.
    if (const CpuBuffer* const buffer = any()) static_cast<void>(program_.exchange(place, *buffer));
  } else if (choice < 5) {
    hold(program_.exchange(place));
  } else {
    CpuBuffer copy;
    {
      const std::lock_guard<std::mutex> locked(place.mutex);
      copy = place.strong;
    }
    if (!copy) return;
    if (random_.one_in(4)) program_.check(copy);
    hold(std::move(copy));
  }
}

void ThreadedProgram::Worker::weak() {
  Place& place = program_.place(random_());
  if (const CpuBuffer* const buffer = any(); buffer != nullptr && random_.one_in(3)) {
    const WeakBuffer weak = buffer->weak();
    const std::lock_guard<std::mutex> locked(place.mutex);
    place.weak = weak;
    return;
  }
  WeakBuffer weak;
  {
    const std::lock_guard<std::mutex> locked(place.mutex);
    weak = place.weak;
  }
  CpuBuffer found = weak.lock();
  if (!found) {
    program_.expect(!weak.lock(), "a weak reference gives again what was gone");
    return;
  }
  program_.expect(found.id() == weak.id(), "a weak reference gives another buffer");
  if (random_.one_in(2)) program_.check(found);
  if (random_.one_in(2)) hold(std::move(found));
}

void ThreadedProgram::Worker::link() {
  CpuBuffer* const from = any();
  const CpuBuffer* const to = any();
  if (from == nullptr) return;
  const bool lasting = !shared_with_destroyers(*from) && !shared_with_destroyers(*to) && !program_.closes_;
  if (random_.one_in(3)) {
    const Status status = from->try_unlink(*to);
    program_.expect(status == Status::ok || status == Status::invalid_argument ||
                        (status == Status::destroyed && !lasting),
                    "an unlink is refused wrongly");
  } else {
    const Status status = from->try_link(*to);
    program_.expect(status == Status::ok || (status == Status::destroyed && !lasting),
                    "a link is refused wrongly");
  }
}

void ThreadedProgram::Worker::finalizer() {
  Place& place = program_.place(random_());
  Finalizer finalizer;
  if (random_.one_in(2)) {
    const CpuBuffer* const owner = any();
    if (owner == nullptr || !program_.finalize(CpuBuffer(*owner), random_(), finalizer)) return;
    if (random_.one_in(16)) finalizer.set_at_exit(false);
    const std::lock_guard<std::mutex> locked(place.mutex);
    std::swap(place.finalizer, finalizer);
    return;
  }
  {
    const std::lock_guard<std::mutex> locked(place.mutex);
    finalizer = place.finalizer;
  }
  switch (random_.below(4)) {
    case 0:
      try {
        finalizer.call();
      } catch (const std::runtime_error&) {
        program_.errors_.add();
      }
      break;
    case 1:
      if (finalizer.detach()) program_.detached_.add();
      break;
    case 2:
      static_cast<void>(finalizer.alive());
      break;
    default:
      static_cast<void>(finalizer.peek().has_value());
      break;
  }
}

void ThreadedProgram::Worker::destroy() {
  CpuBuffer* const buffer = any();
  if (buffer == nullptr || !shared_with_destroyers(*buffer)) return;
  CpuBuffer own = *buffer;  // a finalizer may run, and `held_` is not to be what it was
  const Status status = own.try_destroy();
  if (status == Status::ok) program_.destroyed_.add();
  program_.expect(status == Status::ok || status == Status::destroyed, "a destroy is refused wrongly");
  program_.expect(own.destroyed() && !own.weak().lock(), "what was destroyed can be used");
}

void ThreadedProgram::Worker::pin() {
  if (!pins_.empty() && (pins_.size() > 3 || random_.one_in(2))) {
    auto& [pin, place] = pins_.back();
    program_.expect(pin.data() == place || shared_with_destroyers(pin.buffer()) || program_.closes_,
                    "what is pinned moved");
    pins_.pop_back();
  } else if (const CpuBuffer* const buffer = any()) {
    BufferPin pin = buffer->pin();
    const std::byte* const place = pin.data();
    if (pin) pins_.emplace_back(std::move(pin), place);
  }
}

void ThreadedProgram::Worker::seldom() {
  BufferVisualizer& visualizer = manager().visualizer();
  switch (random_.below(16)) {
    case 0:
    case 1:
      manager().collect();
      break;
    case 2:
      manager().trim(random_.below(2) * 256 * kibibyte);
      break;
    case 3:
    case 4:
      program_.check_moment();
      break;
    case 5:
      if (random_.one_in(2)) {
        manager().start_visualizer();
      } else {
        manager().stop_visualizer();
      }
      break;
    case 6:
      static_cast<void>(visualizer.live_buffers());
      visualizer.mark("mark");
      break;
    case 7: {
      const CpuBuffer* const used = any();
      const std::array<KernelUse, 1> uses{KernelUse{used == nullptr ? BufferId{} : used->id(), Access::read}};
      visualizer.use("kernel", uses);
      int read = 0;
      visualizer.for_each_event_since(visualizer.event_count() / 2,
                                      [&](const EventRecord&) { return ++read < 100; });
      break;
    }
    case 8:
      // Whichever of these holds at a moment, none is more than the whole.
      manager().set_budget_bytes(program_.budget_bytes_ / 2 + random_.below(program_.budget_bytes_ / 2));
      break;
    case 9:
      manager().set_cache_enabled(!random_.one_in(4));
      break;
    case 10:
      static_cast<void>(manager().freeze());
      manager().unfreeze();
      break;
    case 11:
      manager().drain();
      break;
    case 12: {
      const auto subscription = visualizer.subscribe([](std::uint64_t) {});
      static_cast<void>(program_.make(64, DType::uint8));
      visualizer.unsubscribe(subscription);
      break;
    }
    case 13:
      // Of what may have ended, hardened mode calls that misuse.
      if (const CpuBuffer* const buffer = any();
          buffer != nullptr && !shared_with_destroyers(*buffer) && !program_.closes_) {
        program_.expect(manager().lock(buffer->id()) == *buffer,
                        "an id gives another buffer, or nothing of what lives");
      }
      break;
    default:
      if (!iteration_) {
        iteration_.reset(new Iteration(manager().iteration({std::chrono::microseconds(200), 3})));
      } else if (!iteration_->is_open()) {
        static_cast<void>(iteration_->begin());
      } else {
        static_cast<void>(iteration_->end());
      }
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
  // What ended around the close on a thread that defers waits for this; and one may have switched the cache
  // on.
  manager_->drain();
  manager_->trim(0);
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
