// What the core puts in place of its libraries' own: `realloc` by the others of emmalloc, whose own is as
// long as those together, for two tables that seldom grow; and the `new` that answers null, which stops the
// program instead in a libc++abi without exceptions.

#include <cstdlib>
#include <cstring>
#include <new>

extern "C" std::size_t malloc_usable_size(void* block);

extern "C" void* realloc(void* block, std::size_t bytes) {
  void* const grown = std::malloc(bytes);
  if (grown == nullptr || block == nullptr) return grown;
  const std::size_t old_bytes = malloc_usable_size(block);
  std::memcpy(grown, block, old_bytes < bytes ? old_bytes : bytes);
  std::free(block);
  return grown;
}

void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
  return std::malloc(bytes);
}
void* operator new[](std::size_t bytes, const std::nothrow_t&) noexcept {
  return std::malloc(bytes);
}
void* operator new(std::size_t bytes, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  void* block = nullptr;
  return posix_memalign(&block, static_cast<std::size_t>(alignment), bytes) == 0 ? block : nullptr;
}
