#include <CLI/CLI.hpp>
#include <map>

#include "commands.hpp"

namespace {

using bufgc::timeline::Align;
using bufgc::timeline::GroupBy;
const std::map<std::string, GroupBy> groupings = {
    {"label", GroupBy::label}, {"site", GroupBy::site}, {"dtype", GroupBy::dtype}, {"size", GroupBy::size}};
const std::map<std::string, Align> alignments = {
    {"event", Align::event}, {"time", Align::time}, {"phase", Align::phase}};

/// Takes one of the words, and names all of them where it is none.
template <class Value>
CLI::Option* add_choice(CLI::App& command, const std::string& name, Value& value,
                        const std::map<std::string, Value>& words, const std::string& meaning) {
  return command
      .add_option_function<std::string>(
          name, [&value, &words](const std::string& word) { value = words.at(word); }, meaning)
      ->check(CLI::IsMember(words));
}

}  // namespace

int main(int argc, char** argv) {
  using namespace bufgc::cli;
  CLI::App app{
      "Lifecycles of CPU buffers: what a trace comes to, how it runs, other forms of it, what two differ in.",
      "bufgc"};
  app.set_version_flag("--version", BUFGC_VERSION);
  app.require_subcommand(1);
  app.footer(
      "A TRACE is NDJSON, CSV or binary (.bufgc), also packed with gzip.\n"
      "Exit status: 0 good, 1 a file is bad or a replay ran out of budget, 2 wrong usage.\n"
      "Of diff: 0 equal, 1 different, 2 a file is bad or wrong usage.");

  std::vector<std::string> traces;
  bool json = false;
  CLI::App* const summary_command = app.add_subcommand("summary", "What traces come to");
  summary_command->add_option("TRACE", traces, "Trace files")->required();
  summary_command->add_flag("--json", json, "One JSON object on standard output");

  ReplayOptions options;
  CLI::App* const replay_command =
      app.add_subcommand("replay", "Feed traces' allocations and frees through the allocator");
  replay_command->add_option("TRACE", traces, "Trace files")->required();
  replay_command->add_flag("--json", json, "One JSON object on standard output");
  replay_command->add_option("--budget", options.budget,
                             "Bytes that may be reserved, or a factor of the trace's max live bytes: 1.02x");
  replay_command->add_option("--scale", options.scale, "Multiply every size")->check(CLI::PositiveNumber);
  replay_command->add_option("--repeat", options.repeat, "Run so many times and tell the median time")
      ->check(CLI::Range(1, 1000000));
  replay_command->add_flag("--visualizer", options.visualizer,
                           "Also run with the visualizer on, and compare");
  CLI::Option* const planned =
      replay_command->add_flag("--planned", options.planned,
                               "Record the trace as one iteration, plan its offsets, and run it by the plan");
  replay_command->add_option("--plan-seconds", options.plan_seconds, "Look for a plan that long (4)")
      ->check(CLI::Range(0.0, 86400.0))
      ->needs(planned);
  replay_command->add_flag("!--no-compact", options.compact,
                           "Never move live blocks, as is done in WebAssembly");

  std::string in;
  std::string out;
  CLI::App* const convert_command = app.add_subcommand("convert", "Write a trace in another form");
  convert_command->add_option("IN", in, "A trace file")->required();
  convert_command
      ->add_option("OUT", out,
                   "Its form is that of its name: .bufgc, .ndjson, .csv, .json (Chrome trace), also .gz")
      ->required();
  bufgc::trace::TimeRange range;
  convert_command->add_option("--from", range.from_ns,
                              "Only events from that time on, in ns; what stands then is kept");
  convert_command->add_option("--to", range.to_ns, "Only events up to that time, in ns");

  std::string before;
  std::string after;
  DiffOptions differing;
  CLI::App* const diff_command = app.add_subcommand(
      "diff", "What differs between two traces: totals, groups, lifetimes that one of them lacks");
  diff_command->add_option("A", before, "A trace file")->required();
  diff_command->add_option("B", after, "Another; differences are what B has more than A")->required();
  diff_command->add_flag("--json", json, "One JSON object on standard output");
  add_choice(*diff_command, "--by", differing.by, groupings, "Group lifetimes by this (label)");
  add_choice(
      *diff_command, "--align", differing.align, alignments,
      "Lay them against each other by this (event): lifetimes are compared in events, or in ns by time; "
      "by phase only those between the same marks are matched");
  diff_command->add_option("--top", differing.top, "List so many groups and lifetimes (10)");

  CLI::App* const report_command = app.add_subcommand(
      "report", "What made the peak, what leaks, what could be reused: to attach to an issue");
  report_command->add_option("TRACE", in, "A trace file")->required();
  report_command->add_option(
      "OUT", out, "Its form is that of its name: .md, .html, .json; else Markdown on standard output");
  report_command->add_flag("--json", json, "One JSON object on standard output");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? good : wrong_usage;
  }
  options.json = json;
  if (summary_command->parsed()) return summary(traces, json);
  if (replay_command->parsed()) return replay(traces, options);
  if (diff_command->parsed()) {
    differing.json = json;
    return diff(before, after, differing);
  }
  if (report_command->parsed()) return report(in, out, json);
  return convert(in, out, range);
}
