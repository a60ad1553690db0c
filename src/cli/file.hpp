#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>

#include "trace/sink.hpp"

namespace bufgc::cli {

struct CloseFile {
  void operator()(std::FILE* file) const noexcept { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

/// A sink that writes to a file; whether all arrived is known after `close`.
class FileSink final : public trace::Sink {
 public:
  explicit FileSink(File file) : file_(std::move(file)) {}
  bool write(std::string_view bytes) override {
    return std::fwrite(bytes.data(), 1, bytes.size(), file_.get()) == bytes.size();
  }
  [[nodiscard]] bool close() { return std::fclose(file_.release()) == 0; }

 private:
  File file_;
};

[[nodiscard]] bool ends_with(std::string_view text, std::string_view ending) noexcept;

/// What the operating system said last, as a sentence's end: "No such file or directory".
[[nodiscard]] std::string system_reason();

}  // namespace bufgc::cli
