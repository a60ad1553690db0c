#include "trace/standing.hpp"

#include <algorithm>
#include <iterator>

#include "bufgc/buffer/buffer_observer.hpp"

namespace bufgc::trace {

using EventKind = Lifecycles::EventKind;

namespace {

std::uint64_t owned_bytes(const Standing::Life& life) noexcept {
  return life.kind == static_cast<std::uint8_t>(BufferKind::owned) ? life.size_bytes : 0;
}

const Standing::Life* with_row(const std::vector<const Standing::Life*>& by_row, std::uint64_t row) noexcept {
  const auto found =
      std::lower_bound(by_row.begin(), by_row.end(), row,
                       [](const Standing::Life* life, std::uint64_t b) { return life->row < b; });
  return found != by_row.end() && (*found)->row == row ? *found : nullptr;
}

}  // namespace

Standing::Life* Standing::life_of(std::uint64_t id) noexcept {
  const std::uint32_t place = live_.find(id);
  return place == IdMap::none ? nullptr : &lives_[place];
}

const Standing::Life* Standing::find(std::uint64_t id) const noexcept {
  const std::uint32_t place = live_.find(id);
  return place == IdMap::none ? nullptr : &lives_[place];
}

bool Standing::add(const EventRecord& event, SkipReason& reason) {
  switch (event.kind) {
    case EventKind::alloc:
      reason = SkipReason::alloc_of_live_id;
      if (!birth(event)) return false;
      break;
    case EventKind::free:
      reason = SkipReason::free_of_unknown_id;
      if (!death(event)) return false;
      break;
    case EventKind::use:
      break;
    case EventKind::mark:
      mark_ = {events_, event.time_ns};
      mark_name_ = strings_.intern(event.name);
      break;
    case EventKind::reserve:
      reason = SkipReason::reserve_of_held_segment;
      if (!reserve(event)) return false;
      break;
    case EventKind::release:
      reason = SkipReason::release_of_unknown_segment;
      return release(event);
    case EventKind::link:
    case EventKind::unlink:
      reason = SkipReason::link_of_unknown_id;
      if (!link(event)) return false;
      break;
    case EventKind::move: {
      reason = SkipReason::move_of_unknown_id;
      Life* const moved = life_of(event.id);
      if (moved == nullptr) return false;
      moved->address = event.address;
      break;
    }
  }
  ++events_;
  return true;
}

bool Standing::birth(const EventRecord& event) {
  const bool fresh = free_places_.empty();
  const auto place = fresh ? static_cast<std::uint32_t>(lives_.size()) : free_places_.back();
  if (!live_.insert(event.id, place)) return false;
  if (fresh) {
    lives_.emplace_back();
  } else {
    free_places_.pop_back();
  }
  const Life* const base = event.has_base && event.base_id != event.id ? find(event.base_id) : nullptr;
  Life& life = lives_[place];
  life = {rows_++,
          events_,
          event.time_ns,
          event.id,
          event.size_bytes,
          event.capacity_bytes,
          event.address,
          base == nullptr ? none : base->row,
          strings_.intern(event.name),
          strings_.intern(event.dtype),
          strings_.intern(event.shape),
          strings_.intern(event.site),
          strings_.intern(event.thread),
          event.buffer_kind,
          event.served_by};
  live_bytes_ += owned_bytes(life);
  totals_.max_live_bytes = std::max(totals_.max_live_bytes, live_bytes_);
  totals_.max_live_buffers = std::max<std::uint64_t>(totals_.max_live_buffers, live_.size());
  return true;
}

bool Standing::death(const EventRecord& event) {
  const std::uint32_t place = live_.erase(event.id);
  if (place == IdMap::none) return false;
  free_places_.push_back(place);
  const std::uint64_t bytes = owned_bytes(lives_[place]);
  live_bytes_ -= bytes;
  totals_.bytes += bytes;
  ++totals_.buffers;
  return true;
}

bool Standing::reserve(const EventRecord& event) {
  const std::uint64_t end = held_.end_of(event.address, event.size_bytes);
  if (end == event.address || held_.overlaps(event.address, end)) return false;
  held_.insert(event.address, end, {events_, event.time_ns});
  return true;
}

bool Standing::release(const EventRecord& event) {
  const std::uint64_t end = held_.end_of(event.address, event.size_bytes);
  const auto pieces = held_.take(event.address, end);
  for (const auto& piece : pieces) {
    if (piece.begin < event.address) held_.insert(piece.begin, event.address, piece.tag);
    if (end < piece.end) held_.insert(end, piece.end, piece.tag);
  }
  events_ += pieces.size();  // each is an event
  return !pieces.empty();
}

bool Standing::link(const EventRecord& event) {
  const Life* const holder = find(event.id);
  const Life* const held = find(event.held_id);
  if (holder == nullptr || held == nullptr) return false;
  const Ends ends{holder->row, held->row};
  if (event.kind == EventKind::link) {
    StandingLink& standing = links_[ends];
    if (standing.count++ == 0) {
      standing.number = events_;
      standing.time_ns = event.time_ns;
      standing.holder_id = event.id;
      standing.held_id = event.held_id;
    }
    if (links_.size() >= links_checked_at_) forget_links_of_the_dead();
    return true;
  }
  const auto found = links_.find(ends);
  if (found != links_.end() && --found->second.count == 0) links_.erase(found);
  return true;
}

void Standing::forget_links_of_the_dead() {
  // A buffer's death takes its links along without an event of theirs; looking is amortised.
  const std::vector<const Life*> lives = lives_by_row();
  for (auto link = links_.begin(); link != links_.end();) {
    const bool stands =
        with_row(lives, link->first.first) != nullptr && with_row(lives, link->first.second) != nullptr;
    link = stands ? std::next(link) : links_.erase(link);
  }
  links_checked_at_ = std::max<std::size_t>(1024, 2 * links_.size());
}

std::vector<const Standing::Life*> Standing::lives_by_row() const {
  std::vector<char> is_free(lives_.size());
  for (const std::uint32_t place : free_places_) is_free[place] = 1;
  std::vector<const Life*> lives;
  lives.reserve(live_.size());
  for (std::size_t place = 0; place < lives_.size(); ++place)
    if (is_free[place] == 0) lives.push_back(&lives_[place]);
  std::sort(lives.begin(), lives.end(), [](const Life* a, const Life* b) { return a->row < b->row; });
  return lives;
}

std::vector<Standing::Begun> Standing::begun() const {
  const std::vector<const Life*> lives = lives_by_row();
  std::vector<Begun> all;
  all.reserve(lives.size());
  for (const Life* const life : lives)
    all.push_back({life->number, EventKind::alloc, life, nullptr, 0, 0, life->time_ns});
  for (const auto& piece : held_.pieces())
    all.push_back(
        {piece.tag.number, EventKind::reserve, nullptr, nullptr, piece.begin, piece.end, piece.tag.time_ns});
  for (const auto& [ends, link] : links_) {
    if (with_row(lives, ends.first) == nullptr || with_row(lives, ends.second) == nullptr) continue;
    for (std::uint64_t copy = 0; copy < link.count; ++copy)
      all.push_back({link.number, EventKind::link, nullptr, &link, 0, 0, link.time_ns});
  }
  if (mark_.number != none)
    all.push_back({mark_.number, EventKind::mark, nullptr, nullptr, 0, 0, mark_.time_ns});
  // Pieces of one reservation share its number, as do links between the same two, which are alike.
  std::sort(all.begin(), all.end(), [](const Begun& a, const Begun& b) {
    return a.number != b.number ? a.number < b.number : a.from < b.from;
  });
  return all;
}

Lifecycles::Folded Standing::folded() const {
  Lifecycles::Folded totals = totals_;
  totals.events += events_ - begun().size();
  return totals;
}

void Standing::for_each(const EventVisitor& visit) const {
  const std::vector<const Life*> lives = lives_by_row();
  for (const Begun& begun : begun()) {
    EventRecord record;
    record.number = begun.number;
    record.kind = begun.kind;
    record.time_ns = begun.time_ns;
    switch (begun.kind) {
      case EventKind::alloc: {
        const Life& life = *begun.life;
        record.id = life.id;
        record.size_bytes = life.size_bytes;
        record.capacity_bytes = life.capacity_bytes;
        record.address = life.address;
        if (const Life* const base = with_row(lives, life.base_row); base != nullptr) {
          record.has_base = true;
          record.base_id = base->id;
        }
        record.name = strings_.at(life.label);
        record.dtype = strings_.at(life.dtype);
        record.shape = strings_.at(life.shape);
        record.site = strings_.at(life.site);
        record.thread = strings_.at(life.thread);
        record.buffer_kind = life.kind;
        record.served_by = life.served_by;
        break;
      }
      case EventKind::reserve:
        record.address = begun.from;
        record.size_bytes = begun.to - begun.from;
        break;
      case EventKind::mark:
        record.name = strings_.at(mark_name_);
        break;
      default:
        record.id = begun.link->holder_id;
        record.held_id = begun.link->held_id;
        break;
    }
    if (!visit(record)) return;
  }
}

std::map<std::pair<std::uint64_t, std::uint64_t>, std::uint64_t> Standing::link_counts() const {
  const std::vector<const Life*> lives = lives_by_row();
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::uint64_t> counts;
  for (const auto& [ends, link] : links_)
    if (with_row(lives, ends.first) != nullptr && with_row(lives, ends.second) != nullptr)
      counts[{link.holder_id, link.held_id}] = link.count;
  return counts;
}

bool Standing::is_held(std::uint64_t begin, std::uint64_t end) const {
  bool whole = true;
  held_.uncovered(begin, end, [&](std::uint64_t, std::uint64_t) { whole = false; });
  return whole;
}

void Standing::drop_unused_strings() {
  StringTable kept;
  const auto keep = [&](std::uint32_t& name) { name = kept.intern(strings_.at(name)); };
  for (const std::uint32_t place : free_places_) lives_[place] = {};
  for (Life& life : lives_) {
    for (std::uint32_t* const name : {&life.label, &life.dtype, &life.shape, &life.site, &life.thread})
      keep(*name);
  }
  keep(mark_name_);
  strings_ = std::move(kept);
}

}  // namespace bufgc::trace
