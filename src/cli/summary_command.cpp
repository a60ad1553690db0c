#include <cstdio>

#include "commands.hpp"
#include "json.hpp"
#include "open_trace.hpp"
#include "table.hpp"
#include "timeline/summary.hpp"

namespace bufgc::cli {
namespace {

constexpr const char* reasons[] = {
#define BUFGC_X(name, meaning) meaning,
    BUFGC_SKIP_REASONS(BUFGC_X)
#undef BUFGC_X
};

}  // namespace

int summary(const std::vector<std::string>& paths, bool json) {
  int status = good;
  JsonTraces out;
  Table table({"trace", "events", "buffers", "max live", "max buffers", "alive at end", "bytes", "allocated",
               "sizes", "skipped"});
  std::vector<std::string> notes;
  for (const std::string& path : paths) {
    const std::optional<Lifecycles> lifecycles = open_trace(path);
    if (!lifecycles) {
      status = bad_file;
      continue;
    }
    const timeline::Summary figures = timeline::summarise(*lifecycles);
    out.begin(path);
    out.add(figures);
    out.add_skipped(*lifecycles);
    out.end();
    table.add({file_name(path), human_count(figures.events), human_count(figures.buffers),
               human_bytes(figures.max_live_bytes), human_count(figures.max_live_buffers),
               human_count(figures.alive_at_end_buffers), human_bytes(figures.alive_at_end_bytes),
               human_bytes(figures.total_allocated_bytes), human_count(figures.distinct_sizes),
               human_count(figures.skipped_events)});
    for (std::size_t reason = 0; reason < skip_reason_count; ++reason)
      if (const std::uint64_t count = lifecycles->skipped_by_reason[reason]; count > 0)
        notes.push_back(path + ": skipped " + human_count(count) + ": " + reasons[reason]);
  }
  if (json) {
    out.print();
  } else {
    if (!table.empty()) table.print();
    for (const std::string& note : notes) std::printf("%s\n", note.c_str());
  }
  return status;
}

}  // namespace bufgc::cli
