#pragma once

// The program around the cases: Google Benchmark's own natively; in WebAssembly one that prints the
// same JSON, as far as it is read.

#include <cstdint>

#include "cases.hpp"

#if !defined(__EMSCRIPTEN__)
#include "threads.hpp"
#else
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#endif

namespace bufgc::bench {

using Function = void (*)(benchmark::State&);

#if !defined(__EMSCRIPTEN__)

inline auto* add(const char* name, Function function) {
  return benchmark::RegisterBenchmark(name, function);
}

#else

/// A case in WebAssembly: its iterations are doubled until they take `seconds`, unless their number is given.
class Case {
 public:
  Case(const char* name, Function function) : name_(name), function_(function) {}
  Case* Arg(std::int64_t argument) {
    argument_ = argument;
    return this;
  }
  Case* Iterations(std::int64_t iterations) {
    iterations_ = iterations;
    return this;
  }
  [[nodiscard]] std::string name() const { return name_ + ("/" + std::to_string(argument_)); }
  /// The least of three, as a busy machine only adds.
  void run(double seconds) const {
    std::int64_t iterations = iterations_ == 0 ? 1024 : iterations_;
    double ns = time(iterations);
    while (iterations_ == 0 && ns < seconds * 1e9) ns = time(iterations *= 2);
    ns = std::min({ns, time(iterations), time(iterations)});
    std::printf("{\"name\":\"%s\",\"cpu_time\":%.6g}", name().c_str(), ns / static_cast<double>(iterations));
  }

 private:
  [[nodiscard]] double time(std::int64_t iterations) const {
    benchmark::State state(argument_, iterations);
    function_(state);
    return state.ns();
  }

  const char* name_;
  Function function_;
  std::int64_t argument_ = 0;
  std::int64_t iterations_ = 0;
};
inline std::vector<Case>& all_cases() {
  static std::vector<Case> cases;
  return cases;
}
inline Case* add(const char* name, Function function) {
  all_cases().reserve(64);
  return &all_cases().emplace_back(name, function);
}

#endif

template <class Allocator>
void add_first_touch() {
  add("first_touch", first_touch<Allocator>)->Arg(16 << 20)->Iterations(8);
}

template <class Allocator>
void add_allocation_cases() {
  for (const std::int64_t size : {256, 4 << 10, 64 << 10, 1 << 20, 16 << 20}) {
    add("lifo", last_in_first_out<Allocator>)->Arg(size);
  }
  add("step", training_step<Allocator>)->Arg(0)->Iterations(300);
  add("step", training_step<Allocator>)->Arg(1)->Iterations(30);
  add("first_steps", first_steps<Allocator>)->Arg(300)->Iterations(300);
  add_first_touch<Allocator>();
}

#if !defined(__EMSCRIPTEN__)

template <class Allocator>
void add_thread_cases() {
  for (const std::int64_t size : {4 << 10, 1 << 20}) {
    add("freed_elsewhere", freed_elsewhere<Allocator>)->Arg(size)->Threads(2)->UseRealTime();
  }
  for (const std::int64_t size : {256, 64 << 10, 1 << 20}) {
    add("independent", independent<Allocator>)->Arg(size)->Threads(2)->UseRealTime();
  }
}

inline int run_cases(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}

#else

template <class Allocator>
void add_thread_cases() {}  // one thread

/// PROGRAM SECONDS [NAME…]: the named cases, or all.
inline int run_cases(int argc, char** argv) {
  const double seconds = argc > 1 ? std::strtod(argv[1], nullptr) : 0.05;
  std::printf("{\"benchmarks\":[");
  const char* separator = "";
  for (const Case& found : all_cases()) {
    bool wanted = argc < 3;
    for (int i = 2; i < argc; ++i) wanted = wanted || std::string_view(found.name()).starts_with(argv[i]);
    if (!wanted) continue;
    std::printf("%s", separator);
    found.run(seconds);
    separator = ",\n";
  }
  std::printf("]}\n");
  std::fflush(stdout);
  return 0;
}

#endif

}  // namespace bufgc::bench
