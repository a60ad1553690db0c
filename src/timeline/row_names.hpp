#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "bufgc/viz/lifecycles.hpp"

namespace bufgc::timeline {

/// Names of the small columns as they stand in files, filters, groups and on the page; empty where unknown.
[[nodiscard]] std::string_view kind_name(std::uint8_t kind) noexcept;
[[nodiscard]] std::string_view cause_name(std::uint8_t cause) noexcept;
[[nodiscard]] std::string_view place_name(std::uint8_t served_by_or_freed_to) noexcept;
[[nodiscard]] std::string_view access_name(std::uint8_t access) noexcept;
/// "alive at end" or "released".
[[nodiscard]] std::string_view state_name(const Lifecycles& lifecycles, std::size_t row) noexcept;
/// How a lifetime ended: its cause where that is known, else its state.
[[nodiscard]] std::string_view end_name(const Lifecycles& lifecycles, std::size_t row) noexcept;

/// "64 KiB", "1.5 MiB".
[[nodiscard]] std::string bytes_text(std::uint64_t bytes);

}  // namespace bufgc::timeline
