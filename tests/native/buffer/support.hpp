#pragma once

#include <catch2/catch.hpp>
#include <cstdint>
#include <utility>
#include <vector>

#include "bufgc/buffer_manager.hpp"
#include "bufgc/memory/errors.hpp"

namespace bufgc::test {

/// Buffers without blocks, for tests that need very many at once: all over the same bytes.
inline CpuBuffer weightless(BufferManager& manager, BufferManager::ReleaseCallback release = {}) {
  static std::byte bytes[64] = {};
  return manager.external(bytes, BufferSpec{sizeof bytes, DType::uint8, {}, {}}, std::move(release));
}

/// A chain of buffers each of which holds the next, by its first and its last.
struct Chain {
  CpuBuffer head;
  CpuBuffer tail;
};
inline Chain make_chain(BufferManager& manager, std::uint64_t length) {
  Chain chain{weightless(manager), {}};
  chain.tail = chain.head;
  for (std::uint64_t i = 1; i < length; ++i) {
    CpuBuffer next = weightless(manager);
    chain.tail.link(next);
    chain.tail = std::move(next);
  }
  return chain;
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
