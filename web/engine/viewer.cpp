#include "viewer.hpp"

#include <algorithm>
#include <limits>

#include "timeline/rows.hpp"
#include "timeline/stack_picture.hpp"
#include "timeline/summary.hpp"
#include "trace/writers.hpp"

namespace bufgc::viewer {

using namespace timeline;

void Viewer::set_range(double from_ns, double to_ns) {
  static constexpr double most = 9.2e18;
  const auto time = [](double ns) { return static_cast<std::int64_t>(std::clamp(ns, 0.0, most)); };
  input.set_range({time(from_ns), time(to_ns)});
}

void Viewer::part() {
  const auto part = input.part();
  numbers_ = {static_cast<double>(part.offset), static_cast<double>(part.count)};
}

void Viewer::error() {
  JsonWriter json(text_);
  json.open('{')
      .member_text("name", input.error_file())
      .member_text("message", input.error_message())
      .close('}');
}

void Viewer::summary() {
  Model& model = fresh();
  const Lifecycles& trace = lifecycles();
  const Levels& levels = model.levels();
  const Summary summary = summarise(trace, levels);
  JsonWriter json(text_);
  json.open('{');
#define BUFGC_X(name) json.member(#name, summary.name);
  BUFGC_SUMMARY(BUFGC_X)
#undef BUFGC_X
  const Level& maxima = levels.maxima();
  json.member("max_live_event", summary.max_live_event)
      .member("max_reserved_event", levels.max_reserved_event())
      .member("max_cached_bytes", maxima.cached_bytes)
      .member("max_reserved_bytes", maxima.reserved_bytes)
      .member("cached_at_end_bytes", levels.at(std::numeric_limits<std::uint64_t>::max()).cached_bytes)
      .member("folded_events", trace.folded.events)
      .member("folded_buffers", trace.folded.buffers)
      .member("duration_ns", model.clock().duration_ns())
      .member("start_ns", input.start_ns())
      .key("has_addresses")
      .boolean(model.layout().has_addresses())
      .member_text("notice", input.notice())
      .close('}');
}

bool Viewer::arrange(std::size_t events) {
  return lagging().arrange_packed(events);
}

void Viewer::bounds(Layout layout) {
  Model& model = lagging();
  numbers_ = {static_cast<double>(model.clock().events()), static_cast<double>(model.clock().duration_ns()),
              static_cast<double>(model.height(layout))};
}

void Viewer::marks() {
  const Model& model = fresh();
  JsonWriter json(text_);
  json.open('[');
  for (const Lifecycles::Mark& mark : lifecycles().marks) {
    json.open('{')
        .member("event", mark.event)
        .member("timeNs", model.clock().time_of(mark.event))
        .member_text("name", lifecycles().strings.at(mark.name))
        .close('}');
  }
  json.close(']');
}

void Viewer::level_at(std::uint64_t event) {
  const Level level = fresh().levels().at(event);
  numbers_ = {static_cast<double>(level.live_bytes), static_cast<double>(level.live_buffers),
              static_cast<double>(level.cached_bytes), static_cast<double>(level.reserved_bytes)};
}

void Viewer::levels(Axis axis, double t0, double t1, std::uint32_t columns) {
  Model& model = lagging();
  const Levels& levels = model.levels();
  const LevelColumns cut = levels.resample(model.clock(), axis, {t0, t1, columns});
  numbers_.clear();
  for (const std::vector<double>* series :
       {&cut.x, &cut.live_max, &cut.live_min, &cut.cached_max, &cut.reserved_max}) {
    numbers_.insert(numbers_.end(), series->begin(), series->end());
  }
}

double Viewer::event_at_time(double time_ns) {
  return static_cast<double>(fresh().clock().event_at(time_ns));
}

double Viewer::time_of_event(std::uint64_t event) {
  return static_cast<double>(fresh().clock().time_of(event));
}

void Viewer::begin(const Picture& picture) {
  begun_ = picture;
  begun_filter_ = picture.look.filter;
  begun_.look.filter = begun_filter_;
  begin();
}

void Viewer::begin() {
  Model& model = lagging();
  const Style style = begun_.dark ? Style::dark() : Style::light();
  const Model::Look& look = begun_.look;
  painting_ = look.layout == Layout::stack
                  ? begin_stack_picture(model.stack_scene(look), begun_.view, begun_.size, style)
                  : begin_picture(model.scene(look), begun_.view, begun_.size, style);
  painted_scenes_ = model.scenes_version();
}

double Viewer::draw(std::size_t boxes) {
  if (!painting_) return -1;
  // A trace that grows all the time must not keep a picture from being finished.
  if (painted_scenes_ != model_.scenes_version()) {
    begin();
    boxes = std::numeric_limits<std::size_t>::max();
  }
  const double share = painting_->go_on(boxes);
  if (share < 1) return share;
  painting_->finish(pixels_);
  painting_.reset();
  return 1;
}

int Viewer::hit_test(const Frame& frame, const Probe& probe) {
  Model& model = lagging();
  if (frame.layout == Layout::stack) {
    const auto row = model.stack().row_at(frame.axis, frame.columns, probe.x, probe.y, probe.tolerance_y);
    return row ? static_cast<int>(*row) : -1;
  }
  const Model::Lifetimes lifetimes = model.lifetimes(frame.layout, frame.axis);
  const auto box = timeline::hit_test(lifetimes.boxes, probe);
  return box ? static_cast<int>(lifetimes.places->row_of(*box)) : -1;
}

void Viewer::rects_of(const Frame& frame, std::uint32_t row) {
  numbers_.clear();
  if (frame.layout == Layout::stack) {
    for (const StackStep& step : fresh().stack().steps_of(row, frame.axis, frame.columns)) {
      const auto y = static_cast<double>(step.y);
      numbers_.insert(numbers_.end(), {step.t0, step.t1, y, y + static_cast<double>(step.height)});
    }
    return;
  }
  Model& model = fresh();
  if (row >= lifecycles().size()) return;
  for (const Stay& stay : model.stays_of(frame.layout, row)) {
    for (const std::uint32_t event : {stay.begin_event, stay.end_event})
      numbers_.push_back(static_cast<double>(model.clock().position(frame.axis, event)));
    numbers_.push_back(static_cast<double>(stay.strip.y));
    numbers_.push_back(static_cast<double>(stay.strip.y + stay.strip.height));
  }
}

int Viewer::row_of_id(std::string_view id) {
  std::uint64_t value = 0;
  if (id.empty() || id.size() > 20) return -1;
  for (const char c : id) {
    if (c < '0' || c > '9') return -1;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (value > (std::numeric_limits<std::uint64_t>::max() - digit) / 10) return -1;
    value = value * 10 + digit;
  }
  // Files may use an id again: the last lifetime is what a person means.
  const auto& ids = lifecycles().id;
  const auto found = std::find(ids.rbegin(), ids.rend(), value);
  return found == ids.rend() ? -1 : static_cast<int>(ids.rend() - found - 1);
}

bool Viewer::export_as(Format format) {
  trace::StringSink sink;
  bool written = false;
  switch (format) {
    case Format::ndjson:
      written = trace::write_ndjson(lifecycles(), sink);
      break;
    case Format::csv:
      written = trace::write_csv(lifecycles(), sink);
      break;
    case Format::chrome:
      written = trace::write_chrome(lifecycles(), sink);
      break;
    case Format::bufgc:
      written = trace::write_bufgc(lifecycles(), sink);
      break;
  }
  text_ = std::move(sink.text);
  return written;
}

}  // namespace bufgc::viewer
