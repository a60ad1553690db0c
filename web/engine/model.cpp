#include "model.hpp"

#include <algorithm>
#include <chrono>
#include <limits>

namespace bufgc::viewer {

using namespace timeline;

namespace {

/// Of so many rows the planner's first plan takes about as long as one picture of a large trace.
constexpr std::size_t planned_rows = 20'000;
/// How long it may then look for better ones.
constexpr std::chrono::milliseconds planned_for{40};

}  // namespace

void Model::refresh(const Lifecycles& lifecycles, double slack) {
  const std::size_t events = lifecycles.event_count();
  const bool same = &lifecycles == lifecycles_ && events == clock_.events() && lifecycles.size() == rows_;
  if (&lifecycles != lifecycles_) {
    packed_.reset();
    reuse_search_.reset();
  }
  const double enough = static_cast<double>(clock_.events()) * (1 + slack);
  if (same || (slack > 0 && clock_.events() > 0 && static_cast<double>(events) < enough)) return;
  // A live trace only grows. What was read of a file may still be put in another order.
  const bool grows = &lifecycles == lifecycles_ && end_ == TraceEnd::open;
  lifecycles_ = &lifecycles;
  clock_ = EventClock(lifecycles);
  if (!grows) {
    levels_.reset();
    layout_.reset();
    waits_.reset();
  }
  if (levels_) levels_->extend(lifecycles);
  if (layout_) layout_->extend(lifecycles);
  if (waits_) waits_->extend(lifecycles, layout_->places());
  fragmentation_.reset();
  address_blocks_.reset();
  stack_.reset();
  unmoved_.reset();
  reuse_.reset();
  for (Indexes& indexes : indexes_) indexes = {};
  forget_colors();
  matches_.reset();
  rows_ = lifecycles.size();
}

const Levels& Model::levels() {
  ensure(levels_.has_value());
  if (!levels_) levels_.emplace(*lifecycles_);
  return *levels_;
}

const Fragmentation& Model::fragmentation() {
  const bool built = fragmentation_.has_value();
  const Levels& levels = this->levels();
  if (!built) fragmentation_.emplace(levels);
  return *fragmentation_;
}

const AddressBlocks& Model::address_blocks() {
  const AddressLayout& layout = this->layout();
  if (!address_blocks_) address_blocks_.emplace(*lifecycles_, layout.places());
  return *address_blocks_;
}

const AddressLayout& Model::layout() {
  ensure(layout_.has_value());
  if (!layout_) layout_.emplace(*lifecycles_);
  // Now, not with the first buffer that is pointed at: pictures would wait for it. A live trace has none for
  // long.
  if (!address_blocks_ && end_ == TraceEnd::closed) address_blocks_.emplace(*lifecycles_, layout_->places());
  return *layout_;
}

const Reuse* Model::plan_reuse(std::size_t events) {
  constexpr std::size_t most_pairs = 100;
  if (reuse_) return &*reuse_;
  if (!reuse_search_) reuse_search_.emplace(*lifecycles_, most_pairs);
  if (!reuse_search_->advance(events)) return nullptr;
  reuse_.emplace(reuse_search_->answer(levels()));
  reuse_search_.reset();
  return &*reuse_;
}

const StackLayout& Model::stack() {
  ensure(stack_.has_value());
  if (!stack_) stack_.emplace(*lifecycles_, levels(), clock_);
  return *stack_;
}

bool Model::arrange_packed(std::size_t events) {
  if (!packed_) packed_.emplace(*lifecycles_);
  if (!packed_->advance(events)) return false;
  // Of a trace that still runs not all lifetimes are known, and what stands is to stay.
  if (end_ == TraceEnd::closed && !packed_->improved() && packed_->strips().size() <= planned_rows) {
    packed_->improve(planned_for);
  }
  return true;
}

const PackedLayout& Model::packed() {
  arrange_packed(std::numeric_limits<std::size_t>::max());
  return *packed_;
}

std::uint64_t Model::height(Layout layout) {
  switch (layout) {
    case Layout::stack:
      return stack().height();
    case Layout::packed:
      return packed().height();
    default:
      return this->layout().height();
  }
}

std::vector<Stay> Model::stays_of(Layout layout, std::uint32_t row) {
  return layout == Layout::packed ? packed().stays_of(row) : this->layout().stays_of(row);
}

/// Without moves both layouts of boxes have the same ones.
bool Model::boxed(Layout layout, Axis axis) const noexcept {
  const Indexes& indexes = indexes_[static_cast<std::size_t>(axis)];
  if (layout == Layout::packed && !lifecycles_->moves.empty()) return indexes.unmoved.has_value();
  return layout_.has_value() && indexes.lifetimes.has_value();
}

Model::Lifetimes Model::build_boxes(Layout layout, Axis axis) {
  Indexes& indexes = indexes_[static_cast<std::size_t>(axis)];
  if (layout == Layout::packed && !lifecycles_->moves.empty()) {
    if (!unmoved_) unmoved_.emplace(Places::unmoved(*lifecycles_));
    if (!indexes.unmoved) indexes.unmoved.emplace(PlaceSpans(*unmoved_, clock_, axis));
    return {{&*indexes.unmoved, &packed().strips()}, &*unmoved_};
  }
  if (!layout_) layout_.emplace(*lifecycles_);
  if (!indexes.lifetimes) indexes.lifetimes.emplace(build_index(axis));
  const Strips& strips = layout == Layout::packed ? packed().strips() : layout_->strips();
  return {{&*indexes.lifetimes, &strips}, &layout_->places()};
}

LifecycleIndex Model::build_index(Axis axis) {
  const Places& places = layout_->places();
  if (end_ == TraceEnd::open) {
    if (!waits_) waits_.emplace(*lifecycles_, places);
    return LifecycleIndex(PlaceSpans(places, clock_, axis, &waits_->waits()));
  }
  const CacheWaits waits = find_cache_waits(*lifecycles_, places);
  return LifecycleIndex(PlaceSpans(places, clock_, axis, &waits));
}

Model::Lifetimes Model::lifetimes(Layout layout, Axis axis) {
  ensure(boxed(layout, axis));
  return build_boxes(layout, axis);
}

const ColorMap& Model::colors(ColorBy by) {
  std::optional<ColorMap>& colors = colors_by(by);
  ensure(colors.has_value());
  if (!colors) colors.emplace(*lifecycles_, by, end_);
  return *colors;
}

const std::vector<std::uint8_t>& Model::matches(std::string_view filter) {
  const bool built = matches_.has_value() && filter_ == filter;
  ensure(built);
  if (!built) {
    matches_ = RowFilter(filter).apply(*lifecycles_);
    filter_ = filter;
    ++scenes_version_;
  }
  return *matches_;
}

std::vector<std::uint8_t> Model::inside(const Area& area) {
  const bool stack = area.layout == Layout::stack;
  ensure(stack || boxed(area.layout, area.axis));
  // One that reaches the end of the axis holds what came last.
  const double end = static_cast<double>(clock_.extent(area.axis)) + 1;
  View view = area.view;
  view.t0 = view.t0 > 0 ? std::min(view.t0, end) : 0;
  view.t1 = view.t1 < end - 1 ? view.t1 : end;
  if (stack) {
    const EventRange moments = clock_.standing_within(area.axis, view.t0, view.t1, clock_.events());
    return rows_in_stack(*lifecycles_, moments, view.y0, view.y1);
  }
  const Lifetimes lifetimes = build_boxes(area.layout, area.axis);
  return rows_in_boxes(lifetimes.boxes, *lifetimes.places, rows_, view);
}

Scene Model::scene(const Look& look) {
  // The cache is a matter of addresses.
  const bool cached = look.cached && look.layout == Layout::address;
  ensure(boxed(look.layout, look.axis) && colored(look));
  const Lifetimes lifetimes = build_boxes(look.layout, look.axis);
  Scene scene;
  scene.boxes = lifetimes.boxes;
  scene.places = lifetimes.places;
  scene.matches = look.filter.empty() ? nullptr : &matches(look.filter);
  scene.colors = &colors(look.color_by);
  scene.cached = cached;
  scene.edges = true;
  return scene;
}

StackScene Model::stack_scene(const Look& look) {
  ensure(stack_.has_value() && colored(look));
  StackScene scene;
  scene.layout = &stack();
  scene.lifecycles = lifecycles_;
  scene.axis = look.axis;
  scene.matches = look.filter.empty() ? nullptr : &matches(look.filter);
  scene.colors = &colors(look.color_by);
  scene.edges = true;
  scene.levels = look.cached;
  return scene;
}

}  // namespace bufgc::viewer
