// Makes a seed of the binary reader's fuzzer from lines: make_bufgc_seed IN.ndjson OUT
#include <cstdio>
#include <string>

#include "trace/bufgc_writer.hpp"
#include "trace/readers.hpp"
#include "trace/records.hpp"

int main(int argc, char** argv) {
  using namespace bufgc;
  std::FILE* const in = argc == 3 ? std::fopen(argv[1], "rb") : nullptr;
  std::FILE* const out = argc == 3 ? std::fopen(argv[2], "wb") : nullptr;
  if (in == nullptr || out == nullptr) return 2;
  const auto reader = trace::make_ndjson_reader();
  char block[4096];
  while (const std::size_t count = std::fread(block, 1, sizeof block, in)) reader->feed({block, count});
  if (!reader->finish()) return 1;
  trace::StringSink sink;
  sink.text = "\xff";  // in one piece, sums made right
  trace::BufgcOptions options;
  options.block_records = 6;
  options.section_records = 10;
  trace::BufgcWriter writer(sink, {}, options);
  trace::Records records(reader->lifecycles());
  for (std::size_t event = 0; event < records.size(); ++event) writer.add(records.at(event));
  const bool good =
      writer.close() && std::fwrite(sink.text.data(), 1, sink.text.size(), out) == sink.text.size();
  std::fclose(in);
  return std::fclose(out) == 0 && good ? 0 : 1;
}
