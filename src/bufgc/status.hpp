#pragma once

#include <cstdint>
#include <utility>

namespace bufgc {

/// Why a call did not do what it was asked. The same numbers stand in `wasm/src/errors.ts`.
enum class Status : std::uint8_t {
  ok = 0,
  out_of_memory = 1,     ///< The budget or the memory source has no room, after everything was tried.
  invalid_argument = 2,  ///< A size, shape, offset or dtype that cannot be; sizes that would wrap.
  destroyed = 3,         ///< The buffer, or the base of the view, was destroyed explicitly.
  closed = 4,            ///< The manager was closed.
  invalid_state = 5,     ///< Not now: an iteration is open already, or none is.
};

/// The name of `status` as errors show it, e.g. "out_of_memory".
[[nodiscard]] constexpr const char* status_name(Status status) noexcept {
  switch (status) {
    case Status::ok:
      return "ok";
    case Status::out_of_memory:
      return "out_of_memory";
    case Status::invalid_argument:
      return "invalid_argument";
    case Status::destroyed:
      return "destroyed";
    case Status::closed:
      return "closed";
    case Status::invalid_state:
      return "invalid_state";
  }
  return "unknown";
}

/// A value or the code that says why there is none. Used on paths that must not throw.
template <class T>
struct [[nodiscard]] Result {
  T value{};
  Status status = Status::ok;

  [[nodiscard]] explicit operator bool() const noexcept { return status == Status::ok; }
  static Result failure(Status why) noexcept { return Result{T{}, why}; }
};

}  // namespace bufgc
