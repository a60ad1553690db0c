#include "bufgc/memory/system_pages.hpp"

#if !defined(__EMSCRIPTEN__)

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "bufgc/memory/align.hpp"
#include "bufgc/memory/huge_pages.hpp"

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

// A program may have 65,530 mappings (vm.max_map_count). Windows leave half of them to others.
constexpr std::size_t most_mappings = 32768;

// A move costs about 12 µs (measured, whatever its length up to 1 MiB), a page given back and faulted
// in again 1 to 5 µs: they break even between 16 and 32 KiB.
constexpr std::size_t least_moved_bytes = std::size_t{32} * 1024;

#if defined(MREMAP_DONTUNMAP) && !defined(BUFGC_SHADOWED_MEMORY)
// The addresses moved from must stay ours meanwhile, or another thread could map something there.
bool move_mapping(std::byte* from, std::size_t bytes, std::byte* to) noexcept {
  constexpr int flags = MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP;
  return mremap(from, bytes, bytes, flags, to) != MAP_FAILED;
}
constexpr bool can_move = true;
#else
bool move_mapping(std::byte*, std::size_t, std::byte*) noexcept {
  return false;
}
constexpr bool can_move = false;
#endif

// After a move that failed: an older system may have unmapped the place by then. What is mapped there
// still stays as it is.
void map_anew([[maybe_unused]] std::byte* data, [[maybe_unused]] std::size_t bytes) noexcept {
#if defined(MAP_FIXED_NOREPLACE)
  constexpr int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE;
  static_cast<void>(mmap(data, bytes, PROT_READ | PROT_WRITE, flags, -1, 0));
#endif
}

std::byte* map_unbacked(void* address, std::size_t bytes, int flags) noexcept {
  void* data = mmap(address, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | flags, -1, 0);
  return data == MAP_FAILED ? nullptr : static_cast<std::byte*>(data);
}

}  // namespace

SystemPages::SystemPages() noexcept
    : page_bytes_(static_cast<std::size_t>(sysconf(_SC_PAGESIZE))), moves_(can_move) {}

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
  std::byte* const end = range.data + range.size_bytes;
  const bool ends_at_backed = !unbacked_.holds(end);
  if ((ends_at_backed && !seams_.reserve(1)) ||
      mprotect(range.data, range.size_bytes, PROT_READ | PROT_WRITE) != 0) {
    unbacked_.put(range);
    return {};
  }
  advise_huge_pages(range.data, range.size_bytes);
  // A new mapping joins the one below, and then often not the one above as well.
  if (ends_at_backed) seams_.put(end);
  return range;
}

Segment SystemPages::acquire(std::size_t min_bytes) noexcept {
  if (min_bytes == 0 || min_bytes > max_object_bytes) return {};
  const Locked locked(lock_);
  const std::size_t bytes = round_up(min_bytes, page_bytes_);
  if (!unbacked_.reserve(2)) return {};
  Segment range = unbacked_.take_middle(bytes, huge_page_bytes);
  if (!range && add_window(bytes)) range = unbacked_.take_middle(bytes, huge_page_bytes);
  return back(range);
}

Segment SystemPages::acquire_at(std::byte* address, std::size_t min_bytes) noexcept {
  if (min_bytes == 0 || min_bytes > max_object_bytes) return {};
  const Locked locked(lock_);
  if (!unbacked_.reserve(2)) return {};
  return back(unbacked_.take_at(address, round_up(min_bytes, page_bytes_)));
}

void SystemPages::put_back(Segment range) noexcept {
  // Without heap for one more entry the addresses, not the memory, are lost.
  if (!unbacked_.reserve(1)) return;
  const Segment joined = unbacked_.put(range);
  seams_.erase_between(joined.data, joined.data + joined.size_bytes);
}

void SystemPages::release(Segment segment) noexcept {
  const Locked locked(lock_);
  // One call that drops the pages and the right to touch them. Should the system be out of mappings
  // for it, or near, the pages alone are given back: backing the range again does no harm.
  if (mappings() > most_mappings || map_unbacked(segment.data, segment.size_bytes, MAP_FIXED) == nullptr) {
    madvise(segment.data, segment.size_bytes, MADV_DONTNEED);
  }
  put_back(segment);
}

std::size_t SystemPages::least_move_bytes() const noexcept {
  return moves_ ? least_moved_bytes : 0;
}

bool SystemPages::move(Segment from, std::byte* to) noexcept {
  const Locked locked(lock_);
  std::byte* const end = from.data + from.size_bytes;
  const std::size_t pieces = 1 + seams_.count_between(from.data, end);
  // What was gathered from many pieces is worn out: released, it becomes whole again.
  if (!moves_ || from.size_bytes / pieces < least_moved_bytes) return false;
  if (mappings() + pieces + 2 > most_mappings || !seams_.reserve(pieces + 1)) return false;
  for (std::byte* piece = from.data; piece != end;) {
    std::byte* const next = seams_.next(piece, end);
    const std::size_t bytes = bytes_between(piece, next);
    if (!move_mapping(piece, bytes, to)) {
      map_anew(to, bytes);
      moves_ = false;
      return false;
    }
    seams_.put(to);
    piece = next;
    to += bytes;
  }
  seams_.put(to);
  // The addresses that the pages left hold nothing and may be touched, which release amends.
  map_unbacked(from.data, from.size_bytes, MAP_FIXED);
  put_back(from);
  return true;
}

}  // namespace bufgc

#endif
