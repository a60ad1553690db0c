// The fast paths, for valgrind to count: instructions.mjs runs this once for each. What is counted is what
// happens inside `measured`; the rounds before it bring caches and pools to where they stay.

#include <array>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include "bufgc/buffer_manager.hpp"
#include "bufgc/memory/default_source.hpp"

/// Found before the C library's: under valgrind time runs so fast, beside what is done, that the visualizer
/// would take dense events for rare ones. Here a microsecond passes from one reading to the next.
extern "C" int clock_gettime(clockid_t, timespec* time) {
  static long readings = 0;
  ++readings;
  time->tv_sec = readings / 1'000'000;
  time->tv_nsec = readings % 1'000'000 * 1000;
  return 0;
}

namespace {

using namespace bufgc;

template <class Operation>
[[gnu::noinline]] void repeat(Operation& operation, int rounds) {
  for (int i = 0; i < rounds; ++i) operation();
}

/// `--toggle-collect` knows it by its name.
template <class Operation>
[[gnu::noinline]] void measured(Operation& operation, int rounds) {
  repeat(operation, rounds);
}

template <class Operation>
void count(Operation operation, int rounds) {
  repeat(operation, rounds);
  measured(operation, rounds);
}

void pair(CpuAllocator& allocator, std::size_t size_bytes) {
  allocator.deallocate(allocator.allocate(size_bytes).block);
}

/// A hundred buffers of as many sizes, freed in reverse.
void step(CpuAllocator& allocator) {
  std::array<Block*, 100> blocks{};
  for (std::size_t i = 0; i < blocks.size(); ++i) blocks[i] = allocator.allocate(256 + 4160 * i).block;
  for (std::size_t i = blocks.size(); i-- > 0;) allocator.deallocate(blocks[i]);
}

void lifetime(BufferManager& manager) {
  CpuBuffer buffer = manager.try_alloc(BufferSpec{4096, DType::uint8, {}, {}}).value;
  const WeakBuffer weak = buffer.weak();
  buffer = {};
  if (!weak.expired()) std::abort();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const int rounds = std::atoi(argv[2]);
  CpuAllocator allocator(default_source());
  ManagerOptions options;
  if (std::strcmp(argv[1], "pair") == 0) {
    count([&] { pair(allocator, 4096); }, rounds);
  } else if (std::strcmp(argv[1], "step") == 0) {
    count([&] { step(allocator); }, rounds);
  } else if (std::strcmp(argv[1], "buffer") == 0) {
    BufferManager manager(options);
    count([&] { lifetime(manager); }, rounds);
  } else if (std::strcmp(argv[1], "watched_buffer") == 0) {
    options.visualize = true;
    BufferManager manager(options);
    count([&] { lifetime(manager); }, rounds);
  } else {
    return 2;
  }
  return 0;
}
