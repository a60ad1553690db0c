#pragma once

// Private to the offset planner.

#include <algorithm>
#include <chrono>

namespace bufgc::planning {

/// A moment after which no more is tried.
class Deadline {
 public:
  explicit Deadline(std::chrono::nanoseconds from_now) noexcept
      : at_(Clock::now() + std::clamp<std::chrono::nanoseconds>(from_now, std::chrono::nanoseconds{0},
                                                                std::chrono::hours{24 * 365})) {}
  [[nodiscard]] bool passed() const noexcept { return Clock::now() >= at_; }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point at_;
};

}  // namespace bufgc::planning
