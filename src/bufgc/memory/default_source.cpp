#include "bufgc/memory/default_source.hpp"

#include <new>

#if defined(__EMSCRIPTEN__)
#include "bufgc/memory/linear_memory.hpp"
#else
#include "bufgc/memory/system_pages.hpp"
#endif

namespace bufgc {

MemorySource& default_source() noexcept {
#if defined(__EMSCRIPTEN__)
  using Platform = LinearMemory;
#else
  using Platform = SystemPages;
#endif
  // Never destroyed: buffers in static objects may outlive any order of destruction.
  alignas(Platform) static unsigned char storage[sizeof(Platform)];
  static Platform* const source = new (storage) Platform;
  return *source;
}

}  // namespace bufgc
