#include <algorithm>
#include <charconv>
#include <iterator>
#include <utility>

#include "bufgc/viz/event_log.hpp"

// How the log keeps its bounds: the oldest event folds into totals, unused names are dropped.

namespace bufgc {

void EventLog::fold_oldest() {
  const std::uint32_t index = event_rows_.at(0);
  const EventKind kind = kinds_.at(0);
  std::size_t side_entries = 0;
  switch (kind) {
    case EventKind::alloc:
    case EventKind::free: {
      const Row& subject = row(index);
      const std::uint64_t bytes =
          subject.kind == static_cast<std::uint8_t>(BufferKind::owned) ? subject.size_bytes : 0;
      if (kind == EventKind::alloc) {
        folded_live_bytes_ += bytes;
        ++folded_live_buffers_;
        folded_.max_live_bytes = std::max(folded_.max_live_bytes, folded_live_bytes_);
        folded_.max_live_buffers = std::max(folded_.max_live_buffers, folded_live_buffers_);
      } else {
        folded_live_bytes_ -= bytes;
        --folded_live_buffers_;
        folded_.bytes += bytes;
        ++folded_.buffers;
        recycle(index);
      }
      break;
    }
    case EventKind::use:
      side_entries = side_.at(0).b + std::size_t{1};
      break;
    case EventKind::mark:
      standing_mark_ = {first_, times_.at(0), index};
      break;
    case EventKind::reserve:
    case EventKind::release:
      fold_segment(kind == EventKind::reserve, segments_[index], times_.at(0));
      free_segments_.push_back(index);
      break;
    case EventKind::link:
    case EventKind::unlink:
      fold_link(kind == EventKind::link, side_.at(0), times_.at(0));
      side_entries = 1;
      break;
  }
  side_.pop(side_entries);
  side_first_ += static_cast<std::uint32_t>(side_entries);
  times_.pop();
  kinds_.pop();
  event_rows_.pop();
  ++first_;
  ++folded_.events;
}

void EventLog::fold_segment(bool added, const SegmentRow& range, std::int64_t time_ns) {
  const std::uint64_t end = range.address + range.size_bytes;
  if (added) {
    folded_held_.insert(range.address, end, {first_, time_ns});
    return;
  }
  for (const auto& piece : folded_held_.take(range.address, end)) {
    if (piece.begin < range.address) folded_held_.insert(piece.begin, range.address, piece.tag);
    if (end < piece.end) folded_held_.insert(end, piece.end, piece.tag);
  }
}

void EventLog::fold_link(bool added, Pair ends, std::int64_t time_ns) {
  const LinkEnds key{row(ends.a).id, row(ends.b).id};
  if (added) {
    StandingLink& link = standing_links_[key];
    if (link.count++ == 0) {
      link.number = first_;
      link.time_ns = time_ns;
    }
    if (standing_links_.size() >= links_checked_at_) forget_links_of_the_dead();
    return;
  }
  const auto found = standing_links_.find(key);
  if (found != standing_links_.end() && --found->second.count == 0) standing_links_.erase(found);
}

void EventLog::forget_links_of_the_dead() {
  // A buffer's death takes its links along without an event of theirs. Those of buffers that still
  // have a row stay; looking is amortised over the links added since.
  IdMap known;
  for (std::uint32_t index = 0; index < rows_made_; ++index)
    if (row(index).alloc_number != never) known.insert(row(index).id, index);
  for (auto link = standing_links_.begin(); link != standing_links_.end();) {
    const bool stands =
        known.find(link->first.holder) != IdMap::none && known.find(link->first.held) != IdMap::none;
    link = stands ? std::next(link) : standing_links_.erase(link);
  }
  links_checked_at_ = std::max<std::size_t>(1024, 2 * standing_links_.size());
}

void EventLog::clear() {
  while (kinds_.size() > 0) fold_oldest();
  times_.reset();
  kinds_.reset();
  event_rows_.reset();
  side_.reset();
  standing_mark_ = {};
  std::uint64_t number = 0;
  for (const Carried& event : carried()) {
    switch (event.kind) {
      case EventKind::alloc:
        row(event.index).alloc_number = number;
        row(event.index).alloc_time_ns = 0;
        break;
      case EventKind::reserve:
        folded_held_.take(event.link.holder, event.link.held);
        folded_held_.insert(event.link.holder, event.link.held, {number, 0});
        break;
      default: {
        StandingLink& link = standing_links_[event.link];
        link.number = std::min(link.number, number);
        link.time_ns = 0;
        break;
      }
    }
    ++number;
  }
  first_ = number;
  folded_ = {};
  folded_.events = number;
  folded_.max_live_bytes = folded_live_bytes_;
  folded_.max_live_buffers = folded_live_buffers_;
  strings_checked_at_ = number;
  skipped_ = {};
}

void EventLog::make_string_room() {
  // Room for the few strings that one event may add, so that none of them moves another.
  constexpr std::size_t spare_strings = 4;
  constexpr std::size_t spare_bytes = spare_strings * max_string_bytes;
  if (strings_.size() + spare_strings <= max_strings && strings_.text_bytes() + spare_bytes <= max_text_bytes)
    return;
  if (event_count() - strings_checked_at_ < times_.bound() / 8) return;
  drop_unused_strings();
  strings_checked_at_ = event_count();
}

std::uint32_t EventLog::intern(std::string_view text) {
  if (text.empty()) return 0;
  if (text.size() > max_string_bytes) {
    // Cut before a character that would not be whole.
    std::size_t end = max_string_bytes;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) --end;
    text = text.substr(0, end);
  }
  if (strings_.size() < max_strings && strings_.text_bytes() + text.size() <= max_text_bytes)
    return strings_.intern(text);
  const std::uint32_t known = strings_.find(text);
  return known != StringTable::absent ? known : strings_.intern("(one of too many names)");
}

std::uint32_t EventLog::intern_shape(const Shape& shape) {
  if (shape.rank() == 0 || !shape.valid()) return 0;
  std::uint64_t hash = shape.rank();
  for (std::uint64_t extent : shape.extents()) hash = (hash ^ extent) * 0x9e3779b97f4a7c15U;
  ShapeName& known = shape_names_[(hash >> 32U) % shape_cache_entries];
  if (known.name != 0 && known.shape == shape) return known.name;
  std::array<char, Shape::max_rank * 21> text{};
  std::size_t length = 0;
  for (std::uint64_t extent : shape.extents()) {
    if (length > 0) text[length++] = 'x';
    length = static_cast<std::size_t>(std::to_chars(&text[length], text.data() + text.size(), extent).ptr -
                                      text.data());
  }
  known = {shape, intern({text.data(), length})};
  return known.name;
}

void EventLog::drop_unused_strings() {
  StringTable kept;
  const auto move = [&](std::uint32_t& name) { name = kept.intern(strings_.at(name)); };
  for (std::uint32_t index = 0; index < rows_made_; ++index) {
    Row& used = row(index);
    if (used.alloc_number == never) continue;
    move(used.label);
    move(used.shape);
    move(used.site);
  }
  for (std::size_t offset = 0; offset < kinds_.size(); ++offset) {
    if (kinds_.at(offset) == EventKind::mark) move(event_rows_.at(offset));
    if (kinds_.at(offset) == EventKind::use) move(side_.at(side_offset(offset)).a);
  }
  move(standing_mark_.name);
  shape_names_ = {};
  strings_ = std::move(kept);
}

}  // namespace bufgc
