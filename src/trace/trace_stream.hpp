#pragma once

#include <cstdint>
#include <memory>

#include "bufgc/viz/buffer_visualizer.hpp"
#include "trace/sink.hpp"

namespace bufgc::trace {

struct TraceStreamOptions {
  /// So often the stream pulls by itself, on the thread of the event; 0: the program calls `pull`. A quarter
  /// of `VisualizerOptions::max_events` or less loses nothing while one thread records.
  std::uint64_t pull_every_events = 0;
};

/// Writes what a running visualizer records into the binary form, for as long as it runs, in memory bounded
/// by one block, what is alive and the names of both. The visualizer's log needs to hold only what comes
/// between two pulls: what was folded away before it could be written is counted (`lost_events`, and among
/// the trace's skipped events), and the buffers that ended unseen get an end without a cause. A program that
/// crashes leaves a file that opens up to the last block written: every 8,192 events, or at `flush`.
///
/// Begins with what the visualizer knows at that moment. Safe from several threads. Visualizer and sink must
/// outlive it. After the sink has refused once, nothing more is written and every call answers false. Where
/// memory runs out while an event is written, the call throws `std::bad_alloc`, and the same holds from then
/// on; where that came before, the next call goes on from there. After `BufferVisualizer::clear()` it goes on
/// with what is alive; what was not pulled before is lost.
class TraceStream {
 public:
  TraceStream(BufferVisualizer& visualizer, Sink& sink, TraceStreamOptions options = {});
  /// Closes.
  ~TraceStream();
  TraceStream(const TraceStream&) = delete;
  TraceStream& operator=(const TraceStream&) = delete;

  /// Takes what was recorded since the last time; writes the blocks that it fills.
  bool pull();
  /// Pulls, and writes the block under way too, however small.
  bool flush();
  /// Flushes and ends the file with its index. Nothing is written afterwards.
  bool close();

  [[nodiscard]] std::uint64_t written_bytes() const;
  /// Events that were folded away before they could be written.
  [[nodiscard]] std::uint64_t lost_events() const;

 private:
  struct State;
  BufferVisualizer& visualizer_;
  std::shared_ptr<State> state_;  // a call of the subscription may outlive it
  BufferVisualizer::SubscriptionId subscription_ = 0;
};

}  // namespace bufgc::trace
