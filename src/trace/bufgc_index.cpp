#include "trace/bufgc_index.hpp"

#include "trace/byte_cursor.hpp"
#include "trace/column_coding.hpp"

namespace bufgc::trace {

void SectionIndex::add(const SectionPlace& place) {
  if (places_.size() == most_places) {
    for (std::size_t i = 0; i < most_places / 2; ++i) places_[i] = places_[2 * i];
    places_.resize(most_places / 2);
  }
  places_.push_back(place);
}

const SectionPlace* SectionIndex::before(std::int64_t time_ns) const noexcept {
  const SectionPlace* found = nullptr;
  for (const SectionPlace& place : places_)
    if (found == nullptr || place.last_time_ns < time_ns) found = &place;
  return found;
}

std::string SectionIndex::encode() const {
  std::string bytes;
  append_varint(bytes, places_.size());
  std::vector<std::uint64_t> offsets, events, times;
  for (const SectionPlace& place : places_) {
    offsets.push_back(place.offset);
    events.push_back(place.first_event);
    times.push_back(static_cast<std::uint64_t>(place.last_time_ns));
  }
  for (const auto* const column : {&offsets, &events, &times}) encode_column(*column, bytes);
  return bytes;
}

bool SectionIndex::decode(std::string_view payload) {
  places_.clear();
  ByteCursor cursor(payload);
  std::uint64_t count = 0;
  if (!cursor.varint(count) || count > most_places) return false;
  std::vector<std::uint64_t> columns[3];
  for (std::vector<std::uint64_t>& column : columns) {
    column.resize(static_cast<std::size_t>(count));
    if (!decode_column(cursor, column.size(), column.data())) return false;
  }
  for (std::size_t i = 0; i < count; ++i) {
    const SectionPlace place{columns[0][i], columns[1][i], static_cast<std::int64_t>(columns[2][i])};
    const bool follows =
        i == 0 || (place.offset > places_[i - 1].offset && place.first_event >= places_[i - 1].first_event &&
                   (i == 1 || place.last_time_ns >= places_[i - 1].last_time_ns));
    if (!follows) return false;
    places_.push_back(place);
  }
  return cursor.left() == 0;
}

}  // namespace bufgc::trace
