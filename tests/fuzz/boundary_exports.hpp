#pragma once

// What wasm/bindings/{hot,cold,annex}.cpp export, natively.

#include <cstddef>
#include <cstdint>

#include "bufgc/buffer_manager.hpp"
#include "instance.hpp"

/// An answer of the annex.
struct AnnexColumn {
  const void* items;
  std::uint32_t count;
};
struct AnnexStream;

extern "C" {
bufgc::wasm::Mailbox* bufgc_mailbox();
bufgc::wasm::Shelf* bufgc_shelf();
char* bufgc_text(std::uint32_t bytes);
bufgc::BufferRecord* bufgc_alloc(std::uint32_t size_bytes);
bufgc::BufferRecord* bufgc_alloc_spec(std::uint32_t size_bytes, std::uint32_t dtype, std::uint32_t rank,
                                      std::uint32_t label_bytes, const char* file, std::uint32_t line);
bufgc::BufferRecord* bufgc_view(bufgc::BufferRecord* handle, std::uint32_t offset_bytes,
                                std::uint32_t size_bytes, std::uint32_t dtype, std::uint32_t rank,
                                std::uint32_t label_bytes, const char* file, std::uint32_t line);
void bufgc_release(bufgc::BufferRecord* handle);
int bufgc_drop(bufgc::BufferRecord* handle);
int bufgc_destroy(bufgc::BufferRecord* handle);
std::byte* bufgc_data(const bufgc::BufferRecord* handle);
bufgc::BufferPin* bufgc_pin(bufgc::BufferRecord* handle);
void bufgc_unpin(bufgc::BufferPin* pin);
std::uint32_t bufgc_capacity(const bufgc::BufferRecord* handle);
std::uint32_t bufgc_root(const bufgc::BufferRecord* handle);
int bufgc_link(bufgc::BufferRecord* holder, bufgc::BufferRecord* held);
int bufgc_unlink(bufgc::BufferRecord* holder, bufgc::BufferRecord* held);
bufgc::Finalizer* bufgc_finalize(bufgc::BufferRecord* handle, int key);
void bufgc_finalizer_call(const bufgc::Finalizer* finalizer);
void bufgc_finalizer_detach(bufgc::Finalizer* finalizer);
void bufgc_finalizer_set_at_exit(bufgc::Finalizer* finalizer, int at_exit);
void bufgc_finalizer_drop(bufgc::Finalizer* finalizer);

void bufgc_open(double budget_bytes, int cache, int compact);
const bufgc::Statistics* bufgc_stats();
const bufgc::SizeHistogram* bufgc_histogram();
const double* bufgc_collect();
const double* bufgc_last_collection();
double bufgc_trim(double keep_bytes);
void bufgc_set_budget_bytes(double bytes);
void bufgc_set_cache_enabled(int enabled);
void bufgc_set_sites_enabled(int enabled);
void bufgc_close();
const char* bufgc_keep_text(std::uint32_t bytes);
bufgc::Iteration* bufgc_iteration_open(double plan_ms, double most_deviating);
void bufgc_iteration_drop(bufgc::Iteration* iteration);
int bufgc_iteration_begin(bufgc::Iteration* iteration);
int bufgc_iteration_end(bufgc::Iteration* iteration);
void bufgc_iteration_abandon(bufgc::Iteration* iteration);
int bufgc_iteration_improve(bufgc::Iteration* iteration, double plan_ms);
const double* bufgc_iteration_state(const bufgc::Iteration* iteration);
void bufgc_visualizer_start();
void bufgc_visualizer_stop();

void bufgc_annex_turn_ended(bufgc::BufferVisualizer* visualizer, bufgc::BufferRecord* record);
void bufgc_annex_turn_begun(bufgc::BufferVisualizer* visualizer, bufgc::BufferRecord* record);
void bufgc_annex_clear(bufgc::BufferVisualizer* visualizer);
double bufgc_annex_event_count(const bufgc::BufferVisualizer* visualizer);
void bufgc_annex_mark(bufgc::BufferVisualizer* visualizer, const char* name, std::size_t name_bytes);
int bufgc_annex_gather_use(std::uint32_t slot, std::uint32_t generation, std::uint32_t access);
void bufgc_annex_use(bufgc::BufferVisualizer* visualizer, const char* kernel, std::size_t kernel_bytes);
int bufgc_annex_watch(bufgc::BufferVisualizer* visualizer, int watch);
const AnnexColumn* bufgc_annex_snapshot(const bufgc::BufferVisualizer* visualizer);
const AnnexColumn* bufgc_annex_export(const bufgc::BufferVisualizer* visualizer, int format);
const AnnexColumn* bufgc_annex_export_since(const bufgc::BufferVisualizer* visualizer, double from);
double bufgc_annex_next_event();
AnnexStream* bufgc_annex_stream_open(bufgc::BufferVisualizer* visualizer);
const AnnexColumn* bufgc_annex_stream_step(AnnexStream* out, int step);
double bufgc_annex_stream_lost_events(const AnnexStream* out);
void bufgc_annex_stream_drop(AnnexStream* out);
void bufgc_annex_drop();
}
