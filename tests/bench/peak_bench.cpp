// The most memory that the process came to occupy while a trace ran, every page touched: what a peer's
// "reserved" is, which it does not tell.  PROGRAM bufgc|malloc|pmr SCALE TRACE.csv

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <memory_resource>
#include <string>
#include <vector>

#include "bufgc/memory/cpu_allocator.hpp"
#include "bufgc/memory/default_source.hpp"

namespace {

struct Operation {
  std::size_t slot;
  std::size_t size_bytes;  // 0 frees
};
struct Trace {
  std::vector<Operation> operations;
  std::size_t slots = 0;
  std::uint64_t max_live_bytes = 0;
};

/// CSV `time,op,id,size`.
Trace read(const char* path, std::size_t scale) {
  Trace trace;
  std::map<std::string, std::size_t> sizes;
  std::map<std::string, std::size_t> slots;
  std::uint64_t live = 0;
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  while (std::getline(file, line)) {
    const std::size_t op = line.find(',') + 1;
    const std::size_t id = line.find(',', op) + 1;
    const std::size_t size = line.find(',', id) + 1;
    const std::string name = line.substr(id, size - id - 1);
    if (line[op] == 'a') {
      sizes[name] = std::max<std::size_t>(1, std::strtoull(line.c_str() + size, nullptr, 10) * scale);
      slots[name] = trace.slots++;
      live += sizes[name];
      trace.operations.push_back({slots[name], sizes[name]});
    } else {
      live -= sizes[name];
      trace.operations.push_back({slots[name], 0});
    }
    trace.max_live_bytes = std::max(trace.max_live_bytes, live);
  }
  return trace;
}

/// A figure of /proc/self/status, in bytes.
std::uint64_t status(const char* name) {
  char line[256];
  std::uint64_t kilobytes = 0;
  std::FILE* const file = std::fopen("/proc/self/status", "r");
  while (file != nullptr && std::fgets(line, sizeof line, file) != nullptr) {
    if (std::strncmp(line, name, std::strlen(name)) == 0)
      kilobytes = std::strtoull(line + std::strlen(name) + 1, nullptr, 10);
  }
  if (file != nullptr) std::fclose(file);
  return kilobytes * 1024;
}
void forget_peak() {
  std::FILE* const file = std::fopen("/proc/self/clear_refs", "w");
  if (file == nullptr || std::fputs("5", file) < 0 || std::fclose(file) != 0) std::abort();
}

template <class Allocate, class Release>
std::uint64_t peak_bytes(const Trace& trace, Allocate allocate, Release release) {
  std::vector<void*> handles(trace.slots, nullptr);
  std::vector<std::size_t> sizes(trace.slots, 0);
  forget_peak();
  const std::uint64_t before = status("VmRSS");
  for (const Operation& operation : trace.operations) {
    if (operation.size_bytes != 0) {
      std::byte* data = nullptr;
      sizes[operation.slot] = operation.size_bytes;
      handles[operation.slot] = allocate(operation.size_bytes, data);
      for (std::size_t at = 0; at < operation.size_bytes; at += 4096) data[at] = std::byte{1};
    } else {
      release(handles[operation.slot], sizes[operation.slot]);
    }
  }
  return status("VmHWM") - before;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const std::string allocator_name = argv[1];
  const Trace trace = read(argv[3], std::strtoull(argv[2], nullptr, 10));
  std::uint64_t peak = 0;
  if (allocator_name == "bufgc") {
    bufgc::CpuAllocator allocator(bufgc::default_source());
    peak = peak_bytes(
        trace,
        [&](std::size_t size, std::byte*& data) -> void* {
          bufgc::Block* const block = allocator.allocate(size).block;
          data = block->data;
          return block;
        },
        [&](void* handle, std::size_t) { allocator.deallocate(static_cast<bufgc::Block*>(handle)); });
  } else if (allocator_name == "pmr") {
    std::pmr::synchronized_pool_resource pools;
    peak = peak_bytes(
        trace,
        [&](std::size_t size, std::byte*& data) -> void* {
          data = static_cast<std::byte*>(pools.allocate(size, 64));
          return data;
        },
        [&](void* handle, std::size_t size) { pools.deallocate(handle, size, 64); });
  } else {
    peak = peak_bytes(
        trace,
        [](std::size_t size, std::byte*& data) -> void* {
          data = static_cast<std::byte*>(std::malloc(size));
          return data;
        },
        [](void* handle, std::size_t) { std::free(handle); });
  }
  std::printf("{\"peak_bytes\":%llu,\"max_live_bytes\":%llu}\n", static_cast<unsigned long long>(peak),
              static_cast<unsigned long long>(trace.max_live_bytes));
}
