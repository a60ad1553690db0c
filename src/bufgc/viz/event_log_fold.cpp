#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>
#include <utility>

#include "bufgc/viz/event_log.hpp"

// How the log keeps its bounds: the oldest events fold into totals, unused names are dropped.

namespace bufgc {
namespace {

/// Old events have left the processor's cache: so far ahead of use they are fetched.
constexpr std::size_t words_ahead = 128;

}  // namespace

void EventLog::fold_excess() {
  if (kept_events() > max_events_) fold(kept_events() - max_events_);
}

void EventLog::fold(std::uint64_t events) {
  const std::uint64_t end = first_ + events;
  while (first_ < end) {
    fold_lifetimes(end);
    if (first_ < end) fold_other();
  }
  times_.forget_before(end);
}

template <std::size_t birth_words>
[[gnu::always_inline]] inline void EventLog::fold_birth(const std::uint64_t* words, std::uint64_t end,
                                                        Place& at, FoldedLevels& levels) noexcept {
  const std::uint64_t id = EventWord(words[0]).subject();
  const std::uint64_t bytes = owned_bytes_of_birth(words);
  at.position += birth_words;
  levels.begins(bytes);
  if (at.number + 1 < end && EventWord(words[birth_words]).is_free_of(id)) {
    // It ended at once, as most do: nothing to carry.
    levels.ends(bytes);
    at.number += 2;
    ++at.position;
    return;
  }
  CarriedBirth& carried = carried_birth(id);
  for (std::size_t i = 0; i < birth_words; ++i) carried.words[i] = words[i];
  carried.number = at.number;
  carried.time_ns = times_.oldest(at.number);
  ++at.number;
}

void EventLog::fold_lifetimes(std::uint64_t end) noexcept {
  // Copies, which stand in registers.
  Place at{first_, queue_.begin()};
  FoldedLevels levels = folded_;
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-member-init): filled as far as it is read.
  std::array<std::uint64_t, most_event_words + 1> copies;
  while (at.number < end) {
    const std::uint64_t* const words = queue_.read(at.position, copies.size(), copies.data());
    const EventWord event(words[0]);
    if (event.kind() == EventKind::alloc) {
      __builtin_prefetch(words + words_ahead);
      // The number of words is known to each branch, so that no event waits for the one before to be read.
      if (is_full_birth(words)) [[unlikely]] {
        fold_birth<full_birth_words>(words, end, at, levels);
      } else {
        fold_birth<compact_birth_words>(words, end, at, levels);
      }
    } else if (event.kind() == EventKind::free) {
      CarriedBirth& carried = carried_birth(event.subject());
      levels.ends(owned_bytes_of_birth(carried.words.data()));
      carried.number = never;
      ++at.number;
      ++at.position;
    } else {
      break;
    }
  }
  first_ = at.number;
  folded_ = levels;
  queue_.drop_before(at.position);
}

void EventLog::fold_other() {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-member-init): filled as far as it is read.
  BirthWords copies;
  const std::uint64_t* const words = queue_.read(queue_.begin(), most_event_words, copies.data());
  const EventWord event(words[0]);
  switch (event.kind()) {
    case EventKind::alloc:
    case EventKind::free:
    case EventKind::use:
      break;
    case EventKind::mark:
      standing_mark_ = {first_, times_.oldest(first_), static_cast<std::uint32_t>(event.subject())};
      break;
    case EventKind::reserve:
    case EventKind::release:
      fold_segment(event.kind() == EventKind::reserve, words[1], words[2]);
      break;
    case EventKind::link:
    case EventKind::unlink:
      fold_link(event.kind() == EventKind::link, {event.subject(), words[1]});
      break;
    case EventKind::move:
      // The birth, if it is carried on, is listed at the address where the buffer stands then.
      if (CarriedBirth& moved = carried_birth(event.subject()); moved.number != never) {
        LoggedBirth birth = unpack_birth(moved.words.data());
        birth.address = words[2];
        pack_birth(birth, moved.words);
      }
      break;
  }
  ++first_;
  queue_.drop_before(queue_.begin() + event.words());
}

void EventLog::fold_segment(bool added, std::uint64_t begin, std::uint64_t size_bytes) {
  const std::uint64_t end = begin + size_bytes;
  if (added) {
    folded_held_.insert(begin, end, {first_, times_.oldest(first_)});
    return;
  }
  for (const auto& piece : folded_held_.take(begin, end)) {
    if (piece.begin < begin) folded_held_.insert(piece.begin, begin, piece.tag);
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
  fold(kept_events());
  times_.clear();
  queue_.reset();
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
  next_number_ = number;
  first_ = number;
  last_reader_ = {};
  folded_.totals = {};
  folded_.totals.max_live_bytes = folded_.live_bytes;
  folded_.totals.max_live_buffers = folded_.live_buffers;
  strings_checked_at_ = number;
  skipped_ = {};
}

void EventLog::make_string_room() {
  // Room for the few strings that one event may add, so that none of them moves another.
  constexpr std::size_t spare_strings = 4;
  constexpr std::size_t spare_bytes = spare_strings * max_string_bytes;
  if (strings_.size() + spare_strings <= max_strings && strings_.text_bytes() + spare_bytes <= max_text_bytes)
    return;
  if (event_count() - strings_checked_at_ < max_events_ / 8) return;
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

template <class Rename>
void EventLog::rename_all(Rename&& rename) {
  for (const auto& page : carried_births_) {
    for (std::size_t i = 0; page && i < page_entries; ++i) {
      BirthWords& words = page[i].words;
      if (page[i].number != never && is_full_birth(words.data())) rename_birth(words[5], words[6], rename);
    }
  }
  for (std::uint64_t position = queue_.begin(); position != queue_.end();) {
    std::uint64_t& first = queue_.at(position);
    const EventWord event(first);
    switch (event.kind()) {
      case EventKind::alloc:
        if (is_full_birth(&first)) rename_birth(queue_.at(position + 5), queue_.at(position + 6), rename);
        break;
      case EventKind::mark:
        first = EventWord(EventKind::mark, rename(static_cast<std::uint32_t>(event.subject()))).bits();
        break;
      case EventKind::use: {
        std::uint64_t& kernel = queue_.at(position + 1);
        kernel = rename(static_cast<std::uint32_t>(kernel));
        break;
      }
      default:
        break;
    }
    position += event.words();
  }
  standing_mark_.name = rename(standing_mark_.name);
}

void EventLog::drop_unused_strings() {
  // First the names in use are kept, which may want memory that is not there; then they are renamed.
  StringTable kept;
  std::vector<std::uint32_t> renamed(strings_.size());
  rename_all([&](std::uint32_t name) {
    renamed[name] = kept.intern(strings_.at(name));
    return name;
  });
  rename_all([&](std::uint32_t name) { return renamed[name]; });
  shape_names_ = {};
  strings_ = std::move(kept);
}

}  // namespace bufgc
