#pragma once

#include <cstdint>

#include "bufgc/buffer/buffer_observer.hpp"
#include "bufgc/viz/lifecycles.hpp"

namespace bufgc::timeline {

// What a row is, in one place: levels, layouts, filters and summaries must agree on it.

[[nodiscard]] inline bool is_owned(const Lifecycles& lifecycles, std::size_t row) noexcept {
  return lifecycles.kind[row] == static_cast<std::uint8_t>(BufferKind::owned);
}
[[nodiscard]] inline bool is_view(const Lifecycles& lifecycles, std::size_t row) noexcept {
  return lifecycles.kind[row] == static_cast<std::uint8_t>(BufferKind::view);
}
[[nodiscard]] inline bool is_alive_at_end(const Lifecycles& lifecycles, std::size_t row) noexcept {
  return lifecycles.free_event[row] == Lifecycles::none;
}
/// Whether the row was among the live ones once the event had happened.
[[nodiscard]] inline bool lives_after(const Lifecycles& lifecycles, std::size_t row,
                                      std::uint64_t event) noexcept {
  return lifecycles.alloc_event[row] <= event && lifecycles.free_event[row] > event;
}
/// Bytes that the row adds to the live level: views and external buffers hold none.
[[nodiscard]] inline std::uint64_t live_bytes(const Lifecycles& lifecycles, std::size_t row) noexcept {
  return is_owned(lifecycles, row) ? lifecycles.size_bytes[row] : 0;
}
/// Bytes of address space that the row occupies in the picture.
[[nodiscard]] inline std::uint64_t extent_bytes(const Lifecycles& lifecycles, std::size_t row) noexcept {
  const std::uint64_t capacity = lifecycles.capacity_bytes[row];
  return capacity != 0 ? capacity : lifecycles.size_bytes[row];
}
/// True when the log holds the row's own alloc event; false for what was born before the log began.
[[nodiscard]] inline bool born_in_log(const Lifecycles& lifecycles, std::size_t row) noexcept {
  const std::uint32_t event = lifecycles.alloc_event[row];
  return event < lifecycles.event_count() && lifecycles.event_kind[event] == Lifecycles::EventKind::alloc &&
         lifecycles.event_row[event] == row;
}
[[nodiscard]] inline bool freed_to_cache(const Lifecycles& lifecycles, std::size_t row) noexcept {
  return is_owned(lifecycles, row) && !is_alive_at_end(lifecycles, row) &&
         lifecycles.freed_to[row] == static_cast<std::uint8_t>(FreedTo::cache);
}
/// Released, and not given back to the system as far as the trace tells.
[[nodiscard]] inline bool released_to_allocator(const Lifecycles& lifecycles, std::size_t row) noexcept {
  return is_owned(lifecycles, row) && !is_alive_at_end(lifecycles, row) &&
         lifecycles.freed_to[row] != static_cast<std::uint8_t>(FreedTo::source);
}
[[nodiscard]] inline bool served_by_cache(const Lifecycles& lifecycles, std::size_t row) noexcept {
  return is_owned(lifecycles, row) && born_in_log(lifecycles, row) &&
         lifecycles.served_by[row] == static_cast<std::uint8_t>(ServedBy::cache);
}
/// How long a row lived; one alive at the end lived to the end of the log.
[[nodiscard]] inline std::uint64_t lifetime_events(const Lifecycles& lifecycles, std::size_t row) noexcept {
  const std::uint64_t end =
      is_alive_at_end(lifecycles, row) ? lifecycles.event_count() : lifecycles.free_event[row];
  return end > lifecycles.alloc_event[row] ? end - lifecycles.alloc_event[row] : 0;
}
[[nodiscard]] inline std::uint64_t lifetime_ns(const Lifecycles& lifecycles, std::size_t row) noexcept {
  const std::int64_t begin = lifecycles.alloc_time_ns(row);
  const std::int64_t end = !is_alive_at_end(lifecycles, row)  ? lifecycles.free_time_ns(row)
                           : lifecycles.event_time_ns.empty() ? begin
                                                              : lifecycles.event_time_ns.back();
  return end > begin ? static_cast<std::uint64_t>(end) - static_cast<std::uint64_t>(begin) : 0;
}

}  // namespace bufgc::timeline
