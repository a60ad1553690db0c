#pragma once

namespace bufgc {

/// Where in a program a buffer was made. `Site::here()` as a default argument is the caller's place
/// (the compiler built-ins, since Emscripten's libc++ 13 has no `std::source_location`).
struct Site {
  const char* file = "";
  unsigned line = 0;

  static constexpr Site here(const char* file = __builtin_FILE(), unsigned line = __builtin_LINE()) noexcept {
    return {file, line};
  }
};

}  // namespace bufgc
