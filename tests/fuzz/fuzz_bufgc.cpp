#include <algorithm>
#include <string>
#include <string_view>

#include "reader_fuzzing.hpp"
#include "sealed_bufgc.hpp"

/// The first byte tells the size of the pieces, whether checksums are left as they are, and whether the
/// reader hears of the file's end first; the file follows.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::string file = data[0] % 4 != 0 ? sealed(bytes) : std::string(bytes);
  const auto reader = bufgc::trace::make_bufgc_reader();
  constexpr std::size_t end_bytes = 256;
  if (data[0] % 8 > 3)
    reader->expect(file.size(),
                   std::string_view(file).substr(file.size() - std::min(file.size(), end_bytes)));
  read_in_pieces(*reader, file, data[0] < 128 ? data[0] + std::size_t{1} : size);
  return 0;
}
