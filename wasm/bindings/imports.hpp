#pragma once

// What JavaScript gives the two modules: wasm/src/instance.ts. bindings/imports.js names it to the linker.

namespace bufgc::wasm {
struct PlanRequest;
}

extern "C" {
/// Of a clock that never goes back.
double bufgc_now_ns();
/// An `Event`, and what it is about.
void bufgc_tell(int event, int key);
/// Has the annex plan; 0 where it is not there.
int bufgc_ask_plan(bufgc::wasm::PlanRequest* request);
}
