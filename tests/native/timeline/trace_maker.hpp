#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string_view>
#include <utility>
#include <vector>

#include "bufgc/buffer/buffer_observer.hpp"
#include "bufgc/viz/lifecycles.hpp"

/// Writes lifecycles by hand, event by event.
class TraceMaker {
 public:
  bufgc::Lifecycles trace;

  std::uint32_t event(bufgc::Lifecycles::EventKind kind, std::uint32_t index) {
    trace.event_time_ns.push_back(now);
    trace.event_kind.push_back(kind);
    trace.event_row.push_back(index);
    return static_cast<std::uint32_t>(trace.event_kind.size() - 1);
  }

  struct Birth {
    std::uint64_t size = 0;
    std::uint64_t address = bufgc::Lifecycles::no_address;
    std::string_view label = {};
    std::string_view dtype = {};
    bufgc::BufferKind kind = bufgc::BufferKind::owned;
    std::uint32_t base = bufgc::Lifecycles::none;
    std::uint8_t served_by = bufgc::Lifecycles::unknown;
    std::uint64_t capacity = 0;  ///< 0: as large as the size.
  };
  std::uint32_t alloc(const Birth& birth) {
    const auto row = static_cast<std::uint32_t>(trace.size());
    add_row(birth, event(bufgc::Lifecycles::EventKind::alloc, row));
    return row;
  }
  /// Born before the log's first event.
  std::uint32_t born_before(const Birth& birth) {
    const auto row = static_cast<std::uint32_t>(trace.size());
    add_row(birth, 0);
    return row;
  }
  void free(std::uint32_t row, std::uint8_t to = bufgc::Lifecycles::unknown,
            std::uint8_t cause = bufgc::Lifecycles::unknown) {
    trace.free_event[row] = event(bufgc::Lifecycles::EventKind::free, row);
    trace.freed_to[row] = to;
    trace.cause[row] = cause;
  }
  void move(std::uint32_t row, std::uint64_t to) {
    std::uint64_t from = trace.address[row];
    for (const bufgc::Lifecycles::Move& earlier : trace.moves)
      if (earlier.row == row) from = earlier.to;
    const auto index = static_cast<std::uint32_t>(trace.moves.size());
    trace.moves.push_back({event(bufgc::Lifecycles::EventKind::move, index), row, from, to});
  }
  std::uint32_t reserve(std::uint64_t address, std::uint64_t size) {
    const auto index = static_cast<std::uint32_t>(trace.segments.size());
    trace.segments.push_back(
        {address, size, event(bufgc::Lifecycles::EventKind::reserve, index), bufgc::Lifecycles::none});
    return index;
  }
  void release(std::uint32_t segment) {
    trace.segments[segment].release_event = event(bufgc::Lifecycles::EventKind::release, segment);
  }

  std::int64_t now = 1'000'000;

 private:
  void add_row(const Birth& birth, std::uint32_t at) {
    trace.id.push_back(trace.size() * 3 + 1);
    trace.size_bytes.push_back(birth.size);
    trace.capacity_bytes.push_back(birth.capacity != 0 ? birth.capacity : birth.size);
    trace.address.push_back(birth.address);
    trace.alloc_event.push_back(at);
    trace.free_event.push_back(bufgc::Lifecycles::none);
    trace.label.push_back(trace.strings.intern(birth.label));
    trace.dtype.push_back(trace.strings.intern(birth.dtype));
    trace.shape.push_back(0);
    trace.site.push_back(0);
    trace.thread.push_back(0);
    trace.base.push_back(birth.base);
    trace.kind.push_back(static_cast<std::uint8_t>(birth.kind));
    trace.cause.push_back(bufgc::Lifecycles::unknown);
    trace.served_by.push_back(birth.served_by);
    trace.freed_to.push_back(bufgc::Lifecycles::unknown);
  }
};

constexpr std::uint8_t to_cache = static_cast<std::uint8_t>(bufgc::FreedTo::cache);
constexpr std::uint8_t from_cache = static_cast<std::uint8_t>(bufgc::ServedBy::cache);
constexpr std::uint8_t from_source = static_cast<std::uint8_t>(bufgc::ServedBy::source);

/// Random buffers in slots of an address range that never overlap; some views, some external, some
/// without address, some served from where a block of the same slot was cached.
struct RandomTrace {
  std::uint32_t seed = 0;
  std::uint32_t events = 400;
  bool addresses = true;
  bool others = true;  ///< Views and external buffers too.
  bool moves = false;  ///< Now and then buffers change slots, several in one step.
};

inline bufgc::Lifecycles random_trace(const RandomTrace& options) {
  constexpr std::uint32_t slots = 24;
  constexpr std::uint64_t slot_bytes = 1000;
  std::mt19937 random(options.seed);
  TraceMaker maker;
  std::vector<std::uint32_t> holder(slots, bufgc::Lifecycles::none);
  std::vector<std::uint64_t> cached(slots, 0);
  std::vector<std::uint32_t> loose;
  // Slots stand far apart in four places, so that there are gaps to collapse.
  const auto address_of = [](std::uint32_t slot) {
    return 0x10000 + slot * slot_bytes + (slot % 4) * 0x1000000;
  };
  const auto roll = [&](std::uint32_t below) { return static_cast<std::uint32_t>(random() % below); };
  while (maker.trace.event_count() < options.events) {
    maker.now += roll(3) == 0 ? 0 : roll(900);
    if (options.moves && roll(12) == 0) {
      // As a compaction: what stands in high slots goes to free ones below, told in any order.
      std::vector<std::pair<std::uint32_t, std::uint64_t>> moved;
      for (std::uint32_t from = 1, to = 0; from < slots; ++from) {
        while (to < from && holder[to] != bufgc::Lifecycles::none) ++to;
        if (to == from || holder[from] == bufgc::Lifecycles::none || roll(3) == 0) continue;
        holder[to] = std::exchange(holder[from], bufgc::Lifecycles::none);
        cached[to] = cached[from] = 0;
        moved.emplace_back(holder[to], address_of(to));
      }
      std::shuffle(moved.begin(), moved.end(), random);
      for (const auto& [row, to] : moved) maker.move(row, to);
    }
    const std::uint32_t slot = roll(1 + roll(slots));
    const std::uint32_t what = roll(10);
    if (options.others && what == 0) {
      TraceMaker::Birth birth{1 + roll(500)};
      birth.kind = holder[slot] != bufgc::Lifecycles::none && roll(2) == 0 ? bufgc::BufferKind::view
                                                                           : bufgc::BufferKind::external;
      if (birth.kind == bufgc::BufferKind::view) birth.base = holder[slot];
      loose.push_back(maker.alloc(birth));
    } else if (!loose.empty() && what == 1) {
      const std::uint32_t index = roll(static_cast<std::uint32_t>(loose.size()));
      maker.free(loose[index]);
      loose.erase(loose.begin() + static_cast<std::ptrdiff_t>(index));
    } else if (holder[slot] != bufgc::Lifecycles::none) {
      const bool keeps = options.addresses && roll(2) == 0;
      cached[slot] = keeps ? maker.trace.capacity_bytes[holder[slot]] : 0;
      maker.free(holder[slot], keeps ? to_cache : std::uint8_t{2});
      holder[slot] = bufgc::Lifecycles::none;
    } else {
      TraceMaker::Birth birth{1 + roll(slot_bytes)};
      birth.served_by = from_source;
      if (options.addresses) {
        birth.address = address_of(slot);
        if (cached[slot] != 0) {
          birth.size = cached[slot];
          birth.served_by = from_cache;
        }
      }
      cached[slot] = 0;
      holder[slot] = maker.alloc(birth);
    }
  }
  return maker.trace;
}
