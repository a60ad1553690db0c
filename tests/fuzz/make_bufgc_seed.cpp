// Makes seeds of the binary readers' fuzzers from lines: make_bufgc_seed IN.ndjson OUT OUT_RANGE
#include <cstdio>
#include <string>

#include "trace/bufgc_writer.hpp"
#include "trace/readers.hpp"
#include "trace/records.hpp"

namespace {

bool written(const char* path, const std::string& bytes) {
  std::FILE* const out = std::fopen(path, "wb");
  return out != nullptr && std::fwrite(bytes.data(), 1, bytes.size(), out) == bytes.size() &&
         std::fclose(out) == 0;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace bufgc;
  std::FILE* const in = argc == 4 ? std::fopen(argv[1], "rb") : nullptr;
  if (in == nullptr) return 2;
  const auto reader = trace::make_ndjson_reader();
  char block[4096];
  while (const std::size_t count = std::fread(block, 1, sizeof block, in)) reader->feed({block, count});
  if (!reader->finish()) return 1;
  trace::StringSink sink;
  trace::BufgcOptions options;
  options.block_records = 6;
  options.section_records = 10;
  trace::BufgcWriter writer(sink, {}, options);
  trace::Records records(reader->lifecycles());
  for (std::size_t event = 0; event < records.size(); ++event) writer.add(records.at(event));
  if (std::fclose(in) != 0 || !writer.close()) return 1;
  // In one piece, sums made right; of the range, from the first event to the sixth.
  return written(argv[2], "\xff" + sink.text) && written(argv[3], std::string("\xff\0\5", 3) + sink.text) ? 0
                                                                                                          : 1;
}
