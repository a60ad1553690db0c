#include "proof/threaded_worker.hpp"

#if !defined(__EMSCRIPTEN__)

#include <array>
#include <chrono>
#include <stdexcept>

#include "bufgc/memory/errors.hpp"

namespace bufgc::proof {
namespace {

constexpr std::uint64_t kibibyte = 1024;

}  // namespace

void ThreadedProgram::Worker::step() {
  const std::uint64_t choice = random_.below(1000);
  if (choice < 200) {
    allocate();
  } else if (choice < 215) {
    allocate_external();
  } else if (choice < 275) {
    view();
  } else if (choice < 445) {
    drop();
  } else if (choice < 665) {
    share();
  } else if (choice < 805) {
    weak();
  } else if (choice < 885) {
    link();
  } else if (choice < 935) {
    finalizer();
  } else if (choice < 950) {
    destroy();
  } else if (choice < 970) {
    pin();
  } else if (choice < 998) {
    if (const CpuBuffer* const buffer = any()) program_.check(*buffer);
  } else {
    seldom();
  }
}

void ThreadedProgram::Worker::allocate() {
  const std::uint64_t scale = std::uint64_t{1} << random_.below(12);
  const std::uint64_t size_bytes =
      random_.one_in(64) ? random_.below(128 * kibibyte) : random_.below(2 * scale);
  hold(program_.make(size_bytes, random_.one_in(4) ? DType::int8 : DType::uint8, random_.one_in(8)));
}

void ThreadedProgram::Worker::allocate_external() {
  static std::byte bytes[64] = {};
  Result<CpuBuffer> result = manager().try_external(
      bytes, {sizeof bytes, random_.one_in(2) ? DType::int8 : DType::uint8, {}, {}},
      [this_ = &program_](std::byte*, std::uint64_t) { this_->externals_released_.add(); });
  if (!result) return;
  program_.externals_.add();
  hold(std::move(result.value));
}

void ThreadedProgram::Worker::view() {
  const CpuBuffer* const of = any();
  if (of == nullptr) return;
  ViewSpec spec;
  spec.offset_bytes = random_.below(of->size_bytes() + 1);
  spec.dtype = of->dtype();
  Result<CpuBuffer> result = of->try_view(spec);
  if (!result) {
    program_.expect(shared_with_destroyers(*of) || program_.closes_, "a view of a living buffer is refused");
    return;
  }
  program_.views_.add();
  hold(std::move(result.value));
}

void ThreadedProgram::Worker::drop() {
  if (held_.empty()) return;
  std::swap(held_[static_cast<std::size_t>(random_.below(held_.size()))], held_.back());
  CpuBuffer last = std::move(held_.back());
  held_.pop_back();
  if (random_.one_in(4)) program_.check(last);
  std::optional<DeferFinalizers> defers;
  if (random_.one_in(8)) defers.emplace();
  if (random_.one_in(2)) last.reset();
}

void ThreadedProgram::Worker::share() {
  Place& place = program_.place(random_());
  const std::uint64_t choice = random_.below(8);
  if (choice < 4) {
    // What another thread put there may end here.
    if (const CpuBuffer* const buffer = any()) static_cast<void>(program_.exchange(place, *buffer));
  } else if (choice < 5) {
    hold(program_.exchange(place));
  } else {
    CpuBuffer copy;
    {
      const std::lock_guard<std::mutex> locked(place.mutex);
      copy = place.strong;
    }
    if (!copy) return;
    if (random_.one_in(4)) program_.check(copy);
    hold(std::move(copy));
  }
}

void ThreadedProgram::Worker::weak() {
  Place& place = program_.place(random_());
  if (const CpuBuffer* const buffer = any(); buffer != nullptr && random_.one_in(3)) {
    const WeakBuffer weak = buffer->weak();
    const std::lock_guard<std::mutex> locked(place.mutex);
    place.weak = weak;
    return;
  }
  WeakBuffer weak;
  {
    const std::lock_guard<std::mutex> locked(place.mutex);
    weak = place.weak;
  }
  CpuBuffer found = weak.lock();
  if (!found) {
    program_.expect(!weak.lock(), "a weak reference gives again what was gone");
    return;
  }
  program_.expect(found.id() == weak.id(), "a weak reference gives another buffer");
  if (random_.one_in(2)) program_.check(found);
  if (random_.one_in(2)) hold(std::move(found));
}

void ThreadedProgram::Worker::link() {
  CpuBuffer* const from = any();
  const CpuBuffer* const to = any();
  if (from == nullptr) return;
  const bool lasting = !shared_with_destroyers(*from) && !shared_with_destroyers(*to) && !program_.closes_;
  if (random_.one_in(3)) {
    const Status status = from->try_unlink(*to);
    program_.expect(status == Status::ok || status == Status::invalid_argument ||
                        (status == Status::destroyed && !lasting),
                    "an unlink is refused wrongly");
  } else {
    const Status status = from->try_link(*to);
    program_.expect(status == Status::ok || (status == Status::destroyed && !lasting),
                    "a link is refused wrongly");
  }
}

void ThreadedProgram::Worker::finalizer() {
  Place& place = program_.place(random_());
  Finalizer finalizer;
  if (random_.one_in(2)) {
    const CpuBuffer* const owner = any();
    if (owner == nullptr || !program_.finalize(CpuBuffer(*owner), random_(), finalizer)) return;
    if (random_.one_in(16)) finalizer.set_at_exit(false);
    const std::lock_guard<std::mutex> locked(place.mutex);
    std::swap(place.finalizer, finalizer);
    return;
  }
  {
    const std::lock_guard<std::mutex> locked(place.mutex);
    finalizer = place.finalizer;
  }
  switch (random_.below(4)) {
    case 0:
      try {
        finalizer.call();
      } catch (const std::runtime_error&) {
        program_.errors_.add();
      }
      break;
    case 1:
      if (finalizer.detach()) program_.detached_.add();
      break;
    case 2:
      static_cast<void>(finalizer.alive());
      break;
    default:
      static_cast<void>(finalizer.peek().has_value());
      break;
  }
}

void ThreadedProgram::Worker::destroy() {
  CpuBuffer* const buffer = any();
  if (buffer == nullptr || !shared_with_destroyers(*buffer)) return;
  CpuBuffer own = *buffer;  // a finalizer may run, and `held_` is not to be what it was
  const Status status = own.try_destroy();
  if (status == Status::ok) program_.destroyed_.add();
  program_.expect(status == Status::ok || status == Status::destroyed, "a destroy is refused wrongly");
  program_.expect(own.destroyed() && !own.weak().lock(), "what was destroyed can be used");
}

void ThreadedProgram::Worker::pin() {
  if (!pins_.empty() && (pins_.size() > 3 || random_.one_in(2))) {
    auto& [pin, place] = pins_.back();
    program_.expect(pin.data() == place || shared_with_destroyers(pin.buffer()) || program_.closes_,
                    "what is pinned moved");
    pins_.pop_back();
  } else if (const CpuBuffer* const buffer = any()) {
    BufferPin pin = buffer->pin();
    const std::byte* const place = pin.data();
    if (pin) pins_.emplace_back(std::move(pin), place);
  }
}

void ThreadedProgram::Worker::seldom() {
  BufferVisualizer& visualizer = manager().visualizer();
  switch (random_.below(16)) {
    case 0:
    case 1:
      manager().collect();
      break;
    case 2:
      manager().trim(random_.below(2) * 256 * kibibyte);
      break;
    case 3:
    case 4:
      program_.check_moment();
      break;
    case 5:
      if (random_.one_in(2)) {
        manager().start_visualizer();
      } else {
        manager().stop_visualizer();
      }
      break;
    case 6:
      static_cast<void>(visualizer.live_buffers());
      visualizer.mark("mark");
      break;
    case 7: {
      const CpuBuffer* const used = any();
      const std::array<KernelUse, 1> uses{KernelUse{used == nullptr ? BufferId{} : used->id(), Access::read}};
      visualizer.use("kernel", uses);
      int read = 0;
      visualizer.for_each_event_since(visualizer.event_count() / 2,
                                      [&](const EventRecord&) { return ++read < 100; });
      break;
    }
    case 8:
      // Whichever of these holds at a moment, none is more than the whole.
      manager().set_budget_bytes(program_.budget_bytes_ / 2 + random_.below(program_.budget_bytes_ / 2));
      break;
    case 9:
      manager().set_cache_enabled(!random_.one_in(4));
      break;
    case 10:
      static_cast<void>(manager().freeze());
      manager().unfreeze();
      break;
    case 11:
      manager().drain();
      break;
    case 12: {
      const auto subscription = visualizer.subscribe([](std::uint64_t) {});
      static_cast<void>(program_.make(64, DType::uint8));
      visualizer.unsubscribe(subscription);
      break;
    }
    case 13:
      // Of what may have ended, hardened mode calls that misuse.
      if (const CpuBuffer* const buffer = any();
          buffer != nullptr && !shared_with_destroyers(*buffer) && !program_.closes_) {
        program_.expect(manager().lock(buffer->id()) == *buffer,
                        "an id gives another buffer, or nothing of what lives");
      }
      break;
    default:
      if (!iteration_) {
        iteration_.reset(new Iteration(manager().iteration({std::chrono::microseconds(200), 3})));
      } else if (!iteration_->is_open()) {
        static_cast<void>(iteration_->begin());
      } else {
        static_cast<void>(iteration_->end());
      }
      break;
  }
}

}  // namespace bufgc::proof

#endif
