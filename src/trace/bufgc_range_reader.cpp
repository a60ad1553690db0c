#include "trace/bufgc_range_reader.hpp"

#include "trace/column_coding.hpp"
#include "trace/crc32c.hpp"

namespace bufgc::trace {
namespace {

bool is_header(std::string_view bytes, BlockHeader& header) {
  return bytes.size() == block_header_bytes && decode_block_header(bytes, header).empty();
}
std::uint64_t behind(std::uint64_t offset, const BlockHeader& header) noexcept {
  return offset + block_header_bytes + header.payload_bytes;
}

}  // namespace

BufgcRangeReader::Part BufgcRangeReader::wanted() const noexcept {
  constexpr std::size_t piece_bytes = std::size_t{1} << 18U;
  switch (step_) {
    case Step::file_header:
      return {0, file_header_bytes};
    case Step::first_time:
    case Step::index_header:
    case Step::sections:
      return {offset_, block_header_bytes};
    case Step::trailer:
      return {offset_, trailer_bytes};
    case Step::index:
      return {offset_, header_.payload_bytes};
    case Step::blocks:
      return {offset_, piece_bytes};
    case Step::nothing:
      break;
  }
  return {};
}

void BufgcRangeReader::look_for_index() noexcept {
  if (file_bytes_ < trailer_bytes) return look_for_sections();
  step_ = Step::trailer;
  offset_ = file_bytes_ - trailer_bytes;
}

void BufgcRangeReader::look_for_sections() noexcept {
  index_ = {};
  step_ = Step::sections;
  offset_ = file_header_bytes;
}

void BufgcRangeReader::begin_blocks() {
  const SectionPlace* const section = index_.before(range_.from_ns);
  offset_ = section == nullptr ? file_header_bytes : section->offset;
  if (section != nullptr) reader_.seek(offset_);
  step_ = Step::blocks;
}

bool BufgcRangeReader::take_index(std::string_view payload) {
  if (payload.size() != header_.payload_bytes || crc32c(payload) != header_.payload_sum) return false;
  std::string bytes(payload);
  bytes.append(column_slack_bytes, '\0');
  return index_.decode(std::string_view(bytes).substr(0, payload.size())) && !index_.places().empty() &&
         index_.places().back().offset < offset_;
}

bool BufgcRangeReader::feed(std::string_view piece) {
  BlockHeader header;
  switch (step_) {
    case Step::file_header:
      if (!reader_.feed(piece)) return false;
      if (start_ == RangeStart::clock || piece.size() < file_header_bytes) {
        look_for_index();
      } else {
        step_ = Step::first_time;
        offset_ = file_header_bytes;
      }
      break;
    case Step::first_time:
      if (is_header(piece, header) && header.records == 0 && header.kind != BlockKind::index) {
        offset_ = behind(offset_, header);
        break;
      }
      if (is_header(piece, header) && header.records > 0) origin_ns_ = header.first_time_ns;
      range_ = moved(range_, origin_ns_);
      look_for_index();
      break;
    case Step::trailer:
      if (decode_trailer(piece, offset_) && offset_ <= file_bytes_) {
        step_ = Step::index_header;
      } else {
        look_for_sections();
      }
      break;
    case Step::index_header:
      if (is_header(piece, header_) && header_.kind == BlockKind::index) {
        step_ = Step::index;
        offset_ += block_header_bytes;
      } else {
        look_for_sections();
      }
      break;
    case Step::index:
      if (take_index(piece)) {
        begin_blocks();
      } else {
        look_for_sections();
      }
      break;
    case Step::sections:  // as far as there are whole headers
      if (!is_header(piece, header)) {
        begin_blocks();
        break;
      }
      if (header.kind == BlockKind::section) index_.add({offset_, header.first_event, header.last_time_ns});
      offset_ = behind(offset_, header);
      break;
    case Step::blocks:
      if (!reader_.feed(piece)) return false;
      offset_ += piece.size();
      if (piece.empty() && !reader_.finish()) return false;
      if (piece.empty() || reader_.is_past(range_.to_ns)) step_ = Step::nothing;
      break;
    case Step::nothing:
      break;
  }
  return true;
}

bool BufgcRangeReader::finish() {
  if (!reader_.error().message.empty()) return false;
  result_ = cut(reader_.take(), range_);
  return true;
}

bool read_bufgc_range(ByteSource& file, TimeRange range, RangeRead& read) {
  BufgcRangeReader reader(file.size_bytes(), range, RangeStart::clock);
  bool good = true;
  for (auto part = reader.wanted(); good && part.count > 0; part = reader.wanted())
    good = reader.feed(file.read(part.offset, part.count));
  good = good && reader.finish();
  read.error = reader.error();
  read.notice = reader.notice();
  read.lifecycles = reader.take();
  return good;
}

}  // namespace bufgc::trace
