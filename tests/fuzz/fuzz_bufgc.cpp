#include <algorithm>
#include <cstring>
#include <string>

#include "reader_fuzzing.hpp"
#include "trace/bufgc_format.hpp"
#include "trace/crc32c.hpp"

namespace {

void put(std::string& bytes, std::size_t at, std::uint32_t value) {
  std::memcpy(bytes.data() + at, &value, sizeof value);
}

/// Makes every checksum right, and no payload longer than what is there, so that what stands behind them is
/// reached.
void seal(std::string& file) {
  using namespace bufgc::trace;
  if (file.size() < file_header_bytes) return;
  file.replace(0, file_header_bytes, encode_file_header());
  for (std::size_t at = file_header_bytes; at + block_header_bytes <= file.size();) {
    const std::size_t begin = at + block_header_bytes;
    std::uint32_t claimed = 0;
    std::memcpy(&claimed, file.data() + at + 4, sizeof claimed);
    const std::size_t length = std::min<std::size_t>(claimed, file.size() - begin);
    put(file, at + 4, static_cast<std::uint32_t>(length));
    put(file, at + 56, crc32c(std::string_view(file).substr(begin, length)));
    put(file, at + 60, crc32c(std::string_view(file).substr(at, 60)));
    at = begin + length;
  }
}

}  // namespace

/// The first byte tells the size of the pieces, and whether checksums are left as they are; the file follows.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  std::string file(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] % 4 != 0) seal(file);
  read_in_pieces(&bufgc::trace::make_bufgc_reader, file, data[0] < 128 ? data[0] + std::size_t{1} : size);
  return 0;
}
