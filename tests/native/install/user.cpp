// The README's ten lines of C++, as a user's program.
#include <bufgc/bufgc.hpp>
#include <cstdio>

int main() {
  bufgc::BufferManager manager({.visualize = true});
  bufgc::CpuBuffer image =
      manager.alloc({.dtype = bufgc::DType::float32, .shape = {1080, 1920, 4}, .label = "frame"});
  bufgc::WeakBuffer weak = image.weak();                   // an id; keeps nothing alive
  manager.finalize(image, [] { std::puts("released"); });  // runs once, when nobody holds it
  std::span<float> pixels = image.as<float>();             // 8,294,400 of them
  bufgc::CpuBuffer row = image.view({.offset_bytes = 0, .size_bytes = 1920 * 16, .dtype = image.dtype()});
  image = {};  // the view keeps its base: not released yet
  row = {};    // prints "released"; the block waits in the cache
  const bool cached = manager.statistics().cached_bytes >= pixels.size_bytes();
  std::printf("%s, %s\n", weak.expired() ? "gone" : "still here", cached ? "cached" : "returned");
}
