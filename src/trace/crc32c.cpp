#include "trace/crc32c.hpp"

#include <array>
#include <cstddef>

#include "trace/little_endian.hpp"

namespace bufgc::trace {
namespace {

using Tables = std::array<std::array<std::uint32_t, 256>, 8>;

/// Made when first needed: as data they would be a quarter of what the format adds to the package.
const Tables& tables() noexcept {
  static const Tables made = [] {
    constexpr std::uint32_t reflected_polynomial = 0x82f63b78U;
    Tables all{};
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
      std::uint32_t sum = byte;
      for (int bit = 0; bit < 8; ++bit) sum = (sum >> 1U) ^ ((sum & 1U) * reflected_polynomial);
      all[0][byte] = sum;
    }
    // Table n: what a byte comes to after n more bytes of zeros.
    for (std::size_t n = 1; n < all.size(); ++n)
      for (std::size_t byte = 0; byte < 256; ++byte) {
        const std::uint32_t before = all[n - 1][byte];
        all[n][byte] = (before >> 8U) ^ all[0][before & 0xffU];
      }
    return all;
  }();
  return made;
}

}  // namespace

std::uint32_t crc32c(std::string_view bytes) noexcept {
  const Tables& table = tables();
  std::uint32_t sum = ~std::uint32_t{0};
  const char* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 8; at += 8, left -= 8) {
    const std::uint64_t word = load<std::uint64_t>(at) ^ sum;
    sum = 0;
    for (unsigned byte = 0; byte < 8; ++byte) sum ^= table[7 - byte][(word >> (8 * byte)) & 0xffU];
  }
  for (; left > 0; ++at, --left)
    sum = (sum >> 8U) ^ table[0][(sum ^ static_cast<unsigned char>(*at)) & 0xffU];
  return ~sum;
}

}  // namespace bufgc::trace
