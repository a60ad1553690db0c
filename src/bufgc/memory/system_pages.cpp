#include "bufgc/memory/system_pages.hpp"

#if !defined(__EMSCRIPTEN__)

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>

#include "bufgc/memory/align.hpp"

#if defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define BUFGC_SHADOWED_MEMORY 1
#endif
#endif
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define BUFGC_SHADOWED_MEMORY 1
#endif

namespace bufgc {
namespace {

// A sanitizer keeps a shadow of the address space: there a window costs something.
#if defined(BUFGC_SHADOWED_MEMORY)
constexpr std::size_t window_bytes = sizeof(std::size_t) > 4 ? std::size_t{1} << 34U : std::size_t{1} << 28U;
#else
constexpr std::size_t window_bytes = sizeof(std::size_t) > 4 ? std::size_t{1} << 40U : std::size_t{1} << 28U;
#endif

std::byte* map_unbacked(void* address, std::size_t bytes, int flags) noexcept {
  void* data = mmap(address, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | flags, -1, 0);
  return data == MAP_FAILED ? nullptr : static_cast<std::byte*>(data);
}

}  // namespace

SystemPages::SystemPages() noexcept : page_bytes_(static_cast<std::size_t>(sysconf(_SC_PAGESIZE))) {}

SystemPages::~SystemPages() {
  for (std::size_t i = 0; i < windows_.count(); ++i) munmap(windows_[i].data, windows_[i].size_bytes);
}

bool SystemPages::add_window(std::size_t min_bytes) noexcept {
  if (!windows_.reserve(1) || !unbacked_.reserve(2)) return false;
  // Where address space is limited (ulimit -v), take what there is.
  for (std::size_t bytes = std::max(window_bytes, min_bytes);; bytes = std::max(bytes / 2, min_bytes)) {
    bytes = round_up(bytes, page_bytes_);
    if (std::byte* data = map_unbacked(nullptr, bytes, 0)) {
      windows_.put({data, bytes});
      unbacked_.put({data, bytes});
      return true;
    }
    if (bytes <= min_bytes) return false;
  }
}

Segment SystemPages::back(Segment range) noexcept {
  if (!range) return {};
  if (mprotect(range.data, range.size_bytes, PROT_READ | PROT_WRITE) != 0) {
    unbacked_.put(range);
    return {};
  }
  return range;
}

Segment SystemPages::acquire(std::size_t min_bytes) noexcept {
  if (min_bytes == 0 || min_bytes > max_object_bytes) return {};
  const Locked locked(lock_);
  const std::size_t bytes = round_up(min_bytes, page_bytes_);
  if (!unbacked_.reserve(2)) return {};
  Segment range = unbacked_.take_middle(bytes, page_bytes_);
  if (!range && add_window(bytes)) range = unbacked_.take_middle(bytes, page_bytes_);
  return back(range);
}

Segment SystemPages::acquire_at(std::byte* address, std::size_t min_bytes) noexcept {
  if (min_bytes == 0 || min_bytes > max_object_bytes) return {};
  const Locked locked(lock_);
  if (!unbacked_.reserve(2)) return {};
  return back(unbacked_.take_at(address, round_up(min_bytes, page_bytes_)));
}

void SystemPages::release(Segment segment) noexcept {
  const Locked locked(lock_);
  // One call that drops the pages and the right to touch them. Should the system be out of mappings
  // for it, the pages at least are given back, and backing the range again does no harm.
  if (map_unbacked(segment.data, segment.size_bytes, MAP_FIXED) == nullptr) {
    madvise(segment.data, segment.size_bytes, MADV_DONTNEED);
  }
  // Without heap for one more entry the addresses, not the memory, are lost.
  if (unbacked_.reserve(1)) unbacked_.put(segment);
}

}  // namespace bufgc

#endif
