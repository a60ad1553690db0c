#pragma once

// What times a case. Natively it is Google Benchmark. In WebAssembly, for which Debian has none, the few
// names of it that the cases use stand here, so that the very same cases run in both.

#if !defined(__EMSCRIPTEN__)
#include <benchmark/benchmark.h>
#else

#include <chrono>
#include <cstdint>

namespace benchmark {

/// One timed run: `for (auto _ : state)` goes round `iterations()` times, and only that is timed.
class State {
 public:
  State(std::int64_t argument, std::int64_t iterations) : argument_(argument), iterations_(iterations) {}

  struct [[maybe_unused]] Round {};
  class Iterator {
   public:
    Iterator(State* state, std::int64_t left) : state_(state), left_(left) {}
    Round operator*() const { return {}; }
    Iterator& operator++() {
      --left_;
      return *this;
    }
    bool operator!=(const Iterator&) {
      if (left_ != 0) return true;
      state_->stop();
      return false;
    }

   private:
    State* state_;
    std::int64_t left_;
  };
  Iterator begin() {
    start_ = Clock::now();
    return {this, iterations_};
  }
  Iterator end() { return {this, 0}; }

  [[nodiscard]] std::int64_t range(int) const { return argument_; }
  [[nodiscard]] std::int64_t iterations() const { return iterations_; }
  void SetItemsProcessed(std::int64_t items) { items_ = items; }
  [[nodiscard]] std::int64_t items() const { return items_ == 0 ? iterations_ : items_; }
  [[nodiscard]] double ns() const { return ns_; }

 private:
  using Clock = std::chrono::steady_clock;
  void stop() { ns_ = std::chrono::duration<double, std::nano>(Clock::now() - start_).count(); }

  std::int64_t argument_;
  std::int64_t iterations_;
  std::int64_t items_ = 0;
  double ns_ = 0;
  Clock::time_point start_;
};

template <class T>
inline void DoNotOptimize(T& value) {
  asm volatile("" : "+r"(value) : : "memory");
}
inline void ClobberMemory() {
  asm volatile("" : : : "memory");
}

}  // namespace benchmark
#endif
