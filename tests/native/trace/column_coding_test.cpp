#include "trace/column_coding.hpp"

#include <catch2/catch.hpp>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "trace/column_form.hpp"
#include "trace/crc32c.hpp"

using namespace bufgc;

namespace {

/// Reads a column back; empty where its bytes are none or more of them were there.
std::vector<std::uint64_t> decoded(std::string bytes, std::size_t count) {
  const std::size_t size = bytes.size();
  bytes.append(trace::column_slack_bytes, '\x5a');
  trace::ByteCursor cursor(std::string_view(bytes).substr(0, size));
  std::vector<std::uint64_t> values(count);
  if (!trace::decode_column(cursor, count, values.data()) || cursor.left() > 0) return {};
  return values;
}

std::string encoded(const std::vector<std::uint64_t>& values) {
  std::string bytes;
  trace::encode_column(values, bytes);
  return bytes;
}

}  // namespace

TEST_CASE("CRC-32C has the sums of RFC 3720") {
  CHECK(trace::crc32c("") == 0);
  CHECK(trace::crc32c("123456789") == 0xe3069283U);
  CHECK(trace::crc32c(std::string(32, '\0')) == 0x8a9136aaU);
  CHECK(trace::crc32c(std::string(32, '\xff')) == 0x62a8ab43U);
}

TEST_CASE("a column reads back as it was written, in the shortest form") {
  constexpr std::uint64_t most = ~std::uint64_t{0};
  struct Case {
    std::vector<std::uint64_t> values;
    trace::ColumnForm form;
    bool differences;
  };
  std::vector<std::uint64_t> rising, falling, small, few, spread;
  std::mt19937_64 random(7);
  for (std::uint64_t i = 0; i < 1000; ++i) {
    rising.push_back(most - 500 + i);  // wraps
    falling.push_back(1000 - i);
    small.push_back(1000 + random() % 64);
    few.push_back(std::uint64_t{1} << (random() % 60));
    spread.push_back(random() >> (random() % 64));
  }
  const Case cases[] = {{{most}, trace::ColumnForm::constant, false},
                        {std::vector<std::uint64_t>(5000, 3), trace::ColumnForm::constant, false},
                        {falling, trace::ColumnForm::varints, true},
                        {rising, trace::ColumnForm::varints, true},
                        {small, trace::ColumnForm::packed, false},
                        {few, trace::ColumnForm::dictionary, false},
                        {spread, trace::ColumnForm::varints, false}};
  for (const Case& one : cases) {
    const std::string bytes = encoded(one.values);
    INFO(one.values.front() << ", " << bytes.size() << " bytes");
    CHECK(decoded(bytes, one.values.size()) == one.values);
    CHECK(static_cast<trace::ColumnForm>(bytes[0] & ~trace::differences_flag) == one.form);
    CHECK(((bytes[0] & trace::differences_flag) != 0) == one.differences);
  }
  CHECK(encoded({}).empty());
  CHECK(encoded(rising).size() < 1100);
  CHECK(encoded(small).size() < 1000 * 6 / 8 + 8);
}

TEST_CASE("random columns of every width and length read back") {
  std::mt19937_64 random(20240811);
  for (int round = 0; round < 3000; ++round) {
    std::vector<std::uint64_t> values(1 + random() % 40);
    const auto width = random() % 65;
    const std::uint64_t base = random() % 3 == 0 ? random() : 0;
    std::uint64_t sum = 0;
    const bool sums = random() % 2 == 0;
    for (std::uint64_t& value : values) {
      value = width == 0 ? 0 : random() >> (64 - width);
      sum += value;
      value = base + (sums ? sum : value);
    }
    INFO("round " << round << ", width " << width);
    REQUIRE(decoded(encoded(values), values.size()) == values);
  }
}

TEST_CASE("a column that is cut off or of no known form is refused") {
  std::vector<std::uint64_t> values;
  for (std::uint64_t i = 0; i < 64; ++i) values.push_back(i * i % 7 * 1000000007);
  for (const std::string& bytes : {encoded(values), encoded({1, 1, 1}), encoded({1, 1000, 30, 2})}) {
    const std::size_t count = bytes == encoded(values) ? values.size() : bytes == encoded({1, 1, 1}) ? 3 : 4;
    for (std::size_t length = 0; length < bytes.size(); ++length)
      CHECK(decoded(bytes.substr(0, length), count).empty());
  }
  CHECK(decoded(std::string("\x04\x00", 2), 1).empty());                             // form 4
  CHECK(decoded(std::string("\x01\x00\x39", 3) + std::string(16, 'a'), 2).empty());  // 57 bits
  CHECK(decoded(std::string("\x03\x00", 2), 1).empty());                             // a dictionary of none
  CHECK(decoded("\x03\x03\x01\x01\x01\x03", 1).empty());                      // the fourth of three values
  CHECK(decoded("\x02\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 1).empty());  // 65 bits
}
