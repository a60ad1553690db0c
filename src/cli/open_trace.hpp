#pragma once

#include <optional>
#include <string>

#include "bufgc/viz/lifecycles.hpp"
#include "trace/time_range.hpp"

namespace bufgc::cli {

/// Reads a trace file of any form that bufgc knows, unpacking gzip by its first bytes. Tells progress
/// on a terminal. Where it fails, the reason stands on standard error, with the file and the place; so does
/// how far a file that is cut off could be read.
/// Of a range all else is folded away; of a binary file that is not packed no more than that is read.
[[nodiscard]] std::optional<Lifecycles> open_trace(const std::string& path,
                                                   const trace::TimeRange& range = {});

/// One line on standard error: "bufgc: …".
void complain(const std::string& what);

}  // namespace bufgc::cli
