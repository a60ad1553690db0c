// The cold path: what is called now and then. An answer of several numbers is the address of doubles,
// which hold until the next such call; JavaScript's numbers are doubles too.

#include <emscripten.h>

#include <chrono>
#include <cstdint>
#include <iterator>
#include <memory>
#include <tuple>

#include "bufgc/buffer_manager.hpp"
#include "bufgc/statistics.hpp"
#include "instance.hpp"

namespace bufgc::wasm {
namespace {

/// 2^64 - 1, "none", becomes a number that no memory reaches.
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

Iteration& iteration(int number) {
  return *here().iterations.find(number)->second;
}

const double* report_of(const CollectReport& report) {
  static double numbers[4];
  numbers[0] = number(report.buffers);
  numbers[1] = number(report.bytes);
  numbers[2] = number(report.examined);
  numbers[3] = number(report.time_ns);
  return numbers;
}

/// Name, unit and meaning of each statistic, a line each.
constexpr char statistics_text[] =
#define BUFGC_X(type, name, unit, meaning) #name "\t" unit "\t" meaning "\n"
    BUFGC_STATISTICS(BUFGC_X)
#undef BUFGC_X
    ;

bool watching = false;  ///< Whether JavaScript is told of the next event.

}  // namespace
}  // namespace bufgc::wasm

using namespace bufgc;
using namespace bufgc::wasm;

extern "C" {

EMSCRIPTEN_KEEPALIVE void bufgc_open(double budget_bytes, int visualize, double max_events, int cache,
                                     int compact) {
  ManagerOptions options;
  options.allocator.budget_bytes = budget_of(budget_bytes);
  options.allocator.cache = cache != 0;
  options.allocator.compact = compact != 0;
  options.visualizer.max_events = static_cast<std::size_t>(max_events);
  options.visualize = visualize != 0;
  Instance& made = instance();
  made.manager = std::make_unique<BufferManager>(options);
  made.shelf.heap = BufferAccess::heap(*made.manager);
  made.manager->set_collect_callbacks([](const CollectReport&) { tell(Event::collect_start, 0); },
                                      [](const CollectReport& report) {
                                        instance().last_collection = report;
                                        tell(Event::collect_stop, 0);
                                      });
}

EMSCRIPTEN_KEEPALIVE const double* bufgc_stats() {
  static double numbers[] = {
#define BUFGC_X(type, name, unit, meaning) 0.0,
      BUFGC_STATISTICS(BUFGC_X)
#undef BUFGC_X
  };
  const Statistics statistics = manager().statistics();
  double* next = numbers;
#define BUFGC_X(type, name, unit, meaning) *next++ = number(statistics.name);
  BUFGC_STATISTICS(BUFGC_X)
#undef BUFGC_X
  return numbers;
}

EMSCRIPTEN_KEEPALIVE const char* bufgc_statistics_text() {
  instance().mailbox.count = sizeof statistics_text - 1;
  return statistics_text;
}

/// Four numbers a class.
EMSCRIPTEN_KEEPALIVE const double* bufgc_histogram() {
  static double numbers[std::tuple_size_v<SizeHistogram> * 4];
  double* next = numbers;
  for (const SizeClassCount& entry : manager().size_histogram()) {
    *next++ = number(entry.lower_bytes);
    *next++ = number(entry.allocations);
    *next++ = number(entry.live_blocks);
    *next++ = number(entry.live_bytes);
  }
  instance().mailbox.count = static_cast<std::uint32_t>(std::size(numbers));
  return numbers;
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

/// Keeps the text for ever, for places in the program.
EMSCRIPTEN_KEEPALIVE const char* bufgc_keep_text(std::uint32_t bytes) {
  const IncomingText text(bytes);
  char* const kept = new char[bytes + 1];
  kept[text.view().copy(kept, bytes)] = '\0';
  return kept;
}

/// A new iteration; its number.
EMSCRIPTEN_KEEPALIVE int bufgc_iteration_open(double plan_ms, double most_deviating) {
  static int last = 0;
  IterationOptions options;
  options.plan_time_limit = milliseconds(plan_ms);
  options.most_deviating_iterations = static_cast<std::uint32_t>(most_deviating);
  instance().iterations[++last].reset(new Iteration(manager().iteration(options)));
  return last;
}
EMSCRIPTEN_KEEPALIVE void bufgc_iteration_drop(int number) {
  here().iterations.erase(number);
}
EMSCRIPTEN_KEEPALIVE int bufgc_iteration_begin(int number) {
  return static_cast<int>(iteration(number).begin());
}
EMSCRIPTEN_KEEPALIVE int bufgc_iteration_end(int number) {
  return static_cast<int>(iteration(number).end());
}
EMSCRIPTEN_KEEPALIVE void bufgc_iteration_abandon(int number) {
  iteration(number).abandon();
}
EMSCRIPTEN_KEEPALIVE int bufgc_iteration_improve(int number, double plan_ms) {
  return static_cast<int>(iteration(number).improve_plan(milliseconds(plan_ms)));
}
EMSCRIPTEN_KEEPALIVE const double* bufgc_iteration_state(int number_) {
  static double numbers[8];
  const Iteration& of = iteration(number_);
  numbers[0] = number(of.is_open());
  numbers[1] = number(of.planned());
  numbers[2] = number(of.iterations());
  numbers[3] = number(of.deviating_iterations());
  numbers[4] = number(of.plan().height_bytes);
  numbers[5] = number(of.plan().lower_bound_bytes);
  numbers[6] = number(of.plan().allocations.size());
  numbers[7] = number(of.plan().planned_blocks);
  return numbers;
}

/// What the annex reads.
EMSCRIPTEN_KEEPALIVE BufferVisualizer* bufgc_visualizer() {
  return &manager().visualizer();
}
EMSCRIPTEN_KEEPALIVE void bufgc_visualizer_start() {
  manager().start_visualizer();
}
EMSCRIPTEN_KEEPALIVE void bufgc_visualizer_stop() {
  manager().stop_visualizer();
}
EMSCRIPTEN_KEEPALIVE void bufgc_visualizer_clear() {
  manager().visualizer().clear();
}
EMSCRIPTEN_KEEPALIVE double bufgc_visualizer_event_count() {
  return number(manager().visualizer().event_count());
}
EMSCRIPTEN_KEEPALIVE double bufgc_visualizer_log_bytes() {
  return number(manager().visualizer().log_bytes());
}
EMSCRIPTEN_KEEPALIVE void bufgc_visualizer_mark(std::uint32_t name_bytes) {
  const IncomingText name(name_bytes);
  manager().visualizer().mark(name.view());
}

/// Tells JavaScript of the next event, once, until it is called again.
EMSCRIPTEN_KEEPALIVE void bufgc_visualizer_watch(int watch) {
  static BufferVisualizer::SubscriptionId subscription = 0;
  static bool subscribed = false;
  watching = watch != 0;
  if (watching == subscribed) return;
  subscribed = watching;
  if (!watching) {
    manager().visualizer().unsubscribe(subscription);
    return;
  }
  subscription = manager().visualizer().subscribe([](std::uint64_t) {
    if (!watching) return;
    watching = false;
    tell(Event::recorded, 0);
  });
}
}
