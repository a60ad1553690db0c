#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>

#include "bufgc/memory/statistics.hpp"
#include "bufgc/status.hpp"

namespace bufgc {

/// Base of all that bufgc throws; `status()` is the code that the non-throwing call returns.
class Error : public std::runtime_error {
 public:
  Error(Status status, const std::string& message) : std::runtime_error(message), status_(status) {}
  [[nodiscard]] Status status() const noexcept { return status_; }

 private:
  Status status_;
};

/// There is no room; holds the allocator's figures at the moment of failure.
class OutOfMemory : public Error {
 public:
  OutOfMemory(std::size_t requested_bytes, const MemoryStatistics& statistics);
  [[nodiscard]] std::size_t requested_bytes() const noexcept { return requested_bytes_; }
  [[nodiscard]] const MemoryStatistics& statistics() const noexcept { return statistics_; }

 private:
  std::size_t requested_bytes_;
  MemoryStatistics statistics_;
};

class InvalidArgument : public Error {
 public:
  explicit InvalidArgument(const std::string& message) : Error(Status::invalid_argument, message) {}
};

/// The buffer, or the base of the view, was destroyed while this handle still held it.
class UseAfterDestroy : public Error {
 public:
  explicit UseAfterDestroy(const std::string& message) : Error(Status::destroyed, message) {}
};

/// A call that does not go with what is open: an iteration begun within another, or ended without one.
class InvalidState : public Error {
 public:
  explicit InvalidState(const std::string& message) : Error(Status::invalid_state, message) {}
};

/// The manager was closed before this call.
class Closed : public Error {
 public:
  explicit Closed(const std::string& message) : Error(Status::closed, message) {}
};

}  // namespace bufgc
