#pragma once

// The core exists twice: bufgc.wasm, which watches for no misuse and has no code for it (not_hardened.cpp),
// and bufgc_hardened.wasm, which always does (hardened.cpp).

#include "bufgc/buffer_manager.hpp"

namespace bufgc::wasm {

extern const Hardening core_hardening;

/// Has JavaScript told of what the manager finds.
void tell_of_misuse(BufferManager& manager);

}  // namespace bufgc::wasm
