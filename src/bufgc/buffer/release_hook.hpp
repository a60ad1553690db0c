#pragma once

// Private to the buffer room.

#include <cstddef>
#include <cstdint>
#include <functional>

namespace bufgc {

using ReleaseCallback = std::function<void(std::byte* data, std::uint64_t size_bytes)>;

/// What an external buffer calls at its end.
struct ReleaseHook {
  ReleaseCallback callback;
  // While it is deferred:
  std::byte* data = nullptr;
  std::uint64_t size_bytes = 0;
  ReleaseHook* next = nullptr;
};

}  // namespace bufgc
