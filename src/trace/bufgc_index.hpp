#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bufgc::trace {

/// Where a section begins. A file is read from there on as from its beginning.
struct SectionPlace {
  std::uint64_t offset = 0;       ///< In bytes.
  std::uint64_t first_event = 0;  ///< Events in the file before it.
  std::int64_t last_time_ns = 0;  ///< Of the last event before it; of the first section it says nothing.
};

/// The sections of a file, in their order; the payload of its index block. Beyond a bound every second
/// place is given up: what is left still leads to every time, by a longer way.
class SectionIndex {
 public:
  static constexpr std::size_t most_places = std::size_t{1} << 16U;

  void add(const SectionPlace& place);
  [[nodiscard]] const std::vector<SectionPlace>& places() const noexcept { return places_; }
  /// The last section before which there is no event at `time_ns` or later; null when there is none at all.
  [[nodiscard]] const SectionPlace* before(std::int64_t time_ns) const noexcept;

  [[nodiscard]] std::string encode() const;
  /// False where the payload is no index: places must follow one another. It must be readable for
  /// `column_slack_bytes` beyond its end.
  [[nodiscard]] bool decode(std::string_view payload);

 private:
  std::vector<SectionPlace> places_;
};

}  // namespace bufgc::trace
