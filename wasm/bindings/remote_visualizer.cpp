// The core's `BufferVisualizer`: it hands on what it hears to the one that records, in the annex.

#include "visualizer_calls.hpp"

namespace bufgc {
namespace {

BufferVisualizer* recorder = nullptr;
wasm::VisualizerCalls calls;

}  // namespace

void wasm::connect_visualizer(BufferVisualizer& annex_visualizer, const VisualizerCalls& calls_) noexcept {
  recorder = &annex_visualizer;
  calls = calls_;
}

struct BufferVisualizer::State {};

BufferVisualizer::BufferVisualizer(VisualizerOptions) {}
BufferVisualizer::~BufferVisualizer() = default;

void BufferVisualizer::on_alloc(const BufferBirth& birth) noexcept {
  calls.on_alloc(*recorder, birth);
}
void BufferVisualizer::on_free(BufferId id, Cause cause, FreedTo freed_to) noexcept {
  calls.on_free(*recorder, id, cause, freed_to);
}
void BufferVisualizer::on_missed_end(BufferId id) noexcept {
  calls.on_missed_end(*recorder, id);
}
void BufferVisualizer::on_move(BufferId id, const std::byte* from, const std::byte* to) noexcept {
  calls.on_move(*recorder, id, from, to);
}
void BufferVisualizer::on_link(BufferId holder, BufferId held) noexcept {
  calls.on_link(*recorder, holder, held);
}
void BufferVisualizer::on_unlink(BufferId holder, BufferId held) noexcept {
  calls.on_unlink(*recorder, holder, held);
}
void BufferVisualizer::on_segment_reserved(Segment segment) noexcept {
  calls.on_segment_reserved(*recorder, segment);
}
void BufferVisualizer::on_segment_released(Segment segment) noexcept {
  calls.on_segment_released(*recorder, segment);
}
void BufferVisualizer::begin_segment_listing() noexcept {
  calls.begin_segment_listing(*recorder);
}
void BufferVisualizer::end_segment_listing() noexcept {
  calls.end_segment_listing(*recorder);
}
std::vector<BufferId> BufferVisualizer::live_buffers() const {
  std::vector<BufferId> live;
  calls.live_buffers(*recorder, live);
  return live;
}
/// The log goes with the memory that both modules are in.
void BufferVisualizer::clear() noexcept {}

}  // namespace bufgc
