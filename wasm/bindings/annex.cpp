// The annex: what few programs need, and those later than their start. It plans iterations, and it is the
// visualizer: it records and reads what was recorded. A module of its own over the core's memory and the
// core's heap, built from the same sources, so that it finds every object as the core left it. Nothing that
// it makes has virtual functions that the core calls, nor the other way round: each module has its own table.

#include <emscripten.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bufgc/buffer/buffer_access.hpp"
#include "bufgc/statistics.hpp"
#include "bufgc/viz/buffer_visualizer.hpp"
#include "imports.hpp"
#include "instance.hpp"
#include "plan_request.hpp"
#include "trace/trace_stream.hpp"
#include "trace/writers.hpp"
#include "visualizer_calls.hpp"

namespace bufgc::wasm {
namespace {

/// Where JavaScript finds what it copies out: wasm/src/annex.ts.
struct Column {
  const void* items = nullptr;
  std::uint32_t count = 0;
};

constexpr std::size_t column_count = 24;

/// What the last call answered with, until `bufgc_annex_drop`.
struct Answer {
  std::optional<Lifecycles> rows;  ///< Even empty ones take memory.
  std::vector<std::int64_t> alloc_times_ns;
  std::vector<std::int64_t> free_times_ns;
  std::vector<std::uint32_t> string_ends;
  // Of narrow columns, at full width.
  std::array<std::vector<std::uint32_t>, 5> words;
  trace::StringSink sink;
  double next_event = 0;
  Column columns[column_count];
};
Answer& answer() {
  static Answer the_answer;
  return the_answer;
}

/// A trace on its way out: what the stream wrote waits here until the step's end.
struct Outgoing {
  explicit Outgoing(BufferVisualizer& visualizer) : stream(visualizer, sink) {}
  trace::StringSink sink;
  trace::TraceStream stream;
};

template <class Items>
Column column(const Items& items) {
  return {items.data(), static_cast<std::uint32_t>(items.size())};
}
template <class Number>
Column column(const NarrowColumn<Number>& items, std::vector<Number>& wide) {
  wide.assign(items.begin(), items.end());
  return column(wide);
}

/// What `work` answers, or none: what is thrown is only ever for want of memory, and nothing may leave the
/// module but by its answers. Of the modules only this one is built with exceptions: it stands on containers.
template <class Work>
auto answered(Work&& work) noexcept -> decltype(work()) {
  try {
    return work();
  } catch (...) {
    answer() = {};
    return {};
  }
}

constexpr VisualizerCalls calls = {
    [](BufferVisualizer& to, const BufferBirth& birth) { to.on_alloc(birth); },
    [](BufferVisualizer& to, const BufferId& id, Cause cause, FreedTo freed_to) {
      to.on_free(id, cause, freed_to);
    },
    [](BufferVisualizer& to, const BufferId& id) { to.on_missed_end(id); },
    [](BufferVisualizer& to, const BufferId& id, const std::byte* from, const std::byte* place) {
      to.on_move(id, from, place);
    },
    [](BufferVisualizer& to, const BufferId& holder, const BufferId& held) { to.on_link(holder, held); },
    [](BufferVisualizer& to, const BufferId& holder, const BufferId& held) { to.on_unlink(holder, held); },
    [](BufferVisualizer& to, const Segment& segment) { to.on_segment_reserved(segment); },
    [](BufferVisualizer& to, const Segment& segment) { to.on_segment_released(segment); },
    [](BufferVisualizer& to) { to.begin_segment_listing(); },
    [](BufferVisualizer& to) { to.end_segment_listing(); },
    // Without memory none is known from before: ends that were missed stay untold, as what the log has no
    // room for.
    [](const BufferVisualizer& of, std::vector<BufferId>& known) {
      known = answered([&] { return of.live_buffers(); });
    },
};

std::vector<BufferVisualizer::KernelUse>& gathered_uses() {
  static std::vector<BufferVisualizer::KernelUse> uses;
  return uses;
}

/// The columns in the order of `SnapshotColumns` in wasm/src/recorder.ts.
const Column* snapshot_of(const BufferVisualizer& visualizer) {
  Answer& here = answer();
  const Lifecycles& rows = here.rows.emplace(visualizer.snapshot());
  here.string_ends.clear();
  std::uint32_t end = 0;
  for (std::uint32_t index = 0; index < rows.strings.size(); ++index) {
    end += static_cast<std::uint32_t>(rows.strings.at(index).size());
    here.string_ends.push_back(end);
  }
  here.alloc_times_ns.resize(rows.size());
  here.free_times_ns.resize(rows.size());
  for (std::size_t row = 0; row < rows.size(); ++row) {
    here.alloc_times_ns[row] = rows.alloc_time_ns(row);
    here.free_times_ns[row] = rows.free_time_ns(row);
  }
  const Column columns[] = {
      column(rows.id),
      column(rows.size_bytes),
      column(rows.capacity_bytes),
      column(rows.address),
      column(here.alloc_times_ns),
      column(here.free_times_ns),
      column(rows.alloc_event),
      column(rows.free_event),
      column(rows.label, here.words[0]),
      column(rows.dtype, here.words[1]),
      column(rows.shape, here.words[2]),
      column(rows.site, here.words[3]),
      column(rows.thread, here.words[4]),
      column(rows.base),
      column(rows.kind),
      column(rows.cause),
      column(rows.served_by),
      column(rows.freed_to),
      column(rows.uses),
      column(rows.marks),
      column(rows.moves),
      {rows.strings.at(0).data(), end},
      column(here.string_ends),
      {&rows.folded, 1},
  };
  static_assert(std::size(columns) == column_count);
  for (std::size_t index = 0; index < std::size(columns); ++index) here.columns[index] = columns[index];
  return here.columns;
}

/// One column, of what `write` wrote.
template <class Write>
const Column* written(Write&& write) noexcept {
  return answered([&]() -> const Column* {
    Answer& here = answer();
    write(here.sink);
    here.columns[0] = column(here.sink.text);
    return here.columns;
  });
}

bool watching = false;  ///< Whether JavaScript is told of the next event.

static_assert(sizeof(Lifecycles::Use) == 16 && sizeof(Lifecycles::Move) == 24 &&
                  sizeof(Lifecycles::Mark) == 8 && sizeof(Lifecycles::Folded) == 40,
              "wasm/src/annex.ts reads their fields");

}  // namespace
}  // namespace bufgc::wasm

using namespace bufgc;
using namespace bufgc::wasm;

extern "C" {

/// One column, of the text: what each statistic means, a line each, in the core's order.
EMSCRIPTEN_KEEPALIVE const Column* bufgc_annex_meanings() {
  static constexpr char text[] =
#define BUFGC_X(type, name, unit, meaning) meaning "\n"
      BUFGC_STATISTICS(BUFGC_X)
#undef BUFGC_X
      ;
  Answer& here = answer();
  here.columns[0] = {text, sizeof text - 1};
  return here.columns;
}

EMSCRIPTEN_KEEPALIVE void bufgc_annex_plan(PlanRequest* request) {
  request->answer =
      plan_offsets(request->blocks, request->granule_bytes, request->time_limit, request->good_enough_bytes);
}

/// The visualizer of this memory's core. Null, here and below, where there is no memory for it.
EMSCRIPTEN_KEEPALIVE BufferVisualizer* bufgc_annex_visualizer(double max_events) {
  return answered([&] { return new BufferVisualizer({.max_events = static_cast<std::size_t>(max_events)}); });
}
/// A copy of the calls, as this module's indices; one column of words.
EMSCRIPTEN_KEEPALIVE const Column* bufgc_annex_visualizer_calls() {
  static VisualizerCalls copy;
  copy = calls;
  Answer& here = answer();
  here.columns[0] = {&copy, sizeof copy / sizeof(std::uint32_t)};
  return here.columns;
}

/// What JavaScript lets end and begin without a call into the core (`Shelf`), as it does.
EMSCRIPTEN_KEEPALIVE void bufgc_annex_turn_ended(BufferVisualizer* visualizer, BufferRecord* record) {
  BufferAccess::tell_turn_ended(*visualizer, record);
}
EMSCRIPTEN_KEEPALIVE void bufgc_annex_turn_begun(BufferVisualizer* visualizer, BufferRecord* record) {
  BufferAccess::tell_turn_begun(*visualizer, record);
}

EMSCRIPTEN_KEEPALIVE void bufgc_annex_clear(BufferVisualizer* visualizer) {
  visualizer->clear();
}
EMSCRIPTEN_KEEPALIVE double bufgc_annex_event_count(const BufferVisualizer* visualizer) {
  return static_cast<double>(visualizer->event_count());
}
EMSCRIPTEN_KEEPALIVE double bufgc_annex_log_bytes(const BufferVisualizer* visualizer) {
  return static_cast<double>(visualizer->log_bytes());
}
EMSCRIPTEN_KEEPALIVE void bufgc_annex_mark(BufferVisualizer* visualizer, const char* name,
                                           std::size_t name_bytes) {
  visualizer->mark({name, name_bytes});
}
/// A buffer that the next `bufgc_annex_use` is of. Without memory for it, 0: none is gathered any more.
EMSCRIPTEN_KEEPALIVE int bufgc_annex_gather_use(std::uint32_t slot, std::uint32_t generation,
                                                std::uint32_t access) {
  const bool gathered = answered([&] {
    gathered_uses().push_back({BufferId{slot, generation}, static_cast<Access>(access)});
    return true;
  });
  if (!gathered) gathered_uses().clear();
  return gathered ? 1 : 0;
}
EMSCRIPTEN_KEEPALIVE void bufgc_annex_use(BufferVisualizer* visualizer, const char* kernel,
                                          std::size_t kernel_bytes) {
  visualizer->use({kernel, kernel_bytes}, gathered_uses());
  gathered_uses().clear();
}

/// Tells JavaScript of the next event, once, until it is called again. 0 where there is no memory for it.
EMSCRIPTEN_KEEPALIVE int bufgc_annex_watch(BufferVisualizer* visualizer, int watch) {
  static BufferVisualizer::SubscriptionId subscription = 0;
  watching = watch != 0;
  if (watching && subscription == 0) {
    subscription = answered([&] {
      return visualizer->subscribe([](std::uint64_t) {
        if (!watching) return;
        watching = false;
        bufgc_tell(static_cast<int>(Event::recorded), 0);
      });
    });
    watching = subscription != 0;
    return watching ? 1 : 0;
  }
  if (!watching) visualizer->unsubscribe(std::exchange(subscription, 0));
  return 1;
}

/// A column each of `SnapshotColumns` in wasm/src/recorder.ts.
EMSCRIPTEN_KEEPALIVE const Column* bufgc_annex_snapshot(const BufferVisualizer* visualizer) {
  return answered([&] { return snapshot_of(*visualizer); });
}

/// One column, of the text's bytes.
EMSCRIPTEN_KEEPALIVE const Column* bufgc_annex_export(const BufferVisualizer* visualizer, int format) {
  using Writer = bool (*)(const Lifecycles&, trace::Sink&);
  static constexpr Writer writers[] = {&trace::write_ndjson, &trace::write_csv, &trace::write_chrome,
                                       &trace::write_bufgc};
  return written([&](trace::Sink& sink) { writers[format](visualizer->snapshot(), sink); });
}

/// The same; `bufgc_annex_next_event` then tells where to go on.
EMSCRIPTEN_KEEPALIVE const Column* bufgc_annex_export_since(const BufferVisualizer* visualizer, double from) {
  return written([&](trace::Sink& sink) {
    answer().next_event =
        static_cast<double>(trace::write_ndjson_since(*visualizer, static_cast<std::uint64_t>(from), sink));
  });
}

EMSCRIPTEN_KEEPALIVE double bufgc_annex_next_event() {
  return answer().next_event;
}

EMSCRIPTEN_KEEPALIVE Outgoing* bufgc_annex_stream_open(BufferVisualizer* visualizer) {
  return answered([&] { return new Outgoing(*visualizer); });
}

/// One column, of the bytes written; `step` of `StreamStep` in wasm/src/recorder.ts. What was written before
/// memory was lacking is whole, and waits for the next step.
EMSCRIPTEN_KEEPALIVE const Column* bufgc_annex_stream_step(Outgoing* out, int step) {
  return answered([&]() -> const Column* {
    if (step == 0) out->stream.pull();
    if (step == 1) out->stream.flush();
    if (step == 2) out->stream.close();
    Answer& here = answer();
    here.sink.text = std::exchange(out->sink.text, {});
    here.columns[0] = column(here.sink.text);
    return here.columns;
  });
}
EMSCRIPTEN_KEEPALIVE double bufgc_annex_stream_lost_events(const Outgoing* out) {
  return static_cast<double>(out->stream.lost_events());
}
EMSCRIPTEN_KEEPALIVE void bufgc_annex_stream_drop(Outgoing* out) {
  delete out;
}

EMSCRIPTEN_KEEPALIVE void bufgc_annex_drop() {
  answer() = {};
}
}
