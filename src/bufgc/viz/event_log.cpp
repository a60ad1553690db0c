#include "bufgc/viz/event_log.hpp"

#include <algorithm>

#include "bufgc/viz/hashing.hpp"

namespace bufgc {
namespace {

constexpr std::size_t most_events = std::size_t{1} << 30U;

}  // namespace

std::size_t EventLog::LinkHash::operator()(const LinkEnds& ends) const noexcept {
  return static_cast<std::size_t>(hash_number(ends.holder, hash_number(ends.held, hash_seed())));
}

EventLog::EventLog(std::size_t max_events)
    : events_(std::clamp<std::size_t>(max_events, 1, most_events)),
      births_(events_.bound()),
      side_(std::max<std::size_t>(2 * events_.bound(), 1024)),
      times_(events_.bound()) {}

std::uint64_t* EventLog::make_live_entry(std::uint64_t id) {
  if (std::uint64_t* const entry = live_entry(id); entry != nullptr) return entry;
  // With the place to carry its birth, so that folding needs no memory.
  const std::size_t page = BufferId::from_value(id).slot / page_entries;
  if (page >= carried_births_.size()) carried_births_.resize(page + 1);
  if (!carried_births_[page]) carried_births_[page] = std::make_unique<CarriedBirth[]>(page_entries);
  if (page >= live_.size()) live_.resize(page + 1);
  live_[page] = std::make_unique<std::uint64_t[]>(page_entries);
  std::fill_n(live_[page].get(), page_entries, never);
  return live_entry(id);
}

bool EventLog::is_live(std::uint64_t id) const noexcept {
  const std::uint64_t* entry = live_entry(id);
  return entry != nullptr && *entry == id;
}

const EventLog::CarriedBirth* EventLog::find_carried(std::uint64_t id) const noexcept {
  const std::uint32_t slot = BufferId::from_value(id).slot;
  const std::size_t page = slot / page_entries;
  if (page >= carried_births_.size() || !carried_births_[page]) return nullptr;
  const CarriedBirth& carried = carried_births_[page][slot % page_entries];
  return carried.number != never && carried.birth.id == id ? &carried : nullptr;
}

bool EventLog::fold_for_room(bool birth, std::size_t side_entries) {
  do {
    if (events_.size() == 0) {
      skip(SkipReason::no_memory_for_log);
      return false;
    }
    fold_oldest();
  } while (!has_room(birth, side_entries));
  return true;
}

bool EventLog::alloc(const BufferBirth& birth, std::uint32_t thread) {
  const std::uint64_t id = birth.id.value();
  std::uint64_t* const live = make_live_entry(id);
  if (*live != never) {
    if (*live == id) return false;  // told again, by one who attached anew
    // The slot's former buffer died while nobody told us.
    free(*live, Lifecycles::unknown, Lifecycles::unknown);
  }
  Birth made;
  if (birth.description != nullptr) {
    make_string_room();
    made.label = intern(birth.description->label);
    made.site = intern(birth.description->site);
    made.shape = intern_shape(birth.description->shape);
    if (birth.kind == BufferKind::view) made.base_id = birth.description->base.value();
  }
  if (!make_room(true, 0)) return false;
  *live = id;
  made.id = id;
  made.size_bytes = birth.size_bytes;
  made.capacity_bytes = birth.capacity_bytes;
  made.address =
      birth.data == nullptr ? Lifecycles::no_address : reinterpret_cast<std::uintptr_t>(birth.data);
  made.thread = thread;
  made.dtype = static_cast<std::uint8_t>(birth.dtype);
  made.kind = static_cast<std::uint8_t>(birth.kind);
  made.served_by =
      birth.kind == BufferKind::owned ? static_cast<std::uint8_t>(birth.served_by) : Lifecycles::unknown;
  births_.push(made);
  events_.push(Event(EventKind::alloc, id));
  return true;
}

bool EventLog::free(std::uint64_t id, std::uint8_t cause, std::uint8_t freed_to) {
  std::uint64_t* const live = live_entry(id);
  if (live == nullptr || *live != id) {
    skip(SkipReason::free_of_unknown_id);
    return false;
  }
  *live = never;
  if (!make_room(false, 0)) {
    carried_birth(id).number = never;
    return false;
  }
  events_.push(Event(EventKind::free, id, cause, freed_to));
  return true;
}

bool EventLog::use(std::string_view kernel, std::span<const KernelUse> uses) {
  std::size_t known = 0;
  for (const KernelUse& use : uses) known += is_live(use.id.value()) ? 1 : 0;
  const std::size_t kept = std::min(known, side_.bound() - 1);
  if (kept < uses.size() || uses.empty()) skip(SkipReason::use_of_unknown_id);
  if (kept == 0) return false;
  make_string_room();
  const std::uint32_t name = intern(kernel);
  if (!make_room(false, kept + 1)) return false;
  side_.push(name);
  std::size_t left = kept;
  for (const KernelUse& use : uses) {
    const std::uint64_t id = use.id.value();
    if (left == 0 || !is_live(id)) continue;
    side_.push(id | (static_cast<std::uint64_t>(use.access) << access_shift));
    --left;
  }
  events_.push(Event(EventKind::use, kept + 1));
  return true;
}

bool EventLog::mark(std::string_view name) {
  make_string_room();
  const std::uint32_t index = intern(name);
  if (!make_room(false, 0)) return false;
  events_.push(Event(EventKind::mark, index));
  return true;
}

bool EventLog::push_segment(EventKind kind, std::uint64_t from, std::uint64_t to) {
  if (!make_room(false, 0)) return false;
  if (free_segments_.empty()) {
    segments_.push_back({});
    free_segments_.reserve(segments_.size());
    free_segments_.push_back(static_cast<std::uint32_t>(segments_.size() - 1));
  }
  const std::uint32_t index = free_segments_.back();
  free_segments_.pop_back();
  segments_[index] = {from, to - from};
  events_.push(Event(kind, index));
  return true;
}

bool EventLog::reserve(std::uint64_t address, std::uint64_t size_bytes) {
  const std::uint64_t end = held_.end_of(address, size_bytes);
  if (listing_) listed_.emplace_back(address, end);
  std::vector<std::pair<std::uint64_t, std::uint64_t>> added;
  held_.uncovered(address, end, [&](std::uint64_t from, std::uint64_t to) { added.emplace_back(from, to); });
  bool recorded = false;
  for (const auto& [from, to] : added) {
    if (!push_segment(EventKind::reserve, from, to)) return recorded;
    held_.insert(from, to, 0);
    recorded = true;
  }
  return recorded;
}

bool EventLog::release(std::uint64_t address, std::uint64_t size_bytes) {
  const std::uint64_t end = held_.end_of(address, size_bytes);
  const auto pieces = held_.take(address, end);
  if (pieces.empty()) skip(SkipReason::release_of_unknown_segment);
  bool recorded = false;
  for (const auto& piece : pieces) {
    const std::uint64_t from = std::max(piece.begin, address);
    const std::uint64_t to = std::min(piece.end, end);
    if (piece.begin < from) held_.insert(piece.begin, from, 0);
    if (to < piece.end) held_.insert(to, piece.end, 0);
    recorded = push_segment(EventKind::release, from, to) || recorded;
  }
  return recorded;
}

bool EventLog::link(std::uint64_t holder, std::uint64_t held, bool added) {
  if (!is_live(holder) || !is_live(held)) {
    skip(SkipReason::link_of_unknown_id);
    return false;
  }
  if (!make_room(false, 2)) return false;
  side_.push(holder);
  side_.push(held);
  events_.push(Event(added ? EventKind::link : EventKind::unlink, 0));
  return true;
}

bool EventLog::move(std::uint64_t id, std::uint64_t from, std::uint64_t to) {
  if (!is_live(id)) {
    skip(SkipReason::move_of_unknown_id);
    return false;
  }
  if (!make_room(false, 2)) return false;
  side_.push(from);
  side_.push(to);
  events_.push(Event(EventKind::move, id));
  return true;
}

std::vector<BufferId> EventLog::live_buffers() const {
  std::vector<BufferId> ids;
  for (const auto& page : live_) {
    for (std::size_t i = 0; page && i < page_entries; ++i)
      if (page[i] != never) ids.push_back(BufferId::from_value(page[i]));
  }
  return ids;
}

void EventLog::end_segment_listing() {
  listing_ = false;
  RangeMap<char> held;
  for (const auto& [from, to] : listed_)
    if (!held.overlaps(from, to)) held.insert(from, to, 0);
  listed_ = {};
  std::vector<std::pair<std::uint64_t, std::uint64_t>> gone;
  for (const auto& piece : held_.pieces())
    held.uncovered(piece.begin, piece.end,
                   [&](std::uint64_t from, std::uint64_t to) { gone.emplace_back(from, to); });
  for (const auto& [from, to] : gone) release(from, to - from);
}

std::size_t EventLog::memory_bytes() const noexcept {
  std::size_t bytes = events_.memory_bytes() + births_.memory_bytes() + side_.memory_bytes() +
                      times_.memory_bytes() + strings_.memory_bytes() + held_.memory_bytes() +
                      folded_held_.memory_bytes();
  bytes += live_.capacity() * sizeof(live_[0]) + carried_births_.capacity() * sizeof(carried_births_[0]);
  for (const auto& page : live_) bytes += page ? page_entries * sizeof(std::uint64_t) : 0;
  for (const auto& page : carried_births_) bytes += page ? page_entries * sizeof(CarriedBirth) : 0;
  bytes += segments_.capacity() * sizeof(SegmentRow) + free_segments_.capacity() * sizeof(std::uint32_t);
  bytes += standing_links_.size() * (sizeof(LinkEnds) + sizeof(StandingLink) + 2 * sizeof(void*)) +
           standing_links_.bucket_count() * sizeof(void*);
  return bytes + sizeof(EventLog);
}

}  // namespace bufgc
