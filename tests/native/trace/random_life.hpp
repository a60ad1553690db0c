#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "bufgc/viz/buffer_visualizer.hpp"

/// A small life of its own in a visualizer: every kind of event, hostile names.
inline void live(bufgc::BufferVisualizer& visualizer, std::uint64_t seed, int steps) {
  using namespace bufgc;
  std::mt19937_64 random(seed);
  std::vector<std::uint32_t> generation(8);
  std::vector<bool> alive(8);
  const std::vector<std::string> names = {
      "",         "plain",        "a\"b\\c",   "line\nbreak",          "\x01\x7f",
      "\xff\xfe", "\xe2\x82\xac", "</script>", std::string("nul\0", 4)};
  const auto any_name = [&] { return names[random() % names.size()]; };
  for (int step = 0; step < steps; ++step) {
    const auto slot = static_cast<std::uint32_t>(random() % alive.size());
    const auto other = static_cast<std::uint32_t>(random() % alive.size());
    const BufferId id{slot, generation[slot]};
    const BufferId other_id{other, generation[other]};
    const auto address =
        reinterpret_cast<std::byte*>(static_cast<std::uintptr_t>((random() % 64 + 1) << 12U));
    switch (random() % 7) {
      case 0:
      case 1:
        if (alive[slot]) {
          visualizer.on_free(id, static_cast<Cause>(random() % 4), static_cast<FreedTo>(random() % 3));
          ++generation[slot];
        } else {
          const std::string label = any_name();
          BufferDescription description;
          description.base = other_id;
          if (random() % 2 == 0) description.shape = Shape{random(), 3, 0};
          description.label = label;
          const auto kind = static_cast<BufferKind>(random() % 3);
          const std::uint64_t size = random() >> 4U;  // eight alive do not wrap around
          visualizer.on_alloc({.id = id,
                               .data = address,
                               .size_bytes = size,
                               .capacity_bytes = kind == BufferKind::owned ? size : 0,
                               .dtype = static_cast<DType>(random() % dtype_count),
                               .kind = kind,
                               .description = &description});
        }
        alive[slot] = !alive[slot];
        break;
      case 2:
        visualizer.use(any_name(),
                       std::vector<KernelUse>{{id, Access::read}, {other_id, Access::read_write}});
        break;
      case 3:
        visualizer.mark(any_name());
        break;
      case 5:
        visualizer.on_move(id, address, address + random() % 4096);
        break;
      case 4:
        if (random() % 2 == 0) {
          visualizer.on_link(id, other_id);
        } else {
          visualizer.on_unlink(id, other_id);
        }
        break;
      default:
        if (random() % 2 == 0) {
          visualizer.on_segment_reserved({address, static_cast<std::size_t>((random() % 8 + 1) << 12U)});
        } else {
          visualizer.on_segment_released({address, static_cast<std::size_t>((random() % 8 + 1) << 12U)});
        }
    }
  }
}
