#pragma once

#include <cstddef>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace bufgc {

/// What one entry of the page table maps at most that the system gives without being asked for more.
inline constexpr std::size_t huge_page_bytes = std::size_t{2} << 20U;

/// Whether the system may back memory with huge pages: cold memory is then touched at a tenth of the
/// usual price.
#if defined(__linux__) && defined(MADV_HUGEPAGE)
inline constexpr bool has_huge_pages = true;
#else
inline constexpr bool has_huge_pages = false;
#endif

/// Lets huge pages back what of [data, data + bytes) spans them; no harm where there are none.
inline void advise_huge_pages([[maybe_unused]] void* data, [[maybe_unused]] std::size_t bytes) noexcept {
#if defined(__linux__) && defined(MADV_HUGEPAGE)
  madvise(data, bytes, MADV_HUGEPAGE);
#endif
}

}  // namespace bufgc
