#include <algorithm>
#include <cstdlib>
#include <limits>
#include <new>
#include <string_view>
#include <utility>

#include "bufgc/buffer/heap_section.hpp"

namespace bufgc {
namespace {

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

/// Whether so many bytes from there go beyond the last address.
bool wraps(const std::byte* data, std::uint64_t size_bytes) noexcept {
  return size_bytes > std::numeric_limits<std::uintptr_t>::max() - reinterpret_cast<std::uintptr_t>(data);
}

bool misaligned(const std::byte* data, DType dtype) noexcept {
  return reinterpret_cast<std::uintptr_t>(data) % item_bytes(dtype) != 0;
}

/// No block also where no address is large enough.
Allocation take_block(CpuAllocator& allocator, std::uint64_t size_bytes) noexcept {
  if (size_bytes > std::numeric_limits<std::size_t>::max()) return {};
  return allocator.allocate(static_cast<std::size_t>(size_bytes));
}

}  // namespace

BufferHeap::BufferHeap(CpuAllocator& allocator, LastOneOut last_one_out, void* context)
    : allocator_(allocator),
      memory_(allocator.state()),
      hardened_(allocator.options().hardening != Hardening::off),
      last_one_out_(last_one_out),
      context_(context),
      registry_(std::make_shared<FinalizerRegistry>()) {
  common_.room = std::numeric_limits<std::uint32_t>::max();
  allocator_.set_move_listener(this);
  const CpuAllocator::State::Section section(memory_);
  memory_.set_rider_keeper(this, &common_);
}

BufferHeap::~BufferHeap() {
  drop_caches();
  allocator_.set_move_listener(nullptr);
  // A handle given back too often may still be handed in.
  for (std::uint32_t slot = 0; slot < slots_used_; ++slot) at(slot).tail().heap = nullptr;
  for (std::uint32_t i = 0; i < chunk_count_; ++i) give_record_chunk(chunks_[i]);
  std::free(static_cast<void*>(chunks_));
}

void BufferHeap::set_sites_enabled(bool enabled) noexcept {
  const CpuAllocator::State::Section section(memory_);
  sites_.store(enabled, std::memory_order_relaxed);
  births_are_plain_.store(!enabled && !closed(), std::memory_order_relaxed);
}

[[gnu::always_inline]] inline BufferObserver* BufferHeap::begin_life(BufferRecord* record, std::byte* data,
                                                                     std::uint64_t size_bytes, Block* block,
                                                                     ServedBy served_by) noexcept {
  const std::uint32_t generation = record_word::generation(record->word.load(std::memory_order_relaxed)) + 1;
  record->generation.store(generation, std::memory_order_relaxed);
  record->id_generation.store(record->id_generation.load(std::memory_order_relaxed) + 1,
                              std::memory_order_relaxed);
  record->data = data;
  record->tail().size_bytes = size_bytes;
  record->block = block;
  record->tail().capacity_bytes = block == nullptr ? 0 : block->capacity_bytes;
  record->served_by = served_by;
  BufferObserver* const observer = observer_.load(std::memory_order_relaxed);
  record->told.store(observer == nullptr ? Told::no : Told::being_told, std::memory_order_relaxed);
  record->word.store(record_word::make(generation, 1), std::memory_order_release);
  return observer;
}

void BufferHeap::describe(BufferRecord* record, const Newborn& newborn) noexcept {
  const bool has_shape = newborn.shape != nullptr && newborn.shape->rank() > 0;
  record->described = newborn.kind != BufferKind::owned || newborn.dtype != DType::uint8 || has_shape ||
                      newborn.label != nullptr || newborn.site != nullptr;
  if (!record->described) return;
  if (newborn.kind == BufferKind::view) {
    record->root = newborn.root;
    record->root_generation = newborn.root_generation;
    record->details().base = newborn.root->id();
  }
  record->kind = newborn.kind;
  record->dtype = newborn.dtype;
  if (has_shape) record->details().shape = *newborn.shape;
  record->details().label = newborn.label;
  record->details().site = newborn.site;
  record->details().release_hook = newborn.release_hook;
}

void BufferHeap::tell_birth(BufferObserver& observer, BufferRecord& record) noexcept {
  const auto tell = [&](const BufferDescription* description) {
    observer.on_alloc({.id = record.id(),
                       .data = record.data,
                       .size_bytes = record.tail().size_bytes,
                       .capacity_bytes = record.tail().capacity_bytes,
                       .dtype = record.dtype,
                       .kind = record.kind,
                       .served_by = record.served_by,
                       .description = description});
  };
  if (!record.described) [[likely]] {
    tell(nullptr);
  } else {
    const BufferDescription description{record.base_id(), record.details().shape,
                                        text_of(record.details().label), text_of(record.details().site)};
    tell(&description);
  }
  record.told.store(Told::yes, std::memory_order_release);
}

BufferHeap::Birth BufferHeap::told(BufferObserver& observer, BufferRecord* record) noexcept {
  tell_birth(observer, *record);
  return {record, Status::ok};
}

BufferHeap::Birth BufferHeap::risen(BlockCache* cache, BufferRecord* record,
                                    BufferObserver* observer) noexcept {
  memory_.on_rise(*cache);
  CpuAllocator::State::leave(cache);
  return observer == nullptr ? Birth{record, Status::ok} : told(*observer, record);
}

BufferHeap::Birth BufferHeap::bear(const Newborn& newborn) noexcept {
  BufferObserver* observer = nullptr;
  BufferRecord* record = nullptr;
  {
    HeapSection section(*this);
    record = section.slots().pop();
    if (record == nullptr) {
      section.lock();
      record = take_slot(section.slots());
    }
    if (closed()) {
      if (record != nullptr) section.slots().push(record);
      return {nullptr, Status::closed};
    }
    if (record == nullptr) return {nullptr, Status::out_of_memory};
    describe(record, newborn);
    observer = begin_life(record, newborn.data, newborn.size_bytes, newborn.block, newborn.served_by);
    section.slots().counts.on_birth(*record);
  }
  return observer == nullptr ? Birth{record, Status::ok} : told(*observer, record);
}

BufferHeap::Birth BufferHeap::bear_around(Allocation allocation, Newborn& newborn) noexcept {
  newborn.data = allocation.block->data;
  newborn.block = allocation.block;
  newborn.served_by = allocation.served_by;
  const Birth birth = bear(newborn);
  if (birth.record == nullptr) {
    allocator_.deallocate(allocation.block);
    TextTable::drop(newborn.label);
    TextTable::drop(newborn.site);
  } else if (hardened_) {
    name_block(birth.record);
  }
  return birth;
}

BufferHeap::Birth BufferHeap::bear_bytes(std::uint64_t size_bytes, Site site) noexcept {
#if !defined(BUFGC_CHECK_INVARIANTS)
  // What most births are: nothing but bytes, a block and a slot at hand, and both in one section.
  const bool too_large = size_bytes > std::numeric_limits<std::size_t>::max();
  if (too_large || !births_are_plain_.load(std::memory_order_relaxed)) [[unlikely]]
    return bear_bytes_slowly(size_bytes, site);
  BlockCache* const cache = memory_.enter_at_once();
  if (cache == nullptr) [[unlikely]]
    return bear_bytes_slowly(size_bytes, site);
  auto* const slots = static_cast<SlotCache*>(cache->rider);
  BufferRecord* const record = slots == nullptr ? nullptr : slots->free;
  bool rose = false;
  Range* const range =
      record == nullptr ? nullptr : memory_.take(*cache, static_cast<std::size_t>(size_bytes), rose);
  if (range == nullptr) [[unlikely]] {
    CpuAllocator::State::leave(cache);
    return bear_bytes_slowly(size_bytes, site);
  }
  slots->pop(record);
  BufferObserver* const observer = begin_life(record, range->data, size_bytes, range, ServedBy::cache);
  ++slots->counts.born;
  if (rose) [[unlikely]]
    return risen(cache, record, observer);
  CpuAllocator::State::leave(cache);
  if (observer != nullptr) return told(*observer, record);
  return {record, Status::ok};
#else
  return bear_bytes_slowly(size_bytes, site);
#endif
}

BufferHeap::Birth BufferHeap::bear_bytes_slowly(std::uint64_t size_bytes, Site site) noexcept {
  if (closed()) return {nullptr, Status::closed};
  const Allocation allocation = take_block(allocator_, size_bytes);
  if (allocation.block == nullptr) return {nullptr, Status::out_of_memory};
  Newborn newborn;
  newborn.size_bytes = size_bytes;
  newborn.site = site_text(site);
  return bear_around(allocation, newborn);
}

BufferHeap::Birth BufferHeap::bear_described(const BufferSpec& spec, Site site) noexcept {
  std::uint64_t size_bytes = spec.size_bytes;
  if (!size_of(spec.shape, spec.dtype, size_bytes != 0, size_bytes)) {
    return {nullptr, Status::invalid_argument};
  }
  if (closed()) return {nullptr, Status::closed};
  const Allocation allocation = take_block(allocator_, size_bytes);
  if (allocation.block == nullptr) return {nullptr, Status::out_of_memory};
  Newborn newborn;
  newborn.size_bytes = size_bytes;
  newborn.dtype = spec.dtype;
  newborn.shape = &spec.shape;
  newborn.label = texts_.keep(spec.label);
  newborn.site = site_text(site);
  return bear_around(allocation, newborn);
}

Result<CpuBuffer> BufferHeap::external(std::byte* data, const BufferSpec& spec, ReleaseCallback release,
                                       Site site) noexcept {
  std::uint64_t size_bytes = spec.size_bytes;
  if (!size_of(spec.shape, spec.dtype, size_bytes != 0, size_bytes) || (data == nullptr && size_bytes != 0) ||
      misaligned(data, spec.dtype) || wraps(data, size_bytes)) {
    return Result<CpuBuffer>::failure(Status::invalid_argument);
  }
  Newborn newborn;
  newborn.kind = BufferKind::external;
  newborn.data = data;
  newborn.size_bytes = size_bytes;
  newborn.dtype = spec.dtype;
  newborn.shape = &spec.shape;
  if (release) {
    newborn.release_hook = new (std::nothrow) ReleaseHook{std::move(release), nullptr, 0, nullptr};
    if (newborn.release_hook == nullptr) return Result<CpuBuffer>::failure(Status::out_of_memory);
  }
  newborn.label = texts_.keep(spec.label);
  newborn.site = site_text(site);
  const Birth birth = bear(newborn);
  if (birth.record == nullptr) {
    delete newborn.release_hook;
    TextTable::drop(newborn.label);
    TextTable::drop(newborn.site);
  }
  return handle_of(birth);
}

Result<CpuBuffer> BufferHeap::view(const BufferRecord* of, const ViewSpec& spec, Site site) noexcept {
  if (!of->alive()) return Result<CpuBuffer>::failure(Status::destroyed);
  const bool to_the_end = spec.size_bytes == ViewSpec::to_the_end;
  std::uint64_t size_bytes = spec.size_bytes;
  if (!size_of(spec.shape, spec.dtype, !to_the_end, size_bytes) ||
      spec.offset_bytes > of->tail().size_bytes || spec.offset_bytes % item_bytes(spec.dtype) != 0) {
    return Result<CpuBuffer>::failure(Status::invalid_argument);
  }
  const std::uint64_t room = of->tail().size_bytes - spec.offset_bytes;
  if (to_the_end && spec.shape.rank() == 0) size_bytes = room;
  std::byte* const data = of->data + spec.offset_bytes;
  if (size_bytes > room || misaligned(data, spec.dtype)) {
    return Result<CpuBuffer>::failure(Status::invalid_argument);
  }

  // The view's own reference on the root, which may be ended at this very moment.
  BufferRecord* const root = of->root;
  const std::uint32_t root_generation = of->root_lifetime();
  if (!try_retain(root, root_generation)) return Result<CpuBuffer>::failure(Status::destroyed);
  BufferHeap& heap = *of->tail().heap;
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
  const Birth birth = heap.bear(newborn);
  if (birth.record == nullptr) {
    TextTable::drop(newborn.label);
    TextTable::drop(newborn.site);
    release(root, Cause::finalized);
  }
  return handle_of(birth);
}

BufferRecord* BufferHeap::take_slot(SlotCache& slots) noexcept {
  return refill(slots) ? slots.pop() : nullptr;
}

bool BufferHeap::refill(SlotCache& slots) noexcept {
  if (&slots != &common_) {
    while (slots.free_count < SlotCache::batch) {
      BufferRecord* const record = common_.pop();
      if (record == nullptr) break;
      slots.push(record);
    }
  }
  while (slots.free == nullptr) {
    if (slots_used_ == chunk_count_ * RecordChunk::size && !add_chunk()) return false;
    // The highest first, so that the lowest is taken first.
    const std::uint32_t first = slots_used_;
    slots_used_ += SlotCache::batch;
    for (std::uint32_t slot = slots_used_; slot-- > first;) {
      BufferRecord& record = at(slot);
      record.tail().heap = this;
      record.root = &record;
      record.slot = slot;
      record.id_generation.store(~std::uint32_t{0}, std::memory_order_relaxed);  // before the first
      const std::uint64_t word = record.word.load(std::memory_order_relaxed);
      if (record_word::generation(word) < record_word::last_generation) {
        slots.push(&record);
      } else {
        ++retired_;
      }
    }
  }
  return true;
}

void BufferHeap::spill(SlotCache& slots) noexcept {
  // The newest stay.
  BufferRecord* newest = slots.free;
  for (std::uint32_t kept = 1; kept < slots.room - SlotCache::batch; ++kept) newest = newest->next_free;
  BufferRecord* oldest = std::exchange(newest->next_free, nullptr);
  slots.free_count = slots.room - SlotCache::batch;
  while (oldest != nullptr) common_.push(std::exchange(oldest, oldest->next_free));
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

CpuBuffer BufferHeap::lock(BufferId id) noexcept {
  CpuBuffer found = find(id);
  if (hardened_ && !found && id.valid()) report_dead_id(id);
  return found;
}

// The record may be born again at any moment until it is retained; so everything is asked of the
// lifetime that its word showed first, and retained only if the word shows it still.
CpuBuffer BufferHeap::find(BufferId id) noexcept {
  BufferRecord* record = nullptr;
  {
    const CpuAllocator::State::Section section(memory_);
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
  // Without printf or to_chars, which would be a tenth and a hundredth of the WebAssembly package.
  char text[1024];
  const std::string_view file = std::string_view(site.file).substr(0, sizeof text - 16);
  char* const colon = std::copy(file.begin(), file.end(), text);
  *colon = ':';
  char digits[10];
  std::size_t count = 0;
  for (std::uint32_t rest = site.line; rest > 0; rest /= 10)
    digits[count++] = static_cast<char>('0' + rest % 10);
  const char* const end = std::reverse_copy(digits, digits + count, colon + 1);
  return texts_.keep({text, static_cast<std::size_t>(end - text)});
}

}  // namespace bufgc
