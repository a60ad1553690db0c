// Weak references asked while the last handle goes; ThreadSanitizer watches.

#if !defined(__EMSCRIPTEN__)

#include <array>
#include <atomic>
#include <thread>
#include <vector>

#include "bufgc/buffer_manager.hpp"
#include "proof/support.hpp"

using namespace bufgc;
using namespace bufgc::proof;

namespace {

/// Buffers of which one thread drops the only handles while another asks their weak references.
struct Race {
  static constexpr std::size_t buffers = 256;
  std::array<CpuBuffer, buffers> strong;
  std::array<WeakBuffer, buffers> weak;
};

/// Two threads and the races between them. While one race is on, the next is made of what that sets free, at
/// once: a locker that reads what a release did not wait for is seen.
class WeakRaces {
 public:
  WeakRaces(BufferManager& manager, std::uint64_t races) : manager_(manager), races_(races) {}

  void release() {
    for (std::size_t i = 0; i < Race::buffers; ++i) make(race_[0], i);
    for (std::uint64_t number = 0; number < races_; ++number) {
      begun_.store(number + 1, std::memory_order_release);
      Race& now = race_[number % 2];
      Race& next = race_[(number + 1) % 2];
      for (std::size_t i = 0; i < Race::buffers; ++i) {
        if (i % 2 == 0) {
          now.strong[i].reset();
        } else {
          now.strong[i] = {};
        }
        if (number + 1 < races_) make(next, i);
      }
      while (ended_.load(std::memory_order_acquire) <= number) std::this_thread::yield();
      for (const WeakBuffer& weak : now.weak) wrong_ = wrong_ || !weak.expired();
    }
  }

  void lock() {
    for (std::uint64_t number = 0; number < races_; ++number) {
      while (begun_.load(std::memory_order_acquire) <= number) std::this_thread::yield();
      const Race& race = race_[number % 2];
      for (std::size_t i = 0; i < Race::buffers; ++i) {
        // After the other, or towards it.
        const WeakBuffer& weak = race.weak[number % 2 == 0 ? i : Race::buffers - 1 - i];
        const CpuBuffer found = weak.lock();
        if (!found) continue;
        ++found_;
        if (found.id() != weak.id() || *found.as<std::uint64_t>().data() != weak.id().value()) wrong_ = true;
      }
      ended_.store(number + 1, std::memory_order_release);
    }
  }

  /// After both: how many weak references were found alive.
  [[nodiscard]] std::uint64_t found() const noexcept { return found_; }
  [[nodiscard]] bool wrong() const noexcept { return wrong_; }

 private:
  void make(Race& race, std::size_t i) {
    race.strong[i] = manager_.alloc(64);
    race.weak[i] = race.strong[i].weak();
    *race.strong[i].as<std::uint64_t>().data() = race.weak[i].id().value();
  }

  BufferManager& manager_;
  const std::uint64_t races_;
  std::array<Race, 2> race_;
  std::atomic<std::uint64_t> begun_{0};
  std::atomic<std::uint64_t> ended_{0};
  std::uint64_t found_ = 0;
  std::atomic<bool> wrong_{false};
};

}  // namespace

TEST_CASE("weak locks that race the last release give the buffer whole, or nothing",
          "[proof][threads][weak-races]") {
  constexpr std::uint64_t pairs = 2;
  const std::uint64_t wanted = std::max<std::uint64_t>(operations(200'000), 4 * pairs * Race::buffers);
  const std::uint64_t races = (wanted + pairs * Race::buffers - 1) / (pairs * Race::buffers);
  const std::uint64_t locks = races * pairs * Race::buffers;
  BufferManager manager;
  std::uint64_t found = 0;
  {
    WeakRaces first(manager, races);
    WeakRaces second(manager, races);
    std::array threads{std::thread([&] { first.release(); }), std::thread([&] { first.lock(); }),
                       std::thread([&] { second.release(); }), std::thread([&] { second.lock(); })};
    for (std::thread& thread : threads) thread.join();
    CHECK_FALSE(first.wrong());
    CHECK_FALSE(second.wrong());
    found = first.found() + second.found();
  }
  std::printf("       %" PRIu64 " weak locks against the last release: %" PRIu64 " found the buffer\n", locks,
              found);
  const Statistics now = manager.statistics();
  CHECK(now.allocations == locks);
  CHECK(now.disposed_buffers + now.finalized_buffers == locks);
  CHECK(now.live_buffers == 0);
  CHECK(manager.check_invariants() == nullptr);
  manager.trim(0);
  CHECK(manager.statistics().cached_bytes == 0);
}

#endif
