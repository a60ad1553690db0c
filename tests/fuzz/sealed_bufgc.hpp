#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "trace/bufgc_format.hpp"
#include "trace/crc32c.hpp"

/// A binary file of those bytes with every checksum right, and no payload longer than what is there, so that
/// what stands behind them is reached.
inline std::string sealed(std::string_view bytes) {
  using namespace bufgc::trace;
  std::string file(bytes);
  if (file.size() < file_header_bytes) return file;
  const auto put = [&](std::size_t at, std::uint32_t value) {
    std::memcpy(file.data() + at, &value, sizeof value);
  };
  file.replace(0, file_header_bytes, encode_file_header());
  std::size_t end = file_header_bytes;  // of the blocks so far
  while (end + block_header_bytes <= file.size()) {
    const std::size_t at = end;
    const std::size_t begin = at + block_header_bytes;
    std::uint32_t claimed = 0;
    std::memcpy(&claimed, file.data() + at + 4, sizeof claimed);
    const std::size_t length = std::min<std::size_t>(claimed, file.size() - begin);
    put(at + 4, static_cast<std::uint32_t>(length));
    put(at + 56, crc32c(std::string_view(file).substr(begin, length)));
    put(at + 60, crc32c(std::string_view(file).substr(at, 60)));
    end = begin + length;
  }
  if (end + trailer_bytes == file.size()) {
    std::uint64_t index = 0;
    std::memcpy(&index, file.data() + end, sizeof index);
    file.replace(end, trailer_bytes, encode_trailer(index));
  }
  return file;
}
