#include "open_trace.hpp"

#include <unistd.h>

#include <algorithm>
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
  [[nodiscard]] std::string notice() const { return std::string(reader_->notice()); }
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

/// A file that is read here and there.
class SeekingFile final : public trace::ByteSource {
 public:
  SeekingFile(std::FILE* file, std::uint64_t size_bytes) : file_(file), size_bytes_(size_bytes) {}
  std::uint64_t size_bytes() override { return size_bytes_; }
  std::string read(std::uint64_t offset, std::size_t count) override {
    if (offset >= size_bytes_ || std::fseek(file_, static_cast<long>(offset), SEEK_SET) != 0) return {};
    std::string bytes(std::min<std::uint64_t>(count, size_bytes_ - offset), '\0');
    bytes.resize(std::fread(bytes.data(), 1, bytes.size(), file_));
    return bytes;
  }

 private:
  std::FILE* file_;
  std::uint64_t size_bytes_;
};

/// The range of a binary file that is not packed; nothing, with `handled` false, of another.
std::optional<Lifecycles> open_range(const std::string& path, std::FILE* file, const trace::TimeRange& range,
                                     bool& handled) {
  handled = false;
  if (std::fseek(file, 0, SEEK_END) != 0) return std::nullopt;
  SeekingFile source(file, static_cast<std::uint64_t>(std::max(0L, std::ftell(file))));
  const bool binary = trace::is_bufgc(source.read(0, 1));
  std::rewind(file);
  if (!binary) return std::nullopt;
  handled = true;
  trace::RangeRead read;
  const bool good = trace::read_bufgc_range(source, range, read);
  if (!good) complain(path + ": " + read.error.message);
  if (!read.notice.empty()) complain(path + ": " + read.notice);
  return good ? std::optional(std::move(read.lifecycles)) : std::nullopt;
}

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

std::optional<Lifecycles> open_trace(const std::string& path, const trace::TimeRange& range) {
  const File file(std::fopen(path.c_str(), "rb"));
  if (!file) {
    complain(path + ": cannot be opened: " + system_reason());
    return std::nullopt;
  }
  const bool whole = range.from_ns == trace::TimeRange().from_ns && range.to_ns == trace::TimeRange().to_ns;
  if (!whole) {
    bool handled = false;
    std::optional<Lifecycles> part = open_range(path, file.get(), range, handled);
    if (handled) return part;
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
  if (good) {
    if (const std::string notice = reader.notice(); !notice.empty()) complain(path + ": " + notice);
    Lifecycles lifecycles = reader.take();
    return whole ? std::move(lifecycles) : trace::cut(lifecycles, range);
  }
  complain(path + ": " + (gunzip.error().empty() ? reader.error() : gunzip.error()));
  return std::nullopt;
}

}  // namespace bufgc::cli
