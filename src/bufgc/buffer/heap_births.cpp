#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <limits>
#include <new>
#include <string_view>
#include <utility>

#include "bufgc/buffer/heap_section.hpp"

namespace bufgc {
namespace {

/// Heaps in turn, so that those that are used side by side do not meet at one place.
std::size_t next_cache_place() noexcept {
  static std::atomic<std::size_t> heaps{0};
  return heaps.fetch_add(1, std::memory_order_relaxed) % SlotCachesOfThread::size;
}

/// The size in bytes that a shape or an explicit size asks for; false when they cannot be, or differ.
bool size_of(const Shape& shape, DType dtype, bool size_given, std::uint64_t& size_bytes) noexcept {
  if (!shape.valid() || static_cast<std::size_t>(dtype) >= dtype_count) return false;
  if (shape.rank() == 0) return true;
  std::uint64_t shape_bytes = 0;
  if (!shape.element_count(shape_bytes)) return false;
  if (__builtin_mul_overflow(shape_bytes, std::uint64_t{item_bytes(dtype)}, &shape_bytes)) return false;
  if (size_given && size_bytes != shape_bytes) return false;
  size_bytes = shape_bytes;
  return true;
}

bool misaligned(const std::byte* data, DType dtype) noexcept {
  return reinterpret_cast<std::uintptr_t>(data) % item_bytes(dtype) != 0;
}

}  // namespace

BufferHeap::BufferHeap(CpuAllocator& allocator, LastOneOut last_one_out, void* context)
    : allocator_(allocator),
      last_one_out_(last_one_out),
      context_(context),
      registry_(std::make_shared<FinalizerRegistry>()),
      cache_place_(next_cache_place()) {
  allocator_.set_move_listener(this);
}

BufferHeap::~BufferHeap() {
  allocator_.set_move_listener(nullptr);
  for (std::uint32_t i = 0; i < chunk_count_; ++i) give_record_chunk(chunks_[i]);
  std::free(static_cast<void*>(chunks_));
}

[[gnu::always_inline]] inline BufferObserver* BufferHeap::write_birth(BufferRecord* record,
                                                                      const Newborn& newborn,
                                                                      HeapCounts& counts) noexcept {
  const std::uint32_t generation = record_word::generation(record->word.load(std::memory_order_relaxed)) + 1;
  record->generation.store(generation, std::memory_order_relaxed);
  record->id_generation.store(record->id_generation.load(std::memory_order_relaxed) + 1,
                              std::memory_order_relaxed);
  const bool is_view = newborn.kind == BufferKind::view;
  record->data = newborn.data;
  record->root = is_view ? newborn.root : record;
  record->root_generation = is_view ? newborn.root_generation : generation;
  if (is_view) record->base = newborn.root->id();
  record->size_bytes = newborn.size_bytes;
  record->block = newborn.block;
  record->capacity_bytes = newborn.block == nullptr ? 0 : newborn.block->capacity_bytes;
  record->release_hook = newborn.release_hook;
  record->label = newborn.label;
  record->site = newborn.site;
  record->shape = newborn.shape == nullptr ? Shape{} : *newborn.shape;
  record->dtype = newborn.dtype;
  record->kind = newborn.kind;
  record->served_by = newborn.served_by;
  record->claimed = false;
  record->linked = false;
  BufferObserver* const observer = observer_.load(std::memory_order_relaxed);
  record->told.store(observer == nullptr ? Told::no : Told::being_told, std::memory_order_relaxed);
  ++counts.live[static_cast<std::size_t>(newborn.kind)];
  if (newborn.kind == BufferKind::external) counts.external_bytes += newborn.size_bytes;
  record->word.store(record_word::make(generation, 1), std::memory_order_release);
  return observer;
}

BufferRecord* BufferHeap::bear(const Newborn& newborn, Status& why) noexcept {
  BufferObserver* observer = nullptr;
  BufferRecord* record = nullptr;
  {
    HeapSection section(*this);
    record = section.cache().pop();
    if (record == nullptr) {
      section.lock();
      record = take_slot(section.cache());
    }
    if (closed()) {
      if (record != nullptr) section.cache().push(record);
      why = Status::closed;
      return nullptr;
    }
    if (record == nullptr) {
      why = Status::out_of_memory;
      return nullptr;
    }
    observer = write_birth(record, newborn, section.cache().counts);
  }
  if (observer != nullptr) tell_birth(*observer, *record);
  return record;
}

Result<CpuBuffer> BufferHeap::allocate(std::uint64_t size_bytes, Site site) noexcept {
  if (closed()) return Result<CpuBuffer>::failure(Status::closed);
  if (size_bytes > std::numeric_limits<std::size_t>::max()) {
    return Result<CpuBuffer>::failure(Status::out_of_memory);
  }
  const Allocation allocation = allocator_.allocate(static_cast<std::size_t>(size_bytes));
  if (allocation.block == nullptr) return Result<CpuBuffer>::failure(Status::out_of_memory);
  // What most births are: a free slot at hand, nothing but bytes.
  if (!sites_.load(std::memory_order_relaxed)) [[likely]] {
    if (SlotCache* const cache = HeapSection::enter_at_once(*this); cache != nullptr) [[likely]] {
      BufferRecord* const record = closed() ? nullptr : cache->pop();
      if (record != nullptr) [[likely]] {
        Newborn newborn;
        newborn.data = allocation.block->data;
        newborn.size_bytes = size_bytes;
        newborn.block = allocation.block;
        newborn.served_by = allocation.served_by;
        BufferObserver* const observer = write_birth(record, newborn, cache->counts);
        HeapSection::leave(cache);
        if (observer != nullptr) tell_birth(*observer, *record);
        return {CpuBuffer(record)};
      }
      HeapSection::leave(cache);
    }
  }
  return bear_around(allocation, size_bytes, site);
}

Result<CpuBuffer> BufferHeap::bear_around(Allocation allocation, std::uint64_t size_bytes,
                                          Site site) noexcept {
  Newborn newborn;
  newborn.data = allocation.block->data;
  newborn.size_bytes = size_bytes;
  newborn.block = allocation.block;
  newborn.served_by = allocation.served_by;
  newborn.site = site_text(site);
  Status why = Status::ok;
  BufferRecord* const record = bear(newborn, why);
  if (record == nullptr) {
    allocator_.deallocate(allocation.block);
    TextTable::drop(newborn.site);
    return Result<CpuBuffer>::failure(why);
  }
  return {CpuBuffer(record)};
}

Result<CpuBuffer> BufferHeap::allocate(const BufferSpec& spec, Site site) noexcept {
  if (spec.shape.rank() == 0 && spec.label.empty() && spec.dtype == DType::uint8) {
    return allocate(spec.size_bytes, site);
  }
  return allocate_described(spec, site);
}

Result<CpuBuffer> BufferHeap::allocate_described(const BufferSpec& spec, Site site) noexcept {
  std::uint64_t size_bytes = spec.size_bytes;
  if (!size_of(spec.shape, spec.dtype, size_bytes != 0, size_bytes)) {
    return Result<CpuBuffer>::failure(Status::invalid_argument);
  }
  if (closed()) return Result<CpuBuffer>::failure(Status::closed);
  if (size_bytes > std::numeric_limits<std::size_t>::max()) {
    return Result<CpuBuffer>::failure(Status::out_of_memory);
  }
  const Allocation allocation = allocator_.allocate(static_cast<std::size_t>(size_bytes));
  if (allocation.block == nullptr) return Result<CpuBuffer>::failure(Status::out_of_memory);

  Newborn newborn;
  newborn.data = allocation.block->data;
  newborn.size_bytes = size_bytes;
  newborn.block = allocation.block;
  newborn.served_by = allocation.served_by;
  newborn.dtype = spec.dtype;
  newborn.shape = &spec.shape;
  newborn.label = texts_.keep(spec.label);
  newborn.site = site_text(site);
  Status why = Status::ok;
  BufferRecord* const record = bear(newborn, why);
  if (record == nullptr) {
    allocator_.deallocate(allocation.block);
    TextTable::drop(newborn.label);
    TextTable::drop(newborn.site);
    return Result<CpuBuffer>::failure(why);
  }
  return {CpuBuffer(record)};
}

Result<CpuBuffer> BufferHeap::external(std::byte* data, const BufferSpec& spec, ReleaseCallback release,
                                       Site site) noexcept {
  std::uint64_t size_bytes = spec.size_bytes;
  if (!size_of(spec.shape, spec.dtype, size_bytes != 0, size_bytes) || (data == nullptr && size_bytes != 0) ||
      misaligned(data, spec.dtype)) {
    return Result<CpuBuffer>::failure(Status::invalid_argument);
  }
  Newborn newborn;
  newborn.kind = BufferKind::external;
  newborn.data = data;
  newborn.size_bytes = size_bytes;
  newborn.dtype = spec.dtype;
  newborn.shape = &spec.shape;
  if (release) {
    newborn.release_hook = new (std::nothrow) ReleaseHook{std::move(release)};
    if (newborn.release_hook == nullptr) return Result<CpuBuffer>::failure(Status::out_of_memory);
  }
  newborn.label = texts_.keep(spec.label);
  newborn.site = site_text(site);
  Status why = Status::ok;
  BufferRecord* const record = bear(newborn, why);
  if (record == nullptr) {
    delete newborn.release_hook;
    TextTable::drop(newborn.label);
    TextTable::drop(newborn.site);
    return Result<CpuBuffer>::failure(why);
  }
  return {CpuBuffer(record)};
}

Result<CpuBuffer> BufferHeap::view(const BufferRecord* of, const ViewSpec& spec, Site site) noexcept {
  if (!of->alive()) return Result<CpuBuffer>::failure(Status::destroyed);
  const bool to_the_end = spec.size_bytes == ViewSpec::to_the_end;
  std::uint64_t size_bytes = spec.size_bytes;
  if (!size_of(spec.shape, spec.dtype, !to_the_end, size_bytes) || spec.offset_bytes > of->size_bytes ||
      spec.offset_bytes % item_bytes(spec.dtype) != 0) {
    return Result<CpuBuffer>::failure(Status::invalid_argument);
  }
  const std::uint64_t room = of->size_bytes - spec.offset_bytes;
  if (to_the_end && spec.shape.rank() == 0) size_bytes = room;
  std::byte* const data = of->data + spec.offset_bytes;
  if (size_bytes > room || misaligned(data, spec.dtype)) {
    return Result<CpuBuffer>::failure(Status::invalid_argument);
  }

  // The view's own reference on the root, which may be ended at this very moment.
  BufferRecord* const root = of->root;
  const std::uint32_t root_generation = of->root_generation;
  if (!try_retain(root, root_generation)) return Result<CpuBuffer>::failure(Status::destroyed);
  BufferHeap& heap = *of->heap;
  Newborn newborn;
  newborn.kind = BufferKind::view;
  newborn.data = data;
  newborn.size_bytes = size_bytes;
  newborn.root = root;
  newborn.root_generation = root_generation;
  newborn.dtype = spec.dtype;
  newborn.shape = &spec.shape;
  newborn.label = heap.texts_.keep(spec.label);
  newborn.site = heap.site_text(site);
  Status why = Status::ok;
  BufferRecord* const record = heap.bear(newborn, why);
  if (record == nullptr) {
    TextTable::drop(newborn.label);
    TextTable::drop(newborn.site);
    release(root, Cause::finalized);
    return Result<CpuBuffer>::failure(why);
  }
  return {CpuBuffer(record)};
}

BufferRecord* BufferHeap::take_slot(SlotCache& cache) noexcept {
  BufferRecord* const record = cache.pop();
  return record != nullptr || !refill(cache) ? record : cache.pop();
}

bool BufferHeap::refill(SlotCache& cache) noexcept {
  if (&cache != &common_) {
    while (cache.free_count < SlotCache::batch) {
      BufferRecord* const record = common_.pop();
      if (record == nullptr) break;
      cache.push(record);
    }
  }
  while (cache.free == nullptr) {
    if (slots_used_ == chunk_count_ * RecordChunk::size && !add_chunk()) return false;
    // The highest first, so that the lowest is taken first.
    const std::uint32_t first = slots_used_;
    slots_used_ += SlotCache::batch;
    for (std::uint32_t slot = slots_used_; slot-- > first;) {
      BufferRecord& record = at(slot);
      record.heap = this;
      record.slot = slot;
      record.id_generation.store(~std::uint32_t{0}, std::memory_order_relaxed);  // before the first
      const std::uint64_t word = record.word.load(std::memory_order_relaxed);
      if (record_word::generation(word) < record_word::last_generation) {
        cache.push(&record);
      } else {
        ++retired_;
      }
    }
  }
  return true;
}

void BufferHeap::spill(SlotCache& cache) noexcept {
  // The newest stay.
  BufferRecord* newest = cache.free;
  for (std::uint32_t kept = 1; kept < SlotCache::room - SlotCache::batch; ++kept) newest = newest->next;
  BufferRecord* oldest = std::exchange(newest->next, nullptr);
  cache.free_count = SlotCache::room - SlotCache::batch;
  while (oldest != nullptr) common_.push(std::exchange(oldest, oldest->next));
}

bool BufferHeap::add_chunk() noexcept {
  constexpr std::uint32_t most_chunks = 0xffffffffU / RecordChunk::size;
  if (chunk_count_ == most_chunks) return false;
  if (chunk_count_ == chunk_room_) {
    const std::uint32_t room = chunk_room_ == 0 ? 16 : chunk_room_ * 2;
    void* grown = std::realloc(static_cast<void*>(chunks_), room * sizeof(RecordChunk*));
    if (grown == nullptr) return false;
    chunks_ = static_cast<RecordChunk**>(grown);
    chunk_room_ = room;
  }
  RecordChunk* const chunk = take_record_chunk();
  if (chunk == nullptr) return false;
  chunks_[chunk_count_++] = chunk;
  return true;
}

// The record may be born again at any moment until it is retained; so everything is asked of the
// lifetime that its word showed first, and retained only if the word shows it still.
CpuBuffer BufferHeap::lock(BufferId id) noexcept {
  BufferRecord* record = nullptr;
  {
    const Locked locked(slot_lock_);
    if (!id.valid() || id.slot >= slots_used_) return {};
    record = &at(id.slot);
  }
  const std::uint32_t generation = record_word::generation(record->word.load(std::memory_order_acquire));
  if (record->id() != id || record->lifetime() != generation) return {};
  if (!try_retain(record, generation)) return {};
  CpuBuffer handle(record);
  if (!record->alive()) return {};
  return handle;
}

Text* BufferHeap::site_text(Site site) noexcept {
  if (!sites_.load(std::memory_order_relaxed) || site.file == nullptr || *site.file == '\0') return nullptr;
  if (site.line == 0) return texts_.keep(site.file);
  // Without printf, which would be a tenth of the WebAssembly package.
  char text[1024];
  const std::string_view file = std::string_view(site.file).substr(0, sizeof text - 16);
  char* const colon = std::copy(file.begin(), file.end(), text);
  *colon = ':';
  const char* const end = std::to_chars(colon + 1, text + sizeof text, site.line).ptr;
  return texts_.keep({text, static_cast<std::size_t>(end - text)});
}

}  // namespace bufgc
