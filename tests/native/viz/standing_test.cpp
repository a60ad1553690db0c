// What the log carries on of the events that it folded away, against a plain list of what happened: births of
// what lives, links with how often they stand, memory held, and the last mark, each at the event that began
// it.

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <map>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "bufgc/viz/buffer_visualizer.hpp"

using namespace bufgc;
using EventKind = Lifecycles::EventKind;

namespace {

const std::byte* byte_at(std::uint64_t address) {
  return reinterpret_cast<const std::byte*>(static_cast<std::uintptr_t>(address));
}

struct Event {
  EventKind kind;
  std::uint64_t first;       ///< The buffer or holder; of memory where it begins.
  std::uint64_t second = 0;  ///< Who is held; of memory where it ends.
  std::string name = {};
};

/// An event that is read, and its number.
using Read = std::tuple<std::uint64_t, EventKind, std::uint64_t, std::uint64_t, std::string>;

class Watched {
 public:
  Watched(std::size_t max_events, std::uint64_t seed)
      : max_events_(max_events), visualizer_(VisualizerOptions{max_events}), random_(seed) {}

  void step() {
    switch (random_() % 12) {
      case 0:
      case 1:
        bear();
        break;
      case 2:
        if (alive_.size() > 4) end();
        break;
      case 3:
        mark();
        break;
      case 4:
        reserve();
        break;
      case 5:
        release();
        break;
      case 6:
      case 7:
        unlink();
        break;
      default:
        link();
        break;
    }
  }

  void check() {
    const std::uint64_t count = told_.size();
    REQUIRE(visualizer_.event_count() == count);
    const std::uint64_t first = std::max(count - std::min<std::uint64_t>(count, max_events_), cleared_);
    std::vector<Read> expected = standing_at(first);
    for (std::uint64_t number = first; number < count; ++number) {
      const Event& event = told_[static_cast<std::size_t>(number)];
      expected.emplace_back(number, event.kind, event.first, event.second, event.name);
    }
    std::vector<Read> read;
    std::int64_t time_ns = 0;
    visualizer_.for_each_event_since(0, [&](const EventRecord& record) {
      REQUIRE(record.carried == (record.number < first));
      REQUIRE(record.time_ns >= time_ns);
      time_ns = record.time_ns;
      const bool memory = record.kind == EventKind::reserve || record.kind == EventKind::release;
      read.emplace_back(record.number, record.kind, memory ? record.address : record.id,
                        memory ? record.address + record.size_bytes : record.held_id,
                        std::string(record.name));
      return true;
    });
    // Of one event, as of a piece of memory that was cut, several may stand.
    std::sort(expected.begin(), expected.end());
    std::sort(read.begin(), read.end());
    REQUIRE(read == expected);
    REQUIRE(visualizer_.snapshot().folded.events == first - (expected.size() - (count - first)));
  }

  /// What stands is all that there is, from event 0 on.
  void clear() {
    const std::vector<Read> standing = standing_at(told_.size());
    visualizer_.clear();
    std::vector<Read> sorted;
    std::uint64_t last = 0;
    visualizer_.for_each_event_since(0, [&](const EventRecord& record) {
      const bool memory = record.kind == EventKind::reserve;
      const Read read{0, record.kind, memory ? record.address : record.id,
                      memory ? record.address + record.size_bytes : record.held_id, std::string(record.name)};
      // A link that stands several times stands at one event.
      const bool again = !sorted.empty() && sorted.back() == read;
      REQUIRE(record.number == (again ? last : sorted.size()));
      last = record.number;
      sorted.push_back(read);
      return true;
    });
    told_.clear();
    for (const auto& [number, kind, one, two, name] : sorted) told_.push_back({kind, one, two, name});
    std::vector<Read> expected;
    for (const auto& [number, kind, one, two, name] : standing) {
      if (kind != EventKind::mark) expected.emplace_back(0, kind, one, two, name);
    }
    std::sort(expected.begin(), expected.end());
    std::sort(sorted.begin(), sorted.end());
    REQUIRE(sorted == expected);
    cleared_ = told_.size();
  }

 private:
  /// Of what happened before event `first`.
  [[nodiscard]] std::vector<Read> standing_at(std::uint64_t first) const {
    std::map<std::uint64_t, std::pair<std::uint64_t, std::string>> births;
    struct Link {
      std::uint64_t number;
      int times;
    };
    std::map<std::pair<std::uint64_t, std::uint64_t>, Link> links;
    std::map<std::uint64_t, std::uint64_t> memory;  // each page, with who reserved it
    std::uint64_t mark = first;
    for (std::uint64_t number = 0; number < first; ++number) {
      const Event& event = told_[static_cast<std::size_t>(number)];
      const std::pair ends{event.first, event.second};
      switch (event.kind) {
        case EventKind::alloc:
          births[event.first] = {number, event.name};
          break;
        case EventKind::free:
          births.erase(event.first);
          break;
        case EventKind::link:
          if (links.count(ends) == 0) links[ends] = {number, 0};
          ++links[ends].times;
          break;
        case EventKind::unlink:
          if (--links[ends].times == 0) links.erase(ends);
          break;
        case EventKind::reserve:
          for (std::uint64_t at = event.first; at < event.second; at += page) memory[at] = number;
          break;
        case EventKind::release:
          for (std::uint64_t at = event.first; at < event.second; at += page) memory.erase(at);
          break;
        default:
          mark = number;
          break;
      }
    }
    std::vector<Read> standing;
    for (const auto& [id, birth] : births) {
      standing.emplace_back(birth.first, EventKind::alloc, id, 0, birth.second);
    }
    for (const auto& [ends, link] : links) {
      if (births.count(ends.first) == 0 || births.count(ends.second) == 0) continue;
      for (int i = 0; i < link.times; ++i) {
        standing.emplace_back(link.number, EventKind::link, ends.first, ends.second, "");
      }
    }
    for (auto at = memory.begin(); at != memory.end();) {
      auto last = at;
      while (std::next(last) != memory.end() && std::next(last)->first == last->first + page &&
             std::next(last)->second == at->second) {
        ++last;
      }
      standing.emplace_back(at->second, EventKind::reserve, at->first, last->first + page, "");
      at = std::next(last);
    }
    if (mark != first) {
      standing.emplace_back(mark, EventKind::mark, 0, 0, told_[static_cast<std::size_t>(mark)].name);
    }
    return standing;
  }

  [[nodiscard]] std::uint64_t any() { return alive_[static_cast<std::size_t>(random_() % alive_.size())]; }
  void bear() {
    if (alive_.size() == slots) return;
    auto slot = static_cast<std::uint32_t>(random_() % slots);
    while (taken_.count(slot) != 0) slot = (slot + 1) % slots;
    const BufferId id{slot, generations_[slot]++};
    taken_.insert(slot);
    alive_.push_back(id.value());
    BufferDescription description;
    const std::string name = random_() % 2 == 0 ? "" : "buffer " + std::to_string(random_() % 5);
    description.label = name;
    visualizer_.on_alloc({.id = id, .size_bytes = 10, .capacity_bytes = 64, .description = &description});
    told_.push_back({EventKind::alloc, id.value(), 0, name});
  }
  void end() {
    const auto index = static_cast<std::ptrdiff_t>(random_() % alive_.size());
    const std::uint64_t id = alive_[static_cast<std::size_t>(index)];
    visualizer_.on_free(BufferId::from_value(id), Cause::dispose, FreedTo::cache);
    told_.push_back({EventKind::free, id});
    alive_.erase(alive_.begin() + index);
    taken_.erase(BufferId::from_value(id).slot);
    for (auto link = links_.begin(); link != links_.end();) {
      link = link->first == id || link->second == id ? links_.erase(link) : std::next(link);
    }
  }
  void mark() {
    const std::string name = "phase " + std::to_string(random_() % 5);
    visualizer_.mark(name);
    told_.push_back({EventKind::mark, 0, 0, name});
  }
  void link() {
    if (alive_.empty()) return;
    // Few of them, so that many stand more than once.
    const std::pair ends{alive_.front(), any()};
    visualizer_.on_link(BufferId::from_value(ends.first), BufferId::from_value(ends.second));
    told_.push_back({EventKind::link, ends.first, ends.second});
    links_.insert(ends);
  }
  void unlink() {
    if (links_.empty()) return;
    auto link = links_.begin();
    std::advance(link, static_cast<std::ptrdiff_t>(random_() % links_.size()));
    const std::pair ends = *link;
    links_.erase(link);
    visualizer_.on_unlink(BufferId::from_value(ends.first), BufferId::from_value(ends.second));
    told_.push_back({EventKind::unlink, ends.first, ends.second});
  }
  /// Where nothing is held.
  void reserve() {
    const std::uint64_t begin = page * (1 + random_() % 60);
    const std::uint64_t end = begin + page * (1 + random_() % 4);
    for (std::uint64_t at = begin; at < end; at += page) {
      if (held_.count(at) != 0) return;
    }
    for (std::uint64_t at = begin; at < end; at += page) held_.insert(at);
    visualizer_.on_segment_reserved(
        {const_cast<std::byte*>(byte_at(begin)), static_cast<std::size_t>(end - begin)});
    told_.push_back({EventKind::reserve, begin, end});
  }
  /// A part of what is held without a gap.
  void release() {
    if (held_.empty()) return;
    auto from = held_.begin();
    std::advance(from, static_cast<std::ptrdiff_t>(random_() % held_.size()));
    const std::uint64_t begin = *from;
    visualizer_.on_segment_released({const_cast<std::byte*>(byte_at(begin)), page});
    held_.erase(from);
    told_.push_back({EventKind::release, begin, begin + page});
  }

  static constexpr std::uint64_t page = 4096;
  static constexpr std::uint32_t slots = 12;
  const std::size_t max_events_;
  BufferVisualizer visualizer_;
  std::mt19937_64 random_;
  std::vector<Event> told_;
  std::uint64_t cleared_ = 0;  ///< Events that stood when it was cleared.
  std::vector<std::uint64_t> alive_;
  std::set<std::uint32_t> taken_;
  std::uint32_t generations_[slots] = {};
  std::multiset<std::pair<std::uint64_t, std::uint64_t>> links_;
  std::set<std::uint64_t> held_;
};

}  // namespace

TEST_CASE("what stands of the events folded away is told as it was, as often as it stands") {
  for (const std::size_t max_events : {1U, 20U, 300U}) {
    for (std::uint64_t seed = 1; seed <= 4; ++seed) {
      INFO(max_events << " events, seed " << seed);
      Watched watched(max_events, seed);
      for (int part = 0; part < 30; ++part) {
        for (int i = 0; i < 60; ++i) watched.step();
        watched.check();
        if (part % 7 == 6) {
          watched.clear();
          watched.check();
        }
      }
    }
  }
}

TEST_CASE("where a buffer's memory came from is told of those that own theirs, in either form of a birth") {
  BufferVisualizer visualizer;
  BufferDescription description;
  description.label = "in full";
  std::uint32_t slot = 0;
  struct Told {
    BufferKind kind;
    std::uint8_t served_by;
  };
  std::vector<Told> told;
  for (const BufferDescription* described :
       std::initializer_list<const BufferDescription*>{nullptr, &description}) {
    for (const BufferKind kind : {BufferKind::owned, BufferKind::view, BufferKind::external}) {
      if (described == nullptr && kind != BufferKind::owned) continue;
      for (const ServedBy served_by : {ServedBy::cache, ServedBy::arena, ServedBy::source}) {
        visualizer.on_alloc({.id = BufferId{slot++, 0},
                             .size_bytes = 10,
                             .capacity_bytes = 64,
                             .kind = kind,
                             .served_by = served_by,
                             .description = described});
        const bool owned = kind == BufferKind::owned;
        told.push_back({kind, owned ? static_cast<std::uint8_t>(served_by) : Lifecycles::unknown});
      }
    }
  }
  std::size_t read = 0;
  visualizer.for_each_event_since(0, [&](const EventRecord& record) {
    REQUIRE(read < told.size());
    CHECK(record.buffer_kind == static_cast<std::uint8_t>(told[read].kind));
    CHECK(record.served_by == told[read].served_by);
    ++read;
    return true;
  });
  CHECK(read == told.size());
}

TEST_CASE("the names of very many events are told whole while others are read") {
  BufferVisualizer visualizer;
  // Much more text than is copied in one piece.
  const auto name_of = [](std::size_t i) {
    return std::string(700 + i % 300, static_cast<char>('a' + i % 26)) + std::to_string(i);
  };
  constexpr std::size_t count = 2500;
  for (std::size_t i = 0; i < count; ++i) visualizer.mark(name_of(i));
  std::size_t read = 0;
  visualizer.for_each_event_since(0, [&](const EventRecord& record) {
    if (record.name != name_of(read)) return false;
    ++read;
    return true;
  });
  CHECK(read == count);
}

TEST_CASE("each of very many shapes is told as it is, whichever was told before") {
  BufferVisualizer visualizer;
  std::vector<std::string> told;
  const auto bear = [&](std::uint64_t i) {
    const std::uint64_t extents[3] = {i % 7, i, i / 3};
    BufferDescription description;
    description.shape =
        i % 2 == 0 ? Shape{extents[0], extents[1]} : Shape{extents[1], extents[2], extents[0]};
    visualizer.on_alloc({.id = BufferId{static_cast<std::uint32_t>(told.size()), 0},
                         .size_bytes = 10,
                         .capacity_bytes = 64,
                         .description = &description});
    std::string name;
    for (const std::uint64_t extent : description.shape.extents()) {
      name += (name.empty() ? "" : "x") + std::to_string(extent);
    }
    told.push_back(name);
  };
  for (std::uint64_t i = 0; i < 3000; ++i) {
    bear(i);
    if (i % 3 == 0) bear(i / 2);
  }
  std::size_t read = 0;
  visualizer.for_each_event_since(0, [&](const EventRecord& record) {
    if (record.shape != told[read]) return false;
    ++read;
    return true;
  });
  CHECK(read == told.size());
}

TEST_CASE("the last mark keeps its name when the names around it go") {
  BufferVisualizer visualizer(VisualizerOptions{256});
  visualizer.mark("what goes on");
  // More text than the log keeps, of buffers that have ended.
  for (std::uint32_t i = 0; i < 20'000; ++i) {
    BufferDescription description;
    const std::string label = std::to_string(i) + std::string(1000, 'x');
    description.label = label;
    visualizer.on_alloc(
        {.id = BufferId{0, i}, .size_bytes = 10, .capacity_bytes = 64, .description = &description});
    visualizer.on_free(BufferId{0, i}, Cause::dispose, FreedTo::cache);
  }
  std::string name;
  visualizer.for_each_event_since(0, [&](const EventRecord& record) {
    if (record.kind == EventKind::mark) name = record.name;
    return true;
  });
  CHECK(name == "what goes on");
  visualizer.mark("what comes then");
  visualizer.for_each_event_since(0, [&](const EventRecord& record) {
    if (record.kind == EventKind::mark) name = record.name;
    return true;
  });
  CHECK(name == "what comes then");
}

TEST_CASE("of memory held before, what is not listed again has gone, to the byte") {
  BufferVisualizer visualizer;
  const auto segment = [](std::uint64_t begin, std::size_t bytes) {
    return Segment{const_cast<std::byte*>(byte_at(begin)), bytes};
  };
  visualizer.on_segment_reserved(segment(0x10000, 0x4000));
  visualizer.on_segment_reserved(segment(0x20000, 0x2000));
  visualizer.on_segment_reserved(segment(0x30000, 0x1000));
  const std::uint64_t before = visualizer.event_count();
  visualizer.begin_segment_listing();
  visualizer.on_segment_reserved(segment(0x11000, 0x1000));
  visualizer.on_segment_reserved(segment(0x30000, 0x3000));
  visualizer.end_segment_listing();
  using Piece = std::tuple<EventKind, std::uint64_t, std::uint64_t>;
  std::vector<Piece> read;
  visualizer.for_each_event_since(before, [&](const EventRecord& record) {
    read.emplace_back(record.kind, record.address, record.size_bytes);
    return true;
  });
  CHECK(read == std::vector<Piece>{{EventKind::reserve, 0x31000, 0x2000},
                                   {EventKind::release, 0x10000, 0x1000},
                                   {EventKind::release, 0x12000, 0x2000},
                                   {EventKind::release, 0x20000, 0x2000}});
  // What was left is known by what was listed.
  visualizer.begin_segment_listing();
  visualizer.end_segment_listing();
  const std::uint64_t after = before + read.size();
  read.clear();
  visualizer.for_each_event_since(after, [&](const EventRecord& record) {
    read.emplace_back(record.kind, record.address, record.size_bytes);
    return true;
  });
  CHECK(read == std::vector<Piece>{{EventKind::release, 0x11000, 0x1000},
                                   {EventKind::release, 0x30000, 0x1000},
                                   {EventKind::release, 0x31000, 0x2000}});
}
