#include "trace/bufgc_format.hpp"

#include "trace/crc32c.hpp"
#include "trace/little_endian.hpp"

namespace bufgc::trace {

std::string encode_file_header() {
  std::string bytes(bufgc_magic);
  append(bytes, bufgc_version);
  append(bytes, crc32c(bytes));
  return bytes;
}

std::string decode_file_header(std::string_view bytes) {
  if (bytes.substr(0, bufgc_magic.size()) != bufgc_magic)
    return "expected the first bytes of a .bufgc file, found others";
  const auto version = load<std::uint32_t>(bytes.data() + 8);
  if (load<std::uint32_t>(bytes.data() + 12) != crc32c(bytes.substr(0, 12)))
    return "expected a file header with its checksum, found another sum";
  if (version != bufgc_version)
    return "expected version 1 of the .bufgc format, found version " + std::to_string(version) +
           ", of a newer bufgc";
  return {};
}

std::string encode_block_header(const BlockHeader& header) {
  std::string bytes;
  append(bytes, static_cast<std::uint32_t>(header.kind));
  append(bytes, header.payload_bytes);
  append(bytes, header.records);
  append(bytes, header.births);
  append(bytes, header.first_event);
  append(bytes, header.first_row);
  append(bytes, header.first_time_ns);
  append(bytes, header.last_time_ns);
  append(bytes, header.live_bytes);
  append(bytes, header.payload_sum);
  append(bytes, crc32c(bytes));
  return bytes;
}

std::string decode_block_header(std::string_view bytes, BlockHeader& header) {
  if (load<std::uint32_t>(bytes.data() + 60) != crc32c(bytes.substr(0, 60)))
    return "expected a block header with its checksum, found another sum";
  const auto kind = load<std::uint32_t>(bytes.data());
  if (kind < 1 || kind > 4) return "expected a block of kind 1 to 4, found kind " + std::to_string(kind);
  header.kind = static_cast<BlockKind>(kind);
  header.payload_bytes = load<std::uint32_t>(bytes.data() + 4);
  header.records = load<std::uint32_t>(bytes.data() + 8);
  header.births = load<std::uint32_t>(bytes.data() + 12);
  header.first_event = load<std::uint64_t>(bytes.data() + 16);
  header.first_row = load<std::uint64_t>(bytes.data() + 24);
  header.first_time_ns = load<std::int64_t>(bytes.data() + 32);
  header.last_time_ns = load<std::int64_t>(bytes.data() + 40);
  header.live_bytes = load<std::uint64_t>(bytes.data() + 48);
  header.payload_sum = load<std::uint32_t>(bytes.data() + 56);
  if (header.payload_bytes > max_payload_bytes)
    return "expected a block of at most 64 MiB, found " + std::to_string(header.payload_bytes) + " bytes";
  if (header.records > max_block_records || header.births > header.records)
    return "expected at most 65536 records in a block, found " + std::to_string(header.records) + " with " +
           std::to_string(header.births) + " births";
  if (header.last_time_ns < header.first_time_ns)
    return "expected a block's last time not before its first " + std::to_string(header.first_time_ns) +
           ", found " + std::to_string(header.last_time_ns);
  return {};
}

std::string encode_trailer(std::uint64_t index_offset) {
  std::string bytes;
  append(bytes, index_offset);
  append(bytes, crc32c(bytes));
  append(bytes, std::uint32_t{0});
  bytes.append(bufgc_trailer_magic);
  return bytes;
}

bool decode_trailer(std::string_view bytes, std::uint64_t& index_offset) {
  if (bytes.size() != trailer_bytes || bytes.substr(16) != bufgc_trailer_magic) return false;
  index_offset = load<std::uint64_t>(bytes.data());
  return load<std::uint32_t>(bytes.data() + 8) == crc32c(bytes.substr(0, 8)) &&
         load<std::uint32_t>(bytes.data() + 12) == 0;
}

std::string at_byte(std::uint64_t offset) {
  return "byte " + std::to_string(offset) + ": ";
}

}  // namespace bufgc::trace
