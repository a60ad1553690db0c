// What a hardened manager must not call misuse: a buffer that ends on one thread while another still has work
// with its block.

#if !defined(__EMSCRIPTEN__)

#include <atomic>
#include <thread>
#include <vector>

#include "buffer/support.hpp"
#include "bufgc/buffer/buffer_access.hpp"
#include "bufgc/buffer/buffer_heap.hpp"

using namespace bufgc;

namespace {

struct Hardened {
  Hardened() : manager(options()) {
    manager.set_misuse_handler([this](const Misuse&) { ++reports; });
  }
  static ManagerOptions options() {
    ManagerOptions options;
    options.allocator.hardening = Hardening::full;
    return options;
  }
  std::atomic<int> reports{0};
  BufferManager manager;
};

/// Closes the manager on another thread while a birth is told, and returns when the newborn's memory is gone.
class ClosesAtBirth final : public BufferObserver {
 public:
  explicit ClosesAtBirth(BufferManager& manager) : manager_(manager) {}
  ~ClosesAtBirth() override { closer_.join(); }
  void on_alloc(const BufferBirth&) noexcept override {
    closer_ = std::thread([this] { manager_.close(); });
    while (manager_.statistics().frees == 0) std::this_thread::yield();
  }
  void on_free(BufferId, Cause, FreedTo) noexcept override {}
  void on_link(BufferId, BufferId) noexcept override {}
  void on_unlink(BufferId, BufferId) noexcept override {}

 private:
  BufferManager& manager_;
  std::thread closer_;
};

}  // namespace

TEST_CASE("hardened, a buffer that a close ends at its birth is told of to nobody",
          "[hardening][threads][close]") {
  Hardened hardened;
  CpuBuffer born;
  {
    ClosesAtBirth closes(hardened.manager);
    BufferAccess::heap(hardened.manager)->set_observer(&closes);
    born = hardened.manager.alloc(1000);
    BufferAccess::heap(hardened.manager)->set_observer(nullptr);
  }
  CHECK(born.destroyed());
  CHECK(hardened.reports == 0);
}

TEST_CASE("hardened, pins that race a destroy are told of to nobody", "[hardening][threads]") {
  constexpr int races = 400;
  Hardened hardened;
  BufferManager& manager = hardened.manager;
  for (int race = 0; race < races && hardened.reports == 0; ++race) {
    CpuBuffer buffer = manager.alloc(64);
    std::atomic<bool> pinning{false};
    std::thread pinner([&pinning, own = buffer] {
      while (const BufferPin pin = own.pin()) pinning.store(true, std::memory_order_relaxed);
    });
    // It is somewhere between a pin and the next by now.
    while (!pinning.load(std::memory_order_relaxed)) std::this_thread::yield();
    buffer.destroy();
    pinner.join();
  }
  CHECK(hardened.reports == 0);
  CHECK(manager.check_invariants() == nullptr);
}

#endif
