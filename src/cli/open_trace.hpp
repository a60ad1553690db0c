#pragma once

#include <optional>
#include <string>

#include "bufgc/viz/lifecycles.hpp"

namespace bufgc::cli {

/// Reads a trace file of any form that bufgc knows, unpacking gzip by its first bytes. Tells progress
/// on a terminal. Where it fails, the reason stands on standard error, with the file and the place.
[[nodiscard]] std::optional<Lifecycles> open_trace(const std::string& path);

/// One line on standard error: "bufgc: …".
void complain(const std::string& what);

}  // namespace bufgc::cli
