#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "timeline/diff.hpp"
#include "timeline/grouping.hpp"
#include "trace/time_range.hpp"

namespace bufgc::cli {

// Exit statuses.
inline constexpr int good = 0;
inline constexpr int bad_file = 1;  // also a replay that ran out of budget
inline constexpr int wrong_usage = 2;
// Of `diff`, as of diff(1); a bad file is trouble there, as wrong usage is.
inline constexpr int equal = 0;
inline constexpr int different = 1;
inline constexpr int trouble = 2;

/// What traces come to.
int summary(const std::vector<std::string>& paths, bool json);

struct ReplayOptions {
  bool json = false;
  bool visualizer = false;   // run with and without it, and compare
  bool compact = true;       // let live blocks move, where the source lets them
  std::string budget;        // "", bytes, or "1.02x" of the trace's max live bytes
  std::uint64_t scale = 1;   // multiplies every size
  std::uint64_t repeat = 1;  // runs, of which the median time counts
  bool planned = false;      // the whole trace is one iteration: recorded, planned, then run by the plan
  double plan_seconds = 4;   // how long a plan is looked for, a trace
};
/// Feeds traces' allocations and frees through the real allocator.
int replay(const std::vector<std::string>& paths, const ReplayOptions& options);

/// From any form to that of `out`'s name; of the events only those within the range, after what stands at its
/// beginning.
int convert(const std::string& in, const std::string& out, const trace::TimeRange& range);

struct DiffOptions {
  bool json = false;
  timeline::GroupBy by = timeline::GroupBy::label;
  timeline::Align align = timeline::Align::event;
  std::size_t top = 10;  // as many groups and lifetimes are listed
};
/// What differs between two traces.
int diff(const std::string& before, const std::string& after, const DiffOptions& options);

/// What a person needs to know of a trace: to standard output, as Markdown or, with `json`, as JSON; or to
/// `out`, in the form of its name.
int report(const std::string& path, const std::string& out, bool json);

}  // namespace bufgc::cli
