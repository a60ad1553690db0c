#pragma once

#include <cstdint>
#include <string>

#include "trace/pickle_maker.hpp"

// PyTorch memory snapshots with everything that a reader must know, small.

inline Py snapshot_frame(const char* file, int line, const char* name) {
  return Py::dict({{"name", name}, {"filename", file}, {"line", line}});
}

/// As of today: times, two devices, expandable segments, what the ring had dropped, annotations.
inline Py newer_snapshot() {
  constexpr std::uint64_t mib = 1U << 20U;
  constexpr std::uint64_t a = 0x7f0000000000;
  constexpr std::uint64_t b = 0x7f0040000000;
  constexpr std::uint64_t far = 0xff00000000200000;  // beyond 2^63
  const Py unwind = snapshot_frame("??", 0, "torch::unwind::unwind()");
  const Py op = snapshot_frame("??", 0, "at::_ops::add_Tensor::call(at::Tensor const&, at::Scalar const&)");
  const Py library = snapshot_frame("/env/site-packages/torch/optim/adam.py", 75, "step");
  const Py user = snapshot_frame("/home/ada/train.py", 12, "train");
  const Py frames =
      Py::list({unwind, op, library, user, snapshot_frame("/home/ada/train.py", 40, "<module>")});
  const Py backward =
      Py::list({unwind, snapshot_frame("??", 0, "at::_ops::mm::call(at::Tensor const&)"),
                snapshot_frame("??", 0, "torch::autograd::generated::MmBackward0::apply(variable_list&&)"),
                snapshot_frame("./nptl/pthread_create.c", 447, "start_thread")});

  const auto block = [&](std::uint64_t address, std::uint64_t size, std::uint64_t requested,
                         const char* state, const Py& stack) {
    return Py::dict({{"address", address},
                     {"size", size},
                     {"requested_size", requested},
                     {"state", state},
                     {"frames", stack}});
  };
  const auto segment = [&](int device, std::uint64_t address, std::uint64_t size, const Py& blocks) {
    return Py::dict({{"device", device},
                     {"address", address},
                     {"total_size", size},
                     {"stream", 0},
                     {"segment_type", "large"},
                     {"segment_pool_id", Py::tuple({0, 0})},
                     {"is_expandable", false},
                     {"frames", Py::list()},
                     {"blocks", blocks}});
  };
  const auto entry = [&](const char* action, std::uint64_t address, std::uint64_t size, int time,
                         const Py& stack, const char* metadata = "") {
    return Py::dict({{"action", action},
                     {"addr", address},
                     {"size", size},
                     {"stream", 0},
                     {"time_us", time},
                     {"compile_context", "N/A"},
                     {"user_metadata", metadata},
                     {"frames", stack}});
  };
  const Py none = Py::list();

  const Py segments = Py::list({
      segment(0, a, 2 * mib,
              Py::list({block(a, 1024, 1000, "active_allocated", frames),
                        block(a + 1024, 512, 300, "active_pending_free", backward),
                        block(a + 1536, 512, 512, "active_allocated", frames),
                        block(a + 2048, 2 * mib - 2048, 0, "inactive", none)})),
      segment(0, b, 20 * mib,
              Py::list({block(b, 4 * mib, 4 * mib - 100, "active_allocated", none),
                        block(b + 4 * mib, 16 * mib, 0, "inactive", none)})),
      segment(1, far, 2 * mib,
              Py::list({block(far, 512, 8, "active_allocated", none),
                        block(far + 512, 2 * mib - 512, 0, "inactive", none)})),
  });
  const Py first = Py::list({
      entry("free_requested", b + 4 * mib, mib, 1000, none),
      entry("free_completed", b + 4 * mib, mib, 1001, none),
      entry("segment_alloc", a, 2 * mib, 1002, frames),
      entry("alloc", a, 1000, 1003, frames),
      entry("alloc", a + 1024, 300, 1004, backward),
      entry("alloc", a + 1536, 400, 1006, frames, "logits"),
      entry("free_requested", a + 1536, 400, 1007, frames),
      entry("free_completed", a + 1536, 400, 1007, frames),
      entry("alloc", a + 1536, 512, 1008, frames),
      entry("segment_map", b + 20 * mib, 4 * mib, 1009, none),
      entry("segment_unmap", b + 22 * mib, 2 * mib, 1010, none),
      entry("segment_unmap", b + 20 * mib, 2 * mib, 1010, none),
      Py::dict(
          {{"action", "oom"}, {"device_free", 5000}, {"size", 1 << 20}, {"stream", 0}, {"time_us", 1011}}),
      entry("free_requested", a + 1024, 300, 1012, none),
      entry("workspace_snapshot", a, 0, 1013, none),
      entry("snapshot", 0, 0, 1014, none),
  });
  const Py second = Py::list(
      {entry("segment_alloc", far, 2 * mib, 1005, none), entry("alloc", far, 8, 1005, none, "counter")});
  const auto annotation = [](const char* stage, int time) {
    return Py::dict(
        {{"stage", stage}, {"name", "Optimizer.step#Adam.step"}, {"device", 0}, {"time_us", time}});
  };
  return Py::dict({{"segments", segments},
                   {"device_traces", Py::list({first, second})},
                   {"allocator_settings", Py::dict({{"garbage_collection_threshold", Py::real(0.5)},
                                                    {"max_split_size", -1},
                                                    {"expandable_segments", true}})},
                   {"external_annotations", Py::list({annotation("START", 1005), annotation("END", 1013)})}});
}

/// As of the first versions: no times, blocks without addresses and with a history, annotations unknown.
inline Py older_snapshot() {
  constexpr std::uint64_t a = 0x7f0000000000;
  const Py frames = Py::list({snapshot_frame("/home/ada/old.py", 3, "forward")});
  const auto history = [&](int size) {
    return Py::list({Py::dict({{"addr", a}, {"real_size", size}, {"frames", frames}})});
  };
  const Py blocks =
      Py::list({Py::dict({{"size", 512}, {"state", "active_allocated"}, {"history", history(500)}}),
                Py::dict({{"size", 1024}, {"state", "inactive"}}),
                Py::dict({{"size", 1024}, {"state", "active_allocated"}, {"history", history(1000)}})});
  const Py segment = Py::dict({{"device", 0},
                               {"address", a},
                               {"total_size", 2560},
                               {"stream", 0},
                               {"segment_type", "small"},
                               {"blocks", blocks}});
  const auto entry = [&](const char* action, std::uint64_t address, int size) {
    return Py::dict(
        {{"action", action}, {"addr", address}, {"size", size}, {"stream", 0}, {"frames", frames}});
  };
  return Py::dict(
      {{"segments", Py::list({segment})},
       {"device_traces",
        Py::list({Py::list({entry("alloc", a + 512, 1024), entry("free_requested", a + 512, 1024),
                            entry("free_completed", a + 512, 1024), entry("alloc", a + 1536, 1000)})})}});
}
