#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <limits>

#include "commands.hpp"
#include "json.hpp"
#include "open_trace.hpp"
#include "replay.hpp"
#include "table.hpp"
#include "timeline/summary.hpp"

namespace bufgc::cli {
namespace {

/// What `--budget` says: bytes, or a multiple of what a trace needs at least.
struct Budget {
  bool relative = false;
  double factor = 0;
  std::uint64_t bytes = no_budget;

  [[nodiscard]] std::uint64_t of(std::uint64_t max_live_bytes) const {
    if (!relative) return bytes;
    const double scaled = factor * static_cast<double>(max_live_bytes);
    return scaled < 0x1p63 ? static_cast<std::uint64_t>(scaled) : no_budget;
  }
};

bool parse_budget(const std::string& text, Budget& budget) {
  if (text.empty()) return true;
  if (text.back() == 'x') {
    char* end = nullptr;
    budget.relative = true;
    budget.factor = std::strtod(text.c_str(), &end);
    return end == text.c_str() + text.size() - 1 && text.size() > 1 && budget.factor > 0 &&
           budget.factor <= std::numeric_limits<double>::max();
  }
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, budget.bytes);
  return error == std::errc{} && rest == end;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

double ns_per_operation(const Run& run) {
  return run.operations == 0 ? 0 : static_cast<double>(run.time_ns) / static_cast<double>(run.operations);
}

struct Replayed {
  Run last;
  double ns_off = 0;
  double ns_on = 0;  // with the visualizer
};

/// Runs with and without the visualizer alternate, so that both see the same machine.
Replayed measure(const Workload& workload, std::uint64_t budget_bytes, const ReplayOptions& options,
                 IterationPlan* plan) {
  Replayed result;
  std::vector<double> off;
  std::vector<double> on;
  AllocatorOptions allocator;
  allocator.budget_bytes = budget_bytes;
  allocator.compact = options.compact;
  for (std::uint64_t turn = 0; turn < options.repeat; ++turn) {
    result.last = run(workload, allocator, false, plan);
    off.push_back(ns_per_operation(result.last));
    if (options.visualizer) on.push_back(ns_per_operation(run(workload, allocator, true, plan)));
  }
  result.ns_off = median(off);
  if (options.visualizer) result.ns_on = median(on);
  return result;
}

double per_second(double ns) {
  return ns > 0 ? 1e9 / ns : 0;
}

}  // namespace

int replay(const std::vector<std::string>& paths, const ReplayOptions& options) {
  Budget budget;
  if (!parse_budget(options.budget, budget)) {
    complain("--budget expected bytes, or a factor of the trace's max live bytes as 1.02x, found \"" +
             options.budget + "\"");
    return wrong_usage;
  }
  int status = good;
  JsonTraces out;
  std::vector<std::string> header = {"trace", "operations", "max live",     "peak reserved", "ratio",
                                     "hits",  "misses",     "source calls", "ns/op",         "events/s"};
  if (options.visualizer) header.insert(header.end(), {"ns/op watched", "on/off"});
  if (options.planned) header.insert(header.end(), {"plan", "planned", "deviations", "planning"});
  Table table(std::move(header));
  for (const std::string& path : paths) {
    const std::optional<Lifecycles> lifecycles = open_trace(path);
    if (!lifecycles) {
      status = bad_file;
      continue;
    }
    const timeline::Summary figures = timeline::summarise(*lifecycles);
    std::uint64_t max_live_bytes = 0;
    if (__builtin_mul_overflow(figures.max_live_bytes, options.scale, &max_live_bytes))
      max_live_bytes = std::numeric_limits<std::uint64_t>::max();
    const Workload workload(*lifecycles, options.scale);
    Result<IterationPlan> planned;
    double plan_seconds = 0;
    if (options.planned) {
      const auto start = std::chrono::steady_clock::now();
      planned =
          plan(workload, std::chrono::nanoseconds(static_cast<std::int64_t>(options.plan_seconds * 1e9)));
      plan_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
      if (!planned) {
        complain(path + ": cannot be planned: " + status_name(planned.status));
        status = bad_file;
        continue;
      }
    }
    const Replayed replayed =
        measure(workload, budget.of(max_live_bytes), options, options.planned ? &planned.value : nullptr);
    const Run& run = replayed.last;
    const Statistics& statistics = run.statistics;
    const double ratio = max_live_bytes == 0 ? 0
                                             : static_cast<double>(statistics.peak_reserved_bytes) /
                                                   static_cast<double>(max_live_bytes);
    timeline::Summary scaled = figures;
    scaled.max_live_bytes = max_live_bytes;
    out.begin(path);
    out.add(scaled);
    out.add_skipped(*lifecycles);
    out.add("operations", run.operations);
    out.add("peak_reserved_bytes", statistics.peak_reserved_bytes);
    out.add("ratio", ratio);
    out.add("hits", statistics.hits);
    out.add("misses", statistics.misses);
    out.add("source_calls", statistics.source_calls);
    out.add("compactions", statistics.compactions);
    out.add("moved_bytes", statistics.moved_bytes);
    out.add("ns_per_operation", replayed.ns_off);
    out.add("events_per_second", per_second(replayed.ns_off));
    if (options.visualizer) {
      out.add("ns_per_operation_with_visualizer", replayed.ns_on);
      out.add("visualizer_ratio", replayed.ns_off > 0 ? replayed.ns_on / replayed.ns_off : 0);
    }
    if (options.planned) {
      out.add("planned_height_bytes", planned.value.height_bytes);
      out.add("planned_lower_bound_bytes", planned.value.lower_bound_bytes);
      out.add("planned_blocks", planned.value.planned_blocks);
      out.add("planned_allocations", statistics.planned_allocations);
      out.add("deviations", statistics.plan_deviations);
      out.add("plan_seconds", plan_seconds);
    }
    if (run.failed_at_event) out.add("failed_at_event", std::uint64_t{*run.failed_at_event});
    out.end();

    std::vector<std::string> row = {file_name(path),
                                    human_count(run.operations),
                                    human_bytes(max_live_bytes),
                                    human_bytes(statistics.peak_reserved_bytes),
                                    fixed(ratio, 3),
                                    human_count(statistics.hits),
                                    human_count(statistics.misses),
                                    human_count(statistics.source_calls),
                                    fixed(replayed.ns_off, 1),
                                    human_count(static_cast<std::uint64_t>(per_second(replayed.ns_off)))};
    if (options.visualizer) {
      row.push_back(fixed(replayed.ns_on, 1));
      row.push_back(fixed(replayed.ns_off > 0 ? replayed.ns_on / replayed.ns_off : 0, 2));
    }
    if (options.planned) {
      row.push_back(human_bytes(planned.value.height_bytes));
      row.push_back(human_count(statistics.planned_allocations));
      row.push_back(human_count(statistics.plan_deviations));
      row.push_back(fixed(plan_seconds, 1) + " s");
    }
    table.add(std::move(row));
    if (run.failed_at_event) {
      complain(path + ": event " + std::to_string(*run.failed_at_event) + ": out of budget at " +
               human_bytes(statistics.live_bytes) + " live of " + human_bytes(statistics.budget_bytes));
      status = bad_file;
    }
  }
  if (options.json) {
    out.print();
  } else {
    if (!table.empty()) table.print();
  }
  return status;
}

}  // namespace bufgc::cli
