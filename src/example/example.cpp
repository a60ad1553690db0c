// A walk through bufgc: allocate, reuse, hold weakly, finalize, collect a cycle, and look at it all
// afterwards. Each step says what it sees; the README explains it.

#include <cstdio>
#include <cstring>
#include <span>
#include <string>

#include "bufgc/bufgc.hpp"

namespace {

/// Where exports go: a file, closed at the end.
class FileSink final : public bufgc::trace::Sink {
 public:
  explicit FileSink(const char* path) : file_(std::fopen(path, "wb")) {}
  ~FileSink() override {
    if (file_ != nullptr) std::fclose(file_);
  }
  FileSink(const FileSink&) = delete;
  FileSink& operator=(const FileSink&) = delete;
  bool write(std::string_view bytes) override {
    return file_ != nullptr && std::fwrite(bytes.data(), 1, bytes.size(), file_) == bytes.size();
  }

 private:
  std::FILE* file_;
};

unsigned long long number(std::uint64_t value) {
  return value;
}

void allocate_and_reuse(bufgc::BufferManager& manager) {
  manager.visualizer().mark("allocate and reuse");
  bufgc::CpuBuffer frame = manager.alloc({0, bufgc::DType::float32, {1080, 1920, 4}, "frame"});
  std::span<float> pixels = frame.as<float>();
  pixels[0] = 1.0F;
  const void* const place = frame.data();
  std::printf("1. allocated  %llu bytes as %zu floats\n", number(frame.size_bytes()), pixels.size());

  frame.reset();  // the last handle: the block is kept for reuse
  std::printf("   released   %llu bytes live, %llu cached\n", number(manager.statistics().live_bytes),
              number(manager.statistics().cached_bytes));

  const bufgc::CpuBuffer next = manager.alloc({0, bufgc::DType::float32, {1080, 1920, 4}, "next frame"});
  std::printf("   reused     %s\n", next.data() == place ? "the same block" : "another block");
}

void hold_views_and_weak_references(bufgc::BufferManager& manager) {
  manager.visualizer().mark("views and weak references");
  bufgc::CpuBuffer tensor = manager.alloc({0, bufgc::DType::uint8, {4096}, "tensor"});
  bufgc::CpuBuffer view = tensor.view({1024, 256, bufgc::DType::uint8, {}, "part of it"});
  const bufgc::WeakBuffer weak = tensor.weak();
  std::memset(tensor.data(), 42, tensor.size_bytes());

  tensor.reset();
  std::printf("2. the view keeps its base: it reads %d, the weak reference is %s\n",
              std::to_integer<int>(view.bytes()[0]), weak.expired() ? "expired" : "alive");
  view.reset();
  std::printf("   the view went, and the base with it: the weak reference is %s\n",
              weak.expired() ? "expired" : "alive");

  bufgc::CpuBuffer base = manager.alloc(4096);
  const bufgc::CpuBuffer stale = base.view({});
  base.destroy();  // at once, whoever holds it
  const bufgc::CpuBuffer other = manager.alloc(4096);
  std::printf("   a view of a destroyed base answers \"%s\", never the next buffer's bytes\n",
              stale.destroyed() ? "destroyed" : "alive");
}

void finalize(bufgc::BufferManager& manager) {
  manager.visualizer().mark("finalizers");
  const bufgc::CpuBuffer file = manager.alloc({64, bufgc::DType::uint8, {}, "mapped file"});
  manager.finalize(
      file, [](const char* name) { std::printf("   finalizer  of %s\n", name); }, "the first");
  manager.finalize(
      file, [](const char* name) { std::printf("   finalizer  of %s\n", name); }, "the second");
  std::printf("3. finalizers run newest first when the last handle goes:\n");
}

void collect_a_cycle(bufgc::BufferManager& manager) {
  manager.visualizer().mark("a cycle");
  {
    bufgc::CpuBuffer parent = manager.alloc({1000, bufgc::DType::uint8, {}, "parent"});
    bufgc::CpuBuffer child = manager.alloc({2000, bufgc::DType::uint8, {}, "child"});
    parent.link(child);
    child.link(parent);
  }
  std::printf("4. a cycle nobody holds: %llu bytes live\n", number(manager.statistics().live_bytes));
  const bufgc::CollectReport report = manager.collect();
  std::printf("   collected  %llu buffers, %llu bytes\n", number(report.buffers), number(report.bytes));
}

bool export_trace(bufgc::BufferManager& manager, const char* path) {
  FileSink file(path);
  if (!manager.visualizer().export_to(bufgc::trace::write_ndjson, file)) return false;
  const bufgc::Lifecycles seen = manager.visualizer().snapshot();
  std::printf("5. %zu lifetimes in %zu events written to %s: open it on the page\n", seen.size(),
              seen.event_count(), path);
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  const char* const path = argc > 1 ? argv[1] : "example.ndjson";
  bufgc::ManagerOptions options;
  options.visualize = true;
  bufgc::BufferManager manager(options);

  // The same in the binary form, written as it happens: for runs too long to keep in memory.
  FileSink streamed((std::string(path) + ".bufgc").c_str());
  bufgc::trace::TraceStream stream(manager.visualizer(), streamed, {.pull_every_events = 65536});

  allocate_and_reuse(manager);
  hold_views_and_weak_references(manager);
  finalize(manager);
  collect_a_cycle(manager);
  if (!export_trace(manager, path) || !stream.close()) {
    std::fprintf(stderr, "%s: cannot be written\n", path);
    return 1;
  }

  const bufgc::Statistics end = manager.statistics();
  std::printf("At the end: %llu buffers alive, %llu allocations, %llu served from memory already held.\n",
              number(end.live_buffers), number(end.allocations), number(end.hits));
  return 0;
}
