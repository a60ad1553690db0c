#pragma once

#include <catch2/catch.hpp>
#include <cstdint>
#include <vector>

#include "bufgc/buffer_manager.hpp"
#include "bufgc/memory/errors.hpp"

namespace bufgc::test {

/// Buffers without blocks, for tests that need very many at once: all over the same bytes.
inline CpuBuffer weightless(BufferManager& manager, BufferManager::ReleaseCallback release = {}) {
  static std::byte bytes[64] = {};
  return manager.external(bytes, BufferSpec{sizeof bytes, DType::uint8, {}, {}}, std::move(release));
}

/// All figures of a manager without live buffers that must then be 0, and its own check.
inline void require_nothing_left(const BufferManager& manager) {
  const Statistics now = manager.statistics();
  REQUIRE(now.live_buffers == 0);
  REQUIRE(now.live_views == 0);
  REQUIRE(now.external_buffers == 0);
  REQUIRE(now.external_bytes == 0);
  REQUIRE(now.live_blocks == 0);
  REQUIRE(now.live_bytes == 0);
  REQUIRE(now.edges == 0);
  REQUIRE(now.finalizers_alive == 0);
  REQUIRE(manager.check_invariants() == nullptr);
}

}  // namespace bufgc::test
