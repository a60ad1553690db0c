#include <string>

#include "reader_fuzzing.hpp"
#include "sealed_bufgc.hpp"

/// The first byte tells the size of the pieces, and whether checksums are left as they are; the file follows.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::string file = data[0] % 4 != 0 ? sealed(bytes) : std::string(bytes);
  read_in_pieces(*bufgc::trace::make_bufgc_reader(), file, data[0] < 128 ? data[0] + std::size_t{1} : size);
  return 0;
}
