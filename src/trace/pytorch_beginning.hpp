#pragma once

#include <cstdint>
#include <vector>

#include "trace/pytorch_snapshot.hpp"

namespace bufgc::trace {

/// What held when the recording of a snapshot began: its ring of entries keeps the newest ones, so what
/// began before is known by its end, or by being there when the snapshot was taken.
struct PytorchBeginning {
  std::vector<PytorchSnapshot::Entry> segments;  ///< By address, as reservations.
  std::vector<PytorchSnapshot::Entry> buffers;   ///< By device and address, as allocations.
  // Where entries and segments contradict each other:
  std::uint64_t without_block = 0;  ///< Allocated, never freed, and yet no segment has a block there.
  std::uint64_t without_birth = 0;  ///< A block in use where by the entries nothing was allocated again.
};

/// Goes back from the snapshot's segments through its entries, the newest first: what is allocated there was
/// not before, what is freed there was. Allocations whose block is known get its size as their capacity.
[[nodiscard]] PytorchBeginning find_beginning(const PytorchSnapshot& snapshot,
                                              const std::vector<PytorchSnapshot::Entry*>& in_order);

}  // namespace bufgc::trace
