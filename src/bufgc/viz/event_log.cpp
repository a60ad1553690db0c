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
    : max_events_(std::clamp<std::uint64_t>(max_events, 1, most_events)),
      fold_batch_(std::min<std::uint64_t>(max_events_, 1024)),
      max_used_(static_cast<std::size_t>(std::max<std::uint64_t>(2 * max_events_, 1024)) - 1),
      queue_(most_event_words * most_kept_events()),  // so that the longest use fits too
      times_(most_kept_events()) {}

std::uint64_t* EventLog::make_live_entry(std::uint64_t id) {
  const std::size_t slot = BufferId::from_value(id).slot;
  const std::size_t page = slot / page_entries;
  if (slot >= live_.size()) live_.resize((page + 1) * page_entries, unmade);
  if (live_[slot] == unmade) {
    // With the place to carry its birth, so that folding needs no memory.
    if (page >= carried_births_.size()) carried_births_.resize(page + 1);
    carried_births_[page] = std::make_unique<CarriedBirth[]>(page_entries);
    std::fill_n(live_.begin() + static_cast<std::ptrdiff_t>(page * page_entries), page_entries, never);
  }
  return &live_[slot];
}

bool EventLog::is_live(std::uint64_t id) const noexcept {
  const std::uint32_t slot = BufferId::from_value(id).slot;
  return slot < live_.size() && live_[slot] == id;
}

const EventLog::CarriedBirth* EventLog::find_carried(std::uint64_t id) const noexcept {
  const std::uint32_t slot = BufferId::from_value(id).slot;
  const std::size_t page = slot / page_entries;
  if (page >= carried_births_.size() || !carried_births_[page]) return nullptr;
  const CarriedBirth& carried = carried_births_[page][slot % page_entries];
  return carried.number != never && EventWord(carried.words[0]).subject() == id ? &carried : nullptr;
}

bool EventLog::fold_for_room(std::size_t words) {
  do {
    if (kept_events() == 0) {
      skip(SkipReason::no_memory_for_log);
      return false;
    }
    fold(1);
  } while (!queue_.room(words));
  return true;
}

void EventLog::push(EventWord first, std::initializer_list<std::uint64_t> others) noexcept {
  queue_.push(first.bits());
  for (const std::uint64_t word : others) queue_.push(word);
  ++next_number_;
}

bool EventLog::alloc(const BufferBirth& birth, std::uint32_t thread) {
  const std::uint64_t id = birth.id.value();
  std::uint64_t* const live = make_live_entry(id);
  if (*live != never) {
    if (*live == id) return false;  // told again, by one who attached anew
    // The slot's former buffer died while nobody told us.
    free(*live, Lifecycles::unknown, Lifecycles::unknown);
  }
  LoggedBirth made;
  if (birth.description != nullptr) {
    make_string_room();
    made.label = intern(birth.description->label);
    made.site = intern(birth.description->site);
    made.shape = intern_shape(birth.description->shape);
    if (birth.kind == BufferKind::view) made.base_id = birth.description->base.value();
  }
  made.id = id;
  made.size_bytes = birth.size_bytes;
  made.capacity_bytes = birth.capacity_bytes;
  if (birth.data != nullptr) made.address = reinterpret_cast<std::uintptr_t>(birth.data);
  made.thread = thread;
  made.dtype = static_cast<std::uint8_t>(birth.dtype);
  made.kind = static_cast<std::uint8_t>(birth.kind);
  made.served_by =
      birth.kind == BufferKind::owned ? static_cast<std::uint8_t>(birth.served_by) : Lifecycles::unknown;
  BirthWords words{};
  const std::size_t count = pack_birth(made, words);
  if (!make_room(count)) return false;
  *live = id;
  for (std::size_t i = 0; i < count; ++i) queue_.push(words[i]);
  ++next_number_;
  return true;
}

bool EventLog::free(std::uint64_t id, std::uint8_t cause, std::uint8_t freed_to) {
  std::uint64_t* const live = live_entry(id);
  if (live == nullptr || *live != id) {
    skip(SkipReason::free_of_unknown_id);
    return false;
  }
  const bool recorded = make_room(1);
  *live = never;
  if (recorded) {
    push(EventWord::free(id, cause, freed_to));
  } else {
    // Without an event. Its birth is folded, as all are then.
    CarriedBirth& carried = carried_birth(id);
    folded_.ends(owned_bytes_of_birth(carried.words.data()));
    carried.number = never;
  }
  return recorded;
}

bool EventLog::use(std::string_view kernel, std::span<const KernelUse> uses) {
  std::size_t known = 0;
  for (const KernelUse& use : uses) known += is_live(use.id.value()) ? 1 : 0;
  const std::size_t kept = std::min(known, max_used_);
  if (kept < uses.size() || uses.empty()) skip(SkipReason::use_of_unknown_id);
  if (kept == 0) return false;
  make_string_room();
  const std::uint32_t name = intern(kernel);
  if (!make_room(kept + 2)) return false;
  push(EventWord(EventKind::use, kept), {name});
  std::size_t left = kept;
  for (const KernelUse& use : uses) {
    const std::uint64_t id = use.id.value();
    if (left == 0 || !is_live(id)) continue;
    queue_.push(id | (static_cast<std::uint64_t>(use.access) << access_shift));
    --left;
  }
  return true;
}

bool EventLog::mark(std::string_view name) {
  make_string_room();
  const std::uint32_t index = intern(name);
  if (!make_room(1)) return false;
  push(EventWord(EventKind::mark, index));
  return true;
}

bool EventLog::reserve(std::uint64_t address, std::uint64_t size_bytes) {
  const std::uint64_t end = held_.end_of(address, size_bytes);
  if (listing_) listed_.emplace_back(address, end);
  std::vector<std::pair<std::uint64_t, std::uint64_t>> added;
  held_.uncovered(address, end, [&](std::uint64_t from, std::uint64_t to) { added.emplace_back(from, to); });
  bool recorded = false;
  for (const auto& [from, to] : added) {
    if (!make_room(3)) return recorded;
    held_.insert(from, to, 0);
    push(EventWord(EventKind::reserve, 0), {from, to - from});
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
    if (!make_room(3)) continue;
    push(EventWord(EventKind::release, 0), {from, to - from});
    recorded = true;
  }
  return recorded;
}

bool EventLog::link(std::uint64_t holder, std::uint64_t held, bool added) {
  if (!is_live(holder) || !is_live(held)) {
    skip(SkipReason::link_of_unknown_id);
    return false;
  }
  if (!make_room(2)) return false;
  push(EventWord(added ? EventKind::link : EventKind::unlink, holder), {held});
  return true;
}

bool EventLog::move(std::uint64_t id, std::uint64_t from, std::uint64_t to) {
  if (!is_live(id)) {
    skip(SkipReason::move_of_unknown_id);
    return false;
  }
  if (!make_room(3)) return false;
  push(EventWord(EventKind::move, id), {from, to});
  return true;
}

std::vector<BufferId> EventLog::live_buffers() const {
  std::vector<BufferId> ids;
  for (const std::uint64_t id : live_)
    if (id < unmade) ids.push_back(BufferId::from_value(id));
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
  std::size_t bytes = queue_.memory_bytes() + times_.memory_bytes() + strings_.memory_bytes() +
                      held_.memory_bytes() + folded_held_.memory_bytes();
  bytes += live_.capacity() * sizeof(live_[0]) + carried_births_.capacity() * sizeof(carried_births_[0]);
  for (const auto& page : carried_births_) bytes += page ? page_entries * sizeof(CarriedBirth) : 0;
  bytes += standing_links_.size() * (sizeof(LinkEnds) + sizeof(StandingLink) + 2 * sizeof(void*)) +
           standing_links_.bucket_count() * sizeof(void*);
  return bytes + sizeof(EventLog);
}

}  // namespace bufgc
