// The log against a list of all that happened: long random programs across its chunks and bounds, and with
// memory that runs out anywhere.

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "bufgc/viz/buffer_visualizer.hpp"
#include "bufgc/viz/word_queue.hpp"
#include "failing_heap.hpp"

using namespace bufgc;
using EventKind = Lifecycles::EventKind;

namespace {

struct Entry {
  EventKind kind;
  std::uint64_t id;
  std::uint64_t size_bytes = 0;
  std::uint64_t capacity_bytes = 0;
  std::uint64_t address = 0;
  BufferKind buffer_kind = BufferKind::owned;
  std::string label = {};
  std::size_t uses = 0;
};

std::uint64_t owned_bytes(const Entry& birth) {
  return birth.buffer_kind == BufferKind::owned ? birth.size_bytes : 0;
}

/// A visualizer and all that it was told, one by one.
class Watched {
 public:
  Watched(std::size_t max_events, std::uint64_t seed)
      : max_events_(max_events), visualizer_(VisualizerOptions{max_events}), random_(seed) {}

  /// Up to `steps` events of buffers in so many slots, most of which follow the end of the former at once.
  void live(int steps, std::uint32_t slots) {
    if (generations_.size() < slots) generations_.resize(slots);
    for (int step = 0; step < steps; ++step) {
      const std::uint64_t choice = random_() % 100;
      if (choice < 30 && alive_.size() < slots) {
        bear();
      } else if (choice < 60 && alive_.size() < slots) {
        if (const std::uint64_t id = bear(); !alive_.empty() && alive_.back() == id) end(id);
      } else if (choice < 90 && !alive_.empty()) {
        end(any());
      } else if (choice < 94 && !alive_.empty()) {
        use();
      } else if (choice < 98 && !alive_.empty()) {
        move(any());
      } else {
        const std::string name = "phase " + std::to_string(random_() % 5);
        note({EventKind::mark, 0, 0, 0, 0, BufferKind::owned, name, 0}, [&] { visualizer_.mark(name); });
      }
    }
  }

  /// What can be read is what happened: the last `max_events` one by one, of what came before what still
  /// holds, and exact totals of the rest.
  void check() {
    const std::uint64_t count = visualizer_.event_count();
    REQUIRE(count == told_.size());
    const std::uint64_t first = count - std::min<std::uint64_t>(count, max_events_);
    std::map<std::uint64_t, std::size_t> carried;  // births by id
    Lifecycles::Folded folded;
    std::uint64_t live_bytes = 0;
    std::uint64_t standing_mark = count;
    for (std::size_t number = 0; number < first; ++number) {
      const Entry& event = told_[number];
      if (event.kind == EventKind::mark) standing_mark = number;
      if (event.kind == EventKind::alloc) {
        carried[event.id] = number;
        live_bytes += owned_bytes(event);
        folded.max_live_bytes = std::max(folded.max_live_bytes, live_bytes);
        folded.max_live_buffers = std::max<std::uint64_t>(folded.max_live_buffers, carried.size());
      } else if (event.kind == EventKind::free) {
        const std::uint64_t bytes = owned_bytes(told_[carried.at(event.id)]);
        live_bytes -= bytes;
        folded.bytes += bytes;
        ++folded.buffers;
        carried.erase(event.id);
      }
    }
    std::vector<std::uint64_t> expected;
    for (const auto& [id, number] : carried) expected.push_back(number);
    if (standing_mark != count) expected.push_back(standing_mark);
    std::sort(expected.begin(), expected.end());
    folded.events = first - expected.size();
    for (std::uint64_t number = first; number < count; ++number) expected.push_back(number);

    std::size_t seen = 0;
    REQUIRE(visualizer_.for_each_event_since(0, [&](const EventRecord& record) {
      if (seen == expected.size() || record.number != expected[seen++]) return false;
      return tells(record, told_[static_cast<std::size_t>(record.number)], first);
    }) == count);
    REQUIRE(seen == expected.size());

    const Lifecycles::Folded found = visualizer_.snapshot().folded;
    REQUIRE(found.events == folded.events);
    REQUIRE(found.buffers == folded.buffers);
    REQUIRE(found.bytes == folded.bytes);
    REQUIRE(found.max_live_bytes == folded.max_live_bytes);
    REQUIRE(found.max_live_buffers == folded.max_live_buffers);

    std::vector<std::uint64_t> live;
    for (const BufferId id : visualizer_.live_buffers()) live.push_back(id.value());
    std::vector<std::uint64_t> alive = alive_;
    std::sort(live.begin(), live.end());
    std::sort(alive.begin(), alive.end());
    REQUIRE(live == alive);
  }

  /// A number after which reading goes on, as an exporter does.
  void check_since(std::uint64_t from) {
    std::uint64_t next = std::max(from, told_.size() - std::min<std::uint64_t>(told_.size(), max_events_));
    const std::uint64_t end = visualizer_.for_each_event_since(next, [&](const EventRecord& record) {
      return record.number == next++ && record.kind == told_[static_cast<std::size_t>(next - 1)].kind &&
             record.id == told_[static_cast<std::size_t>(next - 1)].id;
    });
    REQUIRE(end == told_.size());
  }

  /// What is left where memory failed, so that more than the bound was folded away, or an event left out.
  void check_whole() {
    std::uint64_t next = 0;
    REQUIRE(visualizer_.for_each_event_since(0, [&](const EventRecord& record) {
      if (record.number < next) return false;
      next = record.number + 1;
      const Entry& event = told_[static_cast<std::size_t>(record.number)];
      return record.kind == event.kind && record.id == event.id;
    }) == told_.size());
    REQUIRE(next == told_.size());
    const Lifecycles picture = visualizer_.snapshot();
    std::vector<std::uint64_t> alive;
    std::uint64_t bytes = picture.folded.bytes;
    for (std::size_t row = 0; row < picture.size(); ++row) {
      const bool owned = picture.kind[row] == static_cast<std::uint8_t>(BufferKind::owned);
      bytes += owned ? picture.size_bytes[row] : 0;
      if (picture.free_event[row] == Lifecycles::none) alive.push_back(picture.id[row]);
    }
    std::uint64_t told_bytes = 0;
    std::uint64_t told_births = 0;
    for (const Entry& event : told_) {
      told_births += event.kind == EventKind::alloc ? 1 : 0;
      told_bytes += event.kind == EventKind::alloc ? owned_bytes(event) : 0;
    }
    REQUIRE(picture.folded.buffers + picture.size() == told_births);
    REQUIRE(bytes == told_bytes);
    REQUIRE(picture.folded.events + picture.event_count() == told_.size());
    REQUIRE(std::is_permutation(alive.begin(), alive.end(), alive_.begin(), alive_.end()));
    REQUIRE(picture.skipped_by_reason[static_cast<std::size_t>(SkipReason::no_memory_for_log)] == left_out_);
  }

  /// From now on so many allocations of the log fail, beginning with number `first`.
  void fail(std::size_t first, std::size_t failing) {
    first_failing_ = first;
    failing_ = failing;
    allocations_ = 0;
  }
  [[nodiscard]] std::size_t allocations() const { return allocations_; }
  [[nodiscard]] std::uint64_t left_out() const { return left_out_; }

  [[nodiscard]] std::size_t events() const { return told_.size(); }
  [[nodiscard]] std::mt19937_64& random() { return random_; }

 private:
  [[nodiscard]] std::uint64_t any() { return alive_[random_() % alive_.size()]; }

  /// Tells the visualizer; what it recorded becomes part of the list.
  template <class Tell>
  bool note(const Entry& event, Tell&& tell) {
    const std::uint64_t before = visualizer_.event_count();
    {
      const std::size_t passed = std::min(allocations_ - std::min(allocations_, first_failing_), failing_);
      const FailingHeap failing(first_failing_ - std::min(first_failing_, allocations_), failing_ - passed);
      tell();
      allocations_ += FailingHeap::asked();
    }
    if (visualizer_.event_count() == before) {
      ++left_out_;
      return false;
    }
    REQUIRE(visualizer_.event_count() == before + 1);
    told_.push_back(event);
    return true;
  }

  std::uint64_t bear() {
    auto slot = static_cast<std::uint32_t>(random_() % generations_.size());
    while (std::any_of(alive_.begin(), alive_.end(),
                       [&](std::uint64_t id) { return BufferId::from_value(id).slot == slot; })) {
      slot = static_cast<std::uint32_t>((slot + 1) % generations_.size());
    }
    const BufferId id{slot, generations_[slot]++};
    // Sizes, capacities and addresses that fit the short form of a birth, and some that do not.
    const std::uint64_t choice = random_() % 16;
    Entry birth{EventKind::alloc, id.value()};
    birth.size_bytes = choice == 0 ? std::uint64_t{1} << 50U : random_() % 5000;
    birth.capacity_bytes = birth.size_bytes + (choice == 1 ? 1U << 16U : random_() % 64);
    birth.address = choice == 2 ? 0 : (std::uint64_t{slot} + 1) << 12U;
    BufferDescription description;
    if (choice >= 13) birth.label = "label " + std::to_string(choice);
    description.label = birth.label;
    if (choice == 3 && !alive_.empty()) {
      birth.buffer_kind = BufferKind::view;
      description.base = BufferId::from_value(any());
    }
    const bool described = !birth.label.empty() || birth.buffer_kind == BufferKind::view;
    const bool recorded = note(birth, [&] {
      visualizer_.on_alloc(
          {.id = id,
           .data = reinterpret_cast<const std::byte*>(static_cast<std::uintptr_t>(birth.address)),
           .size_bytes = birth.size_bytes,
           .capacity_bytes = birth.capacity_bytes,
           .kind = birth.buffer_kind,
           .description = described ? &description : nullptr});
    });
    if (recorded) {
      alive_.push_back(id.value());
      addresses_[id.value()] = birth.address == 0 ? Lifecycles::no_address : birth.address;
    }
    return id.value();
  }

  void end(std::uint64_t id) {
    REQUIRE(note({EventKind::free, id},
                 [&] { visualizer_.on_free(BufferId::from_value(id), Cause::finalized, FreedTo::arena); }));
    alive_.erase(std::find(alive_.begin(), alive_.end(), id));
  }

  void use() {
    // Now and then more than a chunk holds.
    std::vector<KernelUse> uses(random_() % 50 == 0 ? 9000 : 1 + random_() % 20);
    for (KernelUse& use : uses) use = {BufferId::from_value(any()), Access::write};
    const std::size_t most = std::max<std::size_t>(2 * max_events_, 1024) - 1;
    note({EventKind::use, 0, 0, 0, 0, BufferKind::owned, "kernel", std::min(uses.size(), most)},
         [&] { visualizer_.use("kernel", uses); });
  }

  void move(std::uint64_t id) {
    const std::uint64_t to = (random_() % 1000 + 1) << 12U;
    const auto place = [](std::uint64_t address) {
      return reinterpret_cast<const std::byte*>(static_cast<std::uintptr_t>(address));
    };
    Entry event{EventKind::move, id};
    event.address = to;
    if (note(event,
             [&] { visualizer_.on_move(BufferId::from_value(id), place(addresses_[id]), place(to)); })) {
      addresses_[id] = to;
    }
  }

  /// Whether a record of the log tells what was told. Births folded away stand where the buffer last stood
  /// before event `first`.
  [[nodiscard]] bool tells(const EventRecord& record, const Entry& event, std::uint64_t first) const {
    if (record.kind != event.kind || record.id != event.id) return false;
    switch (event.kind) {
      case EventKind::alloc: {
        std::uint64_t address = event.address == 0 ? Lifecycles::no_address : event.address;
        for (std::uint64_t later = record.number + 1; later < first; ++later) {
          const Entry& other = told_[static_cast<std::size_t>(later)];
          if (other.kind == EventKind::move && other.id == event.id) address = other.address;
        }
        return record.size_bytes == event.size_bytes && record.capacity_bytes == event.capacity_bytes &&
               record.address == address && record.name == event.label &&
               record.buffer_kind == static_cast<std::uint8_t>(event.buffer_kind) &&
               record.has_base == (event.buffer_kind == BufferKind::view);
      }
      case EventKind::free:
        return record.cause == static_cast<std::uint8_t>(Cause::finalized) &&
               record.freed_to == static_cast<std::uint8_t>(FreedTo::arena);
      case EventKind::use:
        return record.name == event.label && record.uses.size() == event.uses;
      case EventKind::mark:
        return record.name == event.label;
      case EventKind::move:
        return record.address == event.address;
      default:
        return false;
    }
  }

  const std::size_t max_events_;
  BufferVisualizer visualizer_;
  std::mt19937_64 random_;
  std::vector<Entry> told_;
  std::vector<std::uint64_t> alive_;
  std::vector<std::uint32_t> generations_;
  std::map<std::uint64_t, std::uint64_t> addresses_;
  std::size_t first_failing_ = 0;
  std::size_t failing_ = 0;
  std::size_t allocations_ = 0;
  std::uint64_t left_out_ = 0;
};

}  // namespace

TEST_CASE("across its chunks and bounds the log tells what happened, one by one and in totals") {
  for (const std::size_t max_events : {1U, 3U, 1000U, 20000U}) {
    const std::uint64_t seed = max_events + 1;
    INFO(max_events << " events, seed " << seed);
    Watched watched(max_events, seed);
    std::uint64_t read = 0;
    for (int part = 0; part < 12; ++part) {
      const auto steps = static_cast<int>(watched.random()() % 6000);
      watched.live(steps, 40);
      watched.check();
      watched.check_since(read);
      read = watched.events();
    }
    // Once without a look at it in between, so that it folds by itself.
    watched.live(50000, 40);
    watched.check();
    REQUIRE(watched.events() > 2 * WordQueue::chunk_words);
  }
}

TEST_CASE("ten thousand buffers alive at once are carried on when their births fold away") {
  Watched watched(100, 5);
  watched.live(10000, 10000);
  watched.check();
}

TEST_CASE("an event that there is no memory for is left out and counted, and the log stays whole") {
  // One allocation fails, or all from one on.
  for (const std::size_t failing : {std::size_t{1}, ~std::size_t{0}}) {
    std::uint64_t left_out = 0;
    std::size_t tried = 0;
    for (std::size_t first = 0; first == tried; ++first) {
      INFO("allocation " << first << (failing == 1 ? "" : " and all that follow"));
      Watched watched(4000, 9);
      watched.fail(first, failing);
      watched.live(3000, 5000);
      watched.live(6000, 40);
      if (watched.allocations() > first) ++tried;
      left_out += watched.left_out();
      watched.fail(0, 0);
      watched.check_whole();
      watched.live(1000, 40);
      watched.check_whole();
    }
    CHECK(tried > 10);
    CHECK(left_out > 10);
  }
}

TEST_CASE("a buffer whose end there is no memory for has ended all the same") {
  BufferVisualizer visualizer(VisualizerOptions{10});
  visualizer.on_alloc({.id = BufferId{0, 0}, .size_bytes = 100, .capacity_bytes = 128});
  visualizer.clear();  // gives the log's memory back
  REQUIRE(visualizer.live_buffers().size() == 1);
  {
    const FailingHeap none(0);
    visualizer.on_free(BufferId{0, 0}, Cause::dispose, FreedTo::cache);
  }
  CHECK(visualizer.event_count() == 1);
  CHECK(visualizer.live_buffers().empty());
  visualizer.on_alloc({.id = BufferId{0, 1}, .size_bytes = 10, .capacity_bytes = 64});
  const Lifecycles picture = visualizer.snapshot();
  REQUIRE(picture.size() == 1);
  CHECK(picture.id[0] == BufferId{0, 1}.value());
  CHECK(picture.folded.buffers == 1);
  CHECK(picture.folded.bytes == 100);
  CHECK(picture.skipped_by_reason[static_cast<std::size_t>(SkipReason::no_memory_for_log)] == 1);
}

TEST_CASE("of each kind of event, one that there is no memory for is counted and changes nothing") {
  BufferVisualizer visualizer(VisualizerOptions{10});
  const BufferId a{0, 0};
  const BufferId b{1, 0};
  std::byte bytes[64] = {};
  const Segment held{bytes, 16};
  const std::vector<KernelUse> uses = {{a, Access::read}};
  visualizer.on_alloc({.id = a, .size_bytes = 100, .capacity_bytes = 128});
  visualizer.on_alloc({.id = b, .size_bytes = 100, .capacity_bytes = 128});
  visualizer.on_segment_reserved(held);
  visualizer.mark("name");
  visualizer.clear();  // gives the log's memory back
  const std::uint64_t events = visualizer.event_count();
  {
    const FailingHeap none(0);
    visualizer.mark("name");
    visualizer.use("name", uses);
    visualizer.on_link(a, b);
    visualizer.on_unlink(a, b);
    visualizer.on_move(a, bytes, bytes + 32);
    visualizer.on_alloc({.id = BufferId{2, 0}, .size_bytes = 1, .capacity_bytes = 64});
  }
  CHECK(visualizer.event_count() == events);
  CHECK(visualizer.live_buffers().size() == 2);
  const Lifecycles picture = visualizer.snapshot();
  CHECK(picture.links.empty());
  CHECK(picture.moves.empty());
  CHECK(picture.uses.empty());
  CHECK(picture.skipped_by_reason[static_cast<std::size_t>(SkipReason::no_memory_for_log)] == 6);
  {
    const FailingHeap none(0);
    visualizer.on_segment_released(held);
  }
  CHECK(visualizer.event_count() == events);
  visualizer.mark("name");
  CHECK(visualizer.event_count() == events + 1);
}
