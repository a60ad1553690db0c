#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "bufgc/viz/lifecycles.hpp"
#include "timeline/summary.hpp"
#include "trace/text_output.hpp"

namespace bufgc::cli {

/// The one form of `--json`: {"traces":[{"trace":"…","events":n,…},…]}.
class JsonTraces {
 public:
  void begin(std::string_view path);
  void add(std::string_view name, std::uint64_t value);
  void add(std::string_view name, double value);
  /// All figures of the summary, by their names.
  void add(const timeline::Summary& figures);
  /// "skipped": the reasons, where anything was skipped.
  void add_skipped(const Lifecycles& lifecycles);
  void end();
  /// To standard output.
  void print();

 private:
  trace::StringSink sink_;
  trace::TextOutput out_{sink_};
  bool any_ = false;
};

}  // namespace bufgc::cli
