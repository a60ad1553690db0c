// The cold path through Embind: what is called now and then, and answers with objects.

#include <emscripten/bind.h>
#include <emscripten/val.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include "bufgc/buffer_manager.hpp"
#include "bufgc/statistics.hpp"
#include "instance.hpp"
#include "trace/trace_stream.hpp"
#include "trace/writers.hpp"

namespace bufgc::wasm {
namespace {

using emscripten::val;

/// JavaScript's numbers: 2^64 - 1, "none", becomes a number that no memory reaches.
template <class Number>
double number(Number value) {
  return static_cast<double>(value);
}

std::uint64_t budget_of(double bytes) {
  constexpr double beyond = 9007199254740992.0;
  return bytes >= beyond ? no_budget : static_cast<std::uint64_t>(bytes);
}

BufferManager& manager() {
  return *instance().manager;
}

val report_of(const CollectReport& report) {
  val object = val::object();
  object.set("buffers", number(report.buffers));
  object.set("bytes", number(report.bytes));
  object.set("examined", number(report.examined));
  object.set("timeNs", number(report.time_ns));
  return object;
}

/// A copy that JavaScript owns: views of this memory would not survive its growth.
template <class Item>
val copy_of(const Item* items, std::size_t count) {
  return val(emscripten::typed_memory_view(count, items)).template call<val>("slice");
}

template <class Item>
val copy_of(const std::vector<Item>& items) {
  return copy_of(items.data(), items.size());
}

/// 64-bit columns as JavaScript's numbers; what stands for "none" becomes -1.
template <class Item>
val numbers_of(const std::vector<Item>& items, std::uint64_t none = Lifecycles::no_address) {
  std::vector<double> numbers;
  numbers.reserve(items.size());
  for (const Item item : items) {
    const bool known = std::is_signed_v<Item> || static_cast<std::uint64_t>(item) != none;
    numbers.push_back(known ? static_cast<double>(item) : -1.0);
  }
  return copy_of(numbers);
}

void open(double budget_bytes, bool visualize, double max_events, bool cache, bool compact) {
  ManagerOptions options;
  options.allocator.budget_bytes = budget_of(budget_bytes);
  options.allocator.cache = cache;
  options.allocator.compact = compact;
  options.visualizer.max_events = static_cast<std::size_t>(max_events);
  options.visualize = visualize;
  Instance& here = instance();
  here.manager = std::make_unique<BufferManager>(options);
  here.manager->set_collect_callbacks([](const CollectReport&) { tell(Event::collect_start, 0); },
                                      [](const CollectReport& report) {
                                        instance().last_collection = report;
                                        tell(Event::collect_stop, 0);
                                      });
}

val stats() {
  const Statistics statistics = manager().statistics();
  val object = val::object();
#define BUFGC_X(type, name, unit, meaning) object.set(#name, number(statistics.name));
  BUFGC_STATISTICS(BUFGC_X)
#undef BUFGC_X
  return object;
}

val statistics_list() {
  static constexpr const char* texts[][3] = {
#define BUFGC_X(type, name, unit, meaning) {#name, unit, meaning},
      BUFGC_STATISTICS(BUFGC_X)
#undef BUFGC_X
  };
  val list = val::array();
  for (const auto& text : texts) {
    val info = val::object();
    info.set("name", std::string(text[0]));
    info.set("unit", std::string(text[1]));
    info.set("meaning", std::string(text[2]));
    list.call<void>("push", info);
  }
  return list;
}

val histogram() {
  val list = val::array();
  for (const SizeClassCount& entry : manager().size_histogram()) {
    val object = val::object();
    object.set("lowerBytes", number(entry.lower_bytes));
    object.set("allocations", number(entry.allocations));
    object.set("liveBlocks", number(entry.live_blocks));
    object.set("liveBytes", number(entry.live_bytes));
    list.call<void>("push", object);
  }
  return list;
}

val collect() {
  return report_of(manager().collect());
}
val last_collection() {
  return report_of(instance().last_collection);
}
double trim(double keep_bytes) {
  return number(manager().trim(budget_of(keep_bytes)));
}
void set_budget_bytes(double bytes) {
  manager().set_budget_bytes(budget_of(bytes));
}
void set_cache_enabled(bool enabled) {
  manager().set_cache_enabled(enabled);
}
void set_sites_enabled(bool enabled) {
  manager().set_sites_enabled(enabled);
}
void close() {
  manager().close();
}

/// A text that is kept for ever, for places in the program; its address.
double keep_text(const std::string& text) {
  static std::vector<std::unique_ptr<std::string>> kept;
  kept.push_back(std::make_unique<std::string>(text));
  return number(reinterpret_cast<std::uintptr_t>(kept.back()->c_str()));
}

/// A new iteration; its number.
int iteration_open(double plan_ms, double most_deviating) {
  static int last = 0;
  IterationOptions options;
  options.plan_time_limit = std::chrono::nanoseconds(static_cast<std::int64_t>(plan_ms * 1e6));
  options.most_deviating_iterations = static_cast<std::uint32_t>(most_deviating);
  instance().iterations[++last].reset(new Iteration(manager().iteration(options)));
  return last;
}
void iteration_drop(int number) {
  instance().iterations.erase(number);
}
int iteration_begin(int number) {
  return static_cast<int>(instance().iterations.at(number)->begin());
}
int iteration_end(int number) {
  return static_cast<int>(instance().iterations.at(number)->end());
}
void iteration_abandon(int number) {
  instance().iterations.at(number)->abandon();
}
int iteration_improve(int number, double plan_ms) {
  const auto limit = std::chrono::nanoseconds(static_cast<std::int64_t>(plan_ms * 1e6));
  return static_cast<int>(instance().iterations.at(number)->improve_plan(limit));
}
val iteration_state(int number_) {
  const Iteration& iteration = *instance().iterations.at(number_);
  val object = val::object();
  object.set("open", iteration.is_open());
  object.set("planned", iteration.planned());
  object.set("iterations", number(iteration.iterations()));
  object.set("deviatingIterations", number(iteration.deviating_iterations()));
  object.set("heightBytes", number(iteration.plan().height_bytes));
  object.set("lowerBoundBytes", number(iteration.plan().lower_bound_bytes));
  object.set("allocations", number(iteration.plan().allocations.size()));
  object.set("blocks", number(iteration.plan().planned_blocks));
  return object;
}

void visualizer_start() {
  manager().start_visualizer();
}
void visualizer_stop() {
  manager().stop_visualizer();
}
void visualizer_clear() {
  manager().visualizer().clear();
}
double visualizer_event_count() {
  return number(manager().visualizer().event_count());
}
double visualizer_log_bytes() {
  return number(manager().visualizer().log_bytes());
}

/// Tells JavaScript of the next event, once, until it is armed again.
void visualizer_watch(bool watch) {
  static BufferVisualizer::SubscriptionId subscription = 0;
  static bool subscribed = false;
  static bool armed = false;
  armed = watch;
  if (watch == subscribed) return;
  subscribed = watch;
  if (!watch) {
    manager().visualizer().unsubscribe(subscription);
    return;
  }
  subscription = manager().visualizer().subscribe([](std::uint64_t) {
    if (!armed) return;
    armed = false;
    tell(Event::recorded, 0);
  });
}

val visualizer_snapshot() {
  const Lifecycles rows = manager().visualizer().snapshot();
  val object = val::object();
  object.set("id", numbers_of(rows.id));
  object.set("size", numbers_of(rows.size_bytes));
  object.set("capacity", numbers_of(rows.capacity_bytes));
  object.set("address", numbers_of(rows.address));
  object.set("allocTimeNs", numbers_of(rows.alloc_time_ns));
  object.set("freeTimeNs", numbers_of(rows.free_time_ns));
  object.set("allocEvent", copy_of(rows.alloc_event));
  object.set("freeEvent", copy_of(rows.free_event));
  object.set("label", copy_of(rows.label));
  object.set("dtype", copy_of(rows.dtype));
  object.set("shape", copy_of(rows.shape));
  object.set("site", copy_of(rows.site));
  object.set("thread", copy_of(rows.thread));
  object.set("base", copy_of(rows.base));
  object.set("kind", copy_of(rows.kind));
  object.set("cause", copy_of(rows.cause));
  object.set("servedBy", copy_of(rows.served_by));
  object.set("freedTo", copy_of(rows.freed_to));
  std::vector<std::uint32_t> uses;
  uses.reserve(rows.uses.size() * 4);
  for (const Lifecycles::Use& use : rows.uses) {
    uses.insert(uses.end(), {use.event, use.row, use.kernel, std::uint32_t{use.access}});
  }
  object.set("uses", copy_of(uses));
  std::vector<std::uint32_t> marks;
  for (const Lifecycles::Mark& mark : rows.marks) marks.insert(marks.end(), {mark.event, mark.name});
  object.set("marks", copy_of(marks));
  std::vector<std::uint32_t> moved;
  std::vector<std::uint64_t> places;
  for (const Lifecycles::Move& move : rows.moves) {
    moved.insert(moved.end(), {move.event, move.row});
    places.insert(places.end(), {move.from, move.to});
  }
  object.set("moves", copy_of(moved));
  object.set("movePlaces", numbers_of(places));
  val strings = val::array();
  for (std::uint32_t index = 0; index < rows.strings.size(); ++index) {
    strings.call<void>("push", std::string(rows.strings.at(index)));
  }
  object.set("strings", strings);
  val folded = val::object();
  folded.set("events", number(rows.folded.events));
  folded.set("buffers", number(rows.folded.buffers));
  folded.set("bytes", number(rows.folded.bytes));
  folded.set("maxLiveBytes", number(rows.folded.max_live_bytes));
  folded.set("maxLiveBuffers", number(rows.folded.max_live_buffers));
  object.set("folded", folded);
  object.set("eventCount", visualizer_event_count());
  return object;
}

val bytes_of(const std::string& text) {
  return copy_of(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
}

val visualizer_export(int format) {
  using Writer = bool (*)(const Lifecycles&, trace::Sink&);
  static constexpr Writer writers[] = {&trace::write_ndjson, &trace::write_csv, &trace::write_chrome,
                                       &trace::write_bufgc};
  trace::StringSink sink;
  writers[format](manager().visualizer().snapshot(), sink);
  return bytes_of(sink.text);
}

val visualizer_export_since(double from) {
  trace::StringSink sink;
  const std::uint64_t next =
      trace::write_ndjson_since(manager().visualizer(), static_cast<std::uint64_t>(from), sink);
  val object = val::object();
  object.set("ndjson", bytes_of(sink.text));
  object.set("next", number(next));
  return object;
}

/// A trace on its way out: what the stream wrote waits until JavaScript takes it.
struct Outgoing {
  trace::StringSink sink;
  trace::TraceStream stream{manager().visualizer(), sink};
};
std::vector<std::unique_ptr<Outgoing>>& outgoing() {
  static std::vector<std::unique_ptr<Outgoing>> all;
  return all;
}

int stream_open() {
  outgoing().push_back(std::make_unique<Outgoing>());
  return static_cast<int>(outgoing().size()) - 1;
}

/// Of `StreamStep` in wasm/src/native.ts. What is closed is gone.
val stream_step(int index, int step) {
  std::unique_ptr<Outgoing>& out = outgoing()[static_cast<std::size_t>(index)];
  if (step == 0) out->stream.pull();
  if (step == 1) out->stream.flush();
  if (step == 2) out->stream.close();
  val result = val::object();
  result.set("bytes", bytes_of(out->sink.text));
  result.set("lostEvents", number(out->stream.lost_events()));
  out->sink.text.clear();
  if (step == 2) out.reset();
  return result;
}

void visualizer_mark(const std::string& name) {
  manager().visualizer().mark(name);
}

}  // namespace

EMSCRIPTEN_BINDINGS(bufgc) {
  using emscripten::function;
  function("open", &open);
  function("stats", &stats);
  function("statistics", &statistics_list);
  function("histogram", &histogram);
  function("collect", &collect);
  function("lastCollection", &last_collection);
  function("trim", &trim);
  function("setBudgetBytes", &set_budget_bytes);
  function("setCacheEnabled", &set_cache_enabled);
  function("setSitesEnabled", &set_sites_enabled);
  function("close", &close);
  function("keepText", &keep_text);
  function("iterationOpen", &iteration_open);
  function("iterationDrop", &iteration_drop);
  function("iterationBegin", &iteration_begin);
  function("iterationEnd", &iteration_end);
  function("iterationAbandon", &iteration_abandon);
  function("iterationImprove", &iteration_improve);
  function("iterationState", &iteration_state);
  function("visualizerStart", &visualizer_start);
  function("visualizerStop", &visualizer_stop);
  function("visualizerClear", &visualizer_clear);
  function("visualizerEventCount", &visualizer_event_count);
  function("visualizerLogBytes", &visualizer_log_bytes);
  function("visualizerWatch", &visualizer_watch);
  function("visualizerSnapshot", &visualizer_snapshot);
  function("visualizerExport", &visualizer_export);
  function("visualizerExportSince", &visualizer_export_since);
  function("streamOpen", &stream_open);
  function("streamStep", &stream_step);
  function("visualizerMark", &visualizer_mark);
}

}  // namespace bufgc::wasm
