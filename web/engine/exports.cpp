// The engine's exports. Plain C: numbers in, an answer in the viewer's own buffers out. Text comes
// in through `viewer_scratch`, so that JavaScript needs no allocator.
#include <emscripten.h>

#include <string>

#include "viewer.hpp"

using bufgc::timeline::Axis;
using bufgc::viewer::Layout;
using bufgc::viewer::Viewer;

namespace {

std::string scratch;

Axis axis_of(int axis) {
  return axis == 0 ? Axis::event : Axis::time;
}
Viewer::Frame frame_of(int layout, int axis, double t0, double t1, int columns) {
  const auto count = static_cast<std::uint32_t>(columns > 0 ? columns : 1);
  return {static_cast<Layout>(layout), axis_of(axis), {t0, t1, count}};
}
std::uint64_t event_of(double event) {
  return event > 0 ? static_cast<std::uint64_t>(event) : 0;
}

}  // namespace

extern "C" {

EMSCRIPTEN_KEEPALIVE Viewer* viewer_create() {
  return new Viewer;
}
EMSCRIPTEN_KEEPALIVE void viewer_destroy(Viewer* viewer) {
  delete viewer;
}

/// Room for `size` bytes of text or of a file, to be filled before the call that reads it.
EMSCRIPTEN_KEEPALIVE char* viewer_scratch(std::size_t size) {
  scratch.resize(size);
  return scratch.data();
}

EMSCRIPTEN_KEEPALIVE int viewer_add_file(Viewer* viewer) {
  return static_cast<int>(viewer->input.add_file(scratch));
}
/// The file's last bytes stand in the scratch room.
EMSCRIPTEN_KEEPALIVE void viewer_expect(Viewer* viewer, int file, double file_bytes) {
  viewer->input.expect(static_cast<std::size_t>(file), static_cast<std::uint64_t>(file_bytes), scratch);
}
EMSCRIPTEN_KEEPALIVE void viewer_set_range(Viewer* viewer, double from_ns, double to_ns) {
  viewer->set_range(from_ns, to_ns);
}
/// The file's first bytes stand in the scratch room.
EMSCRIPTEN_KEEPALIVE int viewer_in_parts(Viewer* viewer) {
  return viewer->input.in_parts(scratch) ? 1 : 0;
}
/// Offset and count in the numbers.
EMSCRIPTEN_KEEPALIVE void viewer_part(Viewer* viewer) {
  viewer->part();
}
EMSCRIPTEN_KEEPALIVE int viewer_feed(Viewer* viewer, int file) {
  return viewer->input.feed(static_cast<std::size_t>(file), scratch) ? 1 : 0;
}
EMSCRIPTEN_KEEPALIVE int viewer_end(Viewer* viewer, int file) {
  return viewer->input.end(static_cast<std::size_t>(file)) ? 1 : 0;
}
EMSCRIPTEN_KEEPALIVE int viewer_wanted(Viewer* viewer) {
  return viewer->input.wanted();
}
EMSCRIPTEN_KEEPALIVE double viewer_events(Viewer* viewer) {
  return static_cast<double>(viewer->lifecycles().event_count());
}
EMSCRIPTEN_KEEPALIVE void viewer_set_slack(Viewer* viewer, double slack) {
  viewer->set_slack(slack);
}
EMSCRIPTEN_KEEPALIVE void viewer_set_live(Viewer* viewer) {
  viewer->set_live();
}

EMSCRIPTEN_KEEPALIVE const char* viewer_text(Viewer* viewer) {
  return viewer->text().data();
}
EMSCRIPTEN_KEEPALIVE std::size_t viewer_text_size(Viewer* viewer) {
  return viewer->text().size();
}
EMSCRIPTEN_KEEPALIVE const double* viewer_numbers(Viewer* viewer) {
  return viewer->numbers().data();
}
EMSCRIPTEN_KEEPALIVE std::size_t viewer_numbers_size(Viewer* viewer) {
  return viewer->numbers().size();
}
EMSCRIPTEN_KEEPALIVE const std::uint8_t* viewer_pixels(Viewer* viewer) {
  return viewer->pixels().data();
}

EMSCRIPTEN_KEEPALIVE void viewer_error(Viewer* viewer) {
  viewer->error();
}
EMSCRIPTEN_KEEPALIVE void viewer_summary(Viewer* viewer) {
  viewer->summary();
}
EMSCRIPTEN_KEEPALIVE int viewer_arrange(Viewer* viewer, double events) {
  return viewer->arrange(static_cast<std::size_t>(event_of(events))) ? 1 : 0;
}
EMSCRIPTEN_KEEPALIVE void viewer_bounds(Viewer* viewer, int layout) {
  viewer->bounds(static_cast<Layout>(layout));
}
EMSCRIPTEN_KEEPALIVE void viewer_marks(Viewer* viewer) {
  viewer->marks();
}
EMSCRIPTEN_KEEPALIVE void viewer_level_at(Viewer* viewer, double event) {
  viewer->level_at(event_of(event));
}
EMSCRIPTEN_KEEPALIVE void viewer_levels(Viewer* viewer, int axis, double t0, double t1, int columns) {
  viewer->levels(axis_of(axis), t0, t1, static_cast<std::uint32_t>(columns > 0 ? columns : 0));
}
EMSCRIPTEN_KEEPALIVE double viewer_event_at_time(Viewer* viewer, double time_ns) {
  return viewer->event_at_time(time_ns);
}
EMSCRIPTEN_KEEPALIVE double viewer_time_of_event(Viewer* viewer, double event) {
  return viewer->time_of_event(event_of(event));
}

/// Begins a picture, whose filter stands in the scratch room. Where `most` is above 0 it is made as so many
/// rectangles at once, and 0 returned if they do not suffice.
EMSCRIPTEN_KEEPALIVE int viewer_begin(Viewer* viewer, int layout, int axis, double t0, double t1, double y0,
                                      double y1, int width, int height, int color_by, int dark, int cached,
                                      double most) {
  Viewer::Picture picture;
  picture.view = {t0, t1, y0, y1};
  picture.size = {static_cast<std::uint32_t>(width), static_cast<std::uint32_t>(height)};
  picture.dark = dark != 0;
  picture.look = {static_cast<Layout>(layout), axis_of(axis), static_cast<bufgc::timeline::ColorBy>(color_by),
                  scratch, cached != 0};
  if (most > 0) return viewer->rectangles(picture, static_cast<std::size_t>(event_of(most))) ? 1 : 0;
  viewer->begin(picture);
  return 1;
}
EMSCRIPTEN_KEEPALIVE double viewer_draw(Viewer* viewer, double boxes) {
  return viewer->draw(static_cast<std::size_t>(event_of(boxes)));
}
EMSCRIPTEN_KEEPALIVE int viewer_hit_test(Viewer* viewer, int layout, int axis, double t0, double t1,
                                         int columns, double x, double y, double tolerance_x,
                                         double tolerance_y) {
  return viewer->hit_test(frame_of(layout, axis, t0, t1, columns), {x, y, tolerance_x, tolerance_y});
}
EMSCRIPTEN_KEEPALIVE void viewer_rects_of(Viewer* viewer, int layout, int axis, double t0, double t1,
                                          int columns, std::uint32_t row) {
  viewer->rects_of(frame_of(layout, axis, t0, t1, columns), row);
}
EMSCRIPTEN_KEEPALIVE int viewer_row_of_id(Viewer* viewer) {
  return viewer->row_of_id(scratch);
}
EMSCRIPTEN_KEEPALIVE void viewer_row(Viewer* viewer, std::uint32_t row) {
  viewer->row(row);
}
EMSCRIPTEN_KEEPALIVE void viewer_table_query(Viewer* viewer, int key, int descending, int alive_first) {
  viewer->table_query(scratch,
                      {static_cast<bufgc::timeline::SortKey>(key), descending != 0, alive_first != 0});
}
EMSCRIPTEN_KEEPALIVE void viewer_table_rows(Viewer* viewer, double from, double count) {
  viewer->table_rows(static_cast<std::size_t>(event_of(from)), static_cast<std::size_t>(event_of(count)));
}
EMSCRIPTEN_KEEPALIVE void viewer_groups(Viewer* viewer, int by) {
  viewer->groups(static_cast<bufgc::timeline::GroupBy>(by), scratch);
}
EMSCRIPTEN_KEEPALIVE void viewer_filter_error(Viewer* viewer) {
  viewer->filter_error(scratch);
}
// The filter of these stands in the scratch room.
EMSCRIPTEN_KEEPALIVE void viewer_moment(Viewer* viewer, double event, int by) {
  viewer->moment(event_of(event), static_cast<bufgc::timeline::GroupBy>(by), scratch);
}
EMSCRIPTEN_KEEPALIVE void viewer_growth(Viewer* viewer, int by) {
  viewer->growth(static_cast<bufgc::timeline::GroupBy>(by), scratch);
}
EMSCRIPTEN_KEEPALIVE void viewer_flame(Viewer* viewer, int by, int measure, double event, int axis, double t0,
                                       double t1, std::uint32_t root_text, std::uint32_t root_depth,
                                       double least_share) {
  Viewer::Flames flames;
  flames.query.by = static_cast<bufgc::timeline::FlameBy>(by);
  flames.query.measure = static_cast<bufgc::timeline::FlameMeasure>(measure);
  flames.query.event = event_of(event);
  flames.query.root = {root_text, root_depth};
  flames.query.least_share = least_share;
  flames.axis = axis_of(axis);
  flames.t0 = t0;
  flames.t1 = t1;
  viewer->flame(flames, scratch);
}
EMSCRIPTEN_KEEPALIVE void viewer_area(Viewer* viewer, int layout, int axis, double t0, double t1, double y0,
                                      double y1) {
  viewer->area({static_cast<Layout>(layout), axis_of(axis), {t0, t1, y0, y1}}, scratch);
}
/// With a negative layout there is no area.
EMSCRIPTEN_KEEPALIVE double viewer_choose(Viewer* viewer, int layout, int axis, double t0, double t1,
                                          double y0, double y1) {
  const bufgc::viewer::Model::Area area{static_cast<Layout>(layout), axis_of(axis), {t0, t1, y0, y1}};
  return static_cast<double>(viewer->choose(layout < 0 ? nullptr : &area, scratch));
}
EMSCRIPTEN_KEEPALIVE void viewer_chosen_csv(Viewer* viewer, double from, double count) {
  viewer->chosen_csv(static_cast<std::size_t>(event_of(from)), static_cast<std::size_t>(event_of(count)));
}
EMSCRIPTEN_KEEPALIVE void viewer_latency(Viewer* viewer, int stage, int axis, int by) {
  viewer->latency(static_cast<bufgc::timeline::LatencyStage>(stage), axis_of(axis),
                  static_cast<bufgc::timeline::GroupBy>(by), scratch);
}
EMSCRIPTEN_KEEPALIVE double viewer_reuse(Viewer* viewer, double events) {
  return viewer->reuse(static_cast<std::size_t>(event_of(events)));
}
EMSCRIPTEN_KEEPALIVE void viewer_fragmentation(Viewer* viewer, int axis, double t0, double t1, int columns) {
  viewer->fragmentation(axis_of(axis), t0, t1, static_cast<std::size_t>(columns > 0 ? columns : 0));
}

EMSCRIPTEN_KEEPALIVE int viewer_export(Viewer* viewer, int format) {
  return viewer->export_as(static_cast<Viewer::Format>(format)) ? 1 : 0;
}
}
