#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "json.hpp"
#include "model.hpp"
#include "timeline/diff.hpp"
#include "timeline/flame.hpp"
#include "timeline/hit_test.hpp"
#include "timeline/latency.hpp"
#include "timeline/rectangles.hpp"
#include "timeline/row_table.hpp"
#include "timeline/use_counts.hpp"
#include "trace_input.hpp"

namespace bufgc::viewer {

/// One open trace and what the page asks of it. Structured answers are JSON in `text()`, numbers in
/// `numbers()`, pictures in `pixels()`; each stays until the next call.
class Viewer {
 public:
  TraceInput input;

  [[nodiscard]] const std::string& text() const noexcept { return text_; }
  [[nodiscard]] const std::vector<double>& numbers() const noexcept { return numbers_; }
  [[nodiscard]] const std::vector<std::uint8_t>& pixels() const noexcept { return pixels_; }
  [[nodiscard]] const Lifecycles& lifecycles() const noexcept { return input.lifecycles(); }
  /// Pictures and levels may lag behind by this share of the events while a file is being read.
  void set_slack(double slack) noexcept { slack_ = slack; }

  /// The trace grows as its program runs: what is alive is no leak yet.
  void set_live() noexcept { model_.set_end(timeline::TraceEnd::open); }

  /// As `TraceInput` takes it.
  void set_range(double from_ns, double to_ns);
  /// Offset and count of the part of the file that is to come next; both 0 when no more is needed.
  void part();

  void error();
  void summary();
  /// Goes on with the packed layout by at most `events` events, so that making it need not hold other
  /// requests up. True: it is made. Other calls make what is missing at once.
  [[nodiscard]] bool arrange(std::size_t events);
  void bounds(Layout layout);
  void marks();
  void level_at(std::uint64_t event);
  /// x, live max, live min, cached max, reserved max: each `columns` numbers.
  void levels(timeline::Axis axis, double t0, double t1, std::uint32_t columns);
  [[nodiscard]] double event_at_time(double time_ns);
  [[nodiscard]] double time_of_event(std::uint64_t event);

  struct Picture {
    timeline::View view;
    timeline::PictureSize size;
    bool dark = false;
    Model::Look look;
  };
  /// Begins a picture; one that is under way is given up. Where what it is drawn from is replaced before it
  /// is finished, it is drawn anew, and then at once.
  void begin(const Picture& picture);
  /// Goes on with it for some boxes. Returns how much of it is drawn, from 0 to 1, at which it stands in the
  /// pixels; -1: none is under way.
  [[nodiscard]] double draw(std::size_t boxes);
  /// The same as rectangles, of the stack in as many columns as the picture has: in the numbers, of each its
  /// place in the text's list of rows (-1: what is cached), t0, t1, y0, y1. False where there are more than
  /// `most`.
  [[nodiscard]] bool rectangles(const Picture& picture, std::size_t most);
  /// Which picture a question is about: columns matter to the stack, which shows one moment in each.
  struct Frame {
    Layout layout = Layout::address;
    timeline::Axis axis = timeline::Axis::event;
    timeline::Columns columns;
  };
  /// A row, or -1.
  [[nodiscard]] int hit_test(const Frame& frame, const timeline::Probe& probe);
  /// t0, t1, y0, y1 of each place of the row in order of time; no numbers when it has none.
  void rects_of(const Frame& frame, std::uint32_t row);
  [[nodiscard]] int row_of_id(std::string_view id);

  /// Details of one row; empty text when there is none.
  void row(std::uint32_t row);
  void table_query(std::string_view filter, timeline::SortOrder order);
  void table_rows(std::size_t from, std::size_t count);
  void groups(timeline::GroupBy by, std::string_view filter);
  /// What is wrong with the filter, as plain text; empty when all is well.
  void filter_error(std::string_view filter);

  // The questions that people open the viewer for.

  /// Who held memory after an event, and where the reserved bytes of that moment are. The largest buffers
  /// are of those that match.
  void moment(std::uint64_t event, timeline::GroupBy by, std::string_view filter);
  /// Groups with members alive at the end, and how their number went over the trace.
  void growth(timeline::GroupBy by, std::string_view filter);
  /// A flame graph: what of the trace [t0, t1) is, and the live set after an event.
  struct Flames {
    timeline::FlameQuery query;
    timeline::Axis axis = timeline::Axis::event;
    double t0 = 0;
    double t1 = 0;
  };
  void flame(const Flames& flames, std::string_view filter);
  /// What stands in an area and matches.
  void area(const Model::Area& area, std::string_view filter);
  /// How long buffers waited for their release, or their blocks for the next buffer.
  void latency(timeline::LatencyStage stage, timeline::Axis axis, timeline::GroupBy by,
               std::string_view filter);
  /// Actual against planned peak, and who could have taken whose place. Goes on with the plan by at most
  /// `events` events; returns how much of it is made, from 0 to 1, at which the answer stands in the text.
  [[nodiscard]] double reuse(std::size_t events);
  /// The worst share of reserved without a live byte, in millionths: `columns` numbers.
  void fragmentation(timeline::Axis axis, double t0, double t1, std::size_t columns);

  // Against another trace, `first`, which must be the same one for as long as this one is open.

  /// What differs: totals, counts, groups, and the lifetimes that differ most.
  void diff(Viewer& first, timeline::Align align, timeline::GroupBy by);
  /// x, live and reserved of the first, live and reserved of this one: each `columns` numbers.
  void diff_levels(Viewer& first, timeline::Align align, const timeline::Columns& columns);

  /// Chooses the rows that match and, where there is an area, stand in it; returns how many they are.
  [[nodiscard]] std::size_t choose(const Model::Area* area, std::string_view filter);
  /// Some of the chosen rows, in order of birth, as a table; with the first, the names of its columns.
  void chosen_csv(std::size_t from, std::size_t count);

  enum class Format : std::uint8_t { ndjson = 0, csv = 1, chrome = 2, bufgc = 3 };
  bool export_as(Format format);

 private:
  Model& fresh() {
    model_.refresh(lifecycles());
    return model_;
  }
  Model& lagging() {
    model_.refresh(lifecycles(), slack_);
    return model_;
  }
  void begin();
  void count_uses();
  void write_row(JsonWriter& json, std::uint32_t row) const;
  void write_details(JsonWriter& json, std::uint32_t row);
  struct DiffState {
    timeline::Align align = timeline::Align::event;
    std::size_t first_events = 0;
    std::size_t events = 0;
    bool operator==(const DiffState&) const = default;
  };
  [[nodiscard]] const timeline::Diff& diff_from(Viewer& first, timeline::Align align);

  Model model_{input.lifecycles()};
  double slack_ = 0;
  std::vector<std::uint32_t> table_;
  std::vector<std::uint32_t> chosen_;
  timeline::UseCounts use_counts_;
  std::size_t counted_uses_ = 0;
  std::optional<timeline::Diff> diff_;
  DiffState compared_;  ///< What `diff_` stands for.
  std::string text_;
  std::vector<double> numbers_;
  std::vector<std::uint8_t> pixels_;
  Picture begun_;
  std::string begun_filter_;  ///< What its look points to.
  std::unique_ptr<timeline::Painting> painting_;
  std::uint64_t painted_scenes_ = 0;  ///< The version of the scenes that it is drawn from.
};

}  // namespace bufgc::viewer
