// What handles are held against: a native buffer as an Embind class with a smart pointer, so that each
// JavaScript handle is registered with Embind's own FinalizationRegistry; and bare malloc and free.
// Built with the flags of the package. A block is as the package gives it: aligned to 64, not zeroed.

#include <emscripten.h>
#include <emscripten/bind.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>

namespace {

constexpr std::size_t alignment = 64;
std::uint32_t live_buffers = 0;

class PeerBuffer {
 public:
  explicit PeerBuffer(std::uint32_t size_bytes)
      : data_(std::aligned_alloc(alignment, (size_bytes + alignment - 1) / alignment * alignment)),
        size_bytes_(size_bytes) {
    ++live_buffers;
  }
  ~PeerBuffer() {
    std::free(data_);
    --live_buffers;
  }
  PeerBuffer(const PeerBuffer&) = delete;
  PeerBuffer& operator=(const PeerBuffer&) = delete;

  [[nodiscard]] emscripten::val view() const {
    return emscripten::val(emscripten::typed_memory_view(size_bytes_, static_cast<std::uint8_t*>(data_)));
  }

 private:
  void* data_;
  std::size_t size_bytes_;
};

std::shared_ptr<PeerBuffer> make(std::uint32_t size_bytes) {
  return std::make_shared<PeerBuffer>(size_bytes);
}

std::uint32_t live() {
  return live_buffers;
}

}  // namespace

EMSCRIPTEN_BINDINGS(peer) {
  emscripten::class_<PeerBuffer>("PeerBuffer")
      .smart_ptr_constructor("PeerBuffer", &make)
      .function("view", &PeerBuffer::view);
  emscripten::function("live", &live);
}

extern "C" {
EMSCRIPTEN_KEEPALIVE void* peer_malloc(std::uint32_t size_bytes) {
  return std::malloc(size_bytes);
}
EMSCRIPTEN_KEEPALIVE void peer_free(void* block) {
  std::free(block);
}
}
