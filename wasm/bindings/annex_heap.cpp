// The annex has no heap of its own: it takes the core's, so that each may free what the other made.

#include <cstddef>

extern "C" {
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
