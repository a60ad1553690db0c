#pragma once

#include <string>
#include <string_view>

namespace bufgc::trace {

/// Where a writer's bytes go. No iostreams: they would be half of the WebAssembly package.
class Sink {
 public:
  virtual ~Sink() = default;
  /// False when the bytes could not be taken; the writer then stops and says so.
  virtual bool write(std::string_view bytes) = 0;
};

/// Collects everything in memory.
class StringSink final : public Sink {
 public:
  bool write(std::string_view bytes) override {
    text.append(bytes);
    return true;
  }
  std::string text;
};

}  // namespace bufgc::trace
