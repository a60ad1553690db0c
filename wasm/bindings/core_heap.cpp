// `realloc` by the others of emmalloc, whose own is as long as those together, for two tables that seldom
// grow.

#include <cstdlib>
#include <cstring>

extern "C" std::size_t malloc_usable_size(void* block);

extern "C" void* realloc(void* block, std::size_t bytes) {
  void* const grown = std::malloc(bytes);
  if (grown == nullptr || block == nullptr) return grown;
  const std::size_t old_bytes = malloc_usable_size(block);
  std::memcpy(grown, block, old_bytes < bytes ? old_bytes : bytes);
  std::free(block);
  return grown;
}
