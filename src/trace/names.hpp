#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "bufgc/viz/lifecycles.hpp"

namespace bufgc::trace {

// The words of trace files, in the order of the enumerations that they stand for.
inline constexpr std::string_view op_names[] = {"alloc",   "free", "use",    "mark", "reserve",
                                                "release", "link", "unlink", "move"};
inline constexpr std::string_view cause_names[] = {"dispose", "finalized", "collected", "closed"};
inline constexpr std::string_view kind_names[] = {"owned", "view", "external"};
inline constexpr std::string_view place_names[] = {"cache", "arena", "source"};
inline constexpr std::string_view access_names[] = {"", "r", "w", "rw"};

/// The number of `word` among `names`, or `Lifecycles::unknown`.
template <std::size_t count>
[[nodiscard]] constexpr std::uint8_t number_of(std::string_view word,
                                               const std::string_view (&names)[count]) {
  for (std::size_t i = 0; i < count; ++i)
    if (names[i] == word) return static_cast<std::uint8_t>(i);
  return Lifecycles::unknown;
}

/// The word, or nothing for a number that has none.
template <std::size_t count>
[[nodiscard]] constexpr std::string_view word_of(std::uint8_t number,
                                                 const std::string_view (&names)[count]) {
  return number < count ? names[number] : std::string_view{};
}

}  // namespace bufgc::trace
