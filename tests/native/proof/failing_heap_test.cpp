// A scenario that walks all public operations, with memory that runs out at each of its allocations in turn.

#include "failing_heap.hpp"

#include <array>
#include <new>
#include <optional>
#include <string>
#include <vector>

#include "bufgc/buffer_manager.hpp"
#include "bufgc/memory/default_source.hpp"
#include "bufgc/memory/errors.hpp"
#include "bufgc/memory/failing_source.hpp"
#include "proof/support.hpp"
#include "trace/readers.hpp"
#include "trace/trace_stream.hpp"
#include "trace/writers.hpp"

using namespace bufgc;
using namespace bufgc::proof;
using Fails = FailingSource::Fails;

namespace {

constexpr std::size_t never = ~std::size_t{0};

/// What an operation that was refused may not change.
struct Observed {
  std::uint64_t live_buffers = 0;
  std::uint64_t live_views = 0;
  std::uint64_t external_buffers = 0;
  std::uint64_t live_bytes = 0;
  std::uint64_t edges = 0;
  std::uint64_t finalizers = 0;
  std::uint64_t ended = 0;
  std::uint32_t uses = 0;
  bool visualizing = false;
  bool operator==(const Observed&) const = default;
};

/// Takes everything, in memory that is there from the beginning.
class FixedSink final : public trace::Sink {
 public:
  explicit FixedSink(std::string& text) : text_(text) {}
  bool write(std::string_view bytes) override {
    if (text_.capacity() - text_.size() < bytes.size()) return false;
    text_.append(bytes);
    return true;
  }

 private:
  std::string& text_;
};

/// Walks everything that can be done. What is refused is left out, and must have changed nothing; the rest
/// goes on. Nothing of its own allocates while it walks.
class Scenario {
 public:
  explicit Scenario(MemorySource& source) : source_(source) {
    file_.reserve(std::size_t{1} << 20U);
    held_.reserve(200);
  }

  /// With the heap failing from allocation `first` on. Returns how many there were.
  std::size_t walk(std::size_t first = never, std::size_t count = never) {
    const FailingHeap failing(first, count);
    try {
      walk_all();
    } catch (...) {
      wrong_ = "something else was thrown than want of memory";
    }
    return FailingHeap::asked();
  }

  /// With memory again, everything works and ends as ever.
  void require_sound() {
    INFO("step: " << step_name_);
    REQUIRE(wrong_ == nullptr);
    if (!manager_) return;
    REQUIRE(manager_->check_invariants() == nullptr);
    INFO("with memory again");
    manager_->set_error_handler({});
    manager_->start_visualizer();
    {
      CpuBuffer a = manager_->alloc({1000, DType::uint8, {}, "again"});
      a.link(a.view({}));
      bool ran = false;
      manager_->finalize(a, [&] { ran = true; });
      a = {};
      manager_->collect();
      REQUIRE(ran);
    }
    if (stream_) {
      const bool good = stream_->close();
      stream_.reset();
      if (good) {
        const auto reader = trace::make_bufgc_reader();
        REQUIRE(reader->feed(file_));
        REQUIRE(reader->finish());
        REQUIRE(reader->notice().empty());
      }
    }
    held_.clear();
    a_ = b_ = view_ = external_ = {};
    while (manager_->collect().buffers != 0) {
    }
    const Statistics now = manager_->statistics();
    REQUIRE(now.live_buffers == 0);
    REQUIRE(now.live_views == 0);
    REQUIRE(now.external_buffers == 0);
    REQUIRE(now.edges == 0);
    REQUIRE(now.finalizers_alive == 0);
    REQUIRE(manager_->visualizer().live_buffers().empty());
    iteration_.reset();
    manager_->trim(0);
    REQUIRE(manager_->statistics().cached_bytes == 0);
    manager_.reset();
  }

 private:
  [[nodiscard]] Observed observe() const noexcept {
    if (!manager_) return {};
    const Statistics now = manager_->statistics();
    Observed seen;
    seen.live_buffers = now.live_buffers;
    seen.live_views = now.live_views;
    seen.external_buffers = now.external_buffers;
    seen.live_bytes = now.live_bytes;
    seen.edges = now.edges;
    seen.finalizers = now.finalizers_alive;
    seen.ended = now.disposed_buffers + now.finalized_buffers + now.collected_buffers;
    seen.uses = a_ ? a_.use_count() : 0;
    seen.visualizing = manager_->visualizing();
    return seen;
  }

  /// One operation, which says whether it did what it was asked.
  template <class Operation>
  void step(const char* name, Operation operation) {
    if (wrong_ != nullptr) return;
    step_name_ = name;
    const Observed before = observe();
    bool done = false;
    try {
      done = operation();
    } catch (const std::bad_alloc&) {
    } catch (const OutOfMemory&) {
    }
    if (!done && !(observe() == before)) wrong_ = "an operation that was refused changed something";
  }
  template <class Value>
  static bool take(CpuBuffer& into, Result<Value> result) {
    if (!result) return false;
    into = std::move(result.value);
    return true;
  }

  void walk_all() {
    step("construct a manager that is watched", [&] {
      ManagerOptions options;
      options.source = &source_;
      options.visualize = true;
      options.sites = true;
      options.visualizer.max_events = 2000;
      manager_.emplace(options);
      return true;
    });
    if (!manager_) return;
    handlers();
    buffers();
    links();
    finalizers();
    iterations();
    settings();
    streaming();
    watching();
    step("throwing allocation", [&] {
      const CpuBuffer temporary = manager_->alloc({100, DType::float32, Shape{5, 5}, "thrown"});
      return true;
    });
  }

  void handlers() {
    step("set_error_handler", [&] {
      manager_->set_error_handler([](const std::exception_ptr&) {});
      return true;
    });
    step("set_collect_callbacks", [&] {
      manager_->set_collect_callbacks([](const CollectReport&) {}, [](const CollectReport&) {});
      return true;
    });
    step("set_pressure_handler", [&] {
      manager_->set_pressure_handler([](std::size_t) { return false; });
      return true;
    });
    step("set_misuse_handler", [&] {
      manager_->set_misuse_handler([](const Misuse&) {});
      return true;
    });
  }

  void buffers() {
    step("alloc bytes", [&] { return take(a_, manager_->try_alloc(5000)); });
    step("alloc described", [&] {
      return take(b_, manager_->try_alloc({0, DType::float32, Shape{10, 20}, "described"}));
    });
    step("external", [&] {
      return take(external_, manager_->try_external(outside_.data(), {64, DType::uint8, {}, "outside"},
                                                    [this](std::byte*, std::uint64_t) { ++released_; }));
    });
    for (int i = 0; i < 120; ++i) {
      step("many", [&] {
        Result<CpuBuffer> result = manager_->try_alloc(static_cast<std::uint64_t>(i) * 97);
        if (result) held_.push_back(std::move(result.value));
        return static_cast<bool>(result);
      });
    }
    if (!a_) return;
    step("view", [&] { return take(view_, a_.try_view({100, 50, DType::uint8, {}, "part"})); });
    step("throwing view", [&] {
      const CpuBuffer temporary = a_.view({8, 8, DType::float64, {}, {}});
      return true;
    });
    step("pin and lock", [&] {
      const BufferPin pin = a_.pin();
      return pin && a_.weak().lock() == a_ && manager_->lock(a_.id()) == a_;
    });
    if (held_.size() > 3) {
      step("destroy", [&] { return held_[0].try_destroy() == Status::ok; });
      step("reset", [&] {
        held_[1].reset();
        return true;
      });
    }
  }

  void links() {
    if (!a_ || held_.size() < 110) return;
    for (std::size_t i = 10; i < 60; ++i) step("link", [&] { return a_.try_link(held_[i]) == Status::ok; });
    for (std::size_t i = 10; i < 100; ++i)
      step("a ring", [&] { return held_[i].try_link(held_[i == 99 ? 10 : i + 1]) == Status::ok; });
    for (std::size_t i = 10; i < 20; ++i) {
      step("unlink", [&] {
        a_.try_unlink(held_[i]);
        return true;
      });
    }
    step("collect", [&] {
      held_.resize(100);
      manager_->collect();
      return true;
    });
    step("a cycle dies", [&] {
      CpuBuffer one = manager_->try_alloc(64).value;
      if (!one) return false;
      const bool linked = one.try_link(one) == Status::ok;
      one = {};
      manager_->collect();
      static_cast<void>(linked);
      return true;
    });
  }

  void finalizers() {
    if (!a_) return;
    Finalizer first;
    step("finalize", [&] {
      first = manager_->finalize(
          a_, [this](int by) { calls_ += by; }, 1);
      return true;
    });
    step("finalize with a large capture", [&] {
      manager_->finalize(a_, [this, large = std::array<int, 100>{}] { calls_ += large[0]; });
      return true;
    });
    step("peek", [&] { return first.peek().has_value(); });
    step("call", [&] {
      first.call();
      return true;
    });
    step("detach", [&] {
      Finalizer taken = manager_->finalize(a_, [] {});
      return taken.detach().has_value();
    });
    CpuBuffer owner;
    step("alloc an owner", [&] { return take(owner, manager_->try_alloc(64)); });
    if (!owner) return;
    step("a finalizer that allocates and throws", [&] {
      manager_->finalize(owner, [this] {
        static_cast<void>(manager_->try_alloc(10000));
        throw std::bad_alloc();
      });
      return true;
    });
    step("it runs", [&] {
      owner = {};
      return true;
    });
  }

  void iterations() {
    step("iteration", [&] {
      iteration_.reset();
      iteration_ =
          std::unique_ptr<Iteration>(new Iteration(manager_->iteration({std::chrono::milliseconds(1), 3})));
      return true;
    });
    if (!iteration_) return;
    for (int round = 0; round < 3; ++round) {
      step("run an iteration", [&] {
        const Status status = iteration_->run([&] {
          const CpuBuffer large = manager_->try_alloc(100'000).value;
          for (std::uint64_t i = 1; i < 40; ++i) static_cast<void>(manager_->try_alloc(i * 1000));
        });
        return status == Status::ok || status == Status::out_of_memory;
      });
    }
    step("improve a plan", [&] {
      iteration_->improve_plan(std::chrono::milliseconds(1));
      return true;
    });
    step("hand a plan on",
         [&] { return iteration_->set_plan(iteration_->take_plan()) != Status::invalid_state; });
  }

  void settings() {
    step("trim", [&] {
      manager_->trim(1000);
      return true;
    });
    step("a tight budget", [&] {
      manager_->set_budget_bytes(manager_->statistics().reserved_bytes);
      static_cast<void>(manager_->try_alloc(3'000'000));
      manager_->set_budget_bytes(no_budget);
      return true;
    });
    step("cache off and on", [&] {
      manager_->set_cache_enabled(false);
      manager_->set_cache_enabled(true);
      return true;
    });
    step("figures", [&] {
      static_cast<void>(manager_->size_histogram());
      manager_->set_sites_enabled(true);
      return true;
    });
  }

  void streaming() {
    step("open a stream", [&] {
      stream_.emplace(manager_->visualizer(), sink_, trace::TraceStreamOptions{40});
      return true;
    });
    for (std::uint64_t i = 0; i < 120; ++i) {
      step("told to a stream", [&] {
        const Result<CpuBuffer> temporary =
            manager_->try_alloc({i, DType::uint8, {}, i % 3 == 0 ? "third" : ""});
        return true;
      });
    }
    if (!stream_) return;
    step("pull", [&] {
      stream_->pull();
      return true;
    });
    step("flush", [&] {
      stream_->flush();
      return true;
    });
  }

  void watching() {
    BufferVisualizer& visualizer = manager_->visualizer();
    step("mark", [&] {
      visualizer.mark("phase");
      return true;
    });
    step("use", [&] {
      const std::array<KernelUse, 2> uses{KernelUse{a_ ? a_.id() : BufferId{}, Access::read}, KernelUse{}};
      visualizer.use("kernel", uses);
      return true;
    });
    step("snapshot", [&] {
      static_cast<void>(visualizer.snapshot());
      return true;
    });
    step("live_buffers", [&] {
      static_cast<void>(visualizer.live_buffers());
      return true;
    });
    step("read events", [&] {
      visualizer.for_each_event_since(0, [](const EventRecord&) { return true; });
      return true;
    });
    step("subscribe", [&] {
      const auto one = visualizer.subscribe([](std::uint64_t) {});
      try {
        const auto two = visualizer.subscribe([](std::uint64_t) {});
        visualizer.mark("told");
        visualizer.unsubscribe(two);
      } catch (const std::bad_alloc&) {
      }
      visualizer.unsubscribe(one);
      return true;
    });
    for (const auto writer :
         {trace::write_ndjson, trace::write_csv, trace::write_chrome, trace::write_bufgc}) {
      step("export", [&] {
        text_.clear();
        trace::StringSink sink;
        return visualizer.export_to(writer, sink);
      });
    }
    step("stop watching", [&] {
      manager_->stop_visualizer();
      return true;
    });
    step("end and begin unseen", [&] {
      if (held_.size() > 30) held_[25] = {};
      const Result<CpuBuffer> born = manager_->try_alloc(100);
      return true;
    });
    step("start watching", [&] {
      manager_->start_visualizer();
      return true;
    });
    step("clear", [&] {
      visualizer.clear();
      return true;
    });
  }

  MemorySource& source_;
  std::string file_;
  std::string text_;
  FixedSink sink_{file_};
  alignas(64) std::array<std::byte, 64> outside_{};
  int released_ = 0;
  int calls_ = 0;
  const char* step_name_ = "none";
  const char* wrong_ = nullptr;
  std::optional<BufferManager> manager_;
  std::unique_ptr<Iteration> iteration_;
  CpuBuffer a_;
  CpuBuffer b_;
  CpuBuffer view_;
  CpuBuffer external_;
  std::vector<CpuBuffer> held_;
  std::optional<trace::TraceStream> stream_;
};

/// Walks once with nothing failing; returns how many allocations of the heap that takes.
std::size_t walk_whole() {
  FailingSource source(default_source());
  std::size_t asked = 0;
  {
    Scenario scenario(source);
    asked = scenario.walk();
    scenario.require_sound();
  }
  REQUIRE(source.bytes_out() == 0);
  return asked;
}

/// Every allocation of the heap is number n once.
void fail_each(std::size_t count) {
  walk_whole();  // what is kept for good is made
  const std::size_t asked = walk_whole();
  REQUIRE(asked > 100);
  const std::int64_t out = FailingHeap::blocks_out();
  const std::size_t step = fault_step();
  for (std::size_t n = 0; n < asked; n += step) {
    INFO("allocation " << n << " of " << asked << " of the heap");
    FailingSource source(default_source());
    {
      Scenario scenario(source);
      scenario.walk(n, count);
      scenario.require_sound();
    }
    REQUIRE(source.bytes_out() == 0);
  }
  REQUIRE(walk_whole() > 0);
  CHECK(FailingHeap::blocks_out() <= out);
  std::printf("       the heap failed at %zu of %zu allocations\n", (asked + step - 1) / step, asked);
}

}  // namespace

TEST_CASE("whatever allocation of the heap fails once, nothing leaks or breaks", "[proof][failure]") {
  fail_each(1);
}

TEST_CASE("from whatever allocation of the heap on all fail, nothing leaks or breaks", "[proof][failure]") {
  fail_each(never);
}

TEST_CASE("whatever acquisition of memory fails, once or for ever, nothing leaks or breaks",
          "[proof][failure]") {
  std::uint64_t acquisitions = 0;
  {
    FailingSource source(default_source());
    Scenario scenario(source);
    scenario.walk();
    acquisitions = source.acquisitions();
    scenario.require_sound();
  }
  REQUIRE(acquisitions > 5);
  for (const Fails fails : {Fails::once, Fails::for_ever}) {
    for (std::uint64_t nth = 1; nth <= acquisitions; nth += fault_step()) {
      INFO("acquisition " << nth << (fails == Fails::once ? ", once" : ", for ever"));
      FailingSource source(default_source());
      source.fail_at(nth, fails);
      {
        Scenario scenario(source);
        scenario.walk();
        source.fail_at(0, Fails::once);
        scenario.require_sound();
      }
      REQUIRE(source.bytes_out() == 0);
    }
  }
}
