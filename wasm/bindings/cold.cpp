// The cold path: what is called now and then. An answer of several numbers is the address of doubles,
// which hold until the next such call; JavaScript's numbers are doubles too.

#include <emscripten.h>

#include <chrono>
#include <cstdint>
#include <iterator>
#include <memory>
#include <new>
#include <string_view>
#include <utility>

#include "bufgc/buffer_manager.hpp"
#include "bufgc/statistics.hpp"
#include "hardening.hpp"
#include "instance.hpp"
#include "visualizer_calls.hpp"

namespace bufgc::wasm {
namespace {

template <class Number>
double number(Number value) {
  return static_cast<double>(value);
}

std::uint64_t budget_of(double bytes) {
  constexpr double beyond = 9007199254740992.0;
  return bytes >= beyond ? no_budget : static_cast<std::uint64_t>(bytes);
}

std::chrono::nanoseconds milliseconds(double ms) {
  return std::chrono::nanoseconds(static_cast<std::int64_t>(ms * 1e6));
}

/// Whatever is called here may see what lives, or change the rules by which it does.
Instance& here() {
  instance().shelf.clear();
  return instance();
}

BufferManager& manager() {
  return *here().manager;
}

/// An iteration, which sees the same.
Iteration& seen(Iteration* iteration) {
  instance().shelf.clear();
  return *iteration;
}

const double* report_of(const CollectReport& report) {
  static double numbers[4];
  numbers[0] = number(report.buffers);
  numbers[1] = number(report.bytes);
  numbers[2] = number(report.examined);
  numbers[3] = number(report.time_ns);
  return numbers;
}

/// Name and unit of each statistic, a line each.
constexpr char statistics_text[] =
#define BUFGC_X(type, name, unit, meaning) #name "\t" unit "\n"
    BUFGC_STATISTICS(BUFGC_X)
#undef BUFGC_X
    ;

}  // namespace
}  // namespace bufgc::wasm

using namespace bufgc;
using namespace bufgc::wasm;

extern "C" {

EMSCRIPTEN_KEEPALIVE void bufgc_open(double budget_bytes, int cache, int compact) {
  ManagerOptions options;
  options.allocator.budget_bytes = budget_of(budget_bytes);
  options.allocator.cache = cache != 0;
  options.allocator.compact = compact != 0;
  options.allocator.hardening = core_hardening;
  Instance& made = instance();
  made.manager = std::make_unique<BufferManager>(options);
  // What is hardened wants to see every block go.
  if (core_hardening == Hardening::off) made.shelf.heap = BufferAccess::heap(*made.manager);
  made.manager->set_collect_callbacks([](const CollectReport&) { tell(Event::collect_start, 0); },
                                      [](const CollectReport& report) {
                                        instance().last_collection = report;
                                        tell(Event::collect_stop, 0);
                                      });
  tell_of_misuse(*made.manager);
}

/// Eight bytes each: whole numbers, and where the unit is "ratio" doubles.
EMSCRIPTEN_KEEPALIVE const Statistics* bufgc_stats() {
  static Statistics statistics;
  statistics = manager().statistics();
  return &statistics;
}

EMSCRIPTEN_KEEPALIVE const char* bufgc_statistics_text() {
  instance().mailbox.count = sizeof statistics_text - 1;
  return statistics_text;
}

/// Four whole numbers of 64 bits a class.
EMSCRIPTEN_KEEPALIVE const SizeHistogram* bufgc_histogram() {
  static SizeHistogram histogram;
  histogram = manager().size_histogram();
  instance().mailbox.count = static_cast<std::uint32_t>(sizeof histogram / sizeof(std::uint64_t));
  return &histogram;
}

EMSCRIPTEN_KEEPALIVE const double* bufgc_collect() {
  return report_of(manager().collect());
}
EMSCRIPTEN_KEEPALIVE const double* bufgc_last_collection() {
  return report_of(instance().last_collection);
}
EMSCRIPTEN_KEEPALIVE double bufgc_trim(double keep_bytes) {
  return number(manager().trim(budget_of(keep_bytes)));
}
EMSCRIPTEN_KEEPALIVE void bufgc_set_budget_bytes(double bytes) {
  manager().set_budget_bytes(budget_of(bytes));
}
EMSCRIPTEN_KEEPALIVE void bufgc_set_cache_enabled(int enabled) {
  manager().set_cache_enabled(enabled != 0);
}
EMSCRIPTEN_KEEPALIVE void bufgc_set_sites_enabled(int enabled) {
  manager().set_sites_enabled(enabled != 0);
}
EMSCRIPTEN_KEEPALIVE void bufgc_close() {
  BufferManager& closing = manager();
  instance().shelf.heap = nullptr;  // finalizers run: what they dispose is counted as that
  closing.close();
}

/// Keeps the text for ever, for places in the program; null where there is no memory for it.
EMSCRIPTEN_KEEPALIVE const char* bufgc_keep_text(std::uint32_t bytes) {
  const IncomingText text(bytes);
  char* const kept = new (std::nothrow) char[bytes + 1];
  if (kept != nullptr) kept[text.view().copy(kept, bytes)] = '\0';
  return kept;
}

/// Null where there is no memory for it.
EMSCRIPTEN_KEEPALIVE Iteration* bufgc_iteration_open(double plan_ms, double most_deviating) {
  IterationOptions options;
  options.plan_time_limit = milliseconds(plan_ms);
  options.most_deviating_iterations = static_cast<std::uint32_t>(most_deviating);
  return new (std::nothrow) Iteration(manager().iteration(options));
}
EMSCRIPTEN_KEEPALIVE void bufgc_iteration_drop(Iteration* iteration) {
  delete &seen(iteration);
}
EMSCRIPTEN_KEEPALIVE int bufgc_iteration_begin(Iteration* iteration) {
  return static_cast<int>(seen(iteration).begin());
}
EMSCRIPTEN_KEEPALIVE int bufgc_iteration_end(Iteration* iteration) {
  return static_cast<int>(seen(iteration).end());
}
EMSCRIPTEN_KEEPALIVE void bufgc_iteration_abandon(Iteration* iteration) {
  seen(iteration).abandon();
}
EMSCRIPTEN_KEEPALIVE int bufgc_iteration_improve(Iteration* iteration, double plan_ms) {
  return static_cast<int>(seen(iteration).improve_plan(milliseconds(plan_ms)));
}
EMSCRIPTEN_KEEPALIVE const double* bufgc_iteration_state(const Iteration* iteration) {
  static double numbers[8];
  numbers[0] = number(iteration->is_open());
  numbers[1] = number(iteration->planned());
  numbers[2] = number(iteration->iterations());
  numbers[3] = number(iteration->deviating_iterations());
  numbers[4] = number(iteration->plan().height_bytes);
  numbers[5] = number(iteration->plan().lower_bound_bytes);
  numbers[6] = number(iteration->plan().allocations.size());
  numbers[7] = number(iteration->plan().planned_blocks);
  return numbers;
}

/// Before the first start: `calls` are the annex's, by their indices in the core's table.
EMSCRIPTEN_KEEPALIVE void bufgc_visualizer_connect(BufferVisualizer* annex_visualizer,
                                                   const VisualizerCalls* calls) {
  connect_visualizer(*annex_visualizer, *calls);
}
EMSCRIPTEN_KEEPALIVE void bufgc_visualizer_start() {
  manager().start_visualizer();
}
EMSCRIPTEN_KEEPALIVE void bufgc_visualizer_stop() {
  manager().stop_visualizer();
}
}
