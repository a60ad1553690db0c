// The arena against its rules, written down plainly over a list of what lies where: which free space a block
// gets, what a freed one joins, what is taken from the source and what goes back, and what slides where.

#include <algorithm>
#include <cstring>
#include <iterator>
#include <optional>
#include <utility>

#include "bufgc/memory/arena.hpp"
#include "memory/field_source.hpp"
#include "memory/support.hpp"

using namespace bufgc;
using namespace bufgc::testing;

namespace {

constexpr std::size_t granule_bytes = 64;
constexpr std::size_t page_bytes = Field::page_bytes;
constexpr std::size_t page_count = 160;

enum class Kind { free, live, region };

struct Piece {
  std::byte* data;
  std::size_t bytes;
  Kind kind;
  Range* range = nullptr;  ///< Of a live one.
  unsigned char mark = 0;  ///< What its bytes are.
  [[nodiscard]] std::byte* end() const { return data + bytes; }
};

/// An arena, and what there must be in it.
class Watched {
 public:
  Watched(bool returns_memory, bool moves, Random& random)
      : field_(page_count, returns_memory, moves),
        arena_(field_, granule_bytes),
        by_address_(!returns_memory),
        random_(random) {
    for (int i = 0; i < 12; ++i) field_.occupy(below(random_, page_count));
  }

  void allocate(std::size_t bytes) {
    const std::optional<std::size_t> best = best_fit(bytes);
    const std::uint64_t used_bytes = reserved() - sum(Kind::free) + bytes;
    Range* const range = arena_.allocate(bytes);
    REQUIRE((range != nullptr) == best.has_value());
    if (!best) return;
    most_used_bytes_ = std::max(most_used_bytes_, used_bytes);
    std::size_t into = *best;
    if (by_address_ && pieces_[into].bytes - bytes > bytes / 16) into = first_fit(bytes);
    const bool high = by_address_ && bytes > most_used_bytes_ / 8;
    Piece& space = pieces_[into];
    std::byte* const at = high ? space.end() - bytes : space.data;
    REQUIRE(range->data == at);
    REQUIRE(range->capacity_bytes == bytes);
    REQUIRE(range->pins == 0);  // whoever had it before
    REQUIRE(range->slot == 0);
    range->size_bytes = bytes - below(random_, granule_bytes);
    const Piece block{at, bytes, Kind::live, range, static_cast<unsigned char>(random_())};
    std::memset(at, block.mark, range->size_bytes);
    if (space.bytes == bytes) {
      space = block;
      return;
    }
    ++splits_;
    space.bytes -= bytes;
    if (!high) space.data += bytes;
    insert(block);
  }

  /// What it joined then gives so many bytes back.
  void free_any(std::uint64_t bytes_to_release) {
    const std::optional<std::size_t> index = any_live();
    if (!index) return;
    Piece& piece = pieces_[*index];
    Range* const range = std::exchange(piece.range, nullptr);
    const bool planned = is_planned(piece);
    piece.kind = planned ? Kind::region : Kind::free;
    const std::size_t joined = join(*index);
    Range* const now = arena_.free(range);
    REQUIRE(now->data == pieces_[joined].data);
    REQUIRE(now->capacity_bytes == pieces_[joined].bytes);
    if (bytes_to_release == 0) return;
    const std::uint64_t released = planned ? 0 : cut(joined, bytes_to_release);
    REQUIRE(arena_.release_within(now, bytes_to_release) == released);
  }

  void grow(std::size_t bytes, std::size_t step_bytes, std::uint64_t limit_bytes) {
    if (best_fit(bytes)) return;
    std::optional<Piece> taken;
    for (std::size_t i = 0; i < pieces_.size() && !taken; ++i) {
      if (!is_last_of_extent(i)) continue;
      const std::size_t lacking = bytes - (pieces_[i].kind == Kind::free ? pieces_[i].bytes : 0);
      if (step_bytes > lacking) taken = growth(pieces_[i].end(), step_bytes, limit_bytes);
      if (!taken) taken = growth(pieces_[i].end(), lacking, limit_bytes);
    }
    if (!taken && step_bytes > bytes) taken = growth(field_.lowest(step_bytes), step_bytes, limit_bytes);
    if (!taken) taken = growth(field_.lowest(bytes), bytes, limit_bytes);
    REQUIRE(arena_.grow(bytes, step_bytes, limit_bytes) == taken.has_value());
    if (taken) add(*taken);
    REQUIRE(best_fit(bytes).has_value() == taken.has_value());
  }

  void grow_top(std::size_t bytes, std::uint64_t limit_bytes) {
    if (pieces_.empty()) return;
    std::optional<Piece> taken = growth(pieces_.back().end(), bytes, limit_bytes);
    if (!taken) taken = growth(field_.lowest(bytes), bytes, limit_bytes);
    REQUIRE(arena_.grow_top(bytes, limit_bytes) == taken.has_value());
    if (taken) add(*taken);
  }

  /// The highest first.
  void release_pages(std::uint64_t wanted_bytes) {
    std::uint64_t released = 0;
    for (std::size_t i = pieces_.size(); released < wanted_bytes && i-- > 0;) {
      if (pieces_[i].kind == Kind::free) released += cut(i, wanted_bytes - released);
    }
    REQUIRE(arena_.release_pages(wanted_bytes) == released);
  }

  /// The lowest first.
  void close_holes(std::uint64_t limit_bytes) {
    if (pieces_.empty()) return;
    std::vector<Piece> taken;
    for (std::size_t i = 0; i + 1 < pieces_.size(); ++i) {
      if (!is_last_of_extent(i)) continue;
      const auto hole_bytes = static_cast<std::size_t>(pieces_[i + 1].data - pieces_[i].end());
      if (hole_bytes > limit_bytes) continue;
      const std::optional<Piece> hole = growth(pieces_[i].end(), hole_bytes, limit_bytes);
      if (!hole) continue;
      taken.push_back(*hole);
      limit_bytes -= hole_bytes;
    }
    std::uint64_t limit_then = limit_bytes;
    for (const Piece& hole : taken) limit_then += hole.bytes;
    arena_.close_holes(limit_then);
    for (const Piece& hole : taken) add(hole);
  }

  /// Free pages elsewhere make room, in the place that lacks the fewest bytes.
  void exchange(std::size_t bytes, std::uint64_t wanted_limit_bytes, std::uint64_t limit_bytes) {
    if (best_fit(bytes)) return;
    static_cast<void>(field_.take_given());
    if (field_.least_move_bytes() == 0) {
      release_and_grow(bytes, wanted_limit_bytes, limit_bytes);
      return;
    }
    Place cheapest{nullptr, round_up(bytes, page_bytes)};
    for (std::size_t i = 0; i < pieces_.size(); ++i) {
      const std::optional<Place> place = is_last_of_extent(i) ? place_after(i, bytes) : std::nullopt;
      if (!place || place->bytes >= cheapest.bytes) continue;
      if (reserved() + place->bytes <= wanted_limit_bytes + page_bytes_beside(*place)) cheapest = *place;
    }
    std::vector<Place> places{cheapest};
    if (cheapest.at != nullptr) places.push_back({nullptr, round_up(bytes, page_bytes)});
    std::optional<Piece> taken;
    std::uint64_t vacated = 0;
    for (const Place& place : places) {
      const std::uint64_t grown = reserved() + place.bytes;
      const std::uint64_t excess = grown - std::min(grown, wanted_limit_bytes);
      vacated = std::min<std::uint64_t>({excess, place.bytes, page_bytes_beside(place)});
      cheapest = place;
      if (grown - vacated > limit_bytes) continue;
      if (place.at == nullptr) {
        if (std::byte* const at = field_.lowest(place.bytes)) taken = Piece{at, place.bytes, Kind::free};
      } else if (field_.has_room_at(place.at, place.bytes)) {
        taken = Piece{place.at, place.bytes, Kind::free};
      } else {
        ++refused_calls_;
      }
      if (taken) break;
    }
    const Arena::Exchange exchange = arena_.grow_by_exchange(bytes, wanted_limit_bytes, limit_bytes);
    REQUIRE(exchange.grown == taken.has_value());
    if (!taken) {
      REQUIRE(field_.take_given().empty());
      return;
    }
    apply_given(exchange, vacated, taken->data, cheapest);
    add(*taken);
    REQUIRE(best_fit(bytes));
  }

  void pin_any() {
    if (const std::optional<std::size_t> index = any_live()) pieces_[*index].range->pins ^= 1U;
  }

  /// Between two free pieces, the nearest that together have the bytes, over the fewest bytes in use.
  void compact(std::size_t bytes, std::uint64_t limit_bytes) {
    std::optional<Window> window = cheapest_window(bytes);
    std::optional<Piece> taken;
    if (!window && !pieces_.empty()) {
      std::size_t gathered = 0;
      std::size_t i = pieces_.size();
      while (i-- > 0 && (pieces_[i].kind == Kind::free || may_move(pieces_[i]))) {
        if (pieces_[i].kind == Kind::free) gathered += pieces_[i].bytes;
        if (i > 0 && is_last_of_extent(i - 1)) break;
      }
      taken = growth(pieces_.back().end(), bytes - gathered, limit_bytes);
    }
    const bool done = arena_.compact(bytes, limit_bytes);
    if (taken) {
      add(*taken);
      window = cheapest_window(bytes);
    }
    REQUIRE(done == window.has_value());
    if (window && window->first != window->last) slide(*window);
    if (window) REQUIRE(best_fit(bytes));
  }

  void make_region() {
    const std::optional<std::size_t> index = any_live();
    if (!index || region_ != nullptr || pieces_[*index].range->pins != 0) return;
    Piece& piece = pieces_[*index];
    piece.range->size_bytes = 0;
    arena_.make_region(std::exchange(piece.range, nullptr));
    piece.kind = Kind::region;
    region_ = piece.data;
    region_end_ = piece.end();
  }
  void allocate_in_region(std::size_t offset_bytes, std::size_t bytes) {
    if (region_ == nullptr) return;
    const auto at = std::find_if(pieces_.begin(), pieces_.end(), [&](const Piece& piece) {
      return piece.kind == Kind::region && piece.data <= region_ + offset_bytes &&
             region_ + offset_bytes + bytes <= piece.end();
    });
    Range* const range = arena_.allocate_in_region(offset_bytes, bytes);
    REQUIRE((range != nullptr) == (at != pieces_.end()));
    if (range == nullptr) return;
    range->size_bytes = bytes;
    const Piece block{region_ + offset_bytes, bytes, Kind::live, range,
                      static_cast<unsigned char>(random_())};
    REQUIRE(range->data == block.data);
    std::memset(block.data, block.mark, bytes);
    const Piece around = *at;
    pieces_.erase(at);
    if (around.data != block.data) {
      insert({around.data, static_cast<std::size_t>(block.data - around.data), Kind::region});
    }
    if (around.end() != block.end()) {
      insert({block.end(), static_cast<std::size_t>(around.end() - block.end()), Kind::region});
    }
    if (around.bytes != bytes) ++splits_;
    insert(block);
  }
  void dissolve_region() {
    arena_.dissolve_region();
    for (std::size_t i = 0; i < pieces_.size(); ++i) {
      if (pieces_[i].kind != Kind::region) continue;
      pieces_[i].kind = Kind::free;
      i = join(i);
    }
    region_ = region_end_ = nullptr;
  }
  [[nodiscard]] const Arena::Counts& counts() const { return arena_.counts(); }
  [[nodiscard]] std::size_t region_bytes() const { return static_cast<std::size_t>(region_end_ - region_); }

  void check() {
    most_reserved_bytes_ = std::max(most_reserved_bytes_, reserved());
    REQUIRE(arena_.reserved_bytes() == reserved());
    REQUIRE(field_.pages_out() * page_bytes == reserved());
    REQUIRE(arena_.free_bytes() == sum(Kind::free));
    REQUIRE(arena_.region_free_bytes() == sum(Kind::region));
    REQUIRE(arena_.region_bytes() == region_bytes());
    std::size_t free_page_bytes = 0;
    std::size_t extents = 0;
    for (std::size_t i = 0; i < pieces_.size(); ++i) {
      if (pieces_[i].kind == Kind::free) free_page_bytes += pages_of(pieces_[i]).size_bytes;
      extents += is_last_of_extent(i) ? 1U : 0U;
    }
    REQUIRE(arena_.free_page_bytes() == free_page_bytes);
    REQUIRE(arena_.counts().extents == extents);
    REQUIRE(arena_.counts().splits == splits_);
    REQUIRE(arena_.counts().merges == merges_);
    REQUIRE(arena_.counts().source_calls == field_.calls() + refused_calls_);
    REQUIRE(arena_.counts().moved_pages == moved_pages_);
    REQUIRE(arena_.counts().peak_reserved_bytes == most_reserved_bytes_);
    REQUIRE(arena_.counts().compactions == compactions_);
    REQUIRE(arena_.counts().moved_bytes == moved_bytes_);
    const bool ends_free = !pieces_.empty() && pieces_.back().kind == Kind::free;
    const std::size_t free_end = ends_free ? pieces_.back().bytes : 0;
    for (const std::size_t bytes : {free_end - std::min<std::size_t>(free_end, 1), free_end, free_end + 1}) {
      REQUIRE(arena_.lacking_bytes(bytes) == bytes - std::min(bytes, free_end));
    }
    for (const Piece& piece : pieces_) {
      if (piece.kind != Kind::live) continue;
      REQUIRE(piece.range->data == piece.data);
      const auto* bytes = reinterpret_cast<const unsigned char*>(piece.data);
      REQUIRE(bytes[0] == piece.mark);
      REQUIRE(std::memcmp(bytes, bytes + 1, piece.range->size_bytes - 1) == 0);
    }
    check_runs();
    Arena::Walk walk;
    const char* const fault = arena_.check(walk);
    INFO((fault == nullptr ? "" : fault));
    REQUIRE(fault == nullptr);
  }

 private:
  struct Window {
    std::size_t first;
    std::size_t last;
    std::size_t live_bytes;
  };

  /// Where free space can be made longer.
  struct Place {
    std::byte* at = nullptr;  ///< Null: anywhere.
    std::size_t bytes = 0;
    std::byte* below = nullptr;  ///< Free pieces that it joins.
    std::byte* above = nullptr;
  };
  [[nodiscard]] std::optional<Place> place_after(std::size_t last, std::size_t bytes) const {
    const Piece& below = pieces_[last];
    const std::size_t below_bytes = below.kind == Kind::free ? below.bytes : 0;
    Place place{below.end(), round_up(bytes - below_bytes, page_bytes)};
    if (below_bytes > 0) place.below = below.data;
    if (last + 1 == pieces_.size()) return place;
    const Piece& above = pieces_[last + 1];
    const auto hole_bytes = static_cast<std::size_t>(above.data - below.end());
    if (hole_bytes > place.bytes) return place;
    // The whole hole, where that is enough together with what is free above.
    const std::size_t above_bytes = above.kind == Kind::free ? above.bytes : 0;
    if (below_bytes + hole_bytes + above_bytes < bytes) return std::nullopt;
    place.bytes = hole_bytes;
    if (above_bytes > 0) place.above = above.data;
    return place;
  }
  /// Of free pieces that `place` does not join.
  [[nodiscard]] std::uint64_t page_bytes_beside(const Place& place) const {
    std::uint64_t bytes = 0;
    for (const Piece& piece : pieces_) {
      if (piece.kind != Kind::free || piece.data == place.below || piece.data == place.above) continue;
      bytes += pages_of(piece).size_bytes;
    }
    return bytes;
  }
  void release_and_grow(std::size_t bytes, std::uint64_t wanted_limit_bytes, std::uint64_t limit_bytes) {
    const std::uint64_t grown = reserved() + bytes;
    const auto excess = static_cast<std::size_t>(grown - std::min(grown, wanted_limit_bytes));
    const std::uint64_t vacated =
        std::min<std::uint64_t>(round_up(excess, page_bytes), page_bytes_beside({}));
    const Arena::Exchange exchange = arena_.grow_by_exchange(bytes, wanted_limit_bytes, limit_bytes);
    // What it then grew by is told from what is reserved.
    const std::uint64_t reserved_before = reserved();
    apply_given(exchange, vacated, nullptr, {});
    REQUIRE(reserved() == reserved_before - vacated);
    REQUIRE(exchange.moves == 0);
    if (exchange.grown) add(grown_by(arena_.reserved_bytes() - reserved()));
    REQUIRE(best_fit(bytes).has_value() == exchange.grown);
  }
  /// The pages that the field has given and the model knows nothing of.
  [[nodiscard]] Piece grown_by(std::uint64_t bytes) const {
    std::byte* const at = field_.first_unknown([this](const std::byte* page) {
      return std::any_of(pieces_.begin(), pieces_.end(),
                         [page](const Piece& piece) { return page >= piece.data && page < piece.end(); });
    });
    REQUIRE(at != nullptr);
    return {at, static_cast<std::size_t>(bytes), Kind::free};
  }
  /// What went back was free, the highest pages of one of the largest pieces each time, and no more than so
  /// many bytes; what pays to be moved was, one behind the other from `to` on.
  void apply_given(const Arena::Exchange& exchange, std::uint64_t vacated, std::byte* to,
                   const Place& place) {
    std::uint64_t moves = 0;
    std::uint64_t released_bytes = 0;
    std::uint64_t given_bytes = 0;
    for (const Field::Given& given : field_.take_given()) {
      std::size_t largest = 0;
      std::optional<std::size_t> of;
      for (std::size_t i = 0; i < pieces_.size(); ++i) {
        const Piece& piece = pieces_[i];
        if (piece.kind != Kind::free || piece.data == place.below || piece.data == place.above) continue;
        if (pages_of(piece)) largest = std::max(largest, piece.bytes);
        if (given.pages.data >= piece.data && given.pages.data < piece.end()) of = i;
      }
      REQUIRE(of);
      REQUIRE(pieces_[*of].bytes + pieces_[*of].bytes / 16 >= largest);
      const Segment pages = pages_of(pieces_[*of]);
      REQUIRE(given.pages.data + given.pages.size_bytes == pages.data + pages.size_bytes);
      REQUIRE(given.pages.size_bytes == std::min<std::uint64_t>(pages.size_bytes, vacated - given_bytes));
      REQUIRE(cut(*of, given.pages.size_bytes) == given.pages.size_bytes);
      given_bytes += given.pages.size_bytes;
      if (given.to == nullptr) {
        released_bytes += given.pages.size_bytes;
        continue;
      }
      REQUIRE(given.to == to);
      REQUIRE(given.pages.size_bytes >= field_.least_move_bytes());
      to += given.pages.size_bytes;
      ++moves;
      moved_bytes_ += given.pages.size_bytes;
      moved_pages_ += given.pages.size_bytes / page_bytes;
    }
    REQUIRE(given_bytes == vacated);
    REQUIRE(exchange.moves == moves);
    REQUIRE(exchange.released_bytes == released_bytes);
  }

  [[nodiscard]] std::uint64_t reserved() const {
    return sum(Kind::free) + sum(Kind::live) + sum(Kind::region);
  }
  [[nodiscard]] std::uint64_t sum(Kind kind) const {
    std::uint64_t bytes = 0;
    for (const Piece& piece : pieces_) bytes += piece.kind == kind ? piece.bytes : 0;
    return bytes;
  }
  /// Extents never touch, and pieces of one always do.
  [[nodiscard]] bool is_last_of_extent(std::size_t i) const {
    return i + 1 == pieces_.size() || pieces_[i].end() != pieces_[i + 1].data;
  }
  [[nodiscard]] bool is_planned(const Piece& piece) const {
    return piece.data >= region_ && piece.data < region_end_;
  }
  [[nodiscard]] bool may_move(const Piece& piece) const {
    return piece.kind == Kind::live && piece.range->pins == 0 && !is_planned(piece);
  }
  [[nodiscard]] std::optional<std::size_t> any_live() {
    const std::size_t from = below(random_, pieces_.size() + 1);
    for (std::size_t i = from; i < pieces_.size(); ++i) {
      if (pieces_[i].kind == Kind::live) return i;
    }
    return std::nullopt;
  }
  /// Of equals the lowest.
  [[nodiscard]] std::optional<std::size_t> best_fit(std::size_t bytes) const {
    std::optional<std::size_t> best;
    for (std::size_t i = 0; i < pieces_.size(); ++i) {
      if (pieces_[i].kind != Kind::free || pieces_[i].bytes < bytes) continue;
      if (!best || pieces_[i].bytes < pieces_[*best].bytes) best = i;
    }
    return best;
  }
  [[nodiscard]] std::size_t first_fit(std::size_t bytes) const {
    std::size_t i = 0;
    while (pieces_[i].kind != Kind::free || pieces_[i].bytes < bytes) ++i;
    return i;
  }
  /// What is taken at `address` for so many bytes, where the limit and the source allow it.
  [[nodiscard]] std::optional<Piece> growth(std::byte* address, std::size_t bytes,
                                            std::uint64_t limit_bytes) const {
    const std::size_t rounded = round_up(bytes, page_bytes);
    if (address == nullptr || reserved() + rounded > limit_bytes) return std::nullopt;
    if (!field_.has_room_at(address, rounded)) return std::nullopt;
    return Piece{address, rounded, Kind::free};
  }
  std::size_t insert(const Piece& piece) {
    const auto at = std::find_if(pieces_.begin(), pieces_.end(),
                                 [&](const Piece& other) { return other.data > piece.data; });
    const auto index = static_cast<std::size_t>(at - pieces_.begin());
    pieces_.insert(at, piece);
    return index;
  }
  void add(const Piece& taken) { join(insert(taken)); }
  /// Makes one piece of it and the neighbours of its kind.
  std::size_t join(std::size_t i) {
    const auto joins = [this](std::size_t lower) {
      return !is_last_of_extent(lower) && pieces_[lower].kind == pieces_[lower + 1].kind;
    };
    const auto absorb_next = [this](std::size_t lower) {
      pieces_[lower].bytes += pieces_[lower + 1].bytes;
      pieces_.erase(pieces_.begin() + static_cast<std::ptrdiff_t>(lower) + 1);
      ++merges_;
    };
    if (joins(i)) absorb_next(i);
    if (i > 0 && joins(i - 1)) absorb_next(--i);
    return i;
  }
  [[nodiscard]] static Segment pages_of(const Piece& piece) {
    const auto address = reinterpret_cast<std::uintptr_t>(piece.data);
    const std::size_t skipped = round_up(address, page_bytes) - address;
    if (piece.bytes < skipped + page_bytes) return {};
    return {piece.data + skipped, (piece.bytes - skipped) / page_bytes * page_bytes};
  }
  /// The highest pages of a free piece go, as many as are wanted. Returns their bytes.
  std::uint64_t cut(std::size_t i, std::uint64_t wanted_bytes) {
    const Piece whole = pieces_[i];
    const Segment pages = pages_of(whole);
    if (!pages) return 0;
    std::size_t bytes = pages.size_bytes;
    if (wanted_bytes < bytes) bytes = round_up(static_cast<std::size_t>(wanted_bytes), page_bytes);
    std::byte* const end = pages.data + pages.size_bytes;
    std::byte* const begin = end - bytes;
    pieces_.erase(pieces_.begin() + static_cast<std::ptrdiff_t>(i));
    if (begin != whole.data) insert({whole.data, static_cast<std::size_t>(begin - whole.data), Kind::free});
    if (end != whole.end()) insert({end, static_cast<std::size_t>(whole.end() - end), Kind::free});
    return bytes;
  }
  [[nodiscard]] std::optional<Window> cheapest_window(std::size_t bytes) const {
    std::optional<Window> best;
    for (std::size_t last = 0; last < pieces_.size(); ++last) {
      if (pieces_[last].kind != Kind::free) continue;
      std::size_t free_bytes = 0;
      std::size_t live_bytes = 0;
      for (std::size_t first = last;; --first) {
        if (pieces_[first].kind == Kind::free) {
          free_bytes += pieces_[first].bytes;
          if (free_bytes >= bytes) {
            if (!best || live_bytes < best->live_bytes) best = Window{first, last, live_bytes};
            break;
          }
        } else if (may_move(pieces_[first])) {
          live_bytes += pieces_[first].range->size_bytes;
        } else {
          break;
        }
        if (first == 0 || is_last_of_extent(first - 1)) break;
      }
    }
    return best;
  }
  void slide(const Window& window) {
    std::byte* to = pieces_[window.first].data;
    std::byte* const end = pieces_[window.last].end();
    std::vector<Piece> now;
    for (std::size_t i = window.first; i <= window.last; ++i) {
      if (pieces_[i].kind == Kind::free) continue;
      now.push_back(pieces_[i]);
      now.back().data = to;
      to += now.back().bytes;
      moved_bytes_ += now.back().range->size_bytes;
    }
    merges_ += window.last - window.first - now.size();
    now.push_back({to, static_cast<std::size_t>(end - to), Kind::free});
    const auto first = pieces_.begin() + static_cast<std::ptrdiff_t>(window.first);
    pieces_.erase(first, pieces_.begin() + static_cast<std::ptrdiff_t>(window.last) + 1);
    pieces_.insert(pieces_.begin() + static_cast<std::ptrdiff_t>(window.first), now.begin(), now.end());
    ++compactions_;
  }
  /// As where every third block was freed, and is kept whole.
  void check_runs() const {
    std::vector<bool> idle;
    for (std::size_t i = 0; i < pieces_.size(); ++i) {
      const bool kept = pieces_[i].kind == Kind::live && i % 3 == 0;
      idle.push_back(kept || pieces_[i].kind == Kind::free);
    }
    std::size_t longest = 0;
    for (std::size_t i = 0; i < pieces_.size(); ++i) {
      if (pieces_[i].kind != Kind::free) continue;
      if (i > 0 && !is_last_of_extent(i - 1) && idle[i - 1]) continue;
      std::size_t bytes = 0;
      for (std::size_t at = i; idle[at]; ++at) {
        bytes += pieces_[at].bytes;
        if (is_last_of_extent(at)) break;
      }
      longest = std::max(longest, bytes);
    }
    std::vector<std::size_t> sizes;
    for (std::size_t i = 0; i < pieces_.size(); i += 3) {
      if (pieces_[i].kind == Kind::live)
        sizes.push_back(std::exchange(pieces_[i].range->size_bytes, Range::kept));
    }
    REQUIRE(arena_.largest_run_bytes() == longest);
    auto size = sizes.begin();
    for (std::size_t i = 0; i < pieces_.size(); i += 3) {
      if (pieces_[i].kind == Kind::live) pieces_[i].range->size_bytes = *size++;
    }
  }

  Field field_;
  Arena arena_;
  bool by_address_;
  Random& random_;
  std::vector<Piece> pieces_;  ///< In address order; those that touch are of one extent.
  std::byte* region_ = nullptr;
  std::byte* region_end_ = nullptr;
  std::uint64_t most_used_bytes_ = 0;
  std::uint64_t most_reserved_bytes_ = 0;
  std::uint64_t splits_ = 0;
  std::uint64_t merges_ = 0;
  std::uint64_t compactions_ = 0;
  std::uint64_t moved_bytes_ = 0;
  std::uint64_t moved_pages_ = 0;
  std::uint64_t refused_calls_ = 0;  ///< Counted, though the source gave nothing there.
};

/// Few sizes, so that many pieces are equal and fit exactly; some of whole pages, some of an eighth of the
/// field.
std::size_t block_bytes(Random& random) {
  constexpr std::size_t sizes[] = {64, 128, 256, 1024, 1088, 2048, 4096, 4160, 8192, 12288, 20480, 65536};
  return sizes[below(random, std::size(sizes))];
}

/// Adds what the arena counted.
void run(bool returns_memory, bool moves, std::uint64_t seed, Arena::Counts& all) {
  INFO("seed " << seed);
  Random random(seed);
  Watched watched(returns_memory, moves, random);
  // Every so often the budget lies within the next steps.
  constexpr std::uint64_t limits[] = {no_budget, 96 * page_bytes, 60 * page_bytes, 24 * page_bytes};
  for (int step = 0; step < 600; ++step) {
    const std::uint64_t limit_bytes = limits[below(random, std::size(limits))];
    const std::size_t bytes = block_bytes(random);
    const std::size_t choice = below(random, 100);
    if (choice < 45) {
      if (below(random, 3) == 0) watched.grow(bytes, below(random, 4) * 3 * page_bytes, limit_bytes);
      watched.allocate(bytes);
    } else if (choice < 80) {
      watched.free_any(below(random, 3) == 0 ? below(random, 5 * page_bytes) : 0);
    } else if (choice < 83) {
      watched.grow_top(bytes, limit_bytes);
    } else if (choice < 86) {
      watched.release_pages(below(random, 12) * 1024);
    } else if (choice < 88) {
      watched.pin_any();
    } else if (choice < 89) {
      watched.close_holes(limit_bytes);
    } else if (choice < 93) {
      const std::uint64_t wanted_limit_bytes =
          std::min<std::uint64_t>(limit_bytes, below(random, 80) * page_bytes);
      if (!returns_memory) {
        watched.compact(bytes * (1 + below(random, 8)), limit_bytes);
      } else {
        watched.exchange(bytes * (1 + below(random, 4)), wanted_limit_bytes, limit_bytes);
      }
    } else if (choice < 95) {
      watched.make_region();
    } else if (choice < 99) {
      watched.allocate_in_region(below(random, watched.region_bytes() / 64 + 1) * 64, bytes / 64 * 64);
    } else {
      watched.dissolve_region();
    }
    watched.check();
  }
  all.splits += watched.counts().splits;
  all.merges += watched.counts().merges;
  all.moved_pages += watched.counts().moved_pages;
  all.compactions += watched.counts().compactions;
}

}  // namespace

TEST_CASE("where pages return, the arena takes the best fit and gives the highest pages back",
          "[memory][arena][random]") {
  Arena::Counts all;
  for (std::uint64_t seed = 1; seed <= 30; ++seed) run(true, false, seed, all);
  CHECK(all.splits > 1000);
  CHECK(all.merges > 1000);
}

TEST_CASE("where none returns, the arena takes the first fit, and slides the fewest bytes together",
          "[memory][arena][random]") {
  Arena::Counts all;
  for (std::uint64_t seed = 1; seed <= 30; ++seed) run(false, false, seed, all);
  CHECK(all.splits > 1000);
  CHECK(all.merges > 1000);
  CHECK(all.compactions > 20);
}

TEST_CASE("where pages can be moved, free ones make room in the place that lacks the fewest",
          "[memory][arena][exchange][random]") {
  Arena::Counts all;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) run(true, true, seed, all);
  CHECK(all.moved_pages > 100);
}
