#pragma once

// In place of Emscripten's own where the binding is compiled natively.
#define EMSCRIPTEN_KEEPALIVE
