#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <map>
#include <vector>

namespace bufgc {

/// Address ranges that do not overlap, each with a tag. Memory is reserved and released in pieces that
/// need not match: a release may cut a range or cover several.
template <class Tag>
class RangeMap {
 public:
  struct Piece {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;  ///< One past the last byte.
    Tag tag{};
  };

  /// Where a range ends; one that wraps ends with the address space.
  [[nodiscard]] static std::uint64_t end_of(std::uint64_t begin, std::uint64_t size) noexcept {
    constexpr std::uint64_t last = std::numeric_limits<std::uint64_t>::max();
    return size > last - begin ? last : begin + size;
  }

  /// The range must be free of others, and not empty.
  void insert(std::uint64_t begin, std::uint64_t end, Tag tag) { pieces_[begin] = {begin, end, tag}; }

  /// Removes every piece that overlaps [begin, end) as a whole and returns them, lowest first. The
  /// caller inserts again what sticks out.
  std::vector<Piece> take(std::uint64_t begin, std::uint64_t end) {
    std::vector<Piece> taken;
    auto piece = first_overlap(begin);
    while (piece != pieces_.end() && piece->second.begin < end) {
      taken.push_back(piece->second);
      piece = pieces_.erase(piece);
    }
    return taken;
  }
  [[nodiscard]] bool overlaps(std::uint64_t begin, std::uint64_t end) const {
    const auto piece = first_overlap(begin);
    return piece != pieces_.end() && piece->second.begin < end;
  }
  /// Calls `part(begin, end)` for each part of [begin, end) that no piece covers, lowest first.
  template <class Part>
  void uncovered(std::uint64_t begin, std::uint64_t end, Part&& part) const {
    for (auto piece = first_overlap(begin); piece != pieces_.end() && piece->second.begin < end; ++piece) {
      if (piece->second.begin > begin) part(begin, piece->second.begin);
      begin = piece->second.end;
    }
    if (begin < end) part(begin, end);
  }
  [[nodiscard]] std::vector<Piece> pieces() const {
    std::vector<Piece> all;
    for (const auto& [begin, piece] : pieces_) all.push_back(piece);
    return all;
  }
  void clear() noexcept { pieces_.clear(); }
  [[nodiscard]] std::size_t memory_bytes() const noexcept {
    return pieces_.size() * (sizeof(Piece) + sizeof(std::uint64_t) + 4 * sizeof(void*));
  }

 private:
  using Pieces = std::map<std::uint64_t, Piece>;
  [[nodiscard]] typename Pieces::const_iterator first_overlap(std::uint64_t begin) const {
    auto piece = pieces_.upper_bound(begin);
    if (piece != pieces_.begin()) {
      const auto before = std::prev(piece);
      if (before->second.end > begin) return before;
    }
    return piece;
  }

  Pieces pieces_;
};

}  // namespace bufgc
