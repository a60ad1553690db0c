#pragma once

namespace bufgc {

/// What somebody beside the allocator keeps for each of its caches, to be used in the same section:
/// so that who takes a block and something of its own enters once for both.
struct CacheRider {};

/// Who keeps riders. One at a time for an allocator.
class RiderKeeper {
 public:
  /// The thread whose cache `rider` rode in ends: what it has is taken over, and it goes. Under the
  /// allocator's lock, alone with all caches; must not call the allocator.
  virtual void take_back(CacheRider* rider) noexcept = 0;

 protected:
  ~RiderKeeper() = default;
};

}  // namespace bufgc
