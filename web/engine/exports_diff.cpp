// The engine's exports for two traces. Each answers in the buffers of the second.
#include <emscripten.h>

#include "viewer.hpp"

using bufgc::timeline::Align;
using bufgc::timeline::GroupBy;
using bufgc::viewer::Viewer;

extern "C" {

EMSCRIPTEN_KEEPALIVE void viewer_diff(Viewer* second, Viewer* first, int align, int by) {
  second->diff(*first, static_cast<Align>(align), static_cast<GroupBy>(by));
}
EMSCRIPTEN_KEEPALIVE void viewer_diff_levels(Viewer* second, Viewer* first, int align, double t0, double t1,
                                             int columns) {
  const auto count = static_cast<std::uint32_t>(columns > 0 ? columns : 0);
  second->diff_levels(*first, static_cast<Align>(align), {t0, t1, count});
}
}
