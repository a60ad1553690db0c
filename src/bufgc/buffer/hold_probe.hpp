#pragma once

// Private to the buffer room.

#include "bufgc/buffer/finalizer.hpp"

namespace bufgc {

struct BufferRecord;

/// Whether a callable holds a strong handle of some buffer, or of the one that it shows: found by copying the
/// callable and counting, on this thread alone, which references the copy's end gives back. A handle that a
/// copy does not copy stays unseen: behind a shared pointer, or that of a view of the buffer.
class HoldProbe {
 public:
  /// The caller holds `record`.
  [[nodiscard]] static bool holds(const Finalizer::Callback& callable, BufferRecord* record);

  /// A reference to `record`, which is attentive, went on this thread.
  static void see(const BufferRecord* record) noexcept;

 private:
  explicit HoldProbe(BufferRecord* record) noexcept;
  ~HoldProbe();
  HoldProbe(const HoldProbe&) = delete;
  HoldProbe& operator=(const HoldProbe&) = delete;

  BufferRecord* const record_;
  HoldProbe* const outer_;
  bool seen_ = false;
};

}  // namespace bufgc
