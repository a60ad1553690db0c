#include <algorithm>
#include <array>
#include <cstdio>

#include "commands.hpp"
#include "document.hpp"
#include "file.hpp"
#include "open_trace.hpp"
#include "report_figures.hpp"
#include "table.hpp"
#include "trace/text_output.hpp"

namespace bufgc::cli {
namespace {

/// As many groups as a table of a report shows.
constexpr std::size_t most_groups = 10;

template <class Item>
std::size_t listed(const std::vector<Item>& items) {
  return std::min(items.size(), most_groups);
}

std::string exact_bytes(std::uint64_t bytes) {
  return bytes < 1024 ? human_bytes(bytes) : human_bytes(bytes) + " (" + human_count(bytes) + " B)";
}
std::string percent(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return "0 %";
  return fixed(100 * static_cast<double>(part) / static_cast<double>(whole), 1) + " %";
}
std::string duration(std::uint64_t ns) {
  const auto value = static_cast<double>(ns);
  if (ns >= 1'000'000'000) return fixed(value / 1e9, 2) + " s";
  if (ns >= 1'000'000) return fixed(value / 1e6, 2) + " ms";
  return human_count(ns) + " ns";
}
std::string plural(std::uint64_t count, const std::string& one) {
  return human_count(count) + " " + one + (count == 1 ? "" : "s");
}
std::string name_of(const std::string& name) {
  return name.empty() ? "(none)" : plain_text(name);
}

// As a document --------------------------------------------------------------------------------

Document::Section summary_section(const ReportFigures& figures, const Lifecycles& trace) {
  const timeline::Summary& summary = figures.summary;
  Document::Section section{"Summary", {}, {"figure", "value"}, {}};
  section.rows = {{"events", human_count(summary.events)},
                  {"from the first to the last", duration(figures.duration_ns)},
                  {"buffers", human_count(summary.buffers)},
                  {"allocated", exact_bytes(summary.total_allocated_bytes)},
                  {"distinct sizes", human_count(summary.distinct_sizes)},
                  {"served by the cache", human_count(figures.cache_hits)},
                  {"max live", exact_bytes(summary.max_live_bytes)},
                  {"max live buffers", human_count(summary.max_live_buffers)},
                  {"max reserved", exact_bytes(figures.reuse.actual_bytes)},
                  {"alive at end", plural(summary.alive_at_end_buffers, "buffer")},
                  {"alive at end, bytes", exact_bytes(summary.alive_at_end_bytes)}};
  if (summary.skipped_events > 0) {
    constexpr const char* reasons[] = {
#define BUFGC_X(name, meaning) meaning,
        BUFGC_SKIP_REASONS(BUFGC_X)
#undef BUFGC_X
    };
    for (std::size_t reason = 0; reason < skip_reason_count; ++reason)
      if (const std::uint64_t count = trace.skipped_by_reason[reason]; count > 0)
        section.rows.push_back({std::string("skipped: ") + reasons[reason], human_count(count)});
  }
  return section;
}

Document::Section peak_section(const ReportFigures& figures) {
  const timeline::LiveSet& peak = figures.peak;
  Document::Section section{"What made the peak", {}, {"label", "buffers", "bytes", "of the peak"}, {}, true};
  section.text = "After event " + human_count(figures.summary.max_live_event) + ": " +
                 human_bytes(peak.bytes) + " in " + plural(peak.buffers, "buffer") + ".";
  for (std::size_t i = 0; i < listed(peak.groups); ++i) {
    const timeline::LiveGroup& group = peak.groups[i];
    section.rows.push_back({name_of(group.name), human_count(group.buffers), human_bytes(group.bytes),
                            percent(group.bytes, peak.bytes)});
  }
  return section;
}

Document::Section leaks_section(const ReportFigures& figures) {
  Document::Section section{
      "What was never released",
      {},
      {"label", "alive at end", "of its own", "bytes", "fewest alive, first part to last", "verdict"},
      {},
      true};
  const timeline::Growth& leaks = figures.leaks;
  if (leaks.groups.empty()) {
    section.text = "Every buffer was released.";
    return section;
  }
  const auto growing = static_cast<std::uint64_t>(
      std::count_if(leaks.groups.begin(), leaks.groups.end(),
                    [](const timeline::GroupGrowth& group) { return group.grows; }));
  section.text =
      plural(leaks.all_groups, "group") + ", of which " +
      (growing == 0 ? "none grows." : human_count(growing) + (growing == 1 ? " grows." : " grow."));
  for (const timeline::GroupGrowth& group : leaks.groups) {
    section.rows.push_back({name_of(group.name), human_count(group.buffers),
                            percent(group.buffers, group.total_buffers), human_bytes(group.bytes),
                            human_count(group.floor.front()) + " to " + human_count(group.floor.back()),
                            group.grows ? "grows" : ""});
  }
  return section;
}

Document::Section reserved_section(const ReportFigures& figures) {
  const timeline::ReservedAccount& account = figures.account;
  Document::Section section{
      "Why more is reserved than live", {}, {"at the most reserved", "bytes", "share"}, {}};
  section.text = "After event " + human_count(figures.max_reserved_event) +
                 ", where the most was reserved. Fragmentation (reserved that holds no live byte) was " +
                 percent(figures.worst_fragmentation_ppm, 1'000'000) + " at its worst.";
  const auto add = [&](const char* name, std::uint64_t bytes) {
    section.rows.push_back({name, human_bytes(bytes), percent(bytes, account.reserved_bytes)});
  };
  add("live", account.live_bytes);
  if (account.knows_blocks) add("rounding", account.rounding_bytes);
  add("cached", account.cached_bytes);
  if (account.knows_segments) add("gaps", account.gaps_bytes);
  if (account.outside_bytes > 0) add("outside of known segments", account.outside_bytes);
  add("reserved", account.reserved_bytes);
  if (!account.knows_segments) section.text += " The trace tells of no segments, so gaps are not known.";
  return section;
}

Document::Section reuse_section(const ReportFigures& figures) {
  const timeline::Reuse& reuse = figures.reuse;
  Document::Section section{"What could be reused", {}, {"peak", "bytes"}, {}};
  section.text = "A plan that knows all lifetimes beforehand would save " + human_bytes(reuse.saved_bytes) +
                 ", " + percent(reuse.saved_bytes, reuse.actual_bytes) + " of what was reserved.";
  section.rows = {{"reserved", exact_bytes(reuse.actual_bytes)},
                  {"planned", exact_bytes(reuse.planned_bytes)},
                  {"least possible", exact_bytes(reuse.least_bytes)}};
  return section;
}

Document::Section sites_section(const ReportFigures& figures) {
  Document::Section section{
      "Where most is allocated", {}, {"site", "buffers", "bytes", "of all", "alive at end"}, {}, true};
  for (std::size_t i = 0; i < listed(figures.sites); ++i) {
    const timeline::Group& site = figures.sites[i];
    section.rows.push_back({name_of(site.name), human_count(site.buffers), human_bytes(site.bytes),
                            percent(site.bytes, figures.summary.total_allocated_bytes),
                            human_bytes(site.alive_bytes)});
  }
  return section;
}

Document document_of(const std::string& path, const ReportFigures& figures, const Lifecycles& trace) {
  return {plain_text(file_name(path)),
          {summary_section(figures, trace), peak_section(figures), leaks_section(figures),
           reserved_section(figures), reuse_section(figures), sites_section(figures)}};
}

// As JSON ---------------------------------------------------------------------------------------

std::string json_of(const std::string& path, const ReportFigures& figures) {
  trace::StringSink sink;
  trace::TextOutput out(sink);
  const timeline::ReservedAccount& account = figures.account;
  (out << "{\"trace\":").quoted(path);
#define BUFGC_X(name) out << ",\"" #name "\":" << figures.summary.name;
  BUFGC_SUMMARY(BUFGC_X)
#undef BUFGC_X
  out << ",\"duration_ns\":" << figures.duration_ns << ",\"cache_hits\":" << figures.cache_hits
      << ",\n\"peak\":{\"event\":" << figures.summary.max_live_event
      << ",\"live_bytes\":" << figures.peak.bytes << ",\"live_buffers\":" << figures.peak.buffers
      << ",\"by_label\":[";
  for (std::size_t i = 0; i < listed(figures.peak.groups); ++i) {
    const timeline::LiveGroup& group = figures.peak.groups[i];
    (out << (i > 0 ? ",\n" : "") << "{\"name\":").quoted(group.name);
    out << ",\"buffers\":" << group.buffers << ",\"bytes\":" << group.bytes << '}';
  }
  out << "]},\n\"leaks\":[";
  for (std::size_t i = 0; i < figures.leaks.groups.size(); ++i) {
    const timeline::GroupGrowth& group = figures.leaks.groups[i];
    (out << (i > 0 ? ",\n" : "") << "{\"name\":").quoted(group.name);
    out << ",\"buffers\":" << group.buffers << ",\"bytes\":" << group.bytes
        << ",\"total_buffers\":" << group.total_buffers << ",\"grows\":" << (group.grows ? "true" : "false")
        << '}';
  }
  out << "],\n\"reserved\":{\"event\":" << figures.max_reserved_event
      << ",\"reserved_bytes\":" << account.reserved_bytes << ",\"live_bytes\":" << account.live_bytes
      << ",\"rounding_bytes\":" << account.rounding_bytes << ",\"cached_bytes\":" << account.cached_bytes
      << ",\"gaps_bytes\":" << account.gaps_bytes << ",\"outside_bytes\":" << account.outside_bytes
      << ",\"worst_fragmentation_ppm\":" << figures.worst_fragmentation_ppm
      << "},\n\"reuse\":{\"actual_bytes\":" << figures.reuse.actual_bytes
      << ",\"planned_bytes\":" << figures.reuse.planned_bytes
      << ",\"least_bytes\":" << figures.reuse.least_bytes << ",\"saved_bytes\":" << figures.reuse.saved_bytes
      << "},\n\"sites\":[";
  for (std::size_t i = 0; i < listed(figures.sites); ++i) {
    const timeline::Group& site = figures.sites[i];
    (out << (i > 0 ? ",\n" : "") << "{\"name\":").quoted(site.name);
    out << ",\"buffers\":" << site.buffers << ",\"bytes\":" << site.bytes
        << ",\"alive_at_end_bytes\":" << site.alive_bytes << '}';
  }
  out << "]}\n";
  out.flush();
  return std::move(sink.text);
}

bool write_all(const std::string& path, const std::string& text) {
  File file(std::fopen(path.c_str(), "wb"));
  if (!file) {
    complain(path + ": cannot be made: " + system_reason());
    return false;
  }
  FileSink sink(std::move(file));
  const bool written = sink.write(text);
  if (sink.close() && written) return true;
  complain(path + ": cannot be written: " + system_reason());
  return false;
}

}  // namespace

int report(const std::string& path, const std::string& out, bool json) {
  const bool as_html = ends_with(out, ".html");
  const bool as_json = json || ends_with(out, ".json");
  if (!out.empty() && !as_html && !as_json && !ends_with(out, ".md")) {
    complain(out + ": expected a name that ends in .md, .html or .json");
    return wrong_usage;
  }
  const std::optional<Lifecycles> lifecycles = open_trace(path);
  if (!lifecycles) return bad_file;
  const ReportFigures figures = report_figures(*lifecycles);
  std::string text;
  if (as_json) {
    text = json_of(path, figures);
  } else {
    const Document document = document_of(path, figures, *lifecycles);
    text = as_html ? to_html(document) : to_markdown(document);
  }
  if (!out.empty()) return write_all(out, text) ? good : bad_file;
  std::fputs(text.c_str(), stdout);
  return good;
}

}  // namespace bufgc::cli
