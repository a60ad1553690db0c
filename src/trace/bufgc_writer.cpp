#include "trace/bufgc_writer.hpp"

#include <algorithm>

#include "trace/column_coding.hpp"
#include "trace/column_form.hpp"
#include "trace/crc32c.hpp"
#include "trace/records.hpp"
#include "trace/writers.hpp"

namespace bufgc::trace {

using EventKind = Lifecycles::EventKind;

namespace {

// A section ends early when its names have become so many more.
constexpr std::size_t most_new_names = std::size_t{1} << 16U;
constexpr std::size_t most_new_text_bytes = std::size_t{8} << 20U;
// A block ends early when so much text or so many uses wait in it.
constexpr std::size_t block_text_bytes = std::size_t{1} << 18U;
constexpr std::size_t block_uses = std::size_t{1} << 16U;

/// 0 stands for what is unknown.
std::uint64_t plus_one(std::uint8_t value) noexcept {
  return static_cast<std::uint8_t>(value + 1);
}

}  // namespace

BufgcWriter::BufgcWriter(Sink& sink, const Lifecycles::Folded& before, BufgcOptions options)
    : sink_(sink), options_(options), standing_(before) {
  write(encode_file_header());
  begin_section();
}

bool BufgcWriter::write(std::string_view bytes) {
  good_ = good_ && sink_.write(bytes);
  offset_ += bytes.size();
  return good_;
}

bool BufgcWriter::write_block(BlockHeader& header, const std::string& bytes) {
  good_ = good_ && bytes.size() <= max_payload_bytes;
  header.payload_bytes = static_cast<std::uint32_t>(bytes.size());
  header.payload_sum = crc32c(bytes);
  return write(encode_block_header(header)) && write(bytes);
}

bool BufgcWriter::begin_section_when_due() {
  const std::size_t least = std::max(options_.section_records, 8 * standing_.live_buffers());
  const StringTable& strings = standing_.strings();
  const bool due = standing_.events() - section_begin_ >= least ||
                   strings.size() > 2 * section_names_ + most_new_names ||
                   strings.text_bytes() > 2 * section_text_bytes_ + most_new_text_bytes;
  return !due || begin_section();
}

bool BufgcWriter::begin_section() {
  index_.add({offset_, standing_.events(), last_time_ns_});
  standing_.drop_unused_strings();
  section_begin_ = standing_.events();
  section_names_ = standing_.strings().size();
  section_text_bytes_ = standing_.strings().text_bytes();
  names_written_ = 1;  // the empty one is known
  text_bytes_written_ = 0;

  std::string totals;
  const Lifecycles::Folded folded = standing_.folded();
  for (const std::uint64_t total :
       {folded.events, folded.buffers, folded.bytes, folded.max_live_bytes, folded.max_live_buffers})
    append_varint(totals, total);
  BlockHeader header;
  header.kind = BlockKind::section;
  header.first_event = standing_.events();
  header.first_row = standing_.rows();
  header.first_time_ns = header.last_time_ns = last_time_ns_;
  header.live_bytes = standing_.live_bytes();
  if (!write_block(header, totals)) return false;

  standing_.for_each([&](const EventRecord& record) {
    open_block(record.time_ns);
    put_record(record.kind, record.time_ns);
    switch (record.kind) {
      case EventKind::alloc: {
        const Standing::Life& life = *standing_.find(record.id);
        put(Column::birth_row, life.row);
        put(Column::base, record.has_base ? age_of(record.base_id) : 0);
        put_birth(record, life);
        break;
      }
      case EventKind::reserve:
        put(Column::range_address, record.address);
        put(Column::range_size, record.size_bytes);
        break;
      case EventKind::link:
        put(Column::holder, age_of(record.id));
        put(Column::held, age_of(record.held_id));
        break;
      default:
        put(Column::phase, name(record.name));
        break;
    }
    return !block_is_full() || write_records(BlockKind::standing);
  });
  return kinds_.empty() ? good_ : write_records(BlockKind::standing);
}

void BufgcWriter::open_block(std::int64_t time_ns) {
  if (!kinds_.empty()) return;
  header_ = {};
  header_.first_event = standing_.events();
  header_.first_row = standing_.rows();
  header_.live_bytes = standing_.live_bytes();
  header_.first_time_ns = header_.last_time_ns = time_ns;
}

void BufgcWriter::put_record(EventKind kind, std::int64_t time_ns) {
  put(Column::time, static_cast<std::uint64_t>(time_ns) - static_cast<std::uint64_t>(header_.last_time_ns));
  header_.last_time_ns = time_ns;
  kinds_.push_back(static_cast<std::uint8_t>(kind));
}

void BufgcWriter::put_birth(const EventRecord& event, const Standing::Life& life) {
  ++header_.births;
  put(Column::id_slot, event.id & 0xffffffffU);
  put(Column::id_generation, event.id >> 32U);
  put(Column::size, event.size_bytes);
  put(Column::capacity, fold_sign(event.capacity_bytes - event.size_bytes));
  put(Column::address, event.address + 1);
  put(Column::label, life.label);
  put(Column::dtype, life.dtype);
  put(Column::shape, life.shape);
  put(Column::site, life.site);
  put(Column::thread, life.thread);
  put(Column::kind, event.buffer_kind);
  put(Column::served_by, plus_one(event.served_by));
}

std::uint64_t BufgcWriter::age_of(std::uint64_t id) const noexcept {
  const Standing::Life* const life = standing_.find(id);
  return life == nullptr ? 0 : standing_.rows() - life->row;
}

std::uint64_t BufgcWriter::name(std::string_view text) {
  return standing_.strings().intern(text);
}

template <class Work>
bool BufgcWriter::guarded(Work&& work) {
#if defined(__cpp_exceptions)
  try {
    return work();
  } catch (...) {
    give_up();
    throw;
  }
#else
  return work();
#endif
}

bool BufgcWriter::add(const EventRecord& event) {
  return guarded([&] { return add_event(event); });
}

bool BufgcWriter::flush() {
  return guarded([&] { return write_waiting(); });
}

bool BufgcWriter::close() {
  return guarded([&] { return write_waiting() && (closed_ || write_index()); });
}

bool BufgcWriter::add_event(const EventRecord& event) {
  if (!good_ || closed_) return false;
  if (kinds_.empty() && !begin_section_when_due()) return false;
  EventRecord record = event;
  record.time_ns = any_time_ ? std::max(event.time_ns, last_time_ns_) : event.time_ns;
  for (std::string_view* const text :
       {&record.name, &record.dtype, &record.shape, &record.site, &record.thread})
    *text = text->substr(0, max_text_bytes);
  open_block(record.time_ns);
  if (!(record.kind == EventKind::use ? put_use(record) : put_event(record))) return good_;
  last_time_ns_ = record.time_ns;
  any_time_ = true;
  return !block_is_full() || write_waiting();
}

bool BufgcWriter::put_event(const EventRecord& event) {
  // Who is meant is asked before the event, which may be its end.
  const std::uint64_t id = event.kind == EventKind::alloc ? event.base_id : event.id;
  const std::uint64_t age = age_of(id);
  const std::uint64_t held_age = age_of(event.held_id);
  SkipReason reason{};
  if (!standing_.add(event, reason)) {
    skip(reason);
    return false;
  }
  put_record(event.kind, event.time_ns);
  switch (event.kind) {
    case EventKind::alloc:
      put(Column::base, event.has_base && event.base_id != event.id ? age : 0);
      put_birth(event, *standing_.find(event.id));
      break;
    case EventKind::free:
      put(Column::ended, age);
      put(Column::cause, plus_one(event.cause));
      put(Column::freed_to, plus_one(event.freed_to));
      break;
    case EventKind::use:
      break;
    case EventKind::mark:
      put(Column::phase, name(event.name));
      break;
    case EventKind::reserve:
    case EventKind::release:
      put(Column::range_address, event.address);
      put(Column::range_size, event.size_bytes);
      break;
    case EventKind::link:
    case EventKind::unlink:
      put(Column::holder, age);
      put(Column::held, held_age);
      break;
    case EventKind::move:
      put(Column::moved, age);
      put(Column::move_from, event.from_address);
      put(Column::move_to, event.address);
      break;
  }
  return true;
}

bool BufgcWriter::put_use(const EventRecord& event) {
  const std::size_t before = accesses_.size();
  for (const EventRecord::Use& use : event.uses) {
    const std::uint64_t age = age_of(use.id);
    if (age == 0) continue;
    put(Column::used, age);
    accesses_.push_back(std::max<std::uint8_t>(use.access & 3U, 1));
  }
  const std::size_t used = accesses_.size() - before;
  if (used < event.uses.size() || used == 0) skip(SkipReason::use_of_unknown_id);
  if (used == 0) return false;
  put_record(event.kind, event.time_ns);
  put(Column::kernel, name(event.name));
  put(Column::use_count, used);
  SkipReason reason{};
  return standing_.add(event, reason);
}

void BufgcWriter::skip(SkipReason reason, std::uint64_t events) noexcept {
  skipped_[static_cast<std::size_t>(reason)] += events;
}

bool BufgcWriter::block_is_full() const noexcept {
  const StringTable& strings = standing_.strings();
  return kinds_.size() >= std::min(options_.block_records, max_block_records) ||
         accesses_.size() >= block_uses || strings.text_bytes() - text_bytes_written_ >= block_text_bytes;
}

std::string BufgcWriter::payload() {
  std::string bytes;
  StringTable& strings = standing_.strings();
  std::vector<std::uint64_t> lengths;
  for (std::uint32_t name = names_written_; name < strings.size(); ++name)
    lengths.push_back(strings.at(name).size());
  append_varint(bytes, lengths.size());
  encode_column(lengths, bytes);
  for (; names_written_ < strings.size(); ++names_written_) bytes.append(strings.at(names_written_));
  text_bytes_written_ = strings.text_bytes();

  for (std::size_t i = 0; i < kinds_.size(); i += 2) {
    const unsigned second = i + 1 < kinds_.size() ? kinds_[i + 1] : 0U;
    bytes.push_back(static_cast<char>(kinds_[i] | (second << 4U)));
  }
  for (const std::vector<std::uint64_t>& column : columns_) encode_column(column, bytes);
  for (std::size_t i = 0; i < accesses_.size(); i += 4) {
    unsigned four = 0;
    for (std::size_t j = i; j < std::min(i + 4, accesses_.size()); ++j)
      four |= static_cast<unsigned>(accesses_[j]) << (2 * (j - i));
    bytes.push_back(static_cast<char>(four));
  }
  return bytes;
}

bool BufgcWriter::anything_skipped() const noexcept {
  return std::any_of(skipped_.begin(), skipped_.end(), [](std::uint64_t count) { return count > 0; });
}

void BufgcWriter::append_skipped(std::string& bytes) {
  const auto reasons =
      std::count_if(skipped_.begin(), skipped_.end(), [](std::uint64_t count) { return count > 0; });
  append_varint(bytes, static_cast<std::uint64_t>(reasons));
  for (std::size_t reason = 0; reason < skip_reason_count; ++reason) {
    if (skipped_[reason] == 0) continue;
    append_varint(bytes, reason);
    append_varint(bytes, skipped_[reason]);
  }
  skipped_ = {};
}

bool BufgcWriter::write_records(BlockKind kind) {
  header_.kind = kind;
  header_.records = static_cast<std::uint32_t>(kinds_.size());
  std::string bytes = payload();
  if (kind == BlockKind::events) append_skipped(bytes);
  write_block(header_, bytes);
  for (std::vector<std::uint64_t>& column : columns_) column.clear();
  kinds_.clear();
  accesses_.clear();
  return good_;
}

bool BufgcWriter::write_waiting() {
  if (kinds_.empty() && !anything_skipped()) return good_;
  open_block(last_time_ns_);
  return write_records(BlockKind::events);
}

bool BufgcWriter::write_index() {
  closed_ = true;
  BlockHeader header;
  header.kind = BlockKind::index;
  header.first_event = standing_.events();
  header.first_row = standing_.rows();
  header.first_time_ns = header.last_time_ns = last_time_ns_;
  header.live_bytes = standing_.live_bytes();
  const std::uint64_t at = offset_;
  return write_block(header, index_.encode()) && write(encode_trailer(at));
}

bool write_bufgc(const Lifecycles& lifecycles, Sink& sink) {
  BufgcWriter writer(sink, lifecycles.folded);
  Records records(lifecycles);
  for (std::size_t event = 0; event < records.size() && writer.good(); ++event) writer.add(records.at(event));
  for (std::size_t reason = 0; reason < skip_reason_count; ++reason)
    writer.skip(static_cast<SkipReason>(reason), lifecycles.skipped_by_reason[reason]);
  return writer.close();
}

}  // namespace bufgc::trace
