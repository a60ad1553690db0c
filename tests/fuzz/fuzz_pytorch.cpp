#include "reader_fuzzing.hpp"

/// The first byte tells the size of the pieces; the file follows.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view file(reinterpret_cast<const char*>(data) + 1, size - 1);
  read_in_pieces(*bufgc::trace::make_pytorch_reader(), file, data[0] < 128 ? data[0] + std::size_t{1} : size);
  return 0;
}
