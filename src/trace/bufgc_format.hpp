#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace bufgc::trace {

// The frame of a .bufgc file; README.md describes it as a whole. Numbers are little-endian.

inline constexpr std::string_view bufgc_magic =
    "\x89"
    "bufgc\r\n";
inline constexpr std::uint32_t bufgc_version = 1;
/// Magic, version, and the CRC-32C of both.
inline constexpr std::size_t file_header_bytes = 16;
inline constexpr std::string_view bufgc_trailer_magic = "bufgcEND";
/// Where the index block begins, the CRC-32C of that number, 4 bytes of zero, magic.
inline constexpr std::size_t trailer_bytes = 24;

enum class BlockKind : std::uint32_t {
  section = 1,   ///< A new section: totals of what came before it. Names are counted anew.
  standing = 2,  ///< What holds at the section's beginning, as records of its births, segments, links, phase.
  events = 3,
  index = 4,  ///< The last one: where sections begin.
};

/// What every block begins with.
struct BlockHeader {
  BlockKind kind = BlockKind::events;
  std::uint32_t payload_bytes = 0;  ///< That follow.
  std::uint32_t records = 0;        ///< In the payload.
  std::uint32_t births = 0;         ///< Among them.
  std::uint64_t first_event = 0;    ///< Events in the file before this block.
  std::uint64_t first_row = 0;      ///< Births in the file before this block.
  std::int64_t first_time_ns = 0;   ///< Of the block's first and last record.
  std::int64_t last_time_ns = 0;
  std::uint64_t live_bytes = 0;   ///< The level before the block.
  std::uint32_t payload_sum = 0;  ///< CRC-32C of the payload.
};
/// The header above and its own CRC-32C.
inline constexpr std::size_t block_header_bytes = 64;

// Bounds that a reader insists on and a writer keeps.
inline constexpr std::size_t max_payload_bytes = std::size_t{64} << 20U;
inline constexpr std::size_t max_block_records = std::size_t{1} << 16U;
inline constexpr std::size_t max_text_bytes = std::size_t{16} << 20U;

[[nodiscard]] std::string encode_file_header();
[[nodiscard]] std::string encode_block_header(const BlockHeader& header);
[[nodiscard]] std::string encode_trailer(std::uint64_t index_offset);

/// What stands in the bytes, or why not: "expected …, found …", without the place. Empty is good.
[[nodiscard]] std::string decode_file_header(std::string_view bytes);
[[nodiscard]] std::string decode_block_header(std::string_view bytes, BlockHeader& header);
[[nodiscard]] bool decode_trailer(std::string_view bytes, std::uint64_t& index_offset);

/// How a message tells a place: "byte 4160: ".
[[nodiscard]] std::string at_byte(std::uint64_t offset);

}  // namespace bufgc::trace
