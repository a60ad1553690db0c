#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "bufgc/viz/lifecycles.hpp"
#include "timeline/places.hpp"

namespace bufgc::timeline {

/// Until when the block that a buffer left waited in the cache, by the buffer's place: the event at which an
/// allocation took any of its addresses, a buffer moved there, or its segment went back; `Lifecycles::none`
/// where it waits still at the end. It waits from the end of the place on: a place that left no block has its
/// own end here.
using CacheWaits = std::vector<std::uint32_t>;

/// The same of what was released and not given back to the system, be it that the trace tells who had it
/// then or not.
enum class LeftBlocks : std::uint8_t { cached, released };

/// O(events), where the same addresses come again and again, as those of a cache do.
[[nodiscard]] CacheWaits find_cache_waits(const Lifecycles& lifecycles, const Places& places,
                                          LeftBlocks which = LeftBlocks::cached);

class WaitSearch;  // Of cache_waits.cpp alone.

/// The same of a trace that grows.
class GrowingCacheWaits {
 public:
  GrowingCacheWaits(const Lifecycles& lifecycles, const Places& places);
  GrowingCacheWaits(GrowingCacheWaits&&) noexcept;
  GrowingCacheWaits& operator=(GrowingCacheWaits&&) noexcept;
  ~GrowingCacheWaits();

  /// Takes in what the lifecycles, of which nothing has changed, have grown by since. `places` are those of
  /// the lifecycles as they are now. As if found anew, but as a rule only what is new is gone through.
  void extend(const Lifecycles& lifecycles, const Places& places);
  [[nodiscard]] const CacheWaits& waits() const noexcept;

 private:
  std::unique_ptr<WaitSearch> search_;
};

}  // namespace bufgc::timeline
