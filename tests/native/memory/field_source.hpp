#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "memory/support.hpp"

namespace bufgc::testing {

/// A source over a field of pages, some of them others'. Without a place it gives the lowest that has room.
class Field final : public MemorySource {
 public:
  static constexpr std::size_t page_bytes = 4 * KiB;
  Field(std::size_t page_count, bool returns_memory, bool moves)
      : page_count_(page_count), returns_memory_(returns_memory), moves_(moves) {
    const auto address = reinterpret_cast<std::uintptr_t>(memory_.get());
    begin_ = memory_.get() + (page_bytes - address % page_bytes);
  }
  [[nodiscard]] Segment acquire(std::size_t min_bytes) noexcept override {
    ++calls_;
    std::byte* const address = lowest(min_bytes);
    return address == nullptr ? Segment{} : take(page_of(address), pages_of(min_bytes));
  }
  [[nodiscard]] Segment acquire_at(std::byte* address, std::size_t min_bytes) noexcept override {
    if (!has_room_at(address, min_bytes)) return {};
    ++calls_;
    return take(page_of(address), pages_of(min_bytes));
  }
  void release(Segment segment) noexcept override {
    ++calls_;
    given_.push_back({segment, nullptr});
    std::fill_n(taken_.begin() + static_cast<std::ptrdiff_t>(page_of(segment.data)),
                segment.size_bytes / page_bytes, false);
  }
  /// Refused now and then.
  [[nodiscard]] bool move(Segment from, std::byte* to) noexcept override {
    if (++moves_asked_ % 5 == 0) return false;
    release(from);
    given_.back().to = to;
    return true;
  }
  [[nodiscard]] std::size_t least_move_bytes() const noexcept override { return moves_ ? 2 * page_bytes : 0; }
  [[nodiscard]] std::size_t granularity_bytes() const noexcept override { return page_bytes; }
  [[nodiscard]] bool returns_memory() const noexcept override { return returns_memory_; }
  [[nodiscard]] bool can_detach_views() const noexcept override { return !returns_memory_; }

  [[nodiscard]] bool has_room_at(const std::byte* address, std::size_t bytes) const {
    const std::size_t page = page_of(address);
    return page + pages_of(bytes) <= page_count_ && is_free(page, pages_of(bytes));
  }
  /// Null where there is no room for so many.
  [[nodiscard]] std::byte* lowest(std::size_t bytes) const {
    for (std::size_t page = 0; page + pages_of(bytes) <= page_count_; ++page) {
      if (is_free(page, pages_of(bytes))) return begin_ + page * page_bytes;
    }
    return nullptr;
  }
  /// What stands there becomes another's, if it is nobody's.
  void occupy(std::size_t page) {
    others_ += taken_[page] ? 0U : 1U;
    taken_[page] = others_pages_[page] = true;
  }
  /// The first page that is out, and of which `known` does not say that it knows it; null when there is none.
  template <class Known>
  [[nodiscard]] std::byte* first_unknown(Known&& known) const {
    for (std::size_t page = 0; page < page_count_; ++page) {
      if (taken_[page] && !others_pages_[page] && !known(begin_ + page * page_bytes)) {
        return begin_ + page * page_bytes;
      }
    }
    return nullptr;
  }
  [[nodiscard]] std::size_t pages_out() const {
    return static_cast<std::size_t>(std::count(taken_.begin(), taken_.end(), true)) - others_;
  }
  [[nodiscard]] std::uint64_t calls() const { return calls_; }
  /// What went back since this was asked last, in its order.
  struct Given {
    Segment pages;
    std::byte* to;  ///< Where it was moved; null when it was released.
  };
  [[nodiscard]] std::vector<Given> take_given() { return std::exchange(given_, {}); }

 private:
  [[nodiscard]] static std::size_t pages_of(std::size_t bytes) {
    return (bytes + page_bytes - 1) / page_bytes;
  }
  [[nodiscard]] std::size_t page_of(const std::byte* address) const {
    return static_cast<std::size_t>(address - begin_) / page_bytes;
  }
  [[nodiscard]] bool is_free(std::size_t page, std::size_t count) const {
    const auto first = taken_.begin() + static_cast<std::ptrdiff_t>(page);
    return std::none_of(first, first + static_cast<std::ptrdiff_t>(count), [](bool taken) { return taken; });
  }
  Segment take(std::size_t page, std::size_t count) {
    std::fill_n(taken_.begin() + static_cast<std::ptrdiff_t>(page), count, true);
    return {begin_ + page * page_bytes, count * page_bytes};
  }

  std::size_t page_count_;
  bool returns_memory_;
  bool moves_;
  std::uint64_t moves_asked_ = 0;
  std::vector<Given> given_;
  std::unique_ptr<std::byte[]> memory_{new std::byte[(page_count_ + 1) * page_bytes]};
  std::byte* begin_ = nullptr;
  std::vector<bool> taken_ = std::vector<bool>(page_count_);
  std::vector<bool> others_pages_ = std::vector<bool>(page_count_);
  std::size_t others_ = 0;
  std::uint64_t calls_ = 0;
};

}  // namespace bufgc::testing
