#pragma once

#include <algorithm>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <utility>
#include <vector>

namespace bufgc {

/// Unsigned numbers, each in as few bytes as the largest of them needs: 1, 2, 4 or, of a `std::uint64_t`, 8.
/// A number for which that is too few widens all of them, so numbers of which large ones come late are moved
/// up to three times. Handles like a vector whose entries are read by value and written by `set`.
template <std::unsigned_integral Number>
class NarrowColumn {
 public:
  [[nodiscard]] std::size_t size() const noexcept {
    return bytes_.empty() ? 0 : (bytes_.size() - slack()) >> shift_;
  }
  [[nodiscard]] bool empty() const noexcept { return bytes_.empty(); }
  /// How many numbers of the width that there is have room.
  [[nodiscard]] std::size_t capacity() const noexcept {
    return bytes_.capacity() < slack() ? 0 : (bytes_.capacity() - slack()) >> shift_;
  }
  /// Bytes that each number takes now.
  [[nodiscard]] std::size_t width() const noexcept { return std::size_t{1} << shift_; }

  [[nodiscard]] Number operator[](std::size_t index) const noexcept {
    Number there;
    std::memcpy(&there, bytes_.data() + (index << shift_), sizeof there);
    return there & most_;
  }
  /// Goes over the numbers in order.
  class Iterator {
   public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = Number;
    using reference = Number;
    using pointer = void;
    using difference_type = std::ptrdiff_t;
    Iterator() = default;
    Iterator(const NarrowColumn& column, std::size_t index) noexcept : column_(&column), index_(index) {}
    [[nodiscard]] Number operator*() const noexcept { return (*column_)[index_]; }
    Iterator& operator++() noexcept {
      ++index_;
      return *this;
    }
    Iterator operator++(int) noexcept { return {*column_, index_++}; }
    friend bool operator==(const Iterator& a, const Iterator& b) noexcept { return a.index_ == b.index_; }
    friend difference_type operator-(const Iterator& a, const Iterator& b) noexcept {
      return static_cast<difference_type>(a.index_ - b.index_);
    }

   private:
    const NarrowColumn* column_ = nullptr;
    std::size_t index_ = 0;
  };
  [[nodiscard]] Iterator begin() const noexcept { return {*this, 0}; }
  [[nodiscard]] Iterator end() const noexcept { return {*this, size()}; }

  friend bool operator==(const NarrowColumn& a, const NarrowColumn& b) noexcept {
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin());
  }
  friend bool operator==(const NarrowColumn& a, const std::vector<Number>& b) noexcept {
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin());
  }

  void set(std::size_t index, Number number) {
    if (number > most_) widen_for(number);
    std::uint8_t* const at = bytes_.data() + (index << shift_);
    Number there;
    std::memcpy(&there, at, sizeof there);
    there = (there & ~most_) | number;
    std::memcpy(at, &there, sizeof there);
  }
  // Not inlined, nor is `widen_for`: readers append in many places, and the page shall stay small.
  [[gnu::noinline]] void push_back(Number number) {
    append(1, [&](std::size_t) { return number; });
  }
  /// Adds `count` numbers, `number(i)` each; it is called twice for each.
  template <class NumberAt>
  void append(std::size_t count, NumberAt&& number) {
    Number bits = 0;
    for (std::size_t i = 0; i < count; ++i) bits |= number(i);
    if (bits > most_) widen_for(bits);
    const std::size_t first = size();
    resize(first + count);
    const unsigned shift = shift_;
    std::uint8_t* const at = bytes_.data() + (first << shift);
    for (std::size_t i = 0; i < count; ++i) {
      // What it writes beyond its own bytes is zero, as those are until the next number comes.
      const Number next = number(i);
      std::memcpy(at + (i << shift), &next, sizeof next);
    }
  }
  /// Those beyond the old size are 0.
  void resize(std::size_t size) {
    if (size < this->size()) bytes_.resize(size << shift_);  // so that what stood there is gone
    bytes_.resize(bytes_for(size));
  }
  /// Makes room for so many numbers of the width that there is.
  void reserve(std::size_t size) { bytes_.reserve(bytes_for(size)); }

 private:
  static_assert(std::endian::native == std::endian::little);  // a number's lowest bytes stand first

  /// A whole `Number` may be read and written at the last place, too.
  [[nodiscard]] std::size_t slack() const noexcept { return sizeof(Number) - width(); }
  [[nodiscard]] std::size_t bytes_for(std::size_t size) const noexcept {
    return size == 0 ? 0 : (size << shift_) + slack();
  }
  [[gnu::noinline]] void widen_for(Number number) {
    NarrowColumn wide;
    while (number > wide.most_) {
      ++wide.shift_;
      wide.most_ = static_cast<Number>(wide.most_ | (wide.most_ << (4U << wide.shift_)));
    }
    wide.reserve(capacity());
    wide.append(size(), [this](std::size_t i) { return (*this)[i]; });
    *this = std::move(wide);
  }

  std::vector<std::uint8_t> bytes_;
  unsigned shift_ = 0;  ///< Of the width.
  Number most_ = 0xff;  ///< The largest number of that width.
};

}  // namespace bufgc
