#include <bufgc/bufgc.hpp>
#include <cstdio>

int main() {
  bufgc::BufferManager manager;
  bufgc::CpuBuffer buffer = manager.alloc(1000);
  const bufgc::WeakBuffer weak = buffer.weak();
  std::printf("%llu bytes, ", static_cast<unsigned long long>(buffer.size_bytes()));
  buffer = {};
  std::printf("%s\n", weak.expired() ? "then gone" : "still here");
}
