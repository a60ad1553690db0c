// bufgc in its default configuration, statistics on: the allocator, and buffers that can be watched.

#include "bufgc/buffer_manager.hpp"
#include "bufgc/memory/default_source.hpp"
#include "main.hpp"

namespace bufgc::bench {
namespace {

class Bufgc {
 public:
  using Handle = Block*;
  Handle allocate(std::size_t size_bytes) { return allocator_.allocate(size_bytes).block; }
  void release(Handle handle, std::size_t) { allocator_.deallocate(handle); }
  static std::byte* data(Handle handle) { return handle->data; }

 private:
  CpuAllocator allocator_{default_source()};
};

/// A buffer is made, a weak reference taken, the buffer dropped, and the reference asked.
void buffer_lifetime(benchmark::State& state, bool watched) {
  ManagerOptions options;
  options.visualize = watched;
  BufferManager manager(options);
  const BufferSpec spec{static_cast<std::uint64_t>(state.range(0)), DType::uint8, {}, {}};
  static_cast<void>(manager.try_alloc(spec));  // memory is fetched
  for (auto _ : state) {
    CpuBuffer buffer = manager.try_alloc(spec).value;
    const WeakBuffer weak = buffer.weak();
    buffer = {};
    bool expired = weak.expired();
    benchmark::DoNotOptimize(expired);
  }
}
void buffer(benchmark::State& state) {
  buffer_lifetime(state, false);
}
void watched_buffer(benchmark::State& state) {
  buffer_lifetime(state, true);
}

}  // namespace
}  // namespace bufgc::bench

int main(int argc, char** argv) {
  using namespace bufgc::bench;
  add_allocation_cases<Bufgc>();
  add_thread_cases<Bufgc>();
  for (const std::int64_t size : {256, 64 << 10}) {
    add("buffer", buffer)->Arg(size);
    add("watched", watched_buffer)->Arg(size);
  }
  return run_cases(argc, argv);
}
