// The floor of `first_touch`: memory fresh from the system, backed by huge pages, and nothing else. What it
// takes is what the kernel takes to clear pages and to map them; an allocator that shows clear memory cannot
// be faster.

#include <sys/mman.h>

#include "main.hpp"

namespace {

/// Aligned to huge pages, as the system gives such only to whole ones.
class Mapping {
 public:
  using Handle = std::byte*;  ///< Null when the system has no room.

  [[nodiscard, gnu::noinline]] Handle allocate(std::size_t size_bytes) noexcept {
    void* const mapped = mmap(nullptr, size_bytes + huge_page_bytes, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (mapped == MAP_FAILED) return nullptr;
    const std::size_t beyond = reinterpret_cast<std::uintptr_t>(mapped) % huge_page_bytes;
    Handle const data = static_cast<Handle>(mapped) + (beyond == 0 ? 0 : huge_page_bytes - beyond);
#if defined(MADV_HUGEPAGE)
    madvise(data, size_bytes, MADV_HUGEPAGE);
#endif
    return data;
  }
  [[gnu::noinline]] void release(Handle handle, std::size_t size_bytes) noexcept {
    munmap(handle, size_bytes);
  }
  static std::byte* data(Handle handle) {
    return handle;
  }

 private:
  static constexpr std::size_t huge_page_bytes = std::size_t{2} << 20U;
};

}  // namespace

int main(int argc, char** argv) {
  bufgc::bench::add_first_touch<Mapping>();
  return bufgc::bench::run_cases(argc, argv);
}
