// What reading and writing a trace costs, the binary form beside NDJSON, from memory to memory; native and as
// WebAssembly: bench_trace [LIFECYCLES]   (a million, released in random order, and youngest first)
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "made_trace.hpp"
#include "trace/bufgc_writer.hpp"
#include "trace/readers.hpp"
#include "trace/writers.hpp"

namespace {

using namespace bufgc;

/// Least of three runs, in seconds of processor time.
template <class Work>
double least_seconds(Work&& work) {
  double least = 1e9;
  for (int run = 0; run < 3; ++run) {
    const std::clock_t start = std::clock();
    work();
    least = std::min(least, static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC);
  }
  return least;
}

/// As the page does: in pieces.
Lifecycles read(std::unique_ptr<trace::Reader> reader, std::string_view bytes) {
  constexpr std::size_t piece = 131072;
  for (std::size_t at = 0; at < bytes.size(); at += piece)
    if (!reader->feed(bytes.substr(at, piece))) std::abort();
  if (!reader->finish()) std::abort();
  return reader->take();
}

template <class Write>
void measure(const char* name, const Lifecycles& rows, Write&& write,
             std::unique_ptr<trace::Reader> (*make)()) {
  const auto events = static_cast<double>(rows.event_count());
  std::string bytes;
  const double writing = least_seconds([&] {
    trace::StringSink sink;
    if (!write(rows, sink)) std::abort();
    bytes = std::move(sink.text);
  });
  const double reading = least_seconds([&] {
    if (read(make(), bytes).event_count() != rows.event_count()) std::abort();
  });
  std::printf("  %-7s %6.2f bytes an event, read %7.2f M events/s, written %6.2f M events/s\n", name,
              static_cast<double>(bytes.size()) / events, events / reading / 1e6, events / writing / 1e6);
}

}  // namespace

int main(int argc, char** argv) {
  const std::uint64_t lifecycles = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1'000'000;
  for (const ReleaseOrder order : {ReleaseOrder::random, ReleaseOrder::stack}) {
    trace::StringSink sink;
    trace::BufgcWriter writer(sink);
    make_trace(lifecycles, order, [&](const EventRecord& event) { writer.add(event); });
    if (!writer.close()) return 1;
    const Lifecycles rows = read(trace::make_bufgc_reader(), sink.text);
    std::printf("%llu lifecycles, %s:\n", static_cast<unsigned long long>(lifecycles),
                order == ReleaseOrder::random ? "released in random order" : "the youngest released first");
    measure("bufgc", rows, &trace::write_bufgc, &trace::make_bufgc_reader);
    measure("ndjson", rows, &trace::write_ndjson, &trace::make_ndjson_reader);
  }
  return 0;
}
