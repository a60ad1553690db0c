#include "bufgc/memory/block_guard.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <utility>

#include "bufgc/memory/thread_number.hpp"

namespace bufgc {
namespace {

/// All hardened allocators: where a block that one does not know may be another's. Locked before theirs.
constinit Lock guards_lock;
constinit BlockGuard* first_guard = nullptr;

/// Another in each process whose addresses are, and for each allocator of a process.
std::uint64_t new_secret(const void* place) noexcept {
  static int anchor = 0;
  return Canary::mixed(reinterpret_cast<std::uintptr_t>(place)) ^
         Canary::mixed(reinterpret_cast<std::uintptr_t>(&anchor));
}

[[noreturn]] void print_and_abort(const Misuse& misuse) noexcept {
#if defined(__EMSCRIPTEN__) && !defined(__cpp_exceptions)
  // The package has no standard error, and always a handler.
  static_cast<void>(misuse);
#else
  std::array<char, 640> place{};
  const std::string_view text = misuse_text(misuse, std::span(place).first(place.size() - 2));
  place[text.size()] = '\n';
  std::fputs(place.data(), stderr);
#endif
  std::abort();
}

std::uint64_t number_of(const void* address) noexcept {
  return reinterpret_cast<std::uintptr_t>(address);
}

}  // namespace

BlockGuard::BlockGuard(CacheRoster& locked_by, const AllocatorOptions& options) noexcept
    : locked_by_(locked_by),
      front_bytes_(options.hardening == Hardening::full ? options.alignment_bytes : 0),
      most_quarantined_bytes_(options.hardening == Hardening::full ? options.quarantine_bytes : 0),
      secret_(new_secret(this)) {
  const Locked locked(guards_lock);
  next_ = first_guard;
  if (next_ != nullptr) next_->previous_ = this;
  first_guard = this;
}

BlockGuard::~BlockGuard() {
  const Locked locked(guards_lock);
  (previous_ == nullptr ? first_guard : previous_->next_) = next_;
  if (next_ != nullptr) next_->previous_ = previous_;
}

Block* BlockGuard::give_out(Range* range) noexcept {
  GuardRecord* const record = table_.take();
  record->state = GuardRecord::State::live;
  record->range = range;
  record->asked_bytes = range->size_bytes;
  record->number = ++last_number_;
  record->made_on_thread = thread_number();
  record->data = data_of(record);
  record->size_bytes = range->size_bytes;
  record->capacity_bytes = range->capacity_bytes;
  if (front_bytes_ != 0) {
    const Canary canary = canary_of(record);
    canary.write(range->data, record->data, 0);
    canary.write(record->data + range->size_bytes, range->end(), front_bytes_);
  }
  return record;
}

void BlockGuard::name(Block* block, const BlockName& name) noexcept {
  GuardRecord* const record = identify(block);
  if (record == nullptr) return;
  record->name.id = name.id;
  record->name.label.keep_beginning(name.label);
  record->name.site.keep_end(name.site);
}

GuardRecord* BlockGuard::identify(Block* block) noexcept {
  GuardRecord* const record = table_.find(block);
  if (record == nullptr) {
    const GuardRecord* const around = table_.find_around(block);
    note(around == nullptr ? MisuseKind::foreign_pointer : MisuseKind::interior_pointer, block, around,
         around == nullptr ? 0 : number_of(around), number_of(block));
    return nullptr;
  }
  if (record->state != GuardRecord::State::live) {
    note(MisuseKind::double_free, block, record);
    return nullptr;
  }
  // The program may have written there.
  if (record->data != data_of(record)) {
    const bool inside = table_.find_around(record->data) == record;
    note(inside ? MisuseKind::interior_pointer : MisuseKind::foreign_pointer, record->data, record,
         number_of(data_of(record)), number_of(record->data));
    return nullptr;
  }
  if (record->size_bytes != record->asked_bytes) {
    note(MisuseKind::wrong_size, record->data, record, record->asked_bytes, record->size_bytes);
    return nullptr;
  }
  return record;
}

GuardRecord* BlockGuard::take_back(Block* block) noexcept {
  GuardRecord* const record = identify(block);
  if (record != nullptr) look_at(record);
  return record;
}

void BlockGuard::free_record(GuardRecord* record) noexcept {
  record->freed_on_thread = thread_number();
  // What the program finds there from now on leads nowhere.
  record->data = nullptr;
}

void BlockGuard::forget(GuardRecord* record) noexcept {
  free_record(record);
  table_.give(record);
}

void BlockGuard::quarantine(GuardRecord* record) noexcept {
  free_record(record);
  record->state = GuardRecord::State::quarantined;
  Range* const range = record->range;
  range->size_bytes = Range::kept;
  range->pins = 1;  // compaction looks for it where it is
  std::memset(data_of(record), std::to_integer<int>(freed_byte), record->asked_bytes);
  // What was written around it before is told already.
  const Canary canary = canary_of(record);
  canary.write(range->data, data_of(record), 0);
  canary.write(data_of(record) + record->asked_bytes, range->end(), front_bytes_);
  quarantined_bytes_ += range->capacity_bytes;
  quarantine_.push(record);
}

Range* BlockGuard::release_oldest() noexcept {
  GuardRecord* const record = quarantine_.pop();
  if (record == nullptr) return nullptr;
  look_at(record);
  Range* const range = record->range;
  quarantined_bytes_ -= range->capacity_bytes;
  range->size_bytes = 0;
  range->pins = 0;
  table_.give(record);
  return range;
}

void BlockGuard::look_for(const GuardRecord* record, MisuseKind kind, const std::byte* damage,
                          const std::byte* end, std::byte expected) noexcept {
  if (damage == end) return;
  note(kind, damage, record, std::to_integer<std::uint64_t>(expected),
       std::to_integer<std::uint64_t>(*damage));
}

void BlockGuard::look_at(const GuardRecord* record) noexcept {
  if (front_bytes_ == 0) return;
  const Canary canary = canary_of(record);
  const std::byte* const begin = record->range->data;
  const std::byte* const data = data_of(record);
  const std::byte* const data_end = data + record->asked_bytes;
  const std::byte* const end = record->range->end();
  const bool lives = record->state == GuardRecord::State::live;
  const std::byte* damage = canary.find_damage(begin, data, 0);
  look_for(record, lives ? MisuseKind::write_before : MisuseKind::write_after_free, damage, data,
           canary.at(bytes_between(begin, damage)));
  damage = canary.find_damage(data_end, end, front_bytes_);
  look_for(record, lives ? MisuseKind::write_after : MisuseKind::write_after_free, damage, end,
           canary.at(front_bytes_ + bytes_between(data_end, damage)));
  if (!lives) {
    look_for(record, MisuseKind::write_after_free, find_written(data, data_end), data_end, freed_byte);
  }
}

void BlockGuard::look_at_all() noexcept {
  table_.each([this](const GuardRecord* record) {
    if (record->range != nullptr) look_at(record);
  });
}

void BlockGuard::on_blocks_moved() noexcept {
  table_.each([this](GuardRecord* record) {
    if (record->state == GuardRecord::State::live) record->data = data_of(record);
  });
  if (next_move_listener_ != nullptr) next_move_listener_->on_blocks_moved();
}

void BlockGuard::describe(Noted& noted, const GuardRecord* record) noexcept {
  noted.name = record->name;
  Misuse& misuse = noted.misuse;
  misuse.id = record->name.id;
  misuse.size_bytes = record->asked_bytes;
  misuse.allocation = record->number;
  misuse.made_on_thread = record->made_on_thread;
  misuse.freed_on_thread = record->freed_on_thread;
}

void BlockGuard::note(MisuseKind kind, const void* address, const GuardRecord* record, std::uint64_t expected,
                      std::uint64_t found) noexcept {
  if (noted_count_ == most_noted) return;
  Noted& noted = noted_[noted_count_];
  noted = {};
  noted.misuse.kind = kind;
  noted.misuse.address = address;
  noted.misuse.expected = expected;
  noted.misuse.found = found;
  noted.misuse.seen_on_thread = thread_number();
  if (record != nullptr) {
    describe(noted, record);
    if (address != nullptr && record->range != nullptr) {
      noted.misuse.offset_bytes = static_cast<std::int64_t>(number_of(address)) -
                                  static_cast<std::int64_t>(number_of(data_of(record)));
    }
  }
  ++noted_count_;
}

void BlockGuard::note(MisuseKind kind, std::uint64_t id, std::uint64_t expected,
                      std::uint64_t found) noexcept {
  if (noted_count_ == most_noted) return;
  const std::uint64_t named = kind == MisuseKind::forged_id ? found : id;
  note(kind, nullptr, named == Misuse::no_id ? nullptr : table_.find_named(named), expected, found);
  noted_[noted_count_ - 1].misuse.id = id;
}

bool BlockGuard::take_noted(Noted& noted, std::shared_ptr<const MisuseHandler>& handler) noexcept {
  const CacheRoster::Section section(locked_by_);
  if (noted_count_ == 0) return false;
  noted = noted_[0];
  for (std::size_t i = 1; i < noted_count_; ++i) noted_[i - 1] = noted_[i];
  --noted_count_;
  handler = handler_;
  return true;
}

bool BlockGuard::find_elsewhere(Noted& noted) noexcept {
  const Locked locked(guards_lock);
  for (BlockGuard* guard = first_guard; guard != nullptr; guard = guard->next_) {
    if (guard == this) continue;
    const CacheRoster::Section section(guard->locked_by_);
    const GuardRecord* const record = guard->table_.find(noted.misuse.address);
    if (record == nullptr) continue;
    describe(noted, record);
    return true;
  }
  return false;
}

void BlockGuard::deliver() noexcept {
  if (noted_count_ == 0) return;
  Noted noted;
  std::shared_ptr<const MisuseHandler> handler;
  while (take_noted(noted, handler)) {
    Misuse& misuse = noted.misuse;
    if (misuse.kind == MisuseKind::foreign_pointer && misuse.allocation == 0 && find_elsewhere(noted)) {
      misuse.kind = MisuseKind::wrong_allocator;
    }
    misuse.label = noted.name.label.view();
    misuse.site = noted.name.site.view();
    if (handler == nullptr) print_and_abort(misuse);
    (*handler)(misuse);
  }
}

}  // namespace bufgc
