// Makes the seeds of the fuzzer of packed files: make_gzip_seeds FOLDER FILE…
#include <cstdio>
#include <string>

#include "cli/gzip.hpp"

namespace {

std::string packed(std::string_view text) {
  bufgc::trace::StringSink sink;
  bufgc::cli::GzipSink gzip(sink);
  return gzip.write(text) && gzip.finish() ? sink.text : std::string();
}

}  // namespace

int main(int argc, char** argv) {
  for (int i = 2; i < argc; ++i) {
    std::FILE* const in = std::fopen(argv[i], "rb");
    std::FILE* const out = std::fopen((argv[1] + ("/" + std::to_string(i))).c_str(), "wb");
    if (in == nullptr || out == nullptr) return 1;
    char text[4096];
    const std::string_view all(text, std::fread(text, 1, sizeof text, in));
    // In one piece, sums made right; two members, and zeros behind them.
    const std::string seed = "\xff" + packed(all.substr(0, all.size() / 2)) +
                             packed(all.substr(all.size() / 2)) + std::string(3, '\0');
    std::fwrite(seed.data(), 1, seed.size(), out);
    std::fclose(in);
    if (std::fclose(out) != 0) return 1;
  }
  return 0;
}
