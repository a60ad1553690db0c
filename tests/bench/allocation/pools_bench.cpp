// The standard library's synchronized pools.

#include <memory_resource>

#include "main.hpp"

namespace bufgc::bench {
namespace {

class Pools {
 public:
  using Handle = void*;
  Handle allocate(std::size_t size_bytes) { return pools_.allocate(size_bytes, 64); }
  void release(Handle handle, std::size_t size_bytes) { pools_.deallocate(handle, size_bytes, 64); }
  static std::byte* data(Handle handle) { return static_cast<std::byte*>(handle); }

 private:
  std::pmr::synchronized_pool_resource pools_;
};

}  // namespace
}  // namespace bufgc::bench

int main(int argc, char** argv) {
  bufgc::bench::add_allocation_cases<bufgc::bench::Pools>();
  bufgc::bench::add_thread_cases<bufgc::bench::Pools>();
  return bufgc::bench::run_cases(argc, argv);
}
