#include <algorithm>
#include <charconv>
#include <iterator>
#include <utility>

#include "bufgc/viz/event_log.hpp"

// How the log keeps its bounds: the oldest event folds into totals, unused names are dropped.

namespace bufgc {
namespace {

template <class Birth>
std::uint64_t owned_bytes(const Birth& born) noexcept {
  return born.kind == static_cast<std::uint8_t>(BufferKind::owned) ? born.size_bytes : 0;
}

}  // namespace

void EventLog::fold_oldest() {
  const Event event = events_.front();
  switch (event.kind()) {
    case EventKind::alloc: {
      const Birth& born = births_.front();
      CarriedBirth& carried = carried_birth(born.id);
      carried.birth = born;
      carried.number = first_;
      carried.time_ns = times_.oldest(first_);
      folded_live_bytes_ += owned_bytes(born);
      ++folded_live_buffers_;
      folded_.max_live_bytes = std::max(folded_.max_live_bytes, folded_live_bytes_);
      folded_.max_live_buffers = std::max(folded_.max_live_buffers, folded_live_buffers_);
      births_.pop();
      ++oldest_.births;
      break;
    }
    case EventKind::free: {
      CarriedBirth& ended = carried_birth(event.subject());
      const std::uint64_t bytes = owned_bytes(ended.birth);
      folded_live_bytes_ -= bytes;
      --folded_live_buffers_;
      folded_.bytes += bytes;
      ++folded_.buffers;
      ended.number = never;
      break;
    }
    case EventKind::use:
      side_.pop(event.place());
      oldest_.side += event.subject();
      break;
    case EventKind::mark:
      standing_mark_ = {first_, times_.oldest(first_), static_cast<std::uint32_t>(event.subject())};
      break;
    case EventKind::reserve:
    case EventKind::release:
      fold_segment(event.kind() == EventKind::reserve, segments_[event.place()]);
      free_segments_.push_back(static_cast<std::uint32_t>(event.subject()));
      break;
    case EventKind::link:
    case EventKind::unlink:
      fold_link(event.kind() == EventKind::link, {side_.at(0), side_.at(1)});
      side_.pop(2);
      oldest_.side += 2;
      break;
    case EventKind::move:
      // The birth, if it is carried on, is listed at the address where the buffer stands then.
      if (CarriedBirth& moved = carried_birth(event.subject()); moved.number != never)
        moved.birth.address = side_.at(1);
      side_.pop(2);
      oldest_.side += 2;
      break;
  }
  events_.pop();
  oldest_.number = ++first_;
  ++folded_.events;
  times_.forget_before(first_);
}

void EventLog::fold_segment(bool added, const SegmentRow& range) {
  const std::uint64_t end = range.address + range.size_bytes;
  if (added) {
    folded_held_.insert(range.address, end, {first_, times_.oldest(first_)});
    return;
  }
  for (const auto& piece : folded_held_.take(range.address, end)) {
    if (piece.begin < range.address) folded_held_.insert(piece.begin, range.address, piece.tag);
    if (end < piece.end) folded_held_.insert(end, piece.end, piece.tag);
  }
}

void EventLog::fold_link(bool added, LinkEnds key) {
  if (added) {
    StandingLink& link = standing_links_[key];
    if (link.count++ == 0) {
      link.number = first_;
      link.time_ns = times_.oldest(first_);
    }
    if (standing_links_.size() >= links_checked_at_) forget_links_of_the_dead();
    return;
  }
  const auto found = standing_links_.find(key);
  if (found != standing_links_.end() && --found->second.count == 0) standing_links_.erase(found);
}

void EventLog::forget_links_of_the_dead() {
  // A buffer's death takes its links along without an event of theirs. Those of buffers that still
  // have a birth to show stay; looking is amortised over the links added since.
  for (auto link = standing_links_.begin(); link != standing_links_.end();) {
    const bool stands =
        find_carried(link->first.holder) != nullptr && find_carried(link->first.held) != nullptr;
    link = stands ? std::next(link) : standing_links_.erase(link);
  }
  links_checked_at_ = std::max<std::size_t>(1024, 2 * standing_links_.size());
}

void EventLog::clear() {
  while (events_.size() > 0) fold_oldest();
  times_.clear();
  events_.reset();
  births_.reset();
  side_.reset();
  standing_mark_ = {};
  std::uint64_t number = 0;
  for (const Carried& event : carried()) {
    switch (event.kind) {
      case EventKind::alloc:
        carried_birth(event.ends.holder).number = number;
        carried_birth(event.ends.holder).time_ns = 0;
        break;
      case EventKind::reserve:
        folded_held_.take(event.ends.holder, event.ends.held);
        folded_held_.insert(event.ends.holder, event.ends.held, {number, 0});
        break;
      default: {
        StandingLink& link = standing_links_[event.ends];
        link.number = std::min(link.number, number);
        link.time_ns = 0;
        break;
      }
    }
    ++number;
  }
  first_ = number;
  oldest_ = last_reader_ = {number, 0, 0};
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
  if (event_count() - strings_checked_at_ < events_.bound() / 8) return;
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
  const auto move_names = [&](Birth& born) {
    move(born.label);
    move(born.shape);
    move(born.site);
  };
  for (std::size_t offset = 0; offset < births_.size(); ++offset) move_names(births_.at(offset));
  for (const auto& page : carried_births_) {
    for (std::size_t i = 0; page && i < page_entries; ++i)
      if (page[i].number != never) move_names(page[i].birth);
  }
  std::size_t side = 0;
  for (std::size_t offset = 0; offset < events_.size(); ++offset) {
    Event& event = events_.at(offset);
    switch (event.kind()) {
      case EventKind::mark: {
        auto name = static_cast<std::uint32_t>(event.subject());
        move(name);
        event = Event(EventKind::mark, name);
        break;
      }
      case EventKind::use: {
        auto name = static_cast<std::uint32_t>(side_.at(side));
        move(name);
        side_.at(side) = name;
        side += event.place();
        break;
      }
      case EventKind::link:
      case EventKind::unlink:
      case EventKind::move:
        side += 2;
        break;
      default:
        break;
    }
  }
  move(standing_mark_.name);
  shape_names_ = {};
  strings_ = std::move(kept);
}

}  // namespace bufgc
