#pragma once

#include <bit>
#include <cstring>
#include <string>

namespace bufgc::trace {

// The binary form is little-endian, as are all machines that bufgc runs on.
static_assert(std::endian::native == std::endian::little);

template <class Number>
[[nodiscard]] inline Number load(const char* from) noexcept {
  Number value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

template <class Number>
inline void append(std::string& to, Number value) {
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  to.append(bytes, sizeof value);
}

}  // namespace bufgc::trace
