#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bufgc/viz/lifecycles.hpp"
#include "timeline/address_blocks.hpp"
#include "timeline/area.hpp"
#include "timeline/cache_waits.hpp"
#include "timeline/fragmentation.hpp"
#include "timeline/levels.hpp"
#include "timeline/packed_layout.hpp"
#include "timeline/rasterizer.hpp"
#include "timeline/reuse.hpp"
#include "timeline/row_filter.hpp"
#include "timeline/stack_picture.hpp"

namespace bufgc::viewer {

/// The vertical axis of a picture.
enum class Layout : std::uint8_t { address = 0, stack = 1, packed = 2 };

/// What is drawn of a trace, built when it is first asked for and again when the trace has grown.
class Model {
 public:
  explicit Model(const Lifecycles& lifecycles) : lifecycles_(&lifecycles), clock_(lifecycles) {}

  /// Makes everything stand for the lifecycles as they are now. While a file is being read the
  /// picture may lag behind by `slack` of its events, so that drawing does not slow down reading.
  void refresh(const Lifecycles& lifecycles, double slack = 0);

  /// Of the moment of the last refresh, as is all that follows.
  [[nodiscard]] const timeline::EventClock& clock() const noexcept { return clock_; }

  // Each may refresh in order to be built; what was handed out before is then gone.
  [[nodiscard]] const timeline::Levels& levels();
  [[nodiscard]] const timeline::Fragmentation& fragmentation();
  [[nodiscard]] const timeline::AddressLayout& layout();
  [[nodiscard]] const timeline::AddressBlocks& address_blocks();
  /// Goes on with the plan by some events; null until it is made, for the events that stood there when it was
  /// begun. `reuse_share()` of it is.
  [[nodiscard]] const timeline::Reuse* plan_reuse(std::size_t events);
  [[nodiscard]] bool plans_reuse() const noexcept { return reuse_search_.has_value(); }
  [[nodiscard]] double reuse_share() const noexcept { return reuse_search_ ? reuse_search_->share() : 1; }
  [[nodiscard]] const timeline::StackLayout& stack();
  /// All of it.
  [[nodiscard]] const timeline::PackedLayout& packed();
  /// Goes on with it by some events; true: it is made.
  bool arrange_packed(std::size_t events);
  [[nodiscard]] std::uint64_t height(Layout layout);
  /// Where a row stands in a layout of boxes, which the stack is not.
  [[nodiscard]] std::vector<timeline::Stay> stays_of(Layout layout, std::uint32_t row);
  struct Lifetimes {
    timeline::Boxes boxes;
    const timeline::Places* places = nullptr;
  };
  [[nodiscard]] Lifetimes lifetimes(Layout layout, timeline::Axis axis);
  /// A trace that still runs paints what is alive as it paints every life.
  void set_end(timeline::TraceEnd end) noexcept {
    end_ = end;
    forget_colors();
  }
  [[nodiscard]] timeline::TraceEnd end() const noexcept { return end_; }
  [[nodiscard]] const timeline::ColorMap& colors(timeline::ColorBy by);
  /// Which rows match; the last text's answer is kept.
  [[nodiscard]] const std::vector<std::uint8_t>& matches(std::string_view filter);
  /// A part of a layout, which may be larger than it.
  struct Area {
    Layout layout = Layout::address;
    timeline::Axis axis = timeline::Axis::event;
    timeline::View view;
  };
  /// Which rows stand in it.
  [[nodiscard]] std::vector<std::uint8_t> inside(const Area& area);
  /// What happened in its time.
  [[nodiscard]] timeline::EventRange happened_in(const Area& area) const noexcept {
    return clock_.happened_within(area.axis, area.view.t0, area.view.t1);
  }
  /// Everything that a picture needs.
  struct Look {
    Layout layout = Layout::address;
    timeline::Axis axis = timeline::Axis::event;
    timeline::ColorBy color_by = timeline::ColorBy::state;
    std::string_view filter;
    bool cached = true;
  };
  [[nodiscard]] timeline::Scene scene(const Look& look);
  [[nodiscard]] timeline::StackScene stack_scene(const Look& look);
  /// Another number once a scene that was handed out before no longer stands.
  [[nodiscard]] std::uint64_t scenes_version() const noexcept { return scenes_version_; }

 private:
  struct Indexes {
    std::optional<timeline::LifecycleIndex> lifetimes;  ///< And what waits in the cache after them.
    std::optional<timeline::LifecycleIndex> unmoved;    ///< Where buffers moved, of the packed layout.
  };
  /// Parts are built of one and the same state: where one is missing and the trace has grown, all
  /// are built anew.
  void ensure(bool built) {
    if (!built) refresh(*lifecycles_);
  }
  void forget_colors() noexcept {
    for (std::optional<timeline::ColorMap>& colors : colors_) colors.reset();
    ++scenes_version_;
  }
  [[nodiscard]] std::optional<timeline::ColorMap>& colors_by(timeline::ColorBy by) noexcept {
    return colors_[static_cast<std::size_t>(by)];
  }
  [[nodiscard]] bool colored(const Look& look) noexcept {
    return colors_by(look.color_by).has_value() && matches_.has_value() && filter_ == look.filter;
  }
  [[nodiscard]] bool boxed(Layout layout, timeline::Axis axis) const noexcept;
  [[nodiscard]] Lifetimes build_boxes(Layout layout, timeline::Axis axis);
  [[nodiscard]] timeline::LifecycleIndex build_index(timeline::Axis axis);

  const Lifecycles* lifecycles_;
  timeline::EventClock clock_;
  std::size_t rows_ = 0;
  timeline::TraceEnd end_ = timeline::TraceEnd::closed;
  std::optional<timeline::Levels> levels_;
  std::optional<timeline::Fragmentation> fragmentation_;
  std::optional<timeline::AddressLayout> layout_;
  std::optional<timeline::GrowingCacheWaits> waits_;  ///< Of a live trace.
  std::optional<timeline::AddressBlocks> address_blocks_;
  std::optional<timeline::StackLayout> stack_;
  std::optional<timeline::PackedLayout> packed_;  ///< Goes on when the trace has grown.
  std::optional<timeline::Places> unmoved_;
  std::optional<timeline::ReuseSearch> reuse_search_;  ///< Goes on when the trace has grown.
  std::optional<timeline::Reuse> reuse_;
  Indexes indexes_[2];
  std::optional<timeline::ColorMap> colors_[5];  ///< One a `ColorBy`.
  std::optional<std::vector<std::uint8_t>> matches_;
  std::string filter_;
  std::uint64_t scenes_version_ = 0;
};

}  // namespace bufgc::viewer
