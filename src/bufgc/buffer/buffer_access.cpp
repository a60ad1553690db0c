#include "bufgc/buffer/buffer_access.hpp"

#include <new>
#include <utility>

#include "bufgc/buffer/buffer_heap.hpp"

namespace bufgc {

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
