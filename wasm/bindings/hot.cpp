// The hot path: an Embind call would cost three times one of these, an Embind object forty times. A handle
// is an address that owns one strong reference (`BufferAccess`). Handles, pins and finalizers come in as they
// went out; an answer of 0 is none.

#include <emscripten.h>

#include <cstdint>
#include <cstdlib>
#include <new>
#include <span>
#include <utility>

#include "bufgc/buffer/buffer_access.hpp"
#include "instance.hpp"

namespace bufgc::wasm {
namespace {

constexpr std::uint32_t to_the_end = 0xffffffffU;

Shape incoming_shape(std::uint32_t rank) noexcept {
  std::uint64_t extents[Shape::max_rank] = {};
  const std::uint32_t known = rank < Shape::max_rank ? rank : std::uint32_t{Shape::max_rank};
  for (std::uint32_t axis = 0; axis < known; ++axis) extents[axis] = instance().mailbox.extents[axis];
  return Shape(std::span<const std::uint64_t>(extents, known));
}

BufferRecord* answer(Status status) noexcept {
  instance().mailbox.status = static_cast<std::uint32_t>(status);
  return nullptr;
}

template <class Spec>
BufferRecord* alloc(const Spec& spec, Site site) noexcept {
  BufferManager* manager = instance().manager.get();
  if (manager == nullptr) return answer(Status::closed);
  Shelf& shelf = instance().shelf;
  shelf.clear();
  Result<CpuBuffer> made = manager->try_alloc(spec, site);
  // Under pressure finalizers and handlers run: what they disposed may lie on the shelf.
  if (made.status == Status::out_of_memory && shelf.clear()) made = manager->try_alloc(spec, site);
  shelf.make_room();
  if (!made) return answer(made.status);
  return BufferAccess::detach(std::move(made.value));
}

/// In the order in which they ended.
void release(BufferRecord* handle, Cause cause) noexcept {
  Shelf& shelf = instance().shelf;
  shelf.clear();
  BufferAccess::release(handle, cause);
  shelf.make_room();
}

/// Before what else may give memory back.
void clear_shelf() noexcept {
  instance().shelf.clear();
}

/// More than a finalizer's registration takes, of three blocks: without exceptions each of them would stop
/// the program where there is no memory for it.
constexpr std::size_t registration_bytes = 512;

bool has_room_to_register() noexcept {
  void* volatile const room = std::malloc(registration_bytes);  // else the compiler takes it for granted
  std::free(room);
  return room != nullptr;
}

}  // namespace
}  // namespace bufgc::wasm

using namespace bufgc;
using namespace bufgc::wasm;

extern "C" {

EMSCRIPTEN_KEEPALIVE void* bufgc_mailbox() {
  return &instance().mailbox;
}

EMSCRIPTEN_KEEPALIVE Shelf* bufgc_shelf() {
  return &instance().shelf;
}

/// Room for a text of at most `bytes`, which the next call that takes one reads; null where there is none.
EMSCRIPTEN_KEEPALIVE char* bufgc_text(std::uint32_t bytes) {
  Instance& here = instance();
  if (here.text_bytes < bytes) {
    here.text.reset(new (std::nothrow) char[bytes]);
    here.text_bytes = here.text ? bytes : 0;
  }
  return here.text.get();
}

/// A buffer of bytes without a label.
EMSCRIPTEN_KEEPALIVE BufferRecord* bufgc_alloc(std::uint32_t size_bytes) {
  // All zero is written at once; a name's address and a line apart would be waited for when read as one.
  return alloc(std::uint64_t{size_bytes}, Site{nullptr, 0});
}

/// A buffer in full: extents in the mailbox, the label as text. `file` lives for ever.
EMSCRIPTEN_KEEPALIVE BufferRecord* bufgc_alloc_spec(std::uint32_t size_bytes, std::uint32_t dtype,
                                                    std::uint32_t rank, std::uint32_t label_bytes,
                                                    const char* file, std::uint32_t line) {
  if (dtype >= dtype_count) return answer(Status::invalid_argument);
  const IncomingText label(label_bytes);
  const BufferSpec spec{size_bytes, static_cast<DType>(dtype), incoming_shape(rank), label.view()};
  return alloc(spec, Site{file != nullptr ? file : "", line});
}

/// A subview of a live buffer.
EMSCRIPTEN_KEEPALIVE BufferRecord* bufgc_view(BufferRecord* handle, std::uint32_t offset_bytes,
                                              std::uint32_t size_bytes, std::uint32_t dtype,
                                              std::uint32_t rank, std::uint32_t label_bytes, const char* file,
                                              std::uint32_t line) {
  if (dtype >= dtype_count) return answer(Status::invalid_argument);
  const IncomingText label(label_bytes);
  ViewSpec spec;
  spec.offset_bytes = offset_bytes;
  spec.size_bytes = size_bytes == to_the_end ? ViewSpec::to_the_end : size_bytes;
  spec.dtype = static_cast<DType>(dtype);
  spec.shape = incoming_shape(rank);
  spec.label = label.view();
  const Result<BufferRecord*> made =
      BufferAccess::view(handle, spec, Site{file != nullptr ? file : "", line});
  return made ? made.value : answer(made.status);
}

/// Gives a handle back that was disposed.
EMSCRIPTEN_KEEPALIVE void bufgc_release(BufferRecord* handle) {
  release(handle, Cause::dispose);
}

/// Gives a handle back that the engine collected. Answers 1 when that ended the buffer's lifetime.
EMSCRIPTEN_KEEPALIVE int bufgc_drop(BufferRecord* handle) {
  const bool last = BufferAccess::use_count(handle) == 1 && !BufferAccess::destroyed(handle);
  release(handle, Cause::finalized);
  return last ? 1 : 0;
}

/// Ends the buffer, whoever else holds it. The handle is still to be released.
EMSCRIPTEN_KEEPALIVE int bufgc_destroy(BufferRecord* handle) {
  clear_shelf();
  return static_cast<int>(BufferAccess::destroy(handle));
}

/// The first byte, 0 when destroyed.
EMSCRIPTEN_KEEPALIVE std::byte* bufgc_data(const BufferRecord* handle) {
  return BufferAccess::data(handle);
}

/// Holds the bytes of a live buffer where they are until `bufgc_unpin`; null where there is no memory for it.
EMSCRIPTEN_KEEPALIVE BufferPin* bufgc_pin(BufferRecord* handle) {
  return new (std::nothrow) BufferPin(BufferAccess::share(handle).pin());
}

EMSCRIPTEN_KEEPALIVE void bufgc_unpin(BufferPin* pin) {
  clear_shelf();
  delete pin;
}

/// The slot, which a handle that was given back still tells.
EMSCRIPTEN_KEEPALIVE std::uint32_t bufgc_slot(const BufferRecord* handle) {
  return BufferAccess::id(handle).slot;
}

/// The block's size, 0 of a view.
EMSCRIPTEN_KEEPALIVE std::uint32_t bufgc_capacity(const BufferRecord* handle) {
  return static_cast<std::uint32_t>(BufferAccess::capacity_bytes(handle));
}

/// The id of the buffer whose bytes this one shows: its base's, or its own. The slot is the answer, the
/// generation is in the mailbox.
EMSCRIPTEN_KEEPALIVE std::uint32_t bufgc_root(const BufferRecord* handle) {
  const BufferId base = BufferAccess::base_id(handle);
  const BufferId id = base.valid() ? base : BufferAccess::id(handle);
  instance().mailbox.generation = id.generation;
  return id.slot;
}

EMSCRIPTEN_KEEPALIVE int bufgc_link(BufferRecord* holder, BufferRecord* held) {
  return static_cast<int>(BufferAccess::link(holder, held));
}

EMSCRIPTEN_KEEPALIVE int bufgc_unlink(BufferRecord* holder, BufferRecord* held) {
  clear_shelf();
  return static_cast<int>(BufferAccess::unlink(holder, held));
}

/// Registers a finalizer that tells JavaScript `key` at the buffer's death; null where there is no memory for
/// it.
EMSCRIPTEN_KEEPALIVE Finalizer* bufgc_finalize(BufferRecord* handle, int key) {
  if (!has_room_to_register()) return nullptr;
  Result<Finalizer> made = BufferAccess::finalize(handle, [key]() -> std::any {
    tell(Event::finalizer, key);
    return {};
  });
  return new Finalizer(std::move(made.value));
}

EMSCRIPTEN_KEEPALIVE void bufgc_finalizer_call(const Finalizer* finalizer) {
  Finalizer kept = *finalizer;
  kept.call();
}

EMSCRIPTEN_KEEPALIVE void bufgc_finalizer_detach(Finalizer* finalizer) {
  finalizer->detach();
}

EMSCRIPTEN_KEEPALIVE void bufgc_finalizer_set_at_exit(Finalizer* finalizer, int at_exit) {
  finalizer->set_at_exit(at_exit != 0);
}

/// JavaScript needs this finalizer's address no more. The registration stays.
EMSCRIPTEN_KEEPALIVE void bufgc_finalizer_drop(Finalizer* finalizer) {
  delete finalizer;
}
}
