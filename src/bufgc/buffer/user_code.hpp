#pragma once

// Private to the buffer room: where the calling thread stands among finalizers and release callbacks.

#include "bufgc/buffer/buffer_heap.hpp"

namespace bufgc {

/// User code runs while this stands; what ends in it, but may not nest any deeper, joins `row`.
class [[nodiscard]] UserCode {
 public:
  explicit UserCode(DeathRow& row) noexcept;
  ~UserCode();
  UserCode(const UserCode&) = delete;
  UserCode& operator=(const UserCode&) = delete;

 private:
  DeathRow* const outer_;
};

/// While this stands user code runs, though a `DeferFinalizers` lives on this thread.
class [[nodiscard]] NotDeferring {
 public:
  NotDeferring() noexcept;
  ~NotDeferring();
  NotDeferring(const NotDeferring&) = delete;
  NotDeferring& operator=(const NotDeferring&) = delete;

 private:
  const int outer_;
};

/// Whether a finalizer or a release callback is running on this thread.
[[nodiscard]] bool inside_user_code() noexcept;
/// Whether none may run on this thread.
[[nodiscard]] bool defers_user_code() noexcept;
/// Where deaths have nested as deep as they may: the row of the death around. Else null.
[[nodiscard]] DeathRow* row_to_join() noexcept;

}  // namespace bufgc
