// Allocation beside its peers in one process and one run: bufgc with statistics on, the C library's
// malloc, the standard library's synchronized pools, and a bare free list as the floor. After the
// table of times come the ratios, which is what to read on a machine that is busy.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory_resource>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "bufgc/memory/cpu_allocator.hpp"
#include "bufgc/memory/default_source.hpp"

namespace {

/// A request: its size, and the number of that size among the sizes of the run.
struct Request {
  std::size_t size_bytes;
  std::size_t kind;
};

class Bufgc {
 public:
  using Handle = bufgc::Block*;
  static constexpr const char* name = "bufgc";
  Handle allocate(Request request) { return allocator_.allocate(request.size_bytes).block; }
  void release(Handle handle, Request) { allocator_.deallocate(handle); }
  static std::byte* data(Handle handle) { return handle->data; }

 private:
  bufgc::CpuAllocator allocator_{bufgc::default_source()};
};

class Malloc {
 public:
  using Handle = void*;
  static constexpr const char* name = "malloc";
  Handle allocate(Request request) { return std::malloc(request.size_bytes); }
  void release(Handle handle, Request) { std::free(handle); }
  static std::byte* data(Handle handle) { return static_cast<std::byte*>(handle); }
};

class Pools {
 public:
  using Handle = void*;
  static constexpr const char* name = "pmr";
  Handle allocate(Request request) { return pools_.allocate(request.size_bytes, 64); }
  void release(Handle handle, Request request) { pools_.deallocate(handle, request.size_bytes, 64); }
  static std::byte* data(Handle handle) { return static_cast<std::byte*>(handle); }

 private:
  std::pmr::synchronized_pool_resource pools_;
};

/// One list a size, the link in the free memory itself; no lock, no figures, nothing ever merged.
class FreeList {
 public:
  using Handle = void*;
  static constexpr const char* name = "free_list";
  Handle allocate(Request request) {
    Node*& head = heads_[request.kind];
    if (head == nullptr) return grow(request.size_bytes);
    Node* node = head;
    head = node->next;
    return node;
  }
  void release(Handle handle, Request request) {
    auto* node = static_cast<Node*>(handle);
    node->next = heads_[request.kind];
    heads_[request.kind] = node;
  }
  static std::byte* data(Handle handle) { return static_cast<std::byte*>(handle); }
  ~FreeList() {
    for (void* memory : owned_) std::free(memory);
  }

 private:
  struct Node {
    Node* next;
  };
  void* grow(std::size_t size_bytes) {
    owned_.push_back(std::malloc(size_bytes));
    return owned_.back();
  }
  std::array<Node*, 256> heads_{};
  std::vector<void*> owned_;
};

template <class Allocator>
void last_in_first_out(benchmark::State& state) {
  Allocator allocator;
  const Request request{static_cast<std::size_t>(state.range(0)), 0};
  for (auto _ : state) {
    auto handle = allocator.allocate(request);
    benchmark::DoNotOptimize(handle);
    allocator.release(handle, request);
    benchmark::ClobberMemory();
  }
}

/// A step as training has it: 200 buffers of sizes that repeat in every step, every fourth only a
/// moment's work space, the others freed in reverse as the gradients come back.
std::vector<Request> step_requests() {
  std::mt19937_64 random(1);
  std::vector<Request> requests;
  for (std::size_t i = 0; i < 200; ++i) {
    const std::size_t scale = std::size_t{256} << (random() % 14);
    requests.push_back({scale + random() % scale / 64 * 64, i});
  }
  return requests;
}

template <class Allocator>
void training_step(benchmark::State& state) {
  const bool touches = state.range(0) != 0;
  const std::vector<Request> requests = step_requests();
  Allocator allocator;
  std::vector<typename Allocator::Handle> handles(requests.size());
  const auto take = [&](std::size_t i) {
    handles[i] = allocator.allocate(requests[i]);
    if (!touches) return;
    std::byte* data = Allocator::data(handles[i]);
    for (std::size_t k = 0; k < requests[i].size_bytes; k += 4096) data[k] = std::byte{1};
  };
  const auto step = [&] {
    for (std::size_t i = 0; i < requests.size(); ++i) {
      take(i);
      if (i % 4 == 3) allocator.release(handles[i], requests[i]);
    }
    for (std::size_t i = requests.size(); i-- > 0;) {
      if (i % 4 != 3) allocator.release(handles[i], requests[i]);
    }
    benchmark::ClobberMemory();
  };
  // What repeats itself is measured after it has settled.
  for (int i = 0; i < 256; ++i) step();
  for (auto _ : state) step();
  // An item is one allocation and its release.
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(requests.size()));
}

template <class Allocator>
void add_cases() {
  const std::string name = Allocator::name;
  for (const std::int64_t size : {256, 64 << 10, 1 << 20, 16 << 20}) {
    benchmark::RegisterBenchmark((name + "/lifo").c_str(), last_in_first_out<Allocator>)->Arg(size);
  }
  for (const std::int64_t touches : {0, 1}) {
    benchmark::RegisterBenchmark((name + "/step").c_str(), training_step<Allocator>)->Arg(touches);
  }
}

/// Prints the usual table and keeps the best time of each case, from which the ratios follow.
class Ratios final : public benchmark::ConsoleReporter {
 public:
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      if (run.run_type != Run::RT_Iteration || run.error_occurred) continue;
      const std::string& function = run.run_name.function_name;
      const std::size_t slash = function.find('/');
      double& best = best_[function.substr(slash + 1) + "/" + run.run_name.args][function.substr(0, slash)];
      const double time = run.GetAdjustedCPUTime();
      best = best == 0 ? time : std::min(best, time);
    }
    ConsoleReporter::ReportRuns(runs);
  }
  void print() const {
    std::printf("\nbufgc / peer, best processor time of the repetitions (below 1: bufgc is faster)\n%-20s",
                "case");
    for (const char* peer : peers) std::printf("%12s", peer);
    std::printf("\n");
    for (const auto& [name, times] : best_) {
      const auto own = times.find("bufgc");
      if (own == times.end()) continue;
      std::printf("%-20s", name.c_str());
      for (const char* peer : peers) {
        const auto found = times.find(peer);
        if (found == times.end()) {
          std::printf("%12s", "-");
        } else {
          std::printf("%12.3f", own->second / found->second);
        }
      }
      std::printf("\n");
    }
  }

 private:
  static constexpr std::array<const char*, 3> peers{"malloc", "pmr", "free_list"};
  std::map<std::string, std::map<std::string, double>> best_;
};

}  // namespace

int main(int argc, char** argv) {
  const bool for_reading = std::none_of(argv, argv + argc, [](const char* argument) {
    return std::string_view(argument).starts_with("--benchmark_format=") &&
           std::string_view(argument) != "--benchmark_format=console";
  });
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  add_cases<Bufgc>();
  add_cases<Malloc>();
  add_cases<Pools>();
  add_cases<FreeList>();
  if (!for_reading) {
    benchmark::RunSpecifiedBenchmarks();
    return 0;
  }
  Ratios ratios;
  benchmark::RunSpecifiedBenchmarks(&ratios);
  ratios.print();
  return 0;
}
