#pragma once

#include <cstddef>
#include <cstdint>

#include "bufgc/viz/word_queue.hpp"

namespace bufgc {

/// When events happened, without a clock read for each: a read costs more than all the rest of an
/// event. What is stamped is exact; events between two stamps lie evenly between them. While events
/// follow closely, every 16th is stamped; as they grow rarer every 8th, 4th, 2nd, and each one when
/// they are more than 2 microseconds apart. So an event's time is off by a few microseconds at most,
/// save for the up to 15 first events after a pause that broke a dense run off: they lie in the
/// pause. Times never decrease, and once read stay as they are.
class EventTimes {
  static constexpr std::uint64_t open_end = ~std::uint64_t{0};
  /// From one stamp to the next.
  struct Span {
    std::uint64_t begin = 0;
    std::uint64_t end = open_end;
    std::int64_t time_ns = 0;
    std::int64_t step_ns = 0;
    [[nodiscard]] std::int64_t at(std::uint64_t number) const noexcept {
      return number <= begin ? time_ns : time_ns + static_cast<std::int64_t>(number - begin) * step_ns;
    }
  };

 public:
  explicit EventTimes(std::uint64_t max_events) : stamps_(stamp_words * (max_events + 2)) {}

  /// Whether event `number`, just recorded, wants a clock read.
  [[nodiscard]] bool wants_stamp(std::uint64_t number) const noexcept { return number >= due_; }
  /// The time of event `number`, the newest. The clock must not go back.
  void stamp(std::uint64_t number, std::int64_t time_ns) noexcept {
    if (count() > 0) {
      const Stamp last = stamp_at(count() - 1);
      if (last.number >= number) return;
      const auto events = static_cast<std::int64_t>(number - last.number);
      const std::int64_t apart_ns = (time_ns - last.time_ns) / events;
      std::int64_t next = most_apart;
      while (next > 1 && next * apart_ns > longest_gap_ns) next /= 2;
      due_ = number + static_cast<std::uint64_t>(next);
    }
    if (!stamps_.room(stamp_words)) return;
    stamps_.push(number);
    stamps_.push(static_cast<std::uint64_t>(time_ns));
  }
  /// Walks over the events' times, forward. Good until the next stamp.
  class Cursor {
   public:
    Cursor(const EventTimes& times, std::uint64_t number) noexcept : times_(times) {
      // The last stamp at or before `number`.
      std::size_t end = times.count();
      while (end - offset_ > 1 && end > 0) {
        const std::size_t middle = offset_ + (end - offset_) / 2;
        (times.stamp_at(middle).number <= number ? offset_ : end) = middle;
      }
      span_ = times.span_from(offset_);
    }
    /// The time of `number`, not below that asked for before.
    [[nodiscard]] std::int64_t at(std::uint64_t number) noexcept {
      while (number >= span_.end) span_ = times_.span_from(++offset_);
      return span_.at(number);
    }

   private:
    const EventTimes& times_;
    std::size_t offset_ = 0;
    Span span_;
  };

  /// The time of the oldest event kept, whose number is `number`.
  [[nodiscard]] std::int64_t oldest(std::uint64_t number) noexcept {
    forget_before(number);
    return oldest_.at(number);
  }
  /// Events below `number` are gone.
  void forget_before(std::uint64_t number) noexcept {
    if (number >= oldest_.end || oldest_.end == open_end) [[unlikely]]
      forget_stamps_before(number);
  }
  void clear() noexcept {
    stamps_.reset();
    due_ = 0;
    oldest_ = {};
  }
  [[nodiscard]] std::size_t memory_bytes() const noexcept { return stamps_.memory_bytes(); }

 private:
  static constexpr std::int64_t most_apart = 16;
  static constexpr std::int64_t longest_gap_ns = 4000;

  struct Stamp {
    std::uint64_t number;
    std::int64_t time_ns;
  };
  [[gnu::noinline]] void forget_stamps_before(std::uint64_t number) noexcept {
    while (count() > 1 && stamp_at(1).number <= number) stamps_.drop_before(stamps_.begin() + stamp_words);
    oldest_ = span_from(0);
  }

  static constexpr std::size_t stamp_words = 2;
  /// The stamps kept, the oldest first.
  [[nodiscard]] std::size_t count() const noexcept {
    return static_cast<std::size_t>(stamps_.end() - stamps_.begin()) / stamp_words;
  }
  [[nodiscard]] Stamp stamp_at(std::size_t offset) const noexcept {
    const std::uint64_t position = stamps_.begin() + stamp_words * offset;
    return {stamps_.at(position), static_cast<std::int64_t>(stamps_.at(position + 1))};
  }
  [[nodiscard]] Span span_from(std::size_t offset) const noexcept {
    Span span;
    if (offset >= count()) return span;
    const Stamp from = stamp_at(offset);
    span.begin = from.number;
    span.time_ns = from.time_ns;
    if (offset + 1 == count()) return span;
    const Stamp to = stamp_at(offset + 1);
    span.end = to.number;
    span.step_ns = (to.time_ns - from.time_ns) / static_cast<std::int64_t>(to.number - from.number);
    return span;
  }

  WordQueue stamps_;  ///< Number and time of each.
  Span oldest_;
  std::uint64_t due_ = 0;  ///< The next event that wants a stamp.
};

}  // namespace bufgc
