// Writes a trace of so many lifecycles in the binary form, for benchmarks of the viewer:
//   bench_make_trace LIFECYCLES random|stack OUT.bufgc
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "made_trace.hpp"
#include "trace/bufgc_writer.hpp"

namespace {

class FileSink final : public bufgc::trace::Sink {
 public:
  explicit FileSink(const char* path) : file_(std::fopen(path, "wb")) {}
  FileSink(const FileSink&) = delete;
  FileSink& operator=(const FileSink&) = delete;
  ~FileSink() override {
    if (file_ != nullptr) std::fclose(file_);
  }
  bool write(std::string_view bytes) override {
    return file_ != nullptr && std::fwrite(bytes.data(), 1, bytes.size(), file_) == bytes.size();
  }
  [[nodiscard]] bool close() {
    const bool good = file_ != nullptr && std::fclose(file_) == 0;
    file_ = nullptr;
    return good;
  }

 private:
  std::FILE* file_;
};

}  // namespace

int main(int argc, char** argv) {
  const std::string_view order = argc == 4 ? argv[2] : "";
  const std::uint64_t lifecycles = argc == 4 ? std::strtoull(argv[1], nullptr, 10) : 0;
  if (lifecycles == 0 || (order != "random" && order != "stack")) {
    std::fprintf(stderr, "usage: bench_make_trace LIFECYCLES random|stack OUT.bufgc\n");
    return 2;
  }
  FileSink sink(argv[3]);
  bufgc::trace::BufgcWriter writer(sink);
  make_trace(lifecycles, order == "random" ? ReleaseOrder::random : ReleaseOrder::stack,
             [&](const bufgc::EventRecord& event) { writer.add(event); });
  if (writer.close() && sink.close()) return 0;
  std::fprintf(stderr, "%s: cannot be written\n", argv[3]);
  return 1;
}
