// The native side of the WebAssembly package, called as JavaScript calls it: what wasm/src checks before a
// call holds (handles are owned, and asked of what is live only where it asks so), everything else is any
// number, any text, in any order, also from inside of what the native side tells.

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "boundary_exports.hpp"
#include "boundary_input.hpp"
#include "boundary_shelf.hpp"
#include "bufgc/buffer/buffer_record.hpp"
#include "bufgc/memory/default_source.hpp"
#include "linear_region.hpp"
#include "reader_fuzzing.hpp"
#include "trace/readers.hpp"
#include "visualizer_calls.hpp"

using namespace bufgc;

bufgc::MemorySource& bufgc::default_source() noexcept {
  static LinearRegion region;
  return region;
}

namespace {

/// A handle that JavaScript has.
struct Handle {
  BufferRecord* record;
  std::uint32_t size_bytes;
  bool is_view;
  std::uint8_t stamp;    ///< What its bytes are.
  std::uint32_t number;  ///< In the order in which JavaScript got them: a record is used again.
};

struct RegisteredFinalizer {
  Finalizer* address;  ///< Null once it was dropped.
  bool at_exit = true;
  bool called = false;  ///< By JavaScript, which drops it by itself.
};

constexpr std::size_t most_things = 64;
constexpr std::size_t stamped_bytes = 4096;
constexpr int most_depth = 3;
constexpr std::size_t most_numbers = 256;  ///< Of a program: some fifty calls.

class Program {
 public:
  Program(const std::uint8_t* data, std::size_t size) : input_(data, size) {}
  void run();
  void told(wasm::Event event, int key);

 private:
  void step();
  void of_handle();
  void of_finalizer();
  void of_iteration();
  void of_manager();
  void of_visualizer();
  void add(BufferRecord* record, std::uint32_t size_bytes, bool is_view, std::uint8_t stamp);
  void alloc();
  void alloc_spec();
  void view(const Handle& base);
  void let_go(std::size_t index, bool collected);
  void add_finalizer(BufferRecord* record);
  void end_stream(std::size_t index);
  void check_bytes(const Handle& handle) const;
  void check_figures() const;
  void close();
  void let_go_of_all();

  [[nodiscard]] BufferVisualizer& visualizer() const { return wasm::instance().manager->visualizer(); }
  template <class Things>
  std::size_t one_of(const Things& things) {
    return input_.byte() % things.size();
  }
  [[nodiscard]] bool held(const Handle& handle) const {
    return std::any_of(handles_.begin(), handles_.end(),
                       [&](const Handle& other) { return other.number == handle.number; });
  }
  [[nodiscard]] static bool live(const Handle& handle) { return bufgc_data(handle.record) != nullptr; }
  /// Leaves a text, as `putText`; answers its length.
  std::uint32_t put_text();
  std::uint32_t put_shape();

  BoundaryInput input_;
  std::vector<Handle> handles_;
  std::uint32_t last_number_ = 0;
  std::vector<BufferPin*> pins_;
  std::vector<RegisteredFinalizer> finalizers_;  ///< By their keys.
  std::vector<bool> finalizer_told_;
  std::vector<Iteration*> iterations_;
  std::vector<AnnexStream*> streams_;
  double largest_budget_ = 0;
  std::uint8_t next_stamp_ = 0;
  int depth_ = 0;
  bool visualizing_ = false;
  bool closed_ = false;
  bool ending_ = false;
};

Program* program = nullptr;

void Program::add(BufferRecord* record, std::uint32_t size_bytes, bool is_view, std::uint8_t stamp) {
  if (record == nullptr) {
    must(bufgc_mailbox()->status != 0, "a refusal tells why");
    return;
  }
  handles_.push_back({record, size_bytes, is_view, stamp, ++last_number_});
  if (!is_view) std::memset(bufgc_data(record), stamp, std::min<std::size_t>(size_bytes, stamped_bytes));
  check_bytes(handles_.back());
}

void Program::alloc() {
  const std::uint32_t size_bytes = input_.size_bytes();
  BufferRecord* record = take(size_bytes, visualizing_ ? &visualizer() : nullptr);
  if (record == nullptr) record = bufgc_alloc(size_bytes);
  add(record, size_bytes, false, ++next_stamp_);
}

std::uint32_t Program::put_text() {
  const std::uint8_t how = input_.byte();
  // A label may be as long as the core keeps.
  const std::string text =
      how == 255 ? std::string(65535, 'x') : std::string(input_.text(how % 4 == 0 ? how : how % 4));
  if (text.empty()) return 0;
  char* const place = bufgc_text(static_cast<std::uint32_t>(3 * text.size()));
  must(place != nullptr, "there is room for a text");
  std::memcpy(place, text.data(), text.size());
  return static_cast<std::uint32_t>(text.size());
}

std::uint32_t Program::put_shape() {
  const std::uint32_t rank = input_.byte() % (Shape::max_rank + 1);
  for (std::uint32_t axis = 0; axis < rank; ++axis)
    bufgc_mailbox()->extents[axis] = input_.byte() < 200 ? input_.byte() % 8U : input_.word();
  return rank;
}

const char* kept_file() {
  // Texts are kept for ever, so one is enough.
  static const char* const file = [] {
    std::memcpy(bufgc_text(4), "a.js", 4);
    return bufgc_keep_text(4);
  }();
  return file;
}

void Program::alloc_spec() {
  const std::uint32_t size_bytes = input_.size_bytes();
  const char* const file = input_.byte() % 2 == 0 ? nullptr : kept_file();
  const std::uint32_t rank = put_shape();
  const std::uint32_t dtype = input_.byte() % (dtype_count + 1);
  const std::uint32_t label_bytes = put_text();
  BufferRecord* const record = bufgc_alloc_spec(size_bytes, dtype, rank, label_bytes, file, input_.byte());
  // With a shape, a size that does not agree is refused; that of 0 is the shape's.
  const std::uint64_t bytes = record == nullptr ? 0 : record->tail().size_bytes;
  must(record == nullptr || size_bytes == 0 || bytes == size_bytes, "a buffer has the size asked for");
  add(record, static_cast<std::uint32_t>(bytes), false, ++next_stamp_);
}

void Program::view(const Handle& base) {
  if (!live(base)) return;
  const Handle shown = base;
  const std::uint32_t offset = input_.byte() % 2 == 0 ? input_.byte() : input_.size_bytes();
  const std::uint32_t size_bytes = input_.byte() % 2 == 0 ? input_.byte() : input_.size_bytes();
  const char* const file = input_.byte() % 2 == 0 ? nullptr : kept_file();
  const std::uint32_t rank = put_shape();
  const std::uint32_t dtype = input_.byte() % (dtype_count + 1);
  const std::uint32_t label_bytes = put_text();
  BufferRecord* const record =
      bufgc_view(shown.record, offset, size_bytes, dtype, rank, label_bytes, file, input_.byte());
  if (record == nullptr) return add(nullptr, 0, true, 0);
  const std::uint64_t bytes = record->tail().size_bytes;
  must(offset + bytes <= shown.size_bytes, "a view lies within what it shows");
  must(bufgc_root(record) == bufgc_root(shown.record), "a view has the root of what it shows");
  must(bufgc_capacity(record) == 0, "a view holds nothing");
  add(record, static_cast<std::uint32_t>(bytes), true, shown.stamp);
}

void Program::check_bytes(const Handle& handle) const {
  const std::byte* const data = bufgc_data(handle.record);
  if (data == nullptr) return;
  const BufferRecord& root = *handle.record->root;
  const auto offset = static_cast<std::size_t>(data - root.data);
  must(offset + handle.size_bytes <= root.tail().size_bytes, "what is shown lies within the buffer");
  for (const std::size_t at : {std::size_t{0}, std::size_t{handle.size_bytes} - 1}) {
    if (at >= handle.size_bytes || offset + at >= stamped_bytes) continue;
    must(static_cast<std::uint8_t>(data[at]) == handle.stamp, "bytes stay as they were written");
  }
}

/// Disposed, or collected by the engine.
void Program::let_go(std::size_t index, bool collected) {
  const Handle handle = handles_[index];
  check_bytes(handle);
  handles_[index] = handles_.back();
  handles_.pop_back();
  if (collected) {
    bufgc_drop(handle.record);
  } else if (!lay(handle.record, handle.size_bytes, visualizing_ ? &visualizer() : nullptr)) {
    bufgc_release(handle.record);
  }
}

void Program::add_finalizer(BufferRecord* record) {
  const int key = static_cast<int>(finalizers_.size());
  finalizers_.push_back({nullptr});
  finalizer_told_.push_back(false);
  Finalizer* const made = bufgc_finalize(record, key);
  must(made != nullptr, "there is memory for a finalizer");
  finalizers_[static_cast<std::size_t>(key)].address = made;
}

void Program::of_handle() {
  if (handles_.empty()) return;
  const std::size_t index = one_of(handles_);
  const Handle handle = handles_[index];
  check_bytes(handle);
  switch (input_.byte() % 10) {
    case 0:
      return let_go(index, true);
    case 1:
      must(bufgc_destroy(handle.record) == 0 || !live(handle) || closed_, "what is live can be destroyed");
      // What this called may have let go of the handle.
      must(!held(handle) || !live(handle), "what was destroyed is not live");
      break;
    case 2:
      if (live(handle) && pins_.size() < most_things) pins_.push_back(bufgc_pin(handle.record));
      break;
    case 3:
      if (!closed_) view(handle);
      break;
    case 4: {
      const Handle other = handles_[one_of(handles_)];
      if (live(handle) && live(other)) bufgc_link(handle.record, other.record);
      break;
    }
    case 5: {
      const Handle other = handles_[one_of(handles_)];
      if (live(handle) && live(other)) bufgc_unlink(handle.record, other.record);
      break;
    }
    case 6:
      if (live(handle) && !closed_ && finalizers_.size() < most_things) add_finalizer(handle.record);
      break;
    default:
      return let_go(index, false);
  }
}

void Program::of_finalizer() {
  if (finalizers_.empty()) return;
  const std::size_t key = one_of(finalizers_);
  RegisteredFinalizer& finalizer = finalizers_[key];
  if (finalizer.address == nullptr || finalizer.called || finalizer_told_[key]) return;
  switch (input_.byte() % 3) {
    case 0: {
      finalizer.called = true;
      Finalizer* const address = finalizer.address;
      bufgc_finalizer_call(address);
      must(finalizer_told_[key], "a finalizer that is called runs");
      bufgc_finalizer_drop(address);
      finalizers_[key].address = nullptr;
      break;
    }
    case 1:
      bufgc_finalizer_detach(finalizer.address);
      bufgc_finalizer_drop(finalizer.address);
      finalizer.address = nullptr;
      break;
    default:
      finalizer.at_exit = input_.byte() % 2 == 0;
      bufgc_finalizer_set_at_exit(finalizer.address, finalizer.at_exit ? 1 : 0);
  }
}

void Program::of_iteration() {
  const double plan_ms = input_.byte() / 1000.0;
  if (iterations_.empty() || (input_.byte() % 8 == 0 && iterations_.size() < 4)) {
    const double most = std::max<std::uint32_t>(1, input_.byte() < 200 ? input_.byte() : input_.word());
    iterations_.push_back(bufgc_iteration_open(plan_ms, most));
    return;
  }
  const std::size_t index = one_of(iterations_);
  Iteration* const iteration = iterations_[index];
  const bool open = bufgc_iteration_state(iteration)[0] != 0;
  switch (input_.byte() % 8) {
    case 0:
      bufgc_iteration_abandon(iteration);
      break;
    case 1:
      if (!open) bufgc_iteration_improve(iteration, plan_ms);
      break;
    case 2:
      iterations_.erase(iterations_.begin() + static_cast<std::ptrdiff_t>(index));
      bufgc_iteration_drop(iteration);
      break;
    default:
      if (open) {
        bufgc_iteration_end(iteration);
      } else {
        bufgc_iteration_begin(iteration);
      }
  }
}

void Program::check_figures() const {
  const Statistics& s = *bufgc_stats();
  must(s.reserved_bytes == s.live_bytes + s.rounding_bytes + s.cached_bytes + s.gap_bytes, "figures add up");
  must(s.allocations == s.frees + s.live_blocks && s.allocations == s.hits + s.misses, "figures add up");
  must(static_cast<double>(s.peak_reserved_bytes) <= largest_budget_, "no budget is exceeded");
  const auto owners = std::count_if(handles_.begin(), handles_.end(),
                                    [](const Handle& handle) { return !handle.is_view && live(handle); });
  must(s.live_buffers >= static_cast<std::uint64_t>(owners), "what is held lives");
  const char* const fault = wasm::instance().manager->check_invariants();
  must(fault == nullptr, fault == nullptr ? "" : fault);
}

void Program::of_manager() {
  switch (input_.byte() % 12) {
    case 0:
      check_figures();
      break;
    case 1:
      bufgc_histogram();
      break;
    case 2:
    case 3:
      bufgc_collect();
      bufgc_last_collection();
      break;
    case 4:
      bufgc_trim(input_.amount());
      break;
    case 5: {
      const double bytes = std::max(1.0, input_.amount());
      largest_budget_ = std::max(largest_budget_, bytes);
      bufgc_set_budget_bytes(bytes);
      break;
    }
    case 6:
      bufgc_set_cache_enabled(input_.byte() % 2);
      break;
    case 7:
      bufgc_set_sites_enabled(input_.byte() % 2);
      break;
    case 8:
      if (!pins_.empty()) {
        const std::size_t index = one_of(pins_);
        BufferPin* const pin = pins_[index];
        pins_.erase(pins_.begin() + static_cast<std::ptrdiff_t>(index));
        bufgc_unpin(pin);
      }
      break;
    case 9:
      if (input_.byte() % 8 == 0) close();
      break;
    default:
      alloc_spec();
  }
}

void read_answer(std::string_view bytes, int format) {
  constexpr int chrome = 2;
  if (format == chrome) return;
  const auto reader = format == 0   ? trace::make_ndjson_reader()
                      : format == 1 ? trace::make_csv_reader()
                                    : trace::make_bufgc_reader();
  read_back(*reader, bytes);
}

std::string_view text_of(const AnnexColumn* column) {
  must(column != nullptr, "there is memory for an answer");
  return {static_cast<const char*>(column->items), column->count};
}

void Program::of_visualizer() {
  BufferVisualizer& here = visualizer();
  switch (input_.byte() % 10) {
    case 0:
      bufgc_visualizer_stop();
      visualizing_ = false;
      break;
    case 1:
      bufgc_annex_clear(&here);
      break;
    case 2: {
      const std::uint32_t bytes = put_text();
      bufgc_annex_mark(&here, bufgc_text(0), bytes);
      break;
    }
    case 3: {
      const std::uint32_t bytes = put_text();
      for (int count = input_.byte() % 4; count > 0 && !handles_.empty(); --count) {
        const Handle& used = handles_[one_of(handles_)];
        const std::uint32_t slot = bufgc_root(used.record);
        bufgc_annex_gather_use(slot, bufgc_mailbox()->generation, 1U + input_.byte() % 3U);
      }
      bufgc_annex_use(&here, bufgc_text(0), bytes);
      break;
    }
    case 4: {
      const AnnexColumn* const columns = bufgc_annex_snapshot(&here);
      must(columns != nullptr && columns[0].count == columns[7].count, "columns have one length");
      bufgc_annex_drop();
      break;
    }
    case 5: {
      const int format = input_.byte() % 4;
      read_answer(text_of(bufgc_annex_export(&here, format)), format);
      bufgc_annex_drop();
      break;
    }
    case 6: {
      const double from =
          input_.byte() % 2 == 0 ? input_.byte() : std::min(input_.amount(), 9007199254740991.0);
      text_of(bufgc_annex_export_since(&here, from));
      must(bufgc_annex_next_event() <= bufgc_annex_event_count(&here), "no event is told before it is there");
      bufgc_annex_drop();
      break;
    }
    case 7:
      bufgc_annex_watch(&here, input_.byte() % 2);
      break;
    case 8:
      if (streams_.size() < 3) {
        streams_.push_back(bufgc_annex_stream_open(&here));
      } else {
        end_stream(one_of(streams_));
      }
      break;
    default:
      if (!streams_.empty()) {
        text_of(bufgc_annex_stream_step(streams_[one_of(streams_)], input_.byte() % 2));
        bufgc_annex_drop();
      }
      if (input_.byte() % 2 == 0) {
        bufgc_visualizer_start();
        visualizing_ = true;
      }
  }
}

void Program::end_stream(std::size_t index) {
  AnnexStream* const stream = streams_[index];
  streams_.erase(streams_.begin() + static_cast<std::ptrdiff_t>(index));
  text_of(bufgc_annex_stream_step(stream, 2));
  bufgc_annex_drop();
  bufgc_annex_stream_lost_events(stream);
  bufgc_annex_stream_drop(stream);
}

void Program::step() {
  // After the close JavaScript lets go, and asks nothing that could be refused.
  const std::uint8_t what = input_.byte();
  if (closed_) return of_handle();
  switch (what % 16) {
    case 0:
    case 1:
      return of_manager();
    case 2:
      return of_visualizer();
    case 3:
      return of_iteration();
    case 4:
      return of_finalizer();
    case 5:
    case 6:
    case 7:
    case 8:
    case 9:
      if (handles_.size() < most_things) return alloc();
      [[fallthrough]];
    default:
      return of_handle();
  }
}

/// What the native side tells JavaScript, which may ask anything meanwhile.
void Program::told(wasm::Event event, int key) {
  if (event == wasm::Event::finalizer) {
    const auto place = static_cast<std::size_t>(key);
    RegisteredFinalizer& finalizer = finalizers_.at(place);
    if (closed_ && finalizer.address == nullptr) return;  // JavaScript forgot it at the close
    must(!finalizer_told_[place] && finalizer.address != nullptr, "a finalizer runs once, unless detached");
    finalizer_told_[place] = true;
    if (!finalizer.called) {
      bufgc_finalizer_drop(finalizer.address);
      finalizer.address = nullptr;
    }
  }
  // Of what is recorded JavaScript hears later.
  if (event == wasm::Event::recorded || ending_ || depth_ == most_depth) return;
  ++depth_;
  for (int count = input_.byte() % 4; count > 0 && !input_.empty(); --count) step();
  --depth_;
}

void Program::close() {
  closed_ = true;
  visualizing_ = false;
  bufgc_close();
  for (const Handle& handle : handles_) must(!live(handle), "nothing lives after the close");
  for (std::size_t key = 0; key < finalizers_.size(); ++key) {
    RegisteredFinalizer& finalizer = finalizers_[key];
    if (finalizer.address == nullptr || finalizer.called) continue;
    // From within a finalizer those of the same buffer are still to come.
    must(!finalizer.at_exit || depth_ > 0, "finalizers run at the close, unless told not to");
    bufgc_finalizer_drop(finalizer.address);
    finalizer.address = nullptr;
  }
}

void Program::let_go_of_all() {
  ending_ = true;
  bufgc_annex_watch(&visualizer(), 0);
  while (!streams_.empty()) end_stream(0);
  for (Iteration* const iteration : iterations_) bufgc_iteration_drop(iteration);
  for (BufferPin* const pin : pins_) bufgc_unpin(pin);
  while (!handles_.empty()) let_go(handles_.size() - 1, false);
  if (!closed_) {
    bufgc_collect();
    for (const RegisteredFinalizer& finalizer : finalizers_)
      must(finalizer.address == nullptr, "finalizers run when what they wait for is gone");
    check_figures();
    must(bufgc_stats()->live_buffers == 0 && bufgc_stats()->live_bytes == 0, "what nobody holds is gone");
    bufgc_trim(0);
    must(bufgc_stats()->cached_bytes == 0, "nothing is cached after a trim");
    close();
  }
  must(bufgc_stats()->live_bytes == 0, "nothing lives after the close");
}

void Program::run() {
  const std::uint8_t how = input_.byte();
  const double budget = how % 4 == 0 ? std::max(1.0, input_.amount()) : double{1U << 20U};
  largest_budget_ = budget;
  program = this;
  bufgc_open(budget, how & 4, how & 8);
  if ((how & 16) != 0) {
    bufgc_visualizer_start();
    visualizing_ = true;
  }
  while (!input_.empty()) step();
  let_go_of_all();
  program = nullptr;
  wasm::instance().manager.reset();
  wasm::instance().shelf = {};
}

}  // namespace

extern "C" void bufgc_tell(int event, int key) {
  program->told(static_cast<wasm::Event>(event), key);
}

// The annex of another module is not there: one program has one visualizer.
void bufgc::wasm::connect_visualizer(BufferVisualizer&, const VisualizerCalls&) noexcept {}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Program(data, std::min(size, most_numbers)).run();
  return 0;
}
