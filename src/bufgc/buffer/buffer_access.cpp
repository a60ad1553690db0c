#include "bufgc/buffer/buffer_access.hpp"

#include <new>
#include <utility>

#include "bufgc/buffer/buffer_heap.hpp"

namespace bufgc {

#if UINTPTR_MAX == 0xffffffffU
namespace {

template <std::size_t Word, std::size_t Offset>
constexpr bool stands_at = Word * 4 == Offset;
using Words = BufferAccess::RecordWords;
static_assert(stands_at<Words::strong_count, offsetof(BufferRecord, word)>);
static_assert(stands_at<Words::id_generation, offsetof(BufferRecord, id_generation)>);
static_assert(
    stands_at<Words::size_bytes, BufferRecord::tail_offset_bytes + offsetof(RecordTail, size_bytes)>);
static_assert(stands_at<Words::newest_finalizer, offsetof(BufferRecord, newest_finalizer)>);
static_assert(stands_at<Words::origin, offsetof(BufferRecord, told)> &&
              offsetof(BufferRecord, served_by) == offsetof(BufferRecord, told) + 3 &&
              static_cast<int>(Told::no) == 0 && static_cast<int>(DType::uint8) == 0 &&
              static_cast<int>(BufferKind::owned) == 0 && static_cast<int>(ServedBy::cache) == 0);
static_assert(stands_at<Words::state, offsetof(BufferRecord, cause)> &&
              offsetof(BufferRecord, described) == offsetof(BufferRecord, cause) + 3);
static_assert(
    stands_at<Words::capacity_bytes, BufferRecord::tail_offset_bytes + offsetof(RecordTail, capacity_bytes)>);

}  // namespace
#endif

CpuBuffer BufferAccess::share(BufferRecord* record) noexcept {
  bufgc::retain(record);
  return CpuBuffer(record);
}

void BufferAccess::retain(BufferRecord* record) noexcept {
  bufgc::retain(record);
}
void BufferAccess::release(BufferRecord* record, Cause cause) noexcept {
  bufgc::release(record, cause);
}
Status BufferAccess::destroy(BufferRecord* record) noexcept {
  return BufferHeap::destroy(record);
}

std::byte* BufferAccess::data(const BufferRecord* record) noexcept {
  return record->alive() ? record->data : nullptr;
}
bool BufferAccess::destroyed(const BufferRecord* record) noexcept {
  return !record->alive();
}
BufferId BufferAccess::id(const BufferRecord* record) noexcept {
  return record->id();
}
BufferKind BufferAccess::kind(const BufferRecord* record) noexcept {
  return record->kind;
}
BufferId BufferAccess::base_id(const BufferRecord* record) noexcept {
  return record->base_id();
}
std::uint64_t BufferAccess::size_bytes(const BufferRecord* record) noexcept {
  return record->tail().size_bytes;
}
std::uint64_t BufferAccess::capacity_bytes(const BufferRecord* record) noexcept {
  return record->tail().capacity_bytes;
}
DType BufferAccess::dtype(const BufferRecord* record) noexcept {
  return record->dtype;
}
const Shape& BufferAccess::shape(const BufferRecord* record) noexcept {
  return record->details().shape;
}
std::string_view BufferAccess::label(const BufferRecord* record) noexcept {
  return text_of(record->details().label);
}
std::string_view BufferAccess::site(const BufferRecord* record) noexcept {
  return text_of(record->details().site);
}
std::uint32_t BufferAccess::use_count(const BufferRecord* record) noexcept {
  return record_word::count(record->word.load(std::memory_order_acquire));
}

bool BufferAccess::same_root(const CpuBuffer& a, const CpuBuffer& b) noexcept {
  return a.record_ != nullptr && b.record_ != nullptr && a.record_->root == b.record_->root &&
         a.record_->root_lifetime() == b.record_->root_lifetime();
}

Result<BufferRecord*> BufferAccess::view(const BufferRecord* record, const ViewSpec& spec,
                                         Site site) noexcept {
  Result<CpuBuffer> result = BufferHeap::view(record, spec, site);
  return {detach(std::move(result.value)), result.status};
}

Status BufferAccess::link(BufferRecord* holder, BufferRecord* held) noexcept {
  return BufferHeap::link(holder, held);
}
Status BufferAccess::unlink(BufferRecord* holder, BufferRecord* held) noexcept {
  return BufferHeap::unlink(holder, held);
}

std::uint64_t BufferAccess::room_for_turns(BufferHeap* heap) noexcept {
  return heap->room_for_turns();
}
void BufferAccess::tell_turn_ended(BufferObserver& observer, BufferRecord* record) noexcept {
  BufferHeap::tell_turn_ended(observer, *record);
}
void BufferAccess::tell_turn_begun(BufferObserver& observer, BufferRecord* record) noexcept {
  BufferHeap::tell_turn_begun(observer, *record);
}
void BufferAccess::count_turns(BufferHeap* heap, std::span<const std::uint32_t> by_class,
                               std::uint64_t bytes) noexcept {
  heap->count_turns(by_class, bytes);
}

Result<Finalizer> BufferAccess::finalize(BufferRecord* owner, Finalizer::Callback callback) noexcept {
#if defined(__cpp_exceptions)
  try {
    return BufferHeap::finalize(owner, std::move(callback));
  } catch (const std::bad_alloc&) {
    return Result<Finalizer>::failure(Status::out_of_memory);
  }
#else
  return BufferHeap::finalize(owner, std::move(callback));
#endif
}

}  // namespace bufgc
