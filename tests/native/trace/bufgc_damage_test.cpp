// Broken and hostile binary files: cut off, flipped, forged, from the future.

#include <catch2/catch.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bufgc/viz/lifecycles_builder.hpp"
#include "trace/bufgc_format.hpp"
#include "trace/bufgc_writer.hpp"
#include "trace/column_coding.hpp"
#include "trace/crc32c.hpp"
#include "trace/equal_lifecycles.hpp"
#include "trace/little_endian.hpp"
#include "trace/reading.hpp"
#include "trace/records.hpp"

using namespace bufgc;

namespace {

struct Reference {
  std::string bytes;
  std::vector<std::size_t> block_ends;         // where a file may be cut off between blocks
  std::vector<std::size_t> events_before_end;  // so many events stand before each of them
};

/// A small file of several blocks and sections.
Reference reference() {
  const Read text = read_ndjson(file_text(BUFGC_TEST_DATA "/every_field.ndjson"));
  REQUIRE(text.good);
  trace::StringSink sink;
  trace::BufgcOptions options;
  options.block_records = 4;
  options.section_records = 8;
  trace::BufgcWriter writer(sink, {}, options);
  trace::Records records(text.rows);
  for (std::size_t event = 0; event < records.size(); ++event) REQUIRE(writer.add(records.at(event)));
  REQUIRE(writer.close());
  Reference result{sink.text, {trace::file_header_bytes}, {0}};
  trace::BlockHeader header;
  for (std::size_t at = trace::file_header_bytes; at + trace::trailer_bytes < sink.text.size();) {
    const std::string_view bytes = std::string_view(sink.text).substr(at, trace::block_header_bytes);
    REQUIRE(trace::decode_block_header(bytes, header).empty());
    at += trace::block_header_bytes + header.payload_bytes;
    result.block_ends.push_back(at);
    result.events_before_end.push_back(result.events_before_end.back() +
                                       (header.kind == trace::BlockKind::events ? header.records : 0));
  }
  return result;
}

std::string file_of(const trace::BlockHeader& header, const std::string& payload) {
  trace::BlockHeader whole = header;
  whole.payload_bytes = static_cast<std::uint32_t>(payload.size());
  whole.payload_sum = trace::crc32c(payload);
  trace::BlockHeader section;
  section.kind = trace::BlockKind::section;
  const std::string totals(5, '\0');
  section.payload_bytes = 5;
  section.payload_sum = trace::crc32c(totals);
  return trace::encode_file_header() + trace::encode_block_header(section) + totals +
         trace::encode_block_header(whole) + payload;
}

std::string error_of(const std::string& bytes) {
  const Read read = read_bufgc(bytes);
  CHECK_FALSE(read.good);
  return read.error.message;
}

}  // namespace

TEST_CASE("a binary file cut off at any byte opens up to its last whole block and says so") {
  const Reference file = reference();
  REQUIRE(file.block_ends.size() > 6);
  std::size_t block = 0;
  for (std::size_t length = 0; length < file.bytes.size(); ++length) {
    while (block + 1 < file.block_ends.size() && file.block_ends[block + 1] <= length) ++block;
    const Read read = read_bufgc(file.bytes.substr(0, length));
    INFO("cut at byte " << length << ": " << read.error.message << read.notice);
    if (length < trace::file_header_bytes) {
      REQUIRE_FALSE(read.good);
      REQUIRE(read.error.message.find("byte " + std::to_string(length) + ": expected a .bufgc file") == 0);
      continue;
    }
    REQUIRE(read.good);
    REQUIRE(read.notice.find("byte " + std::to_string(length) + ": the file ") == 0);
    REQUIRE(read.rows.event_count() == file.events_before_end[block]);
    REQUIRE(read.notice.find(std::to_string(file.events_before_end[block]) + " events") != std::string::npos);
  }
  CHECK(read_bufgc(file.bytes).notice.empty());
  CHECK(error_of(file.bytes + "x") ==
        "byte " + std::to_string(file.bytes.size()) + ": expected the end of the file, found more bytes");
}

TEST_CASE("any single flipped bit of a binary file is an error with its place") {
  const Reference file = reference();
  for (std::size_t bit = 0; bit < file.bytes.size() * 8; ++bit) {
    std::string broken = file.bytes;
    broken[bit / 8] = static_cast<char>(static_cast<unsigned char>(broken[bit / 8]) ^ (1U << (bit % 8)));
    const Read read = read_bufgc(broken);
    INFO("bit " << bit);
    REQUIRE_FALSE(read.good);
    REQUIRE(read.error.message.find("byte ") == 0);
    REQUIRE(read.error.message.find("expected ") != std::string::npos);
    // What came before stays: the whole blocks before the broken one.
    std::size_t block = 0;
    while (block + 1 < file.block_ends.size() && file.block_ends[block + 1] <= bit / 8) ++block;
    REQUIRE(read.rows.event_count() >=
            (bit / 8 < trace::file_header_bytes ? 0 : file.events_before_end[block]));
  }
}

TEST_CASE("a file of a newer version is refused by name") {
  std::string header(trace::bufgc_magic);
  trace::append(header, std::uint32_t{2});
  trace::append(header, trace::crc32c(header));
  CHECK(error_of(header) ==
        "byte 0: expected version 1 of the .bufgc format, found version 2, of a newer bufgc");
}

TEST_CASE("lengths that a file claims are bounded before room is made for them") {
  trace::BlockHeader header;
  header.records = 0xffffffffU;
  CHECK(error_of(file_of(header, "")).find("expected at most 65536 records in a block, found 4294967295") !=
        std::string::npos);
  header.records = 60000;  // in no bytes
  CHECK(error_of(file_of(header, std::string(2, '\0'))).find("expected the records' kinds") !=
        std::string::npos);
  header.records = 1;
  header.births = 2;
  CHECK(error_of(file_of(header, "")).find("with 2 births") != std::string::npos);
  header.births = 0;
  // So many names, and a name so long, in a few bytes.
  CHECK(error_of(file_of(header, "\xff\xff\xff\xff\x0f")).find("expected a number of names") !=
        std::string::npos);
  CHECK(error_of(file_of(header, std::string("\x01\x00\xff\xff\x03", 5) + "abc"))
            .find("expected a name of 1 byte to what the block has, found one of 65535") !=
        std::string::npos);
  // One use of a billion buffers.
  std::string use("\x00\x02", 2);                     // no names, one use
  use += std::string("\x00\x00\x00\x00", 4);          // its time, its kernel
  use += std::string("\x00\x80\x94\xeb\xdc\x03", 6);  // 1,000,000,000 of them
  CHECK(error_of(file_of(header, use)).find("found one of 1000000000") != std::string::npos);

  std::string large = file_of(header, "");
  trace::BlockHeader claims;
  claims.payload_bytes = 0x7fffffffU;
  large.resize(large.size() - trace::block_header_bytes);
  large += trace::encode_block_header(claims);
  CHECK(error_of(large).find("expected a block of at most 64 MiB, found 2147483647 bytes") !=
        std::string::npos);
}

TEST_CASE("a block with good sums that says what cannot be is an error, and harms nothing before it") {
  const auto one_record = [](std::uint8_t kind, const std::string& columns) {
    trace::BlockHeader header;
    header.records = 1;
    header.births = kind == 0 ? 1 : 0;
    return file_of(header, std::string(1, '\0') + static_cast<char>(kind) + columns + std::string(1, '\0'));
  };
  const std::string zero("\0\0", 2);  // a column of one 0
  const std::string one("\0\1", 2);
  CHECK(error_of(one_record(9, zero)).find("expected a record of kind 0 to 8, found kind 9") !=
        std::string::npos);
  CHECK(error_of(one_record(1, zero + one + one + one)).find("the end of a buffer that is alive") !=
        std::string::npos);
  CHECK(error_of(one_record(6, zero + one + one)).find("a link of a buffer that is alive") !=
        std::string::npos);
  CHECK(error_of(one_record(8, zero + one + one + one)).find("a move of a buffer that is alive") !=
        std::string::npos);
  CHECK(error_of(one_record(3, zero + one)).find("expected the number of a name below 1") !=
        std::string::npos);
  CHECK(error_of(one_record(3, one + zero)).find("expected times that end with 0") != std::string::npos);
  CHECK(error_of(one_record(3, zero + zero + std::string("\0x", 2)))
            .find("expected the end of the block, found 2 more") != std::string::npos);
  // A birth whose base is not there; the columns up to the base, then the rest.
  std::string columns;
  for (int i = 0; i < 6; ++i) columns += zero;
  columns += one;
  for (int i = 0; i < 7; ++i) columns += zero;
  const std::string bytes = one_record(0, columns);
  const Read read = read_bufgc(bytes);
  CHECK(read.error.message.find("a view of a buffer that is alive") != std::string::npos);
  CHECK(read.rows.size() == 0);
  CHECK(read.rows.event_count() == 0);
  CHECK(read.rows.label.empty());

  trace::BlockHeader lost;
  lost.first_event = 17;
  CHECK(error_of(file_of(lost, std::string(2, '\0')))
            .find("expected a block that begins with event 0 and birth 0, found event 17") !=
        std::string::npos);
}

TEST_CASE("detection goes by the first byte") {
  std::string why;
  const auto reader = trace::make_reader("whatever.ndjson", trace::bufgc_magic, why);
  REQUIRE(reader != nullptr);
  CHECK_FALSE(reader->feed("\x89PNG\r\n\x1a\n        "));
  CHECK(reader->error().message == "byte 0: expected the first bytes of a .bufgc file, found others");
}

TEST_CASE(
    "a reader that sees a binary file's end makes room for all of it at once, and never for more than it can "
    "hold") {
  Lifecycles rows;
  {
    LifecyclesBuilder builder;
    for (std::uint64_t id = 0; id < 3000; ++id) {
      EventRecord birth;
      birth.kind = Lifecycles::EventKind::alloc;
      birth.id = id * 7919;
      birth.time_ns = static_cast<std::int64_t>(id * id);
      birth.size_bytes = birth.capacity_bytes = (id * 2654435761U) % 1'000'003;
      REQUIRE(builder.alloc(birth));
      if (id % 3 == 0) REQUIRE(builder.free(birth.time_ns, birth.id, 0, 0));
    }
    rows = builder.take();
  }
  const std::string bytes = bufgc_of(rows);
  REQUIRE(bytes.size() > 4 * rows.event_count());
  const auto opened = [](std::string_view file, std::size_t tail) {
    std::unique_ptr<trace::Reader> reader = trace::make_bufgc_reader();
    reader->expect(file.size(), file.substr(file.size() - tail));
    return reader;
  };
  const std::unique_ptr<trace::Reader> reader = opened(bytes, 4096);
  for (std::size_t at = 0; at < bytes.size(); at += 1000)
    REQUIRE(reader->feed(std::string_view(bytes).substr(at, 1000)));
  REQUIRE(reader->finish());
  require_equal(reader->lifecycles(), rows);
  CHECK(reader->lifecycles().id.capacity() == rows.size());
  CHECK(reader->lifecycles().thread.width() == 1);
  CHECK(reader->lifecycles().freed_to.capacity() == rows.size());
  CHECK(reader->lifecycles().event_row.capacity() == rows.event_count());

  // Where the end is missing, cut or damaged there is no hint.
  for (const std::size_t tail :
       {std::size_t{0}, trace::trailer_bytes, trace::trailer_bytes + trace::block_header_bytes})
    CHECK(opened(bytes, tail)->lifecycles().id.capacity() == 0);
  std::string damaged = bytes;
  damaged.back() = 'x';
  CHECK(opened(damaged, 4096)->lifecycles().id.capacity() == 0);

  // An index that claims to follow more than any memory holds.
  std::uint64_t index = 0;
  REQUIRE(trace::decode_trailer(std::string_view(bytes).substr(bytes.size() - trace::trailer_bytes), index));
  const auto at = static_cast<std::size_t>(index);
  trace::BlockHeader header;
  REQUIRE(trace::decode_block_header(std::string_view(bytes).substr(at, trace::block_header_bytes), header)
              .empty());
  header.first_row = header.first_event = ~std::uint64_t{0} / 2;
  std::string forged = bytes;
  forged.replace(at, trace::block_header_bytes, trace::encode_block_header(header));
  const std::size_t room = opened(forged, 4096)->lifecycles().event_kind.capacity();
  CHECK(room > 0);
  CHECK(room <= forged.size() / 4);
}
