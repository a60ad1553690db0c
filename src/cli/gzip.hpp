#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "trace/sink.hpp"

namespace bufgc::cli {

/// Unpacks a gzip file piece by piece into a sink, in bounded memory; members that follow one another
/// are one text, as gzip has it.
class Gunzip {
 public:
  explicit Gunzip(trace::Sink& sink);
  ~Gunzip();
  Gunzip(const Gunzip&) = delete;
  Gunzip& operator=(const Gunzip&) = delete;

  /// False when the data are bad (`error` tells) or the sink refused (`error` is empty).
  bool feed(std::string_view piece);
  /// No more is to come: false when the file was cut off.
  bool finish();
  /// What was wrong and at which byte of the packed file.
  [[nodiscard]] const std::string& error() const noexcept { return error_; }

 private:
  struct State;
  std::unique_ptr<State> state_;
  std::string error_;
};

/// Packs what it is given into another sink.
class GzipSink final : public trace::Sink {
 public:
  explicit GzipSink(trace::Sink& packed);
  ~GzipSink() override;
  GzipSink(const GzipSink&) = delete;
  GzipSink& operator=(const GzipSink&) = delete;
  bool write(std::string_view bytes) override;
  /// Writes what is still inside.
  bool finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Whether this build has zlib.
[[nodiscard]] bool gzip_available() noexcept;
inline constexpr std::string_view gzip_absent =
    "is gzip, which this build cannot unpack; unpack it first (gunzip) or use the native build";

}  // namespace bufgc::cli
