// What only the hardened core has: it tells JavaScript of misuse.

#include <emscripten.h>

#include <cstdint>
#include <string_view>
#include <utility>

#include "hardening.hpp"
#include "instance.hpp"

namespace bufgc::wasm {
namespace {

/// The misuse that JavaScript is being told of; only while it is.
const Misuse* told_misuse = nullptr;

}  // namespace

const Hardening core_hardening = Hardening::full;

void tell_of_misuse(BufferManager& manager) {
  manager.set_misuse_handler([](const Misuse& misuse) {
    const Misuse* const outer = std::exchange(told_misuse, &misuse);
    tell(Event::misuse, static_cast<int>(misuse.kind));
    told_misuse = outer;
  });
}

}  // namespace bufgc::wasm

using namespace bufgc;
using namespace bufgc::wasm;

extern "C" {

/// Of the misuse that is being told: id, size, offset, expected, found.
EMSCRIPTEN_KEEPALIVE const double* bufgc_misuse_numbers() {
  static double numbers[5];
  numbers[0] = static_cast<double>(told_misuse->id);
  numbers[1] = static_cast<double>(told_misuse->size_bytes);
  numbers[2] = static_cast<double>(told_misuse->offset_bytes);
  numbers[3] = static_cast<double>(told_misuse->expected);
  numbers[4] = static_cast<double>(told_misuse->found);
  return numbers;
}

/// 0: its kind, 1: the label, 2: the site, 3: the whole report.
EMSCRIPTEN_KEEPALIVE const char* bufgc_misuse_text(int which) {
  static char place[512];
  std::string_view text = misuse_name(told_misuse->kind);
  if (which == 1) text = told_misuse->label;
  if (which == 2) text = told_misuse->site;
  if (which == 3) text = misuse_text(*told_misuse, place);
  instance().mailbox.count = static_cast<std::uint32_t>(text.size());
  return text.data();
}
}
