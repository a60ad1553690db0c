#pragma once

// The visualizer is in the annex, and what it hears comes from the core. A function's address is its index in
// the table of its module: wasm/src/annex.ts puts the annex's functions into the core's table too, and their
// indices there into the copy that the core gets.

#include <vector>

#include "bufgc/viz/buffer_visualizer.hpp"

namespace bufgc::wasm {

/// Nothing but addresses. The first argument is the annex's visualizer.
struct VisualizerCalls {
  void (*on_alloc)(BufferVisualizer& to, const BufferBirth& birth);
  void (*on_free)(BufferVisualizer& to, const BufferId& id, Cause cause, FreedTo freed_to);
  void (*on_missed_end)(BufferVisualizer& to, const BufferId& id);
  void (*on_move)(BufferVisualizer& to, const BufferId& id, const std::byte* from, const std::byte* place);
  void (*on_link)(BufferVisualizer& to, const BufferId& holder, const BufferId& held);
  void (*on_unlink)(BufferVisualizer& to, const BufferId& holder, const BufferId& held);
  void (*on_segment_reserved)(BufferVisualizer& to, const Segment& segment);
  void (*on_segment_released)(BufferVisualizer& to, const Segment& segment);
  void (*begin_segment_listing)(BufferVisualizer& to);
  void (*end_segment_listing)(BufferVisualizer& to);
  void (*live_buffers)(const BufferVisualizer& of, std::vector<BufferId>& answer);
};

/// Before the core's own visualizer is started.
void connect_visualizer(BufferVisualizer& annex_visualizer, const VisualizerCalls& calls) noexcept;

}  // namespace bufgc::wasm
