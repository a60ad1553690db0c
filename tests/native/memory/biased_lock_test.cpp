#if !defined(__EMSCRIPTEN__)

#include "bufgc/memory/biased_lock.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <cstdint>
#include <thread>

using namespace bufgc;

namespace {

constexpr std::uint32_t owner = 1;
constexpr std::uint32_t other = 2;

/// Starts `enter` on another thread while the owner is in its section; whether it came in before the owner
/// left.
template <class Enter>
bool comes_in_beside_owner(BiasedLock& lock, Enter enter) {
  std::atomic<bool> in{false};
  bool beside = false;
  std::thread thread;
  {
    const BiasedLock::User section(lock, owner);
    thread = std::thread([&] {
      enter();
      in = true;
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    beside = in;
  }
  thread.join();
  return beside;
}

}  // namespace

TEST_CASE("who visits a lock waits until its owner has left", "[memory][threads]") {
  BiasedLock lock;
  { const BiasedLock::User first(lock, owner); }
  for (int i = 0; i < 3; ++i) {
    CHECK_FALSE(comes_in_beside_owner(lock, [&lock] { const BiasedLock::Visitor visitor(lock, other); }));
  }
}

TEST_CASE("a second user of a lock waits until its owner has left, and makes it everybody's",
          "[memory][threads]") {
  BiasedLock lock;
  { const BiasedLock::User first(lock, owner); }
  CHECK_FALSE(comes_in_beside_owner(lock, [&lock] { const BiasedLock::User user(lock, other); }));
  CHECK_FALSE(lock.try_enter_at_once(owner));
  CHECK_FALSE(comes_in_beside_owner(lock, [&lock] { const BiasedLock::User user(lock, other); }));
  CHECK_FALSE(comes_in_beside_owner(lock, [&lock] { const BiasedLock::Visitor visitor(lock, other); }));
}

#endif
