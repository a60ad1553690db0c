#include "bufgc/buffer/hold_probe.hpp"

#include <utility>

#include "bufgc/buffer/buffer_heap.hpp"

namespace bufgc {
namespace {

/// While the end of a copy is being watched.
thread_local HoldProbe* probing = nullptr;

}  // namespace

HoldProbe::HoldProbe(BufferRecord* record) noexcept : record_(record), outer_(std::exchange(probing, this)) {
  BufferHeap::set_attentive(record_, true);
  if (record_->root != record_) BufferHeap::set_attentive(record_->root, true);
}

HoldProbe::~HoldProbe() {
  if (record_->root != record_) BufferHeap::set_attentive(record_->root, false);
  BufferHeap::set_attentive(record_, false);
  probing = outer_;
}

void HoldProbe::see(const BufferRecord* record) noexcept {
  HoldProbe* const probe = probing;
  if (probe != nullptr && (record == probe->record_ || record == probe->record_->root)) probe->seen_ = true;
}

bool HoldProbe::holds(const Finalizer::Callback& callable, BufferRecord* record) {
  Finalizer::Callback copy = callable;
  HoldProbe probe(record);
  copy = nullptr;
  return probe.seen_;
}

}  // namespace bufgc
