#include <algorithm>
#include <cstdio>

#include "bufgc/viz/site_text.hpp"
#include "commands.hpp"
#include "open_trace.hpp"
#include "table.hpp"
#include "timeline/row_names.hpp"
#include "trace/text_output.hpp"

namespace bufgc::cli {
namespace {

using timeline::Align;
using timeline::Diff;
using timeline::DiffGroup;
using timeline::DiffGroupSide;
using timeline::DiffPair;
using timeline::DiffTotals;
using timeline::DiffTrace;
using timeline::GroupBy;

std::string_view word_of(Align align) {
  constexpr std::string_view words[] = {"event", "time", "phase"};
  return words[static_cast<std::size_t>(align)];
}
std::string_view word_of(GroupBy by) {
  constexpr std::string_view words[] = {"label", "dtype", "size", "state", "site", "cause"};
  return words[static_cast<std::size_t>(by)];
}
/// Two traces, what differs, and how it is asked for.
struct Comparison {
  DiffTrace a;
  DiffTrace b;
  const Diff& diff;
  std::vector<DiffGroup> groups;
  const DiffOptions& options;

  [[nodiscard]] std::size_t listed(std::size_t all) const { return std::min(all, options.top); }
};

// In text -------------------------------------------------------------------------------------

std::string lifetime_text(const Lifecycles& trace, std::uint32_t row, Align align) {
  const std::uint64_t lived = timeline::diff_lifetime(trace, row, align);
  return human_count(lived) + (align == Align::time ? " ns" : "");
}

std::string name_text(std::string_view name) {
  return name.empty() ? "(none)" : plain_text(name);
}

void print_totals(const DiffTotals& a, const DiffTotals& b) {
  Table table({"", "A", "B", "delta"});
  const auto add = [&](const std::string& name, std::uint64_t in_a, std::uint64_t in_b, bool bytes) {
    const auto text = bytes ? &human_bytes : &human_count;
    table.add({name, text(in_a), text(in_b),
               bytes ? human_bytes_delta(in_a, in_b) : human_count_delta(in_a, in_b)});
  };
  add("events", a.events, b.events, false);
  add("buffers", a.buffers, b.buffers, false);
  add("frees", a.frees, b.frees, false);
  add("allocated", a.total_allocated_bytes, b.total_allocated_bytes, true);
  add("max live", a.max_live_bytes, b.max_live_bytes, true);
  add("max buffers", a.max_live_buffers, b.max_live_buffers, false);
  add("max reserved", a.max_reserved_bytes, b.max_reserved_bytes, true);
  add("cache hits", a.cache_hits, b.cache_hits, false);
  add("alive at end", a.alive_at_end_buffers, b.alive_at_end_buffers, false);
  add("alive bytes", a.alive_at_end_bytes, b.alive_at_end_bytes, true);
  table.print();
}

void print_counts(const Diff& diff) {
  const timeline::DiffCounts& counts = diff.counts;
  std::printf("\nonly in A: %s (%s)   only in B: %s (%s)\n", human_count(counts.only_first_buffers).c_str(),
              human_bytes(counts.only_first_bytes).c_str(), human_count(counts.only_second_buffers).c_str(),
              human_bytes(counts.only_second_bytes).c_str());
  std::printf("changed: %s (size %s, dtype %s, end %s, lifetime %s)   alike: %s, %s of them born elsewhere\n",
              human_count(counts.changed).c_str(), human_count(counts.size_changed).c_str(),
              human_count(counts.dtype_changed).c_str(), human_count(counts.end_changed).c_str(),
              human_count(counts.lifetime_changed).c_str(), human_count(counts.same + counts.shifted).c_str(),
              human_count(counts.shifted).c_str());
  if (diff.align == Align::phase)
    std::printf("phases: %s in both, %s in all\n", human_count(diff.phases.shared).c_str(),
                human_count(diff.phases.count).c_str());
}

/// "… and 12 more", where a list was cut.
void print_rest(std::size_t all, std::size_t listed) {
  if (all > listed) std::printf("… and %s more\n", human_count(all - listed).c_str());
}

void print_groups(const Comparison& all) {
  const std::size_t listed = all.listed(all.groups.size());
  if (listed == 0) return;
  std::printf("\n");
  Table table({"by " + std::string(word_of(all.options.by)), "A", "B", "delta", "A bytes", "B bytes",
               "delta bytes", "delta at peak", "delta at end", "only A", "only B", "changed"});
  for (std::size_t i = 0; i < listed; ++i) {
    const DiffGroup& group = all.groups[i];
    const DiffGroupSide& a = group.first;
    const DiffGroupSide& b = group.second;
    table.add({name_text(group.name), human_count(a.buffers), human_count(b.buffers),
               human_count_delta(a.buffers, b.buffers), human_bytes(a.bytes), human_bytes(b.bytes),
               human_bytes_delta(a.bytes, b.bytes), human_bytes_delta(a.peak_bytes, b.peak_bytes),
               human_bytes_delta(a.alive_bytes, b.alive_bytes), human_count(a.unmatched),
               human_count(b.unmatched), human_count(group.changed)});
  }
  table.print();
  print_rest(all.groups.size(), listed);
}

void print_rows(const Comparison& all, const std::string& title, const Lifecycles& trace,
                const std::vector<std::uint32_t>& rows) {
  const std::size_t listed = all.listed(rows.size());
  if (listed == 0) return;
  std::printf("\n");
  Table table({title, "site", "dtype", "size", "id", "born at", "lived", "end"});
  for (std::size_t i = 0; i < listed; ++i) {
    const std::uint32_t row = rows[i];
    table.add({name_text(trace.strings.at(trace.label[row])),
               plain_text(site_name(trace.strings.at(trace.site[row]))),
               plain_text(trace.strings.at(trace.dtype[row])), human_bytes(trace.size_bytes[row]),
               std::to_string(trace.id[row]), human_count(trace.alloc_event[row]),
               lifetime_text(trace, row, all.options.align), std::string(timeline::end_name(trace, row))});
  }
  table.print();
  print_rest(rows.size(), listed);
}

void print_changed(const Comparison& all) {
  const std::size_t listed = all.listed(all.diff.changed.size());
  if (listed == 0) return;
  const Lifecycles& a = all.a.lifecycles;
  const Lifecycles& b = all.b.lifecycles;
  std::printf("\n");
  Table table({"changed", "what", "A size", "B size", "A lived", "B lived", "A end", "B end"});
  for (std::size_t i = 0; i < listed; ++i) {
    const DiffPair& pair = all.diff.changed[i];
    std::string what;
    for (const std::string_view word : timeline::change_names(pair.changes))
      what += (what.empty() ? "" : ", ") + std::string(word);
    table.add({name_text(a.strings.at(a.label[pair.first])), what, human_bytes(a.size_bytes[pair.first]),
               human_bytes(b.size_bytes[pair.second]), lifetime_text(a, pair.first, all.options.align),
               lifetime_text(b, pair.second, all.options.align),
               std::string(timeline::end_name(a, pair.first)),
               std::string(timeline::end_name(b, pair.second))});
  }
  table.print();
  print_rest(all.diff.changed.size(), listed);
}

void print_text(const Comparison& all) {
  print_totals(all.diff.first, all.diff.second);
  print_counts(all.diff);
  print_groups(all);
  print_rows(all, "only in A", all.a.lifecycles, all.diff.only_first);
  print_rows(all, "only in B", all.b.lifecycles, all.diff.only_second);
  print_changed(all);
}

// In JSON -------------------------------------------------------------------------------------

void write_totals(trace::TextOutput& out, const DiffTotals& totals) {
  const char* separator = "{";
#define BUFGC_X(name)                                  \
  out << separator << "\"" #name "\":" << totals.name; \
  separator = ",";
  BUFGC_DIFF_TOTALS(BUFGC_X)
#undef BUFGC_X
  out << '}';
}

void write_side(trace::TextOutput& out, const DiffGroupSide& side) {
  out << "{\"buffers\":" << side.buffers << ",\"bytes\":" << side.bytes
      << ",\"peak_bytes\":" << side.peak_bytes << ",\"alive_at_end_buffers\":" << side.alive_buffers
      << ",\"alive_at_end_bytes\":" << side.alive_bytes << ",\"unmatched\":" << side.unmatched << '}';
}

void write_row(trace::TextOutput& out, const Lifecycles& trace, std::uint32_t row, Align align) {
  const auto text = [&](std::string_view name, std::uint32_t index) {
    (out << ",\"" << name << "\":").quoted(trace.strings.at(index));
  };
  out << "{\"id\":" << trace.id[row];
  text("label", trace.label[row]);
  text("site", trace.site[row]);
  text("dtype", trace.dtype[row]);
  out << ",\"size_bytes\":" << trace.size_bytes[row] << ",\"alloc_event\":" << trace.alloc_event[row]
      << (align == Align::time ? ",\"lifetime_ns\":" : ",\"lifetime_events\":")
      << timeline::diff_lifetime(trace, row, align) << ",\"end\":";
  out.quoted(timeline::end_name(trace, row)) << '}';
}

template <class Item, class Write>
void write_list(trace::TextOutput& out, std::string_view name, const std::vector<Item>& items,
                std::size_t listed, Write&& write) {
  out << ",\"" << name << "\":[";
  for (std::size_t i = 0; i < listed; ++i) {
    if (i > 0) out << ",\n";
    write(items[i]);
  }
  out << ']';
}

void print_json(const Comparison& all, const std::string& before, const std::string& after) {
  trace::StringSink sink;
  trace::TextOutput out(sink);
  const Diff& diff = all.diff;
  const timeline::DiffCounts& counts = diff.counts;
  const Lifecycles& a = all.a.lifecycles;
  const Lifecycles& b = all.b.lifecycles;
  (out << "{\"a\":").quoted(before);
  (out << ",\"b\":").quoted(after);
  out << ",\"align\":\"" << word_of(diff.align) << "\",\"by\":\"" << word_of(all.options.by)
      << "\",\"equal\":" << (diff.equal ? "true" : "false") << ",\n\"totals\":{\"a\":";
  write_totals(out, diff.first);
  out << ",\"b\":";
  write_totals(out, diff.second);
  out << "},\n\"lifetimes\":{\"same\":" << counts.same << ",\"shifted\":" << counts.shifted
      << ",\"changed\":" << counts.changed << ",\"size_changed\":" << counts.size_changed
      << ",\"dtype_changed\":" << counts.dtype_changed << ",\"end_changed\":" << counts.end_changed
      << ",\"lifetime_changed\":" << counts.lifetime_changed
      << ",\"only_a_buffers\":" << counts.only_first_buffers
      << ",\"only_a_bytes\":" << counts.only_first_bytes
      << ",\"only_b_buffers\":" << counts.only_second_buffers
      << ",\"only_b_bytes\":" << counts.only_second_bytes << '}';
  if (diff.align == Align::phase)
    out << ",\n\"phases\":{\"count\":" << std::uint64_t{diff.phases.count}
        << ",\"shared\":" << std::uint64_t{diff.phases.shared} << '}';
  out << ",\n\"all_groups\":" << std::uint64_t{all.groups.size()};
  write_list(out, "groups", all.groups, all.listed(all.groups.size()), [&](const DiffGroup& group) {
    (out << "{\"name\":").quoted(group.name);
    out << ",\"a\":";
    write_side(out, group.first);
    out << ",\"b\":";
    write_side(out, group.second);
    out << ",\"changed\":" << group.changed << '}';
  });
  write_list(out, "only_a", diff.only_first, all.listed(diff.only_first.size()),
             [&](std::uint32_t row) { write_row(out, a, row, diff.align); });
  write_list(out, "only_b", diff.only_second, all.listed(diff.only_second.size()),
             [&](std::uint32_t row) { write_row(out, b, row, diff.align); });
  write_list(out, "changed", diff.changed, all.listed(diff.changed.size()), [&](const DiffPair& pair) {
    out << "{\"changes\":[";
    const char* separator = "\"";
    for (const std::string_view word : timeline::change_names(pair.changes)) {
      out << separator << word << '"';
      separator = ",\"";
    }
    out << "],\"a\":";
    write_row(out, a, pair.first, diff.align);
    out << ",\"b\":";
    write_row(out, b, pair.second, diff.align);
    out << '}';
  });
  out << "}\n";
  out.flush();
  std::fputs(sink.text.c_str(), stdout);
}

}  // namespace

int diff(const std::string& before, const std::string& after, const DiffOptions& options) {
  const std::optional<Lifecycles> a = open_trace(before);
  const std::optional<Lifecycles> b = open_trace(after);
  if (!a || !b) return trouble;
  const timeline::Levels levels_a(*a);
  const timeline::Levels levels_b(*b);
  const DiffTrace first{*a, levels_a};
  const DiffTrace second{*b, levels_b};
  const Diff diff = timeline::compare(first, second, options.align);
  const Comparison all{first, second, diff, timeline::diff_groups(first, second, diff, options.by), options};
  if (options.json) {
    print_json(all, before, after);
  } else if (diff.equal) {
    std::printf("equal by %s: %s events, %s buffers\n", std::string(word_of(diff.align)).c_str(),
                human_count(diff.first.events).c_str(), human_count(diff.first.buffers).c_str());
  } else {
    print_text(all);
  }
  return diff.equal ? equal : different;
}

}  // namespace bufgc::cli
