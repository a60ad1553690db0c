#include "failing_heap.hpp"

#include <cstdlib>
#include <new>

namespace {

thread_local bool counting = false;
thread_local std::size_t allocations = 0;
thread_local std::size_t first_to_fail = 0;
thread_local std::size_t last_to_fail = 0;
thread_local std::int64_t out = 0;

void* counted(void* memory) noexcept {
  if (memory != nullptr) ++out;
  return memory;
}

bool fails() noexcept {
  if (!counting) return false;
  const std::size_t number = allocations++;
  return number >= first_to_fail && number - first_to_fail < last_to_fail;
}

}  // namespace

#if defined(__EMSCRIPTEN__)
namespace {

void* take(std::size_t bytes) noexcept {
  return fails() ? nullptr : counted(std::malloc(bytes));
}
void give(void* memory) noexcept {
  if (memory != nullptr) --out;
  std::free(memory);
}

}  // namespace
#else
// The linker leads calls of malloc from the program's own objects to __wrap_malloc, and so on; __real_malloc
// is the library's.
extern "C" {
void* __real_malloc(std::size_t bytes);
void* __real_calloc(std::size_t count, std::size_t bytes);
void* __real_realloc(void* memory, std::size_t bytes);
void __real_free(void* memory);

void* __wrap_malloc(std::size_t bytes) {
  return fails() ? nullptr : counted(__real_malloc(bytes));
}
void* __wrap_calloc(std::size_t count, std::size_t bytes) {
  return fails() ? nullptr : counted(__real_calloc(count, bytes));
}
void* __wrap_realloc(void* memory, std::size_t bytes) {
  if (fails()) return nullptr;
  void* const grown = __real_realloc(memory, bytes);
  return memory == nullptr ? counted(grown) : grown;
}
void __wrap_free(void* memory) {
  if (memory != nullptr) --out;
  __real_free(memory);
}
}

namespace {

void* take(std::size_t bytes) noexcept {
  return std::malloc(bytes);
}
void give(void* memory) noexcept {
  std::free(memory);
}

}  // namespace
#endif

FailingHeap::FailingHeap(std::size_t first, std::size_t count) noexcept {
  allocations = 0;
  first_to_fail = first;
  last_to_fail = count;
  counting = true;
}
FailingHeap::~FailingHeap() {
  counting = false;
}
std::size_t FailingHeap::asked() noexcept {
  return allocations;
}
std::int64_t FailingHeap::blocks_out() noexcept {
  return out;
}

// Every form, for a sanitizer has its own of those that are left out.
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
  return take(bytes == 0 ? 1 : bytes);
}
void* operator new(std::size_t bytes, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  const auto line = static_cast<std::size_t>(alignment);
  return fails() ? nullptr : counted(std::aligned_alloc(line, (bytes + line - 1) / line * line));
}
void* operator new(std::size_t bytes) {
  void* const memory = operator new(bytes, std::nothrow);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  void* const memory = operator new(bytes, alignment, std::nothrow);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
void* operator new[](std::size_t bytes) {
  return operator new(bytes);
}
void* operator new[](std::size_t bytes, const std::nothrow_t&) noexcept {
  return operator new(bytes, std::nothrow);
}
void operator delete(void* memory) noexcept {
  give(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  give(memory);
}
void operator delete(void* memory, const std::nothrow_t&) noexcept {
  give(memory);
}
void operator delete(void* memory, std::align_val_t) noexcept {
  give(memory);
}
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  give(memory);
}
void operator delete(void* memory, std::align_val_t, const std::nothrow_t&) noexcept {
  give(memory);
}
void operator delete[](void* memory) noexcept {
  give(memory);
}
void operator delete[](void* memory, std::size_t) noexcept {
  give(memory);
}
void operator delete[](void* memory, const std::nothrow_t&) noexcept {
  give(memory);
}
