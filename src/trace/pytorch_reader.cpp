#include <algorithm>
#include <map>
#include <utility>

#include "bufgc/viz/lifecycles_builder.hpp"
#include "trace/pickle_machine.hpp"
#include "trace/pytorch_beginning.hpp"
#include "trace/pytorch_snapshot.hpp"
#include "trace/readers.hpp"

namespace bufgc::trace {
namespace {

using Action = PytorchSnapshot::Action;
using Entry = PytorchSnapshot::Entry;
using EventKind = Lifecycles::EventKind;

/// Numbers for buffers: the address, with the generation there in the 16 bits above it, which addresses of
/// today leave free.
class BufferIds {
 public:
  std::uint64_t next(std::uint64_t address, const LifecyclesBuilder& builder) {
    constexpr unsigned address_bits = 48;
    const std::uint64_t generation = generations_[address]++;
    std::uint64_t id = address ^ generation << address_bits;
    // Two alive may come to one number where addresses have more bits or a generation comes round again.
    while (builder.live_row(id) != Lifecycles::none) id = spare_--;
    return id;
  }

 private:
  std::map<std::uint64_t, std::uint16_t> generations_;
  std::uint64_t spare_ = ~std::uint64_t{0};
};

/// The segments come first in the file, but what they say is of its end: so nothing can be told of a
/// snapshot before it is whole.
class PytorchReader final : public Reader {
 public:
  bool feed(std::string_view piece) override {
    if (!error_.message.empty()) return false;
    return machine_.feed(piece) || fail(machine_.error());
  }

  bool finish() override {
    if (!error_.message.empty()) return false;
    if (finished_) return true;
    finished_ = true;
    if (!machine_.finish()) return fail(machine_.error());
    PytorchSnapshot snapshot;
    std::string wrong;
    if (!read_pytorch_snapshot(machine_.values(), machine_.result(), machine_.bytes(), builder_.strings(),
                               snapshot, wrong))
      return fail(wrong);
    machine_ = {};
    return tell(snapshot);
  }

  [[nodiscard]] const ReadError& error() const noexcept override { return error_; }
  [[nodiscard]] std::string_view notice() const noexcept override { return notice_; }
  [[nodiscard]] const Lifecycles& lifecycles() const noexcept override { return builder_.lifecycles(); }
  [[nodiscard]] Lifecycles take() override { return builder_.take(); }

 private:
  bool tell(PytorchSnapshot& snapshot) {
    timed_ = snapshot.timed;
    std::vector<Entry*> in_order = order(snapshot);
    PytorchBeginning beginning = find_beginning(snapshot, in_order);
    const std::int64_t start_ns = in_order.empty() ? 0 : in_order.front()->time_ns;
    bool good = true;
    for (std::vector<Entry>* const stood : {&beginning.segments, &beginning.buffers}) {
      for (Entry& entry : *stood) {
        entry.time_ns = start_ns;
        good = good && add(entry);
      }
    }
    if (builder_.lifecycles().event_count() > 0 && !in_order.empty()) {
      Entry mark;
      mark.action = Action::mark;
      mark.time_ns = start_ns;
      mark.label = builder_.strings().intern("recording begins");
      good = good && add(mark);
    }
    for (const Entry* const entry : in_order) good = good && add(*entry);
    if (!snapshot.segments.empty()) {
      note(beginning.without_block, "buffers that no segment holds are alive by the entries");
      note(beginning.without_birth, "blocks are in use that by the entries were freed");
    }
    note(snapshot.without_stack, "stacks beyond 64 MiB of text were cut to one frame");
    note(snapshot.set_right, "entries had a time before the last one's and were given that");
    return good || fail("expected at most 4,294,967,280 events in one trace, found more");
  }

  /// All entries as they came about: by their times, or trace after trace where they have none.
  std::vector<Entry*> order(PytorchSnapshot& snapshot) {
    std::vector<Entry*> all;
    for (std::vector<Entry>& trace : snapshot.traces)
      for (Entry& entry : trace) all.push_back(&entry);
    if (!snapshot.timed) {
      builder_.skip(SkipReason::mark_without_place, snapshot.annotations.size());
      return all;
    }
    for (Entry& annotation : snapshot.annotations) all.push_back(&annotation);
    std::stable_sort(all.begin(), all.end(),
                     [](const Entry* a, const Entry* b) { return a->time_ns < b->time_ns; });
    return all;
  }

  /// False where the trace is full.
  bool add(const Entry& entry) {
    if (builder_.full()) return false;
    const std::pair<std::uint32_t, std::uint64_t> place{entry.device, entry.address};
    const std::int64_t time_ns =
        timed_ ? entry.time_ns : static_cast<std::int64_t>(builder_.lifecycles().event_count());
    switch (entry.action) {
      case Action::alloc: {
        if (alive_.contains(place)) {
          builder_.skip(SkipReason::alloc_of_live_id);
          break;
        }
        EventRecord birth;
        birth.time_ns = time_ns;
        birth.id = alive_[place] = ids_.next(entry.address, builder_);
        birth.address = entry.address;
        birth.size_bytes = entry.size_bytes;
        birth.capacity_bytes = entry.capacity_bytes;
        const StringTable& names = builder_.strings();
        birth.name = names.at(entry.label);
        birth.site = names.at(entry.site);
        birth.thread = names.at(entry.thread);
        builder_.alloc(birth);
        break;
      }
      case Action::free_completed: {
        const auto found = alive_.find(place);
        if (found == alive_.end()) {
          builder_.skip(SkipReason::free_of_unknown_id);
          break;
        }
        builder_.free(time_ns, found->second, Lifecycles::unknown, Lifecycles::unknown);
        alive_.erase(found);
        break;
      }
      case Action::reserve:
        builder_.reserve(time_ns, entry.address, entry.size_bytes);
        break;
      case Action::release:
        builder_.release(time_ns, entry.address, entry.size_bytes);
        break;
      case Action::mark:
        builder_.mark(time_ns, entry.label);
        break;
      case Action::free_requested:  // the memory is in use until the free has completed
        break;
      case Action::unknown:
        builder_.skip(SkipReason::unknown_op);
        break;
    }
    return true;
  }

  void note(std::uint64_t count, std::string_view what) {
    if (count == 0) return;
    if (!notice_.empty()) notice_ += "; ";
    notice_ += std::to_string(count) + ' ';
    notice_ += what;
  }
  bool fail(const std::string& what) {
    error_.message = what;
    return false;
  }

  PickleMachine machine_;
  LifecyclesBuilder builder_;
  bool timed_ = false;
  BufferIds ids_;
  std::map<std::pair<std::uint32_t, std::uint64_t>, std::uint64_t> alive_;  // device, address: id
  bool finished_ = false;
  ReadError error_;
  std::string notice_;
};

}  // namespace

std::unique_ptr<Reader> make_pytorch_reader() {
  return std::make_unique<PytorchReader>();
}

}  // namespace bufgc::trace
