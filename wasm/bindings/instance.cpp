#include "instance.hpp"

#include <cstring>

#include "imports.hpp"

namespace bufgc::wasm {

void tell(Event event, int key) noexcept {
  bufgc_tell(static_cast<int>(event), key);
}

Instance the_instance;

IncomingText::IncomingText(std::size_t bytes) noexcept : bytes_(bytes) {
  char* place = short_;
  if (bytes > sizeof short_) {
    long_.reset(new char[bytes]);
    place = long_.get();
    data_ = place;
  }
  if (bytes != 0) std::memcpy(place, instance().text.get(), bytes);
}

}  // namespace bufgc::wasm
