#include "bufgc/buffer/user_code.hpp"

#include <utility>

#include "bufgc/buffer/offered.hpp"

namespace bufgc {
namespace {

/// User code that runs at a death may cause further deaths, on this thread, inside that death. They
/// are carried out at once, but only so deep: below that they join the row of the death around them.
/// (A finalizer that holds the next buffer, whose finalizer holds the next … would else need a stack
/// as long as the chain.)
constexpr int deepest_nesting = 32;
thread_local int nesting = 0;
thread_local DeathRow* row_around = nullptr;

/// The `DeferFinalizers` that live on this thread.
thread_local int deferring = 0;

}  // namespace

UserCode::UserCode(DeathRow& row) noexcept : outer_(std::exchange(row_around, &row)) {
  ++nesting;
}
UserCode::~UserCode() {
  --nesting;
  row_around = outer_;
}

NotDeferring::NotDeferring() noexcept : outer_(std::exchange(deferring, 0)) {}
NotDeferring::~NotDeferring() {
  deferring = outer_;
}

DeferFinalizers::DeferFinalizers() noexcept {
  ++deferring;
}
DeferFinalizers::~DeferFinalizers() {
  --deferring;
}

bool inside_user_code() noexcept {
  return nesting > 0;
}
bool defers_user_code() noexcept {
  return offers_deferred_finalizers && deferring > 0;
}
DeathRow* row_to_join() noexcept {
  return nesting >= deepest_nesting ? row_around : nullptr;
}

}  // namespace bufgc
