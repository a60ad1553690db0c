#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "bufgc/viz/string_table.hpp"
#include "trace/pickle_values.hpp"

namespace bufgc::trace {

/// A PyTorch memory snapshot (`torch.cuda.memory._dump_snapshot`) without its pickle: what is used of it, as
/// flat records. Names are numbers of the string table that it was read with.
struct PytorchSnapshot {
  enum class Action : std::uint8_t { alloc, free_requested, free_completed, reserve, release, mark, unknown };

  struct Entry {
    Action action = Action::unknown;
    std::uint32_t device = 0;  ///< In the order of the traces, the host's behind the others.
    std::int64_t time_ns = 0;  ///< Never decreasing within a trace.
    std::uint64_t address = 0;
    std::uint64_t size_bytes = 0;                   ///< As requested.
    std::uint64_t capacity_bytes = 0;               ///< alloc: of its block, where that is known.
    std::uint32_t label = 0, site = 0, thread = 0;  ///< mark: its name is the label.
  };
  /// A block in use when the snapshot was taken: address, sizes and names as of an alloc.
  std::vector<Entry> blocks;
  /// Memory held then, as of a reserve.
  std::vector<Entry> segments;
  std::vector<std::vector<Entry>> traces;
  /// Where programs began and ended something, as marks.
  std::vector<Entry> annotations;

  bool timed = false;               ///< Whether the entries of the traces have times.
  std::uint64_t set_right = 0;      ///< Entries with a time before the last one's, which they were given.
  std::uint64_t without_stack = 0;  ///< Stacks that came when there was no more room for such text.
};

/// Reads it from a pickle of `file_bytes` bytes. False where it is none, or is wrong in what is needed;
/// `error` then tells the place, what was expected and what was found.
[[nodiscard]] bool read_pytorch_snapshot(const PickleValues& values, PickleValue top,
                                         std::uint64_t file_bytes, StringTable& names,
                                         PytorchSnapshot& snapshot, std::string& error);

}  // namespace bufgc::trace
