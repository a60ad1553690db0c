#include "trace/bufgc_reader.hpp"

#include <algorithm>

#include "trace/bufgc_index.hpp"
#include "trace/column_coding.hpp"
#include "trace/crc32c.hpp"

namespace bufgc::trace {

std::size_t BufgcReader::wanted() const noexcept {
  switch (next_) {
    case Next::file_header:
      return file_header_bytes;
    case Next::block_header:
      return block_header_bytes;
    case Next::payload:
      return header_.payload_bytes;
    case Next::trailer:
      return trailer_bytes;
    case Next::nothing:
      break;
  }
  return 0;
}

void BufgcReader::expect(std::uint64_t file_bytes, std::string_view last_bytes) {
  std::uint64_t index = 0;
  if (last_bytes.size() < block_header_bytes + trailer_bytes || last_bytes.size() > file_bytes ||
      !decode_trailer(last_bytes.substr(last_bytes.size() - trailer_bytes), index))
    return;
  const std::uint64_t first = file_bytes - last_bytes.size();
  if (index < first || index - first > last_bytes.size() - block_header_bytes) return;
  BlockHeader header;
  const std::string_view bytes =
      last_bytes.substr(static_cast<std::size_t>(index - first), block_header_bytes);
  if (!decode_block_header(bytes, header).empty() || header.kind != BlockKind::index) return;
  // What comes before the index is all there is. Events take more bytes than this, save in the most regular
  // files.
  constexpr std::uint64_t least_event_bytes = 4;
  const std::uint64_t most = file_bytes / least_event_bytes;
  rows_.reserve(static_cast<std::size_t>(std::min(header.first_row, most)),
                static_cast<std::size_t>(std::min(header.first_event, most)));
}

bool BufgcReader::feed(std::string_view piece) {
  if (!error_.message.empty()) return false;
  while (!piece.empty()) {
    if (next_ == Next::nothing) return fail(offset_, "expected the end of the file, found more bytes");
    const std::size_t taken = std::min(wanted() - part_.size(), piece.size());
    part_.append(piece.substr(0, taken));
    piece.remove_prefix(taken);
    // A payload may be empty: it is then whole at once.
    while (part_.size() == wanted() && next_ != Next::nothing) {
      if (!take_part()) return false;
    }
  }
  return true;
}

bool BufgcReader::take_part() {
  const std::size_t size = part_.size();
  std::string wrong;
  switch (next_) {
    case Next::file_header:
      wrong = decode_file_header(part_);
      next_ = Next::block_header;
      break;
    case Next::block_header:
      block_offset_ = offset_;
      wrong = decode_block_header(part_, header_);
      next_ = Next::payload;
      break;
    case Next::payload:
      part_.append(column_slack_bytes, '\0');
      if (!take_payload(std::string_view(part_).substr(0, size))) return false;
      next_ = header_.kind == BlockKind::index ? Next::trailer : Next::block_header;
      break;
    case Next::trailer: {
      std::uint64_t index_offset = 0;
      if (!decode_trailer(part_, index_offset) || index_offset != block_offset_)
        wrong = "expected the file's last bytes, which name the index at byte " +
                std::to_string(block_offset_) + ", found others";
      next_ = Next::nothing;
      break;
    }
    case Next::nothing:
      break;
  }
  if (!wrong.empty()) return fail(offset_, wrong);
  offset_ += size;
  part_.clear();
  return true;
}

bool BufgcReader::take_payload(std::string_view payload) {
  if (crc32c(payload) != header_.payload_sum)
    return fail(block_offset_, "expected a block with its checksum, found another sum");
  std::string wrong;
  switch (header_.kind) {
    case BlockKind::section:
      wrong = rows_.section(header_, payload);
      break;
    case BlockKind::standing:
    case BlockKind::events:
      wrong = rows_.records(header_, payload);
      any_events_ = any_events_ || header_.kind == BlockKind::events;
      break;
    case BlockKind::index:
      if (SectionIndex index; !index.decode(payload)) wrong = "expected an index, found bytes that are none";
      break;
  }
  return wrong.empty() || fail(block_offset_, wrong);
}

bool BufgcReader::finish() {
  if (!error_.message.empty()) return false;
  if (next_ == Next::nothing) return true;
  const std::uint64_t end = offset_ + part_.size();
  if (next_ == Next::file_header)
    return fail(end, "expected a .bufgc file, found the end of its first " + std::to_string(end) + " bytes");
  const std::string events = std::to_string(rows_.events()) + " events before it were read";
  notice_ = at_byte(end);
  if (next_ == Next::trailer || (next_ == Next::payload && header_.kind == BlockKind::index)) {
    notice_ += "the file is cut off in its index; all " + events;
  } else if (next_ == Next::block_header && part_.empty()) {
    notice_ += "the file was not closed and may be cut off; the " + events;
  } else {
    notice_ += "the file is cut off within the block that begins at byte " +
               std::to_string(next_ == Next::payload ? block_offset_ : offset_) + "; the " + events;
  }
  return true;
}

bool BufgcReader::fail(std::uint64_t offset, const std::string& what) {
  error_.message = at_byte(offset) + what;
  return false;
}

std::unique_ptr<Reader> make_bufgc_reader() {
  return std::make_unique<BufgcReader>();
}

}  // namespace bufgc::trace
