#include "trace/pytorch_snapshot.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <utility>

#include "trace/line_reader.hpp"
#include "trace/pytorch_fields.hpp"
#include "trace/pytorch_frames.hpp"

namespace bufgc::trace {
namespace {

using Action = PytorchSnapshot::Action;
using Entry = PytorchSnapshot::Entry;
using Field = PytorchField;
using Kind = PickleValue::Kind;

constexpr std::uint32_t host = std::numeric_limits<std::uint32_t>::max();

Action action_of(std::string_view word) {
  if (word == "alloc") return Action::alloc;
  if (word == "free_requested") return Action::free_requested;
  if (word == "free_completed") return Action::free_completed;
  if (word == "segment_alloc" || word == "segment_map") return Action::reserve;
  if (word == "segment_free" || word == "segment_unmap") return Action::release;
  if (word == "oom" || word == "snapshot" || word == "annotate") return Action::mark;
  return Action::unknown;
}

class SnapshotReader {
 public:
  SnapshotReader(PytorchFields& fields, PytorchSnapshot& snapshot, std::string& error)
      : fields_(fields), frames_(fields), snapshot_(snapshot), error_(error) {}

  bool read(PickleValue top) {
    const PytorchDict parts = fields_.dict(top);
    if (!top.is(Kind::dict) || (!parts.has(Field::segments) && !parts.has(Field::device_traces))) {
      error_ = "expected a PyTorch memory snapshot, a dict with \"segments\" and \"device_traces\", found ";
      error_ += top.is(Kind::dict) ? "a dict without" : name_of(top.kind);
      return false;
    }
    return segments(parts, Field::segments) && segments(parts, Field::host_segments) &&
           traces(parts, Field::device_traces) && traces(parts, Field::host_traces) && annotations(parts) &&
           whole();
  }

 private:
  /// Where in the snapshot: `list[first].inner[second]`, for messages.
  struct Place {
    Field list = Field::count;
    std::size_t first = 0;
    Field inner = Field::count;
    std::size_t second = 0;
    bool nested = false;
  };

  bool segments(const PytorchDict& parts, Field list) {
    const auto items = list_of(parts, list, {});
    if (!items) return false;
    for (std::size_t i = 0; i < items->size(); ++i) {
      const Place place{list, i};
      PytorchDict segment;
      Entry entry;
      if (!dict((*items)[i], place, segment)) return false;
      const bool of_host = list == Field::host_segments;
      std::uint64_t device = 0;
      if (!of_host && !optional(segment, Field::device, place, device)) return false;
      if (!address(segment, Field::address, place, entry.address) ||
          !number(segment, Field::total_size, place, entry.size_bytes))
        return false;
      entry.action = Action::reserve;
      entry.device = of_host ? host : static_cast<std::uint32_t>(std::min<std::uint64_t>(device, host - 1));
      entry.thread = thread_of(entry.device, segment[Field::stream]);
      snapshot_.segments.push_back(entry);
      if (!blocks(segment, place, entry)) return false;
    }
    return true;
  }

  bool blocks(const PytorchDict& segment, const Place& outer, const Entry& held) {
    const auto items = list_of(segment, Field::blocks, outer);
    if (!items) return false;
    std::uint64_t next = held.address;  // older snapshots tell no addresses: block follows on block
    for (std::size_t i = 0; i < items->size(); ++i) {
      const Place place{outer.list, outer.first, Field::blocks, i, true};
      PytorchDict block;
      Entry entry;
      if (!dict((*items)[i], place, block) || !number(block, Field::size, place, entry.capacity_bytes))
        return false;
      entry.address = next;
      if (block.has(Field::address) && !address(block, Field::address, place, entry.address)) return false;
      next = entry.address + entry.capacity_bytes;
      const std::string_view state = fields_.text(block[Field::state]);
      if (state == "inactive") continue;
      if (state.substr(0, 6) != "active")
        return fail(place, Field::state, "active_allocated, active_pending_free or inactive",
                    block[Field::state]);
      PickleValue frames = block[Field::frames];
      entry.size_bytes = entry.capacity_bytes;
      if (!optional(block, Field::requested_size, place, entry.size_bytes)) return false;
      // So did older ones; what lies deeper in a history was allocated there before.
      if (const PickleValue history = block[Field::history]; history.is(Kind::list)) {
        const std::span<const PickleValue> lives = fields_.values().items(history);
        const PytorchDict life = lives.empty() ? PytorchDict{} : fields_.dict(lives[0]);
        if (!optional(life, Field::real_size, place, entry.size_bytes)) return false;
        if (life.has(Field::frames)) frames = life[Field::frames];
      }
      entry.action = Action::alloc;
      entry.device = held.device;
      entry.thread = held.thread;
      name(entry, block, frames);
      snapshot_.blocks.push_back(entry);
    }
    return true;
  }

  bool traces(const PytorchDict& parts, Field list) {
    const auto items = list_of(parts, list, {});
    if (!items) return false;
    for (std::size_t i = 0; i < items->size(); ++i) {
      const std::uint32_t device = list == Field::host_traces ? host : static_cast<std::uint32_t>(i);
      if (!(*items)[i].is(Kind::list)) return fail({list, i}, Field::count, "a list", (*items)[i]);
      snapshot_.traces.emplace_back();
      if (!trace(fields_.list((*items)[i]), {list, i}, device)) return false;
    }
    return true;
  }

  bool trace(std::span<const PickleValue> items, const Place& outer, std::uint32_t device) {
    constexpr std::int64_t unknown = std::numeric_limits<std::int64_t>::min();
    std::vector<Entry>& entries = snapshot_.traces.back();
    std::int64_t last = unknown;
    for (std::size_t i = 0; i < items.size(); ++i) {
      const Place place{outer.list, outer.first, Field::count, i, true};
      PytorchDict entry;
      if (!dict(items[i], place, entry)) return false;
      Entry& flat = entries.emplace_back();
      flat.device = device;
      flat.time_ns = last;
      if (!event(entry, place, flat)) return false;
      if (!entry.has(Field::time_us)) continue;
      if (!time(entry, place, flat.time_ns)) return false;
      snapshot_.timed = true;
      if (flat.time_ns < last) ++snapshot_.set_right;
      flat.time_ns = last = std::max(last, flat.time_ns);
    }
    // What stands before the first time is as early as that.
    const auto first = std::find_if(entries.begin(), entries.end(),
                                    [](const Entry& entry) { return entry.time_ns != unknown; });
    const std::int64_t earliest = first == entries.end() ? 0 : first->time_ns;
    std::for_each(entries.begin(), first, [&](Entry& entry) { entry.time_ns = earliest; });
    return true;
  }

  bool event(const PytorchDict& entry, const Place& place, Entry& flat) {
    const PickleValue word = entry[Field::action];
    if (!word.is(Kind::text)) return fail(place, Field::action, "a str", word);
    flat.action = action_of(fields_.text(word));
    switch (flat.action) {
      case Action::unknown:
      case Action::free_requested:
        return true;
      case Action::mark:
        return mark(entry, place, flat);
      case Action::alloc:
        name(flat, entry, entry[Field::frames]);
        break;
      default:
        break;
    }
    flat.thread = thread_of(flat.device, entry[Field::stream]);
    if (!address(entry, Field::addr, place, flat.address) ||
        !number(entry, Field::size, place, flat.size_bytes))
      return false;
    flat.capacity_bytes = flat.size_bytes;
    return true;
  }

  bool mark(const PytorchDict& entry, const Place& place, Entry& flat) {
    const std::string_view word = fields_.text(entry[Field::action]);
    flat.label = fields_.name(entry[Field::user_metadata]);
    if (flat.label == 0) flat.label = fields_.name(entry[Field::action]);
    if (word != "oom") return true;
    std::uint64_t wanted = 0;
    std::uint64_t left = 0;
    if (!optional(entry, Field::size, place, wanted) || !optional(entry, Field::device_free, place, left))
      return false;
    flat.label = fields_.name("out of memory: " + std::to_string(wanted) + " bytes wanted, " +
                              std::to_string(left) + " free on the device");
    return true;
  }

  bool annotations(const PytorchDict& parts) {
    const auto items = list_of(parts, Field::external_annotations, {});
    if (!items) return false;
    for (std::size_t i = 0; i < items->size(); ++i) {
      const Place place{Field::external_annotations, i};
      PytorchDict annotation;
      Entry entry;
      if (!dict((*items)[i], place, annotation) || !time(annotation, place, entry.time_ns)) return false;
      entry.action = Action::mark;
      if (!annotation[Field::name].is(Kind::text))
        return fail(place, Field::name, "a str", annotation[Field::name]);
      const std::string_view name = fields_.text(annotation[Field::name]).substr(0, most_name_bytes);
      const bool ends = fields_.text(annotation[Field::stage]) == "END";
      entry.label = fields_.name(ends ? "end of " + std::string(name) : std::string(name));
      snapshot_.annotations.push_back(entry);
    }
    return true;
  }

  /// What the program says it made; else what its stack tells; else where its compiler was.
  void name(Entry& entry, const PytorchDict& dict, PickleValue frames) {
    const PytorchOrigin origin = frames_.origin(frames);
    entry.site = origin.site;
    entry.label = fields_.name(dict[Field::user_metadata]);
    if (entry.label == 0) entry.label = origin.label;
    if (const PickleValue compiled = dict[Field::compile_context];
        entry.label == 0 && fields_.text(compiled) != "N/A")
      entry.label = fields_.name(compiled);
  }

  /// The text for a device and its stream.
  std::uint32_t thread_of(std::uint32_t device, PickleValue stream) {
    const auto number = stream.is(Kind::integer) ? std::optional(stream.bits) : std::nullopt;
    std::uint32_t& known = threads_[{device, number}];
    if (known != 0) return known;
    std::string text = device == host ? "host" : "device " + std::to_string(device);
    if (number) text += " stream " + std::to_string(*number);
    return known = fields_.name(text);
  }

  /// A list that may be absent; null after `fail`.
  std::optional<std::span<const PickleValue>> list_of(const PytorchDict& dict, Field field,
                                                      const Place& place) {
    const PickleValue value = dict[field];
    if (value.is(Kind::none)) return std::span<const PickleValue>{};
    if (value.is(Kind::list) || value.is(Kind::tuple)) return fields_.list(value);
    fail(place, field, "a list", value);
    return std::nullopt;
  }
  bool dict(PickleValue value, const Place& place, PytorchDict& dict) {
    if (!value.is(Kind::dict)) return fail(place, Field::count, "a dict", value);
    dict = fields_.dict(value);
    return whole();
  }
  bool number(const PytorchDict& dict, Field field, const Place& place, std::uint64_t& number) {
    const PickleValue value = dict[field];
    if (!value.is(Kind::integer) || value.negative) return fail(place, field, "a non-negative int", value);
    number = value.bits;
    return true;
  }
  /// Leaves `number` as it is where the field is absent.
  bool optional(const PytorchDict& dict, Field field, const Place& place, std::uint64_t& found) {
    return dict[field].is(Kind::none) || number(dict, field, place, found);
  }
  /// Addresses in the upper half may be written as negative numbers.
  bool address(const PytorchDict& dict, Field field, const Place& place, std::uint64_t& address) {
    const PickleValue value = dict[field];
    if (!value.is(Kind::integer)) return fail(place, field, "an int", value);
    address = value.bits;
    return true;
  }
  bool time(const PytorchDict& dict, const Place& place, std::int64_t& time_ns) {
    constexpr std::int64_t us = 1000;
    const PickleValue value = dict[Field::time_us];
    const auto time = static_cast<std::int64_t>(value.bits);
    const bool fits = value.is(Kind::integer) && value.negative == (time < 0) &&
                      time <= std::numeric_limits<std::int64_t>::max() / us &&
                      time >= std::numeric_limits<std::int64_t>::min() / us;
    if (!fits) return fail(place, Field::time_us, "an int of microseconds", value);
    time_ns = time * us;
    return true;
  }
  bool whole() {
    snapshot_.without_stack = frames_.without_stack();
    if (!fields_.exhausted()) return true;
    error_ =
        "expected a snapshot that says everything once, found lists that stand in it so often that it "
        "unfolds to more than the file";
    return false;
  }

  bool fail(const Place& place, Field field, std::string_view expected, PickleValue found) {
    error_ = name_of(place.list);
    if (place.list != Field::count) error_ += '[' + std::to_string(place.first) + ']';
    if (place.inner != Field::count) error_ += '.' + std::string(name_of(place.inner));
    if (place.nested) error_ += '[' + std::to_string(place.second) + ']';
    if (field != Field::count) error_ += (error_.empty() ? "" : ".") + std::string(name_of(field));
    error_ += ": expected " + std::string(expected) + ", found ";
    if (found.is(Kind::text)) {
      error_ += shown(fields_.text(found));
    } else if (found.is(Kind::integer)) {
      error_ +=
          found.negative ? std::to_string(static_cast<std::int64_t>(found.bits)) : std::to_string(found.bits);
    } else {
      error_ += name_of(found.kind);
    }
    return false;
  }

  PytorchFields& fields_;
  PytorchFrames frames_;
  PytorchSnapshot& snapshot_;
  std::string& error_;
  std::map<std::pair<std::uint32_t, std::optional<std::uint64_t>>, std::uint32_t> threads_;
};

}  // namespace

bool read_pytorch_snapshot(const PickleValues& values, PickleValue top, std::uint64_t file_bytes,
                           StringTable& names, PytorchSnapshot& snapshot, std::string& error) {
  PytorchFields fields(values, file_bytes, names);
  return SnapshotReader(fields, snapshot, error).read(top);
}

}  // namespace bufgc::trace
