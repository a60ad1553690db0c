#include "bufgc/memory/slabs.hpp"

#include <new>

#include "bufgc/memory/huge_pages.hpp"

namespace bufgc {

struct Slabs::Slab {
  Slab* next;
  void* memory;
  std::size_t alignment;
};

bool Slabs::add(std::size_t bytes, std::size_t alignment) noexcept {
  auto* const slab = new (std::nothrow) Slab{newest_, nullptr, alignment};
  if (slab == nullptr) return false;
  slab->memory = ::operator new (bytes, std::align_val_t{alignment}, std::nothrow);
  if (slab->memory == nullptr) {
    delete slab;
    return false;
  }
  if (alignment == huge_page_bytes) advise_huge_pages(slab->memory, bytes);
  newest_ = slab;
  rest_ = static_cast<std::byte*>(slab->memory);
  rest_bytes_ = bytes;
  bytes_ += bytes;
  return true;
}

void* Slabs::take(std::size_t bytes) noexcept {
  if (rest_bytes_ < bytes) {
    const bool huge = has_huge_pages && bytes_ >= large_bytes && add(huge_page_bytes, huge_page_bytes);
    if (!huge && !add(bytes, alignment_bytes)) return nullptr;
  }
  void* const piece = rest_;
  rest_ += bytes;
  rest_bytes_ -= bytes;
  return piece;
}

void Slabs::clear() noexcept {
  while (newest_ != nullptr) {
    Slab* const slab = newest_;
    newest_ = slab->next;
    ::operator delete (slab->memory, std::align_val_t{slab->alignment});
    delete slab;
  }
  *this = Slabs{};
}

}  // namespace bufgc
