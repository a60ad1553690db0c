// The annex has no heap of its own: it takes the core's, so that each may free what the other made.

#include <cstddef>
#include <cstdint>
#include <cstdlib>

extern "C" {
extern unsigned char __heap_base;  // The linker's: where data and stack end.
void* bufgc_malloc(std::size_t bytes);
int bufgc_posix_memalign(void** block, std::size_t alignment, std::size_t bytes);
void bufgc_free(void* block);

void* malloc(std::size_t bytes) {
  return bufgc_malloc(bytes);
}
int posix_memalign(void** block, std::size_t alignment, std::size_t bytes) {
  return bufgc_posix_memalign(block, alignment, bytes);
}
void free(void* block) {
  bufgc_free(block);
}
}

namespace {

/// What the core leaves free below itself: `GLOBAL_BASE` in wasm/CMakeLists.txt.
constexpr std::uintptr_t core_begins = 65536;
const bool fits = [] {
  if (reinterpret_cast<std::uintptr_t>(&__heap_base) > core_begins) std::abort();
  return true;
}();

}  // namespace
