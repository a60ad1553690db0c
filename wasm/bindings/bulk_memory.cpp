// Bytes are copied and set by WebAssembly's own instructions, and a few by a loop, which is faster then: the
// C library's ways are longer and slower. Only this file is compiled with those instructions, and without the
// compiler's knowledge of what it defines: where all are, the linker asks for thread-local storage.

#include <cstddef>

extern "C" {

void* memmove(void* to, const void* from, std::size_t bytes) {
  return __builtin_memmove(to, from, bytes);
}

void* memcpy(void* __restrict to, const void* __restrict from, std::size_t bytes) {
  constexpr std::size_t few_bytes = 32;
  if (bytes > few_bytes) return __builtin_memcpy(to, from, bytes);
  for (std::size_t index = 0; index < bytes; ++index)
    static_cast<char*>(to)[index] = static_cast<const char*>(from)[index];
  return to;
}

void* memset(void* to, int value, std::size_t bytes) {
  return __builtin_memset(to, value, bytes);
}
}
