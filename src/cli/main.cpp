#include <CLI/CLI.hpp>

#include "commands.hpp"

int main(int argc, char** argv) {
  using namespace bufgc::cli;
  CLI::App app{"Lifecycles of CPU buffers: what a trace comes to, how it runs, other forms of it.", "bufgc"};
  app.set_version_flag("--version", BUFGC_VERSION);
  app.require_subcommand(1);
  app.footer(
      "A TRACE is NDJSON, CSV or binary (.bufgc), also packed with gzip.\n"
      "Exit status: 0 good, 1 a file is bad or a replay ran out of budget, 2 wrong usage.");

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

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? good : wrong_usage;
  }
  options.json = json;
  if (summary_command->parsed()) return summary(traces, json);
  if (replay_command->parsed()) return replay(traces, options);
  return convert(in, out, range);
}
