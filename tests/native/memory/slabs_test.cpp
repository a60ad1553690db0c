// Memory for records.

#include "bufgc/memory/slabs.hpp"

#include <cstdint>
#include <cstring>
#include <vector>

#include "bufgc/memory/huge_pages.hpp"
#include "memory/support.hpp"

using namespace bufgc;
using namespace bufgc::testing;

namespace {

std::uintptr_t address(const void* piece) {
  return reinterpret_cast<std::uintptr_t>(piece);
}

}  // namespace

TEST_CASE("pieces of a slab are aligned, apart, and keep what is written to them", "[memory][slabs]") {
  constexpr std::size_t piece_bytes = 8256;
  Slabs slabs;
  std::vector<unsigned char*> pieces;
  // From piece to piece beyond the point where huge pages begin, and through two of those.
  for (std::size_t bytes = 0; bytes < Slabs::large_bytes + 5 * MiB; bytes += piece_bytes) {
    auto* const piece = static_cast<unsigned char*>(slabs.take(piece_bytes));
    REQUIRE(piece != nullptr);
    REQUIRE(address(piece) % Slabs::alignment_bytes == 0);
    std::memset(piece, static_cast<int>(pieces.size() % 251), piece_bytes);
    pieces.push_back(piece);
  }
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    REQUIRE(pieces[i][0] == i % 251);
    REQUIRE(pieces[i][piece_bytes - 1] == i % 251);
  }
  slabs.clear();
  CHECK(slabs.take(piece_bytes) != nullptr);
  slabs.clear();
}

TEST_CASE("once there are many, pieces fill huge pages one after the other", "[memory][slabs]") {
  if (!has_huge_pages) return;
  constexpr std::size_t piece_bytes = 16384;
  Slabs slabs;
  for (std::size_t bytes = 0; bytes < Slabs::large_bytes; bytes += piece_bytes) {
    REQUIRE(slabs.take(piece_bytes) != nullptr);
  }
  const std::uintptr_t first = address(slabs.take(piece_bytes));
  REQUIRE(first != 0);
  CHECK(first % huge_page_bytes == 0);
  for (std::size_t at = piece_bytes; at < huge_page_bytes; at += piece_bytes) {
    REQUIRE(address(slabs.take(piece_bytes)) == first + at);
  }
  CHECK(address(slabs.take(piece_bytes)) % huge_page_bytes == 0);
  slabs.clear();
}
