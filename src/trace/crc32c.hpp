#pragma once

#include <cstdint>
#include <string_view>

namespace bufgc::trace {

/// CRC-32C (Castagnoli's polynomial, 0x1edc6f41, reflected) as RFC 3720 appendix B.4 has it: the sum of
/// "123456789" is 0xe3069283. Finds every single flipped bit and every run of up to 32. Eight bytes at a
/// time by tables, the method of Kounavis and Berry ("slicing by 8", 2005).
[[nodiscard]] std::uint32_t crc32c(std::string_view bytes) noexcept;

}  // namespace bufgc::trace
