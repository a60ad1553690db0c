#include "model.hpp"

namespace bufgc::viewer {

using namespace timeline;

void Model::refresh(const Lifecycles& lifecycles, double slack) {
  const std::size_t events = lifecycles.event_count();
  const bool same = &lifecycles == lifecycles_ && events == clock_.events() && lifecycles.size() == rows_;
  const double enough = static_cast<double>(clock_.events()) * (1 + slack);
  if (same || (slack > 0 && clock_.events() > 0 && static_cast<double>(events) < enough)) return;
  lifecycles_ = &lifecycles;
  clock_ = EventClock(lifecycles);
  levels_.reset();
  fragmentation_.reset();
  layout_.reset();
  reuse_.reset();
  cached_.reset();
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

const AddressLayout& Model::layout() {
  ensure(layout_.has_value());
  if (!layout_) layout_.emplace(*lifecycles_);
  return *layout_;
}

const Reuse& Model::reuse() {
  constexpr std::size_t most_pairs = 100;
  ensure(reuse_.has_value());
  if (!reuse_) reuse_.emplace(find_reuse(*lifecycles_, layout().places(), levels(), most_pairs));
  return *reuse_;
}

void Model::build_boxes(Axis axis) {
  if (!layout_) layout_.emplace(*lifecycles_);
  std::optional<LifecycleIndex>& index = indexes_[static_cast<std::size_t>(axis)].lifetimes;
  if (!index) index.emplace(place_spans(layout_->places(), clock_, axis));
}

void Model::build_cached(Axis axis) {
  if (!cached_) {
    cached_.emplace(find_cached_blocks(*lifecycles_, layout_->places()));
    cached_strips_ = cached_strips(*cached_, layout_->strips());
  }
  std::optional<LifecycleIndex>& index = indexes_[static_cast<std::size_t>(axis)].cached;
  if (!index) index.emplace(cached_spans(*cached_, clock_, axis));
}

Boxes Model::lifetimes(Axis axis) {
  const Indexes& indexes = indexes_[static_cast<std::size_t>(axis)];
  ensure(layout_.has_value() && indexes.lifetimes.has_value());
  build_boxes(axis);
  return {&*indexes.lifetimes, &layout_->strips()};
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
  }
  return *matches_;
}

Scene Model::scene(const Look& look) {
  const Indexes& indexes = indexes_[static_cast<std::size_t>(look.axis)];
  const bool same_filter = matches_.has_value() && filter_ == look.filter;
  ensure(layout_.has_value() && indexes.lifetimes.has_value() && colors_by(look.color_by).has_value() &&
         same_filter && (!look.cached || indexes.cached.has_value()));
  build_boxes(look.axis);
  if (look.cached) build_cached(look.axis);
  if (!matches_ || filter_ != look.filter) {
    matches_ = RowFilter(look.filter).apply(*lifecycles_);
    filter_ = look.filter;
  }
  Scene scene;
  scene.lifetimes = {&*indexes.lifetimes, &layout_->strips()};
  if (look.cached) scene.cached = {&*indexes.cached, &cached_strips_};
  scene.colors = &colors(look.color_by);
  scene.matches = look.filter.empty() ? nullptr : &*matches_;
  scene.places = &layout_->places();
  scene.edges = true;
  return scene;
}

}  // namespace bufgc::viewer
