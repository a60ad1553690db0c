#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "bufgc/memory/cache_roster.hpp"
#include "bufgc/memory/canary.hpp"
#include "bufgc/memory/cpu_allocator.hpp"
#include "bufgc/memory/guard_table.hpp"
#include "bufgc/memory/misuse.hpp"

#if !defined(BUFGC_SINGLE_THREADED)
#include <atomic>
#endif

namespace bufgc {

/// What a hardened allocator does beside its work: knows every block that it gave, looks at what comes back,
/// and keeps what was found until it can be told outside the lock.
///
/// The memory of a block, as `Hardening::full` lays it out:
///
///     | canary, one granule | the block's bytes, aligned | canary, 16 bytes up to the next granule's end |
///
/// Freed, it is filled and waits in the quarantine, first in, first out; on leaving it is looked at once
/// more. Every function but the constructor, the destructor and `deliver` expects the allocator's lock held.
class BlockGuard final : public MoveListener {
 public:
  /// `locked_by` is the allocator's.
  BlockGuard(CacheRoster& locked_by, const AllocatorOptions& options) noexcept;
  ~BlockGuard() override;
  BlockGuard(const BlockGuard&) = delete;
  BlockGuard& operator=(const BlockGuard&) = delete;

  /// What every block's memory holds beside its bytes, at least.
  [[nodiscard]] std::size_t strip_bytes() const noexcept {
    return front_bytes_ == 0 ? 0 : front_bytes_ + least_back_bytes;
  }

  /// Sees to it that `give_out` has a record; false when there is no memory for one.
  [[nodiscard]] bool reserve() noexcept { return table_.reserve(); }
  /// The block that the program gets of `range`, in use for `size_bytes`.
  [[nodiscard]] Block* give_out(Range* range) noexcept;
  void name(Block* block, const BlockName& name) noexcept;
  /// What stands behind a block that was handed in and lives, if it may be touched by that address; null, and
  /// it is reported, when it is not so.
  [[nodiscard]] GuardRecord* identify(Block* block) noexcept;
  /// The same of one that is given back: also the bytes around it are looked at.
  [[nodiscard]] GuardRecord* take_back(Block* block) noexcept;

  /// The block is freed, and its memory is free at once.
  void forget(GuardRecord* record) noexcept;
  /// Whether freed blocks are held back at all.
  [[nodiscard]] bool has_quarantine() const noexcept { return most_quarantined_bytes_ > 0; }
  /// The block is freed, and its memory is held back.
  void quarantine(GuardRecord* record) noexcept;
  [[nodiscard]] bool is_overfull() const noexcept { return quarantined_bytes_ > most_quarantined_bytes_; }
  /// The memory that has been held back longest, free now; null when there is none.
  [[nodiscard]] Range* release_oldest() noexcept;
  [[nodiscard]] std::uint64_t quarantined_bytes() const noexcept { return quarantined_bytes_; }
  [[nodiscard]] std::size_t quarantined_blocks() const noexcept { return quarantine_.count(); }

  /// Looks at the bytes around every block, and of every one in quarantine.
  void look_at_all() noexcept;

  void set_next_move_listener(MoveListener* listener) noexcept { next_move_listener_ = listener; }
  void on_blocks_moved() noexcept override;

  void set_handler(std::shared_ptr<const MisuseHandler>& handler) noexcept { handler_.swap(handler); }
  /// A misuse that concerns the buffer with this id.
  void note(MisuseKind kind, std::uint64_t id, std::uint64_t expected, std::uint64_t found) noexcept;
  /// Tells the handler of all that was found. Not under the lock, nor any other.
  void deliver() noexcept;

 private:
  static constexpr std::size_t least_back_bytes = 16;
  /// Found and not told: so many at once, others are dropped.
  static constexpr std::size_t most_noted = 8;

  struct Noted {
    Misuse misuse;
    ShortName name;
  };

  [[nodiscard]] std::byte* data_of(const GuardRecord* record) const noexcept {
    return record->range->data + front_bytes_;
  }
  [[nodiscard]] Canary canary_of(const GuardRecord* record) const noexcept {
    return Canary(Canary::mixed(secret_ + record->number));
  }
  void note(MisuseKind kind, const void* address, const GuardRecord* record, std::uint64_t expected = 0,
            std::uint64_t found = 0) noexcept;
  void look_at(const GuardRecord* record) noexcept;
  void look_for(const GuardRecord* record, MisuseKind kind, const std::byte* damage, const std::byte* end,
                std::byte expected) noexcept;
  void free_record(GuardRecord* record) noexcept;
  [[nodiscard]] bool take_noted(Noted& noted, std::shared_ptr<const MisuseHandler>& handler) noexcept;
  /// Whether another allocator knows the block; then `noted` tells of it.
  [[nodiscard]] bool find_elsewhere(Noted& noted) noexcept;
  static void describe(Noted& noted, const GuardRecord* record) noexcept;

  CacheRoster& locked_by_;
  GuardTable table_;
  const std::size_t front_bytes_;  ///< 0 where bytes are not looked at.
  const std::uint64_t most_quarantined_bytes_;
  const std::uint64_t secret_;
  std::uint64_t last_number_ = 0;
  GuardQueue quarantine_;
  std::uint64_t quarantined_bytes_ = 0;
  MoveListener* next_move_listener_ = nullptr;
  std::shared_ptr<const MisuseHandler> handler_;
  std::array<Noted, most_noted> noted_;
#if defined(BUFGC_SINGLE_THREADED)
  std::size_t noted_count_ = 0;
#else
  std::atomic<std::size_t> noted_count_{0};  ///< Changed under the lock.
#endif
  // Among all hardened allocators of the process.
  BlockGuard* previous_ = nullptr;
  BlockGuard* next_ = nullptr;
};

}  // namespace bufgc
