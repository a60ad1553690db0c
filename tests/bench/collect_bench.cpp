// What a collection costs for each buffer that lives and for each that is dead, in pairs that hold each
// other; collect_bench.py asks CPython's collector the same.  PROGRAM COUNT…

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <vector>

#include "bufgc/buffer_manager.hpp"

namespace {

using namespace bufgc;

double processor_ns() {
  std::timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

double collect_ns(BufferManager& manager) {
  const double start = processor_ns();
  manager.collect();
  return processor_ns() - start;
}

struct Costs {
  double live = 1e300;
  double dead = 1e300;
};

Costs measure(std::size_t count) {
  Costs costs;
  BufferManager manager;
  std::vector<CpuBuffer> buffers(count);
  for (int round = 0; round < 5; ++round) {
    for (CpuBuffer& buffer : buffers) buffer = manager.alloc(64);
    for (std::size_t i = 0; i + 1 < count; i += 2) {
      buffers[i].link(buffers[i + 1]);
      buffers[i + 1].link(buffers[i]);
    }
    costs.live = std::min(costs.live, collect_ns(manager));
    std::fill(buffers.begin(), buffers.end(), CpuBuffer{});
    costs.dead = std::min(costs.dead, collect_ns(manager));
    if (manager.statistics().live_buffers != 0) std::abort();
  }
  costs.live /= static_cast<double>(count);
  costs.dead /= static_cast<double>(count);
  return costs;
}

}  // namespace

int main(int argc, char** argv) {
  std::printf("[");
  for (int i = 1; i < argc; ++i) {
    const Costs costs = measure(std::strtoull(argv[i], nullptr, 10));
    std::printf("%s{\"count\":%s,\"live_ns\":%.2f,\"dead_ns\":%.2f}", i > 1 ? "," : "", argv[i], costs.live,
                costs.dead);
  }
  std::printf("]\n");
}
