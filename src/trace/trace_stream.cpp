#include "trace/trace_stream.hpp"

#include <algorithm>
#include <mutex>
#include <utility>
#include <vector>

#include "trace/bufgc_writer.hpp"
#include "trace/records.hpp"

namespace bufgc::trace {

using EventKind = Lifecycles::EventKind;

struct TraceStream::State {
  State(const BufferVisualizer& of, const Lifecycles& known, Sink& sink)
      : visualizer(&of), writer(sink, known.folded), clears(of.clears()) {
    Records records(known);
    for (std::size_t event = 0; event < records.size(); ++event) writer.add(records.at(event));
    next = known.folded.events + records.size();
  }

  bool write(EventRecord record) {
    record.time_ns += time_offset_ns;
    return writer.add(record);
  }

  bool pull() {
    if (!writer.good()) return false;
    const std::uint64_t clears_now = visualizer->clears();
    const bool cleared = std::exchange(clears, clears_now) != clears_now;
    if (cleared) {
      next = 0;
      time_offset_ns = writer.last_time_ns();
    }
    bool whole = cleared ? bridge_gap(true) : read_on();
    while (!whole && writer.good()) whole = bridge_gap(false);
    return writer.good();
  }

  /// A gap that is told by half, for want of memory, is worse than no more being told.
  bool bridge_gap(bool cleared) {
#if defined(__cpp_exceptions)
    try {
      return read_over_gap(cleared);
    } catch (...) {
      writer.give_up();
      throw;
    }
#else
    return read_over_gap(cleared);
#endif
  }

  /// False where events from `next` on were folded away.
  bool read_on() {
    bool whole = true;
    const std::uint64_t end = visualizer->for_each_event_since(next, [&](const EventRecord& record) {
      whole = !record.carried && record.number == next;
      if (!whole || !write(record)) return false;
      ++next;
      return true;
    });
    return whole && (end == next || !writer.good());
  }

  /// What holds after events that are gone, as the log carries it on.
  struct AfterGap {
    Standing standing;
    std::vector<bool> is_new;  // of what `standing` hands out, links apart
    RangeMap<char> kept;       // reserved before the gap and since
    std::uint64_t told = 0;    // events of the gap that are not lost
  };

  void take_carried(const EventRecord& record, bool cleared, AfterGap& after) const {
    const Standing& before = writer.standing();
    const std::uint64_t end = record.address + record.size_bytes;
    bool known = record.number < next;
    if (record.kind == EventKind::alloc) known = before.find(record.id) != nullptr;
    if (cleared && record.kind == EventKind::reserve) known = before.is_held(record.address, end);
    SkipReason reason{};
    if (!after.standing.add(record, reason)) return;
    after.is_new.push_back(!known);
    if (record.number >= next) ++after.told;
    if (known && record.kind == EventKind::reserve) after.kept.insert(record.address, end, 0);
  }

  /// Ends what the events that are gone ended: how is not known, and when only that it was in the gap.
  void end_what_is_gone(const AfterGap& after) {
    std::vector<EventRecord> gone;
    const auto add = [&](EventKind kind, std::uint64_t id) -> EventRecord& {
      EventRecord& record = gone.emplace_back();
      record.kind = kind;
      record.time_ns = writer.last_time_ns();
      record.id = id;
      return record;
    };
    auto links = after.standing.link_counts();
    for (const auto& [ends, count] : writer.standing().link_counts()) {
      if (after.standing.find(ends.first) == nullptr || after.standing.find(ends.second) == nullptr) continue;
      for (std::uint64_t left = links[ends]; left < count; ++left)
        add(EventKind::unlink, ends.first).held_id = ends.second;
    }
    writer.standing().for_each([&](const EventRecord& birth) {
      if (birth.kind != EventKind::alloc) return true;
      const Standing::Life* const life = after.standing.find(birth.id);
      if (life == nullptr) {
        add(EventKind::free, birth.id);
      } else if (life->address != birth.address) {
        EventRecord& move = add(EventKind::move, birth.id);
        move.from_address = birth.address;
        move.address = life->address;
      }
      return true;
    });
    for (const auto& piece : writer.standing().held_pieces()) {
      after.kept.uncovered(piece.begin, piece.end, [&](std::uint64_t begin, std::uint64_t end) {
        EventRecord& release = add(EventKind::release, 0);
        release.address = begin;
        release.size_bytes = end - begin;
      });
    }
    for (const EventRecord& record : gone) writer.add(record);
  }

  /// Begins what they began and what still holds.
  void begin_what_is_new(const AfterGap& after) {
    std::size_t place = 0;
    after.standing.for_each([&](const EventRecord& record) {
      const bool is_new = after.is_new[place++];
      if (is_new && record.kind != EventKind::link) write(record);
      return true;
    });
    auto links = writer.standing().link_counts();
    for (const auto& [ends, count] : after.standing.link_counts()) {
      EventRecord link;
      link.kind = EventKind::link;
      link.time_ns = writer.last_time_ns();
      link.id = ends.first;
      link.held_id = ends.second;
      for (std::uint64_t there = links[ends]; there < count; ++there) writer.add(link);
    }
  }

  /// Puts right what the events that are gone would have told, and reads on. False where the log folded
  /// beyond `next` once more meanwhile.
  bool read_over_gap(bool cleared) {
    AfterGap after;
    bool over = false;
    bool whole = true;
    const auto end_gap = [&](std::uint64_t first) {
      over = true;
      if (!cleared) {
        lost += first - next - after.told;
        writer.skip(SkipReason::folded_before_written, first - next - after.told);
      }
      next = first;
      end_what_is_gone(after);
      begin_what_is_new(after);
    };
    const std::uint64_t end = visualizer->for_each_event_since(0, [&](const EventRecord& record) {
      if (record.carried) {
        whole = !over;
        if (whole) take_carried(record, cleared, after);
        return whole;
      }
      if (!over) end_gap(record.number);
      whole = record.number == next;
      if (!whole || !write(record)) return false;
      ++next;
      return true;
    });
    if (!over) end_gap(end);
    return whole && (end == next || !writer.good());
  }

  const BufferVisualizer* visualizer;
  BufgcWriter writer;
  std::mutex mutex;
  std::uint64_t next = 0;  // the number of the first event that is not written
  std::uint64_t lost = 0;
  std::uint64_t clears;             // of the log, when it was last looked at
  std::int64_t time_offset_ns = 0;  // since the log was cleared its clock begins anew
  bool closed = false;
};

TraceStream::TraceStream(BufferVisualizer& visualizer, Sink& sink, TraceStreamOptions options)
    : visualizer_(visualizer), state_(std::make_shared<State>(visualizer, visualizer.snapshot(), sink)) {
  if (options.pull_every_events == 0) return;
  subscription_ =
      visualizer.subscribe([state = state_, every = options.pull_every_events](std::uint64_t number) {
        // Whoever finds another thread at it leaves it to that one.
        const std::unique_lock alone(state->mutex, std::try_to_lock);
        if (alone.owns_lock() && !state->closed && number >= state->next + every) state->pull();
      });
}

TraceStream::~TraceStream() {
#if defined(__cpp_exceptions)
  try {
    close();
  } catch (...) {  // only ever for want of memory: the file opens up to its last whole block
  }
#else
  close();
#endif
}

bool TraceStream::pull() {
  const std::lock_guard alone(state_->mutex);
  return !state_->closed && state_->pull();
}

bool TraceStream::flush() {
  const std::lock_guard alone(state_->mutex);
  return !state_->closed && state_->pull() && state_->writer.flush();
}

bool TraceStream::close() {
  if (subscription_ != 0) visualizer_.unsubscribe(std::exchange(subscription_, 0));
  const std::lock_guard alone(state_->mutex);
  if (state_->closed) return state_->writer.good();
  const bool written = state_->pull() && state_->writer.close();
  state_->closed = true;
  return written;
}

std::uint64_t TraceStream::written_bytes() const {
  const std::lock_guard alone(state_->mutex);
  return state_->writer.written_bytes();
}

std::uint64_t TraceStream::lost_events() const {
  const std::lock_guard alone(state_->mutex);
  return state_->lost;
}

}  // namespace bufgc::trace
