#include "open_trace.hpp"

#include <unistd.h>

#include <memory>

#include "file.hpp"
#include "gzip.hpp"
#include "trace/readers.hpp"

namespace bufgc::cli {
namespace {

/// Picks the reader by the first bytes and feeds it. Refuses when the reader does.
class ReaderSink final : public trace::Sink {
 public:
  explicit ReaderSink(std::string name) : name_(std::move(name)) {}

  bool write(std::string_view bytes) override { return (reader_ || choose(bytes)) && reader_->feed(bytes); }
  bool finish() { return (reader_ || choose({})) && reader_->finish(); }
  [[nodiscard]] std::string error() const { return reader_ ? reader_->error().message : why_; }
  [[nodiscard]] Lifecycles take() { return reader_->take(); }

 private:
  bool choose(std::string_view bytes) {
    reader_ = trace::make_reader(name_, bytes, why_);
    return reader_ != nullptr;
  }

  std::string name_;
  std::unique_ptr<trace::Reader> reader_;
  std::string why_;
};

/// Tells how far a long file has been read, where somebody watches.
class Progress {
 public:
  Progress(const std::string& path, std::FILE* file) : path_(path) {
    if (isatty(STDERR_FILENO) == 0 || std::fseek(file, 0, SEEK_END) != 0) return;
    total_ = std::ftell(file);
    if (total_ < worth_telling_bytes) total_ = 0;
    std::rewind(file);
  }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress() {
    if (told_ >= 0) std::fprintf(stderr, "\r\033[K");
  }
  void advance(std::size_t bytes) {
    done_ += static_cast<long>(bytes);
    if (total_ <= 0) return;
    const int percent = static_cast<int>(100.0 * static_cast<double>(done_) / static_cast<double>(total_));
    if (percent != told_) std::fprintf(stderr, "\rreading %s %d %%", path_.c_str(), percent);
    told_ = percent;
  }

 private:
  static constexpr long worth_telling_bytes = 4L << 20U;
  const std::string& path_;
  long total_ = 0;
  long done_ = 0;
  int told_ = -1;
};

}  // namespace

void complain(const std::string& what) {
  std::fprintf(stderr, "bufgc: %s\n", what.c_str());
}

std::optional<Lifecycles> open_trace(const std::string& path) {
  const File file(std::fopen(path.c_str(), "rb"));
  if (!file) {
    complain(path + ": cannot be opened: " + system_reason());
    return std::nullopt;
  }
  ReaderSink reader(ends_with(path, ".gz") ? path.substr(0, path.size() - 3) : path);
  Gunzip gunzip(reader);
  bool packed = false;
  bool good = true;
  {
    Progress progress(path, file.get());
    constexpr std::size_t block_bytes = std::size_t{1} << 18U;
    const auto block = std::make_unique<char[]>(block_bytes);
    for (bool first = true; good; first = false) {
      const std::size_t count = std::fread(block.get(), 1, block_bytes, file.get());
      if (std::ferror(file.get()) != 0) {
        complain(path + ": cannot be read: " + system_reason());
        return std::nullopt;
      }
      if (count == 0) break;
      const std::string_view bytes(block.get(), count);
      if (first) packed = bytes.substr(0, 2) == "\x1f\x8b";
      good = packed ? gunzip.feed(bytes) : reader.write(bytes);
      progress.advance(count);
    }
    // Text before the cut of a broken gzip file may be fine; the file is not.
    good = good && (!packed || gunzip.finish()) && reader.finish();
  }
  if (good) return reader.take();
  complain(path + ": " + (gunzip.error().empty() ? reader.error() : gunzip.error()));
  return std::nullopt;
}

}  // namespace bufgc::cli
