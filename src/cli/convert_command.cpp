#include <cstdio>

#include "commands.hpp"
#include "file.hpp"
#include "gzip.hpp"
#include "open_trace.hpp"
#include "trace/writers.hpp"

namespace bufgc::cli {
namespace {

using Writer = bool (*)(const Lifecycles&, trace::Sink&);

Writer writer_for(std::string_view name) {
  if (ends_with(name, ".ndjson") || ends_with(name, ".jsonl")) return &trace::write_ndjson;
  if (ends_with(name, ".bufgc")) return &trace::write_bufgc;
  if (ends_with(name, ".csv")) return &trace::write_csv;
  if (ends_with(name, ".json")) return &trace::write_chrome;
  return nullptr;
}

}  // namespace

int convert(const std::string& in, const std::string& out, const trace::TimeRange& range) {
  const bool packed = ends_with(out, ".gz");
  const Writer write = writer_for(packed ? std::string_view(out).substr(0, out.size() - 3) : out);
  if (write == nullptr || (packed && !gzip_available())) {
    complain(out + ": expected a name that ends in .bufgc, .ndjson, .csv or .json (Chrome trace)" +
             (gzip_available() ? ", each also with .gz" : "; this build cannot pack gzip"));
    return wrong_usage;
  }
  const std::optional<Lifecycles> lifecycles = open_trace(in, range);
  if (!lifecycles) return bad_file;
  File file(std::fopen(out.c_str(), "wb"));
  if (!file) {
    complain(out + ": cannot be made: " + system_reason());
    return bad_file;
  }
  FileSink sink(std::move(file));
  bool written = false;
  if (packed) {
    GzipSink gzip(sink);
    written = write(*lifecycles, gzip) && gzip.finish();
  } else {
    written = write(*lifecycles, sink);
  }
  if (!sink.close() || !written) {
    complain(out + ": cannot be written: " + system_reason());
    return bad_file;
  }
  return good;
}

}  // namespace bufgc::cli
