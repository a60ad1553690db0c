#include "bufgc/buffer/cpu_buffer.hpp"

#include <utility>

#include "bufgc/buffer/buffer_access.hpp"
#include "bufgc/buffer/buffer_heap.hpp"
#include "bufgc/buffer/raise.hpp"

namespace bufgc {
namespace {

const Shape no_shape{};

void raise_unless_ok(Status status, const char* when_destroyed, const char* when_invalid) {
  if (status == Status::ok) return;
  if (status == Status::out_of_memory) raise(status, "no memory for the bookkeeping of a buffer");
  if (status == Status::closed) raise(status, "the manager is closed");
  raise(status, status == Status::destroyed ? when_destroyed : when_invalid);
}

}  // namespace

CpuBuffer::CpuBuffer(const CpuBuffer& other) noexcept : record_(other.record_) {
  if (record_ != nullptr) retain(record_);
}

CpuBuffer& CpuBuffer::operator=(const CpuBuffer& other) noexcept {
  CpuBuffer copy(other);
  std::swap(record_, copy.record_);
  return *this;
}

void CpuBuffer::let_go() noexcept {
  release(record_, Cause::finalized);
}

void CpuBuffer::reset() noexcept {
  // Emptied first: a finalizer that runs now may look at this very handle.
  if (BufferRecord* const record = std::exchange(record_, nullptr); record != nullptr) {
    release(record, Cause::dispose);
  }
}

BufferId CpuBuffer::id() const noexcept {
  return record_ == nullptr ? BufferId{} : record_->id();
}
std::uint64_t CpuBuffer::size_bytes() const noexcept {
  return record_ == nullptr ? 0 : record_->tail().size_bytes;
}
std::uint64_t CpuBuffer::capacity_bytes() const noexcept {
  return record_ == nullptr ? 0 : record_->tail().capacity_bytes;
}
DType CpuBuffer::dtype() const noexcept {
  return record_ == nullptr ? DType::uint8 : record_->dtype;
}
const Shape& CpuBuffer::shape() const noexcept {
  return record_ == nullptr ? no_shape : record_->details().shape;
}
std::string_view CpuBuffer::label() const noexcept {
  return record_ == nullptr ? std::string_view{} : text_of(record_->details().label);
}
bool CpuBuffer::is_view() const noexcept {
  return record_ != nullptr && record_->kind == BufferKind::view;
}
bool CpuBuffer::is_external() const noexcept {
  return record_ != nullptr && record_->kind == BufferKind::external;
}

CpuBuffer CpuBuffer::base() const noexcept {
  if (!is_view() || !record_->own_life()) return {};
  if (!try_retain(record_->root, record_->root_generation)) return {};
  return CpuBuffer(record_->root);
}

bool CpuBuffer::destroyed() const noexcept {
  return record_ != nullptr && !record_->alive();
}

std::uint32_t CpuBuffer::use_count() const noexcept {
  return record_ == nullptr ? 0 : BufferAccess::use_count(record_);
}

std::byte* CpuBuffer::try_data() const noexcept {
  return record_ == nullptr || !record_->alive() ? nullptr : record_->data;
}

std::byte* CpuBuffer::data() const {
  if (record_ == nullptr) raise(Status::invalid_argument, "data() of an empty handle");
  if (!record_->alive()) raise(Status::destroyed, "data() of a buffer that was destroyed");
  return record_->data;
}

BufferPin CpuBuffer::pin() const noexcept {
  if (record_ == nullptr || !BufferHeap::pin(record_)) return {};
  return BufferPin(*this);
}

BufferPin& BufferPin::operator=(BufferPin&& other) noexcept {
  if (this != &other) {
    reset();
    buffer_ = std::move(other.buffer_);
  }
  return *this;
}

void BufferPin::reset() noexcept {
  CpuBuffer pinned = std::move(buffer_);
  if (pinned.record_ != nullptr) BufferHeap::unpin(pinned.record_);
}

Result<CpuBuffer> CpuBuffer::try_view(const ViewSpec& spec, Site site) const noexcept {
  if (record_ == nullptr) return Result<CpuBuffer>::failure(Status::invalid_argument);
  return BufferHeap::view(record_, spec, site);
}

CpuBuffer CpuBuffer::view(const ViewSpec& spec, Site site) const {
  Result<CpuBuffer> result = try_view(spec, site);
  raise_unless_ok(result.status, "view() of a buffer that was destroyed",
                  "view(): the range is not within the buffer, or not aligned to the dtype");
  return std::move(result.value);
}

Status CpuBuffer::try_destroy() noexcept {
  return record_ == nullptr ? Status::invalid_argument : BufferHeap::destroy(record_);
}

void CpuBuffer::destroy() {
  raise_unless_ok(try_destroy(), "destroy() of a buffer that was destroyed before",
                  "destroy() of an empty handle");
}

WeakBuffer CpuBuffer::weak() const noexcept {
  return record_ == nullptr ? WeakBuffer{} : WeakBuffer(record_, record_->id(), record_->lifetime());
}

Status CpuBuffer::try_link(const CpuBuffer& held) noexcept {
  if (record_ == nullptr || held.record_ == nullptr) return Status::invalid_argument;
  return BufferHeap::link(record_, held.record_);
}

void CpuBuffer::link(const CpuBuffer& held) {
  raise_unless_ok(try_link(held), "link() with a buffer that was destroyed",
                  "link(): both must be buffers of one manager");
}

Status CpuBuffer::try_unlink(const CpuBuffer& held) noexcept {
  if (record_ == nullptr || held.record_ == nullptr) return Status::invalid_argument;
  return BufferHeap::unlink(record_, held.record_);
}

void CpuBuffer::unlink(const CpuBuffer& held) {
  raise_unless_ok(try_unlink(held), "unlink() on a buffer that was destroyed",
                  "unlink(): there is no such link");
}

CpuBuffer WeakBuffer::lock() const noexcept {
  if (record_ == nullptr || !try_retain(record_, generation_)) return {};
  CpuBuffer handle(record_);
  if (!record_->alive()) return {};  // a view, whose base was destroyed
  return handle;
}

bool WeakBuffer::expired() const noexcept {
  if (record_ == nullptr) return true;
  const std::uint64_t word = record_->word.load(std::memory_order_acquire);
  if ((word & record_word::suspect) != 0) [[unlikely]]
    return expired_after_verdict();
  return gone(word);
}

bool WeakBuffer::expired_after_verdict() const noexcept {
  await_verdict();
  return gone(record_->word.load(std::memory_order_acquire));
}

bool WeakBuffer::gone(std::uint64_t word) const noexcept {
  return record_word::generation(word) != generation_ || record_word::count(word) == 0;
}

}  // namespace bufgc
