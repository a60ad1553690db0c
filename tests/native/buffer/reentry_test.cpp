// What a finalizer may do in the midst of its buffer's end: each thing, in each way to end.

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>

#include "support.hpp"

using namespace bufgc;
using bufgc::test::require_nothing_left;

namespace {

enum class Way : std::uint8_t { release, destroy, collect, drain, close };

/// One buffer that ends, with an older finalizer beside the one under test, and another that lives on.
struct Scene {
  std::unique_ptr<BufferManager> manager = std::make_unique<BufferManager>(ManagerOptions{.visualize = true});
  CpuBuffer self = manager->alloc(BufferSpec{100, DType::uint8, {}, "self"});
  WeakBuffer weak = self.weak();
  CpuBuffer held;  ///< A handle of it at its explicit end.
  CpuBuffer other = manager->alloc(BufferSpec{200, DType::uint8, {}, "other"});
  CpuBuffer made;
  Finalizer older;
  Way way{};
  int runs = 0;
  int older_runs = 0;
  int further_runs = 0;
  int errors = 0;
  std::vector<std::string> wrong;

  void expect(bool holds, const char* what) {
    if (!holds) wrong.emplace_back(what);
  }
};

struct Point {
  const char* name;
  std::function<void(Scene&)> in_finalizer;
  std::function<void(Scene&)> afterwards;
};

std::vector<Point> all_points() {
  return {
      {"throw", [](Scene&) { throw std::runtime_error("thrown"); },
       [](Scene& scene) {
         REQUIRE(scene.errors == 1);
         REQUIRE(scene.manager->statistics().finalizer_errors == 1);
       }},
      {"allocate",
       [](Scene& scene) {
         scene.made = scene.manager->alloc(100);
         scene.expect(scene.made.try_data() != nullptr, "a buffer without bytes");
         const CpuBuffer shorter = scene.manager->alloc(BufferSpec{0, DType::float32, {3}, "label"});
       },
       [](Scene& scene) { REQUIRE(scene.made.destroyed() == (scene.way == Way::close)); }},
      {"free itself",
       [](Scene& scene) {
         // At close the buffer lives still, as any other, while exit finalizers run.
         if (scene.way == Way::close) {
           scene.expect(scene.weak.lock().try_destroy() == Status::ok, "close found it dead");
           return;
         }
         scene.expect(!scene.weak.lock(), "a weak reference brought it back");
         scene.expect(!scene.manager->lock(scene.weak.id()), "its id brought it back");
         if (scene.held) scene.expect(scene.held.try_destroy() == Status::destroyed, "it ended twice");
       },
       [](Scene& scene) { REQUIRE_FALSE(scene.weak.lock()); }},
      {"free another",
       [](Scene& scene) {
         scene.manager->finalize(scene.other, [&scene] { ++scene.further_runs; });
         scene.other.destroy();
         scene.expect(scene.further_runs == 1, "the other's finalizer did not run at once");
       },
       [](Scene& scene) { REQUIRE(scene.other.destroyed()); }},
      {"collect",
       [](Scene& scene) {
         {
           CpuBuffer a = scene.manager->alloc(10);
           CpuBuffer b = scene.manager->alloc(10);
           a.link(b);
           b.link(a);
         }
         scene.expect(scene.manager->collect().buffers == 2, "a nested collection found something else");
       },
       [](Scene&) {}},
      {"register",
       [](Scene& scene) {
         scene.manager->finalize(scene.other, [&scene] { ++scene.further_runs; });
         if (!scene.held) return;
         try {
           scene.manager->finalize(scene.held, [&scene] { ++scene.further_runs; });
           scene.expect(false, "registered with a buffer that ended");
         } catch (const UseAfterDestroy&) {
         }
       },
       [](Scene& scene) {
         scene.other = {};
         REQUIRE(scene.further_runs == 1);
       }},
      {"detach", [](Scene& scene) { scene.expect(scene.older.detach().has_value(), "it ran already"); },
       [](Scene& scene) { REQUIRE(scene.older_runs == 0); }},
      {"trim",
       [](Scene& scene) {
         scene.manager->alloc(1 << 20).reset();
         scene.manager->trim(0);
         scene.expect(scene.manager->statistics().cached_bytes == 0, "trim left something");
       },
       [](Scene&) {}},
      {"destroy the visualizer", [](Scene& scene) { scene.manager->stop_visualizer(); },
       [](Scene& scene) {
         // The log has it as alive still, but where its end came before.
         REQUIRE_FALSE(scene.manager->visualizing());
         REQUIRE(scene.manager->visualizer().live_buffers().size() == (scene.way == Way::drain ? 1 : 2));
       }},
      {"destroy the manager", [](Scene& scene) { scene.manager.reset(); },
       [](Scene& scene) {
         REQUIRE(scene.other.destroyed());
         REQUIRE_FALSE(scene.weak.lock());
       }},
      {"link",
       [](Scene& scene) {
         scene.made = scene.manager->alloc(100);
         scene.expect(scene.other.try_link(scene.made) == Status::ok, "no link between the living");
         if (!scene.held) return;
         scene.expect(scene.held.try_link(scene.made) == Status::destroyed, "a link from one that ended");
         scene.expect(scene.made.try_link(scene.held) == Status::destroyed, "a link to one that ended");
       },
       [](Scene& scene) {
         const WeakBuffer weak = scene.made.weak();
         scene.made = {};
         REQUIRE(static_cast<bool>(weak.lock()) == (scene.way != Way::close));
       }},
      {"view",
       [](Scene& scene) {
         scene.made = scene.other.view({});
         if (scene.held)
           scene.expect(scene.held.try_view({}).status == Status::destroyed, "a view of the dead");
       },
       [](Scene& scene) { REQUIRE(scene.made.destroyed() == (scene.way == Way::close)); }},
  };
}

void end_self(Scene& scene) {
  switch (scene.way) {
    case Way::release:
      scene.self.reset();
      return;
    case Way::destroy:
      scene.held = scene.self;
      scene.self.destroy();
      return;
    case Way::collect:
      scene.self.link(scene.self);
      scene.self.reset();
      scene.manager->collect();
      return;
    case Way::drain: {
      {
        const DeferFinalizers deferred;
        scene.self.reset();
      }
      scene.manager->drain();
      return;
    }
    case Way::close:
      scene.manager->close();
      return;
  }
}

}  // namespace

TEST_CASE("a finalizer may do anything in the midst of an end, however that came", "[finalizer][reentry]") {
  for (const Point& point : all_points()) {
    for (const Way way : {Way::release, Way::destroy, Way::collect, Way::drain, Way::close}) {
      INFO(point.name << ", way " << static_cast<int>(way));
      Scene scene;
      scene.way = way;
      scene.manager->set_error_handler([&](const std::exception_ptr&) { ++scene.errors; });
      scene.older = scene.manager->finalize(scene.self, [&] { ++scene.older_runs; });
      scene.manager->finalize(scene.self, [&] {
        ++scene.runs;
        point.in_finalizer(scene);
        if (scene.manager == nullptr) return;
        if (const char* const wrong = scene.manager->check_invariants(); wrong != nullptr) {
          scene.wrong.emplace_back(wrong);
        }
      });
      end_self(scene);
      REQUIRE(scene.wrong == std::vector<std::string>{});
      REQUIRE(scene.runs == 1);
      const bool detached = std::string(point.name) == "detach";
      REQUIRE(scene.older_runs == (detached ? 0 : 1));
      REQUIRE_FALSE(scene.older.alive());
      point.afterwards(scene);
      scene.self = scene.held = scene.made = scene.other = {};
      if (scene.manager != nullptr) {
        scene.manager->collect();
        require_nothing_left(*scene.manager);
      }
    }
  }
}
