#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <random>
#include <string_view>
#include <vector>

#include "bufgc/memory/cpu_allocator.hpp"
#include "bufgc/viz/event_record.hpp"

/// In what order buffers go: that of a garbage collector, any of those alive; or the youngest first.
enum class ReleaseOrder { random, stack };

/// Hands the events of `lifecycles` buffers to `visit`, one after the other: births and ends in slots of an
/// address range, which a cache keeps and gives out again; sizes from 1 KiB to 60 KiB, a thousandth of them
/// (a hundred at least) alive in the middle, a hundredth of those left alive at the end. The same every time.
template <class Visit>
void make_trace(std::uint64_t lifecycles, ReleaseOrder order, Visit&& visit) {
  constexpr std::uint64_t slot_bytes = 65536;
  constexpr std::uint64_t first_address = 0x7f0000000000;
  constexpr std::array<std::string_view, 5> labels = {"weights", "activation", "gradient", "batch",
                                                      "scratch"};
  constexpr std::array<std::string_view, 3> dtypes = {"float32", "int32", "uint8"};
  struct Alive {
    std::uint64_t id, slot;
  };
  std::mt19937_64 random(20240811);
  std::vector<Alive> alive;
  std::vector<std::uint64_t> free_slots;
  const std::uint64_t target = std::max<std::uint64_t>(100, lifecycles / 1000);
  std::uint64_t slots = 0;
  std::int64_t time_ns = 0;
  const auto birth = [&](std::uint64_t id) {
    bufgc::EventRecord event;
    event.time_ns = time_ns;
    event.kind = bufgc::Lifecycles::EventKind::alloc;
    std::uint64_t slot = slots;
    if (free_slots.empty()) {
      ++slots;
      event.served_by = static_cast<std::uint8_t>(bufgc::ServedBy::source);
    } else {
      slot = free_slots.back();
      free_slots.pop_back();
      event.served_by = static_cast<std::uint8_t>(bufgc::ServedBy::cache);
    }
    event.id = id;
    event.size_bytes = 1024 + random() % 60416;
    event.capacity_bytes = slot_bytes;
    event.address = first_address + slot * slot_bytes;
    event.name = labels[random() % labels.size()];
    event.dtype = dtypes[random() % dtypes.size()];
    alive.push_back({id, slot});
    visit(event);
  };
  const auto end = [&] {
    if (order == ReleaseOrder::random) std::swap(alive[random() % alive.size()], alive.back());
    bufgc::EventRecord event;
    event.time_ns = time_ns;
    event.kind = bufgc::Lifecycles::EventKind::free;
    event.id = alive.back().id;
    event.cause = static_cast<std::uint8_t>(random() % 2);
    event.freed_to = static_cast<std::uint8_t>(bufgc::FreedTo::cache);
    free_slots.push_back(alive.back().slot);
    alive.pop_back();
    visit(event);
  };
  for (std::uint64_t id = 0; id < lifecycles; time_ns += static_cast<std::int64_t>(random() % 2000)) {
    // About as many births as ends while the target is alive.
    if (alive.empty() || random() % (2 * target) >= alive.size()) {
      birth(id++);
    } else {
      end();
    }
  }
  for (const std::uint64_t leaked = alive.size() / 100; alive.size() > leaked; time_ns += 100) end();
}
