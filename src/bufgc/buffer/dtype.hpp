#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace bufgc {

/// Element types. X(name, item_bytes); the names are those of JavaScript's `dtype` and of trace files.
#define BUFGC_DTYPES(X) \
  X(uint8, 1)           \
  X(uint8_clamped, 1)   \
  X(int8, 1)            \
  X(boolean, 1)         \
  X(uint16, 2)          \
  X(int16, 2)           \
  X(float16, 2)         \
  X(bfloat16, 2)        \
  X(uint32, 4)          \
  X(int32, 4)           \
  X(float32, 4)         \
  X(uint64, 8)          \
  X(int64, 8)           \
  X(float64, 8)

enum class DType : std::uint8_t {
#define BUFGC_X(name, item_bytes) name,
  BUFGC_DTYPES(BUFGC_X)
#undef BUFGC_X
};

inline constexpr std::size_t dtype_count = 14;

[[nodiscard]] constexpr std::size_t item_bytes(DType dtype) noexcept {
  constexpr std::uint8_t sizes[] = {
#define BUFGC_X(name, item_bytes) item_bytes,
      BUFGC_DTYPES(BUFGC_X)
#undef BUFGC_X
  };
  return sizes[static_cast<std::size_t>(dtype)];
}

[[nodiscard]] constexpr std::string_view dtype_name(DType dtype) noexcept {
  constexpr std::string_view names[] = {
#define BUFGC_X(name, item_bytes) #name,
      BUFGC_DTYPES(BUFGC_X)
#undef BUFGC_X
  };
  return names[static_cast<std::size_t>(dtype)];
}

}  // namespace bufgc
