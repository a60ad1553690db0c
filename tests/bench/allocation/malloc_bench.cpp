// The process's malloc: the C library's own, or what LD_PRELOAD puts in its place; in WebAssembly
// Emscripten's dlmalloc.

#include <cstdlib>
#include <memory>

#include "main.hpp"

namespace bufgc::bench {
namespace {

class Malloc {
 public:
  using Handle = void*;
  Handle allocate(std::size_t size_bytes) { return std::malloc(size_bytes); }
  void release(Handle handle, std::size_t) { std::free(handle); }
  static std::byte* data(Handle handle) { return static_cast<std::byte*>(handle); }
};

/// Bytes that nobody clears first.
template <std::size_t size_bytes>
struct Bytes {
  Bytes() {}  // NOLINT(modernize-use-equals-default): a defaulted one would be asked to clear them
  std::byte data[size_bytes];
};

/// The life of a buffer as the standard library offers it: one allocation for the counts and the bytes.
template <std::size_t size_bytes>
void shared_buffer(benchmark::State& state) {
  for (auto _ : state) {
    auto buffer = std::make_shared<Bytes<size_bytes>>();
    const std::weak_ptr<Bytes<size_bytes>> weak = buffer;
    buffer.reset();
    bool expired = weak.expired();
    benchmark::DoNotOptimize(expired);
  }
}
void shared_buffer_of_any_size(benchmark::State& state) {
  state.range(0) == 256 ? shared_buffer<256>(state) : shared_buffer<65536>(state);
}

/// libstdc++ counts without atomics until a process starts its first thread. bufgc's handles may be shared
/// between threads; so may these, from then on.
void buffer(benchmark::State& state) {
#if !defined(__EMSCRIPTEN__)
  std::thread([] {}).join();
#endif
  shared_buffer_of_any_size(state);
}
/// And in a process that never starts one.
void buffer_alone(benchmark::State& state) {
  shared_buffer_of_any_size(state);
}

}  // namespace
}  // namespace bufgc::bench

int main(int argc, char** argv) {
  using namespace bufgc::bench;
  add_allocation_cases<Malloc>();
  add_thread_cases<Malloc>();
  for (const std::int64_t size : {256, 64 << 10}) {
    add("buffer", buffer)->Arg(size);
    add("buffer_alone", buffer_alone)->Arg(size);
  }
  return run_cases(argc, argv);
}
