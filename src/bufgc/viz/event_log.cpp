#include "bufgc/viz/event_log.hpp"

#include <algorithm>
#include <limits>

#include "bufgc/viz/hashing.hpp"

namespace bufgc {
namespace {

constexpr std::size_t most_events = std::size_t{1} << 30U;

bool owns_bytes(std::uint8_t kind) {
  return kind == static_cast<std::uint8_t>(BufferKind::owned);
}

}  // namespace

std::size_t EventLog::LinkHash::operator()(const LinkEnds& ends) const noexcept {
  return static_cast<std::size_t>(hash_number(ends.holder, hash_number(ends.held, hash_seed())));
}

EventLog::EventLog(std::size_t max_events)
    : times_(std::clamp<std::size_t>(max_events, 1, most_events)),
      kinds_(times_.bound()),
      event_rows_(times_.bound()),
      side_(std::max<std::size_t>(2 * times_.bound(), 1024)) {}

std::uint32_t* EventLog::slot_entry(std::uint64_t id) const noexcept {
  const std::uint32_t slot = BufferId::from_value(id).slot;
  const std::size_t page = slot / page_entries;
  if (page >= slots_.size() || !slots_[page]) return nullptr;
  return &slots_[page][slot % page_entries];
}

std::uint32_t* EventLog::make_slot_entry(std::uint64_t id) {
  const std::size_t page = BufferId::from_value(id).slot / page_entries;
  if (page >= slots_.size()) slots_.resize(page + 1);
  if (!slots_[page]) {
    slots_[page] = std::make_unique<std::uint32_t[]>(page_entries);
    std::fill_n(slots_[page].get(), page_entries, none);
  }
  return slot_entry(id);
}

std::uint32_t EventLog::live_row(std::uint64_t id) const noexcept {
  const std::uint32_t* entry = slot_entry(id);
  return entry != nullptr && *entry != none && row(*entry).id == id ? *entry : none;
}

std::uint32_t EventLog::take_row() {
  if (free_row_ != none) {
    const std::uint32_t index = free_row_;
    free_row_ = row(index).next_free;
    return index;
  }
  if (rows_made_ == rows_.size() * page_entries) rows_.push_back(std::make_unique<Row[]>(page_entries));
  return static_cast<std::uint32_t>(rows_made_++);
}

void EventLog::recycle(std::uint32_t index) noexcept {
  row(index).alloc_number = never;
  row(index).next_free = free_row_;
  free_row_ = index;
}

bool EventLog::make_room(std::size_t side_entries) {
  while (!times_.room(1) || !kinds_.room(1) || !event_rows_.room(1) || !side_.room(side_entries)) {
    if (kinds_.size() == 0) {
      skip(SkipReason::no_memory_for_log);
      return false;
    }
    fold_oldest();
  }
  return true;
}

void EventLog::push(std::int64_t time_ns, EventKind kind, std::uint32_t index) noexcept {
  times_.push(time_ns);
  kinds_.push(kind);
  event_rows_.push(index);
}

bool EventLog::alloc(std::int64_t time_ns, const BufferBirth& birth, std::uint32_t thread) {
  const std::uint64_t id = birth.id.value();
  std::uint32_t* entry = make_slot_entry(id);
  if (*entry != none) {
    Row& there = row(*entry);
    if (there.id == id) return false;  // told again, by one who attached anew
    // The slot's former buffer died while nobody told us.
    free(time_ns, there.id, Lifecycles::unknown, Lifecycles::unknown);
  }
  make_string_room();
  const std::uint32_t label = intern(birth.label);
  const std::uint32_t site = intern(birth.site);
  const std::uint32_t shape = intern_shape(birth.shape);
  if (!make_room(0)) return false;
  const std::uint32_t index = take_row();
  *entry = index;
  Row& made = row(index);
  made.id = id;
  made.size_bytes = birth.size_bytes;
  made.capacity_bytes = birth.capacity_bytes;
  made.address =
      birth.data == nullptr ? Lifecycles::no_address : reinterpret_cast<std::uintptr_t>(birth.data);
  made.base_id = birth.base.value();
  made.has_base = birth.kind == BufferKind::view;
  made.alloc_time_ns = time_ns;
  made.alloc_number = event_count();
  made.label = label;
  made.shape = shape;
  made.site = site;
  made.thread = thread;
  made.alive = true;
  made.dtype = static_cast<std::uint8_t>(birth.dtype);
  made.kind = static_cast<std::uint8_t>(birth.kind);
  made.served_by =
      birth.kind == BufferKind::owned ? static_cast<std::uint8_t>(birth.served_by) : Lifecycles::unknown;
  push(time_ns, EventKind::alloc, index);
  return true;
}

bool EventLog::free(std::int64_t time_ns, std::uint64_t id, std::uint8_t cause, std::uint8_t freed_to) {
  const std::uint32_t index = live_row(id);
  if (index == none) {
    skip(SkipReason::free_of_unknown_id);
    return false;
  }
  Row& dead = row(index);
  dead.alive = false;
  dead.cause = cause;
  dead.freed_to = owns_bytes(dead.kind) ? freed_to : Lifecycles::unknown;
  *slot_entry(id) = none;
  if (!make_room(0)) {
    recycle(index);
    return false;
  }
  push(time_ns, EventKind::free, index);
  return true;
}

bool EventLog::use(std::int64_t time_ns, std::string_view kernel, std::span<const KernelUse> uses) {
  std::size_t known = 0;
  for (const KernelUse& use : uses) known += live_row(use.id.value()) != none ? 1 : 0;
  const std::size_t kept = std::min(known, side_.bound() - 1);
  if (kept < uses.size() || uses.empty()) skip(SkipReason::use_of_unknown_id);
  if (kept == 0) return false;
  make_string_room();
  const std::uint32_t name = intern(kernel);
  if (!make_room(kept + 1)) return false;
  const auto side = side_first_ + static_cast<std::uint32_t>(side_.size());
  side_.push({name, static_cast<std::uint32_t>(kept)});
  std::size_t left = kept;
  for (const KernelUse& use : uses) {
    const std::uint32_t index = live_row(use.id.value());
    if (index == none || left == 0) continue;
    side_.push({index, static_cast<std::uint32_t>(use.access)});
    --left;
  }
  push(time_ns, EventKind::use, side);
  return true;
}

bool EventLog::mark(std::int64_t time_ns, std::string_view name) {
  make_string_room();
  const std::uint32_t index = intern(name);
  if (!make_room(0)) return false;
  push(time_ns, EventKind::mark, index);
  return true;
}

bool EventLog::push_segment(std::int64_t time_ns, EventKind kind, std::uint64_t from, std::uint64_t to) {
  if (!make_room(0)) return false;
  if (free_segments_.empty()) {
    segments_.push_back({});
    free_segments_.reserve(segments_.size());
    free_segments_.push_back(static_cast<std::uint32_t>(segments_.size() - 1));
  }
  const std::uint32_t index = free_segments_.back();
  free_segments_.pop_back();
  segments_[index] = {from, to - from};
  push(time_ns, kind, index);
  return true;
}

bool EventLog::reserve(std::int64_t time_ns, std::uint64_t address, std::uint64_t size_bytes) {
  const std::uint64_t end = held_.end_of(address, size_bytes);
  if (listing_) listed_.emplace_back(address, end);
  std::vector<std::pair<std::uint64_t, std::uint64_t>> added;
  held_.uncovered(address, end, [&](std::uint64_t from, std::uint64_t to) { added.emplace_back(from, to); });
  bool recorded = false;
  for (const auto& [from, to] : added) {
    if (!push_segment(time_ns, EventKind::reserve, from, to)) return recorded;
    held_.insert(from, to, 0);
    recorded = true;
  }
  return recorded;
}

bool EventLog::release(std::int64_t time_ns, std::uint64_t address, std::uint64_t size_bytes) {
  const std::uint64_t end = held_.end_of(address, size_bytes);
  const auto pieces = held_.take(address, end);
  if (pieces.empty()) skip(SkipReason::release_of_unknown_segment);
  bool recorded = false;
  for (const auto& piece : pieces) {
    const std::uint64_t from = std::max(piece.begin, address);
    const std::uint64_t to = std::min(piece.end, end);
    if (piece.begin < from) held_.insert(piece.begin, from, 0);
    if (to < piece.end) held_.insert(to, piece.end, 0);
    recorded = push_segment(time_ns, EventKind::release, from, to) || recorded;
  }
  return recorded;
}

bool EventLog::link(std::int64_t time_ns, std::uint64_t holder, std::uint64_t held, bool added) {
  const Pair ends{live_row(holder), live_row(held)};
  if (ends.a == none || ends.b == none) {
    skip(SkipReason::link_of_unknown_id);
    return false;
  }
  if (!make_room(1)) return false;
  const auto side = side_first_ + static_cast<std::uint32_t>(side_.size());
  side_.push(ends);
  push(time_ns, added ? EventKind::link : EventKind::unlink, side);
  return true;
}

void EventLog::end_segment_listing(std::int64_t time_ns) {
  listing_ = false;
  RangeMap<char> held;
  for (const auto& [from, to] : listed_)
    if (!held.overlaps(from, to)) held.insert(from, to, 0);
  listed_ = {};
  std::vector<std::pair<std::uint64_t, std::uint64_t>> gone;
  for (const auto& piece : held_.pieces())
    held.uncovered(piece.begin, piece.end,
                   [&](std::uint64_t from, std::uint64_t to) { gone.emplace_back(from, to); });
  for (const auto& [from, to] : gone) release(time_ns, from, to - from);
}

std::size_t EventLog::memory_bytes() const noexcept {
  std::size_t bytes = times_.memory_bytes() + kinds_.memory_bytes() + event_rows_.memory_bytes() +
                      side_.memory_bytes() + strings_.memory_bytes() + held_.memory_bytes() +
                      folded_held_.memory_bytes();
  bytes += rows_.capacity() * sizeof(rows_[0]) + rows_.size() * page_entries * sizeof(Row);
  bytes += slots_.capacity() * sizeof(slots_[0]);
  for (const auto& page : slots_) bytes += page ? page_entries * sizeof(std::uint32_t) : 0;
  bytes += segments_.capacity() * sizeof(SegmentRow) + free_segments_.capacity() * sizeof(std::uint32_t);
  bytes += standing_links_.size() * (sizeof(LinkEnds) + sizeof(StandingLink) + 2 * sizeof(void*)) +
           standing_links_.bucket_count() * sizeof(void*);
  return bytes + sizeof(EventLog);
}

}  // namespace bufgc
