#include "reader_fuzzing.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  read_text(*bufgc::trace::make_ndjson_reader(), data, size);
  return 0;
}
