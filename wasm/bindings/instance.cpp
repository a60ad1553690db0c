#include "instance.hpp"

#include <cstring>
#include <utility>

#include "imports.hpp"

namespace bufgc::wasm {

void tell(Event event, int key) noexcept {
  bufgc_tell(static_cast<int>(event), key);
}

Instance the_instance;

IncomingText::IncomingText(std::size_t bytes) noexcept : bytes_(bytes) {
  Instance& here = instance();
  if (bytes > sizeof short_) {
    long_ = std::move(here.text);
    here.text_bytes = 0;
    data_ = long_.get();
  } else if (bytes != 0) {
    std::memcpy(short_, here.text.get(), bytes);
  }
}

}  // namespace bufgc::wasm
