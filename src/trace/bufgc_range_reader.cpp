#include <algorithm>

#include "trace/bufgc_index.hpp"
#include "trace/bufgc_reader.hpp"
#include "trace/column_coding.hpp"
#include "trace/crc32c.hpp"
#include "trace/readers.hpp"

namespace bufgc::trace {
namespace {

/// The header of the block there, where there is one.
bool read_header(ByteSource& file, std::uint64_t offset, BlockHeader& header) {
  const std::string bytes = file.read(offset, block_header_bytes);
  return bytes.size() == block_header_bytes && decode_block_header(bytes, header).empty();
}

/// False where the file does not end with an index.
bool read_index(ByteSource& file, SectionIndex& index) {
  const std::uint64_t size = file.size_bytes();
  std::uint64_t offset = 0;
  BlockHeader header;
  if (size < trailer_bytes || !decode_trailer(file.read(size - trailer_bytes, trailer_bytes), offset) ||
      offset > size || !read_header(file, offset, header) || header.kind != BlockKind::index)
    return false;
  std::string payload = file.read(offset + block_header_bytes, header.payload_bytes);
  if (payload.size() != header.payload_bytes || crc32c(payload) != header.payload_sum) return false;
  payload.append(column_slack_bytes, '\0');
  return index.decode(std::string_view(payload).substr(0, header.payload_bytes)) && !index.places().empty() &&
         index.places().back().offset < offset;
}

/// Goes from block to block, as far as there are whole headers.
void find_sections(ByteSource& file, SectionIndex& index) {
  BlockHeader header;
  for (std::uint64_t offset = file_header_bytes; read_header(file, offset, header);
       offset += block_header_bytes + header.payload_bytes) {
    if (header.kind == BlockKind::section) index.add({offset, header.first_event, header.last_time_ns});
  }
}

}  // namespace

bool read_bufgc_range(ByteSource& file, TimeRange range, RangeRead& read) {
  BufgcReader reader;
  const auto failed = [&] {
    read.error = reader.error();
    return false;
  };
  if (!reader.feed(file.read(0, file_header_bytes))) return failed();
  SectionIndex index;
  if (!read_index(file, index)) {
    index = {};
    find_sections(file, index);
  }
  const SectionPlace* const section = index.before(range.from_ns);
  std::uint64_t offset = section == nullptr ? file_header_bytes : section->offset;
  if (section != nullptr) reader.seek(offset);
  while (!reader.is_past(range.to_ns)) {
    constexpr std::size_t piece_bytes = std::size_t{1} << 18U;
    const std::string piece = file.read(offset, piece_bytes);
    if (!reader.feed(piece)) return failed();
    offset += piece.size();
    if (piece.empty()) {
      if (!reader.finish()) return failed();
      break;
    }
  }
  read.notice = reader.notice();
  read.lifecycles = cut(reader.take(), range);
  return true;
}

}  // namespace bufgc::trace
