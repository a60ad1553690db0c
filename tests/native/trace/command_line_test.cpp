// The command `bufgc`, run as a program: its exit statuses, its JSON, its messages.

#if !defined(__EMSCRIPTEN__)

#define RAPIDJSON_HAS_STDSTRING 1
#include <rapidjson/document.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "trace/reading.hpp"

using bufgc::Lifecycles;

namespace {

struct Ran {
  int status = -1;
  std::string output;
  std::string errors;
};

/// A folder of its own, gone with the test.
struct Folder {
  std::filesystem::path path;
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "bufgc-test-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path = name;
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  [[nodiscard]] std::string operator/(const std::string& name) const { return (path / name).string(); }
};

void write_file(const std::string& path, const std::string& text) {
  std::FILE* const file = std::fopen(path.c_str(), "wb");
  REQUIRE(file != nullptr);
  std::fwrite(text.data(), 1, text.size(), file);
  std::fclose(file);
}

/// The program beside this one in the build, where it was built.
std::string program() {
  const std::filesystem::path own = std::filesystem::read_symlink("/proc/self/exe");
  const std::filesystem::path beside = own.parent_path() / "../../src/cli/bufgc";
  return std::filesystem::exists(beside) ? beside.string() : std::string();
}

Ran run(const Folder& folder, const std::string& arguments) {
  const std::string errors = folder / "stderr";
  Ran ran;
  std::FILE* const pipe = popen(("'" + program() + "' " + arguments + " 2>'" + errors + "'").c_str(), "r");
  REQUIRE(pipe != nullptr);
  char block[4096];
  while (const std::size_t count = std::fread(block, 1, sizeof block, pipe)) ran.output.append(block, count);
  ran.status = WEXITSTATUS(pclose(pipe));
  ran.errors = file_text(errors);
  return ran;
}

/// With one blank where a table has several.
std::string squeezed(const std::string& text) {
  std::string out;
  for (const char character : text)
    if (character != ' ' || out.empty() || out.back() != ' ') out += character;
  return out;
}

const std::string excerpt = BUFGC_TEST_DATA "/mlp_train_excerpt.ndjson";

bool absent() {
  if (!program().empty()) return false;
  WARN("skipped: the command bufgc is not built");
  return true;
}

}  // namespace

TEST_CASE("summary --json prints the one form with exact integers") {
  if (absent()) return;
  const Folder folder;
  const Ran ran = run(folder, "summary --json '" + excerpt + "'");
  CHECK(ran.status == 0);
  CHECK(ran.errors.empty());
  rapidjson::Document json;
  json.Parse(ran.output);
  REQUIRE_FALSE(json.HasParseError());
  const auto& trace = json["traces"][0];
  CHECK(trace["trace"].GetString() == excerpt);
  for (const char* const name :
       {"events", "buffers", "max_live_bytes", "max_live_buffers", "alive_at_end_buffers",
        "alive_at_end_bytes", "total_allocated_bytes", "distinct_sizes", "skipped_events"})
    CHECK(trace[name].IsUint64());
  CHECK(trace["events"].GetUint64() == 400);
}

TEST_CASE("replay --json adds what the allocator did") {
  if (absent()) return;
  const Folder folder;
  const Ran ran = run(folder, "replay --json --scale 3 --visualizer '" + excerpt + "'");
  CHECK(ran.status == 0);
  rapidjson::Document json;
  json.Parse(ran.output);
  REQUIRE_FALSE(json.HasParseError());
  const auto& trace = json["traces"][0];
  CHECK(trace["peak_reserved_bytes"].GetUint64() >= trace["max_live_bytes"].GetUint64());
  CHECK(trace["max_live_bytes"].GetUint64() % 3 == 0);
  CHECK(trace["hits"].GetUint64() + trace["misses"].GetUint64() == trace["buffers"].GetUint64());
  CHECK(trace["source_calls"].IsUint64());
  CHECK(trace["ratio"].GetDouble() >= 1);
  CHECK(trace["ns_per_operation"].GetDouble() > 0);
  CHECK(trace["events_per_second"].GetDouble() > 0);
  CHECK(trace["ns_per_operation_with_visualizer"].GetDouble() > 0);
  CHECK_FALSE(trace.HasMember("failed_at_event"));
}

TEST_CASE("replay --planned runs the trace by a plan of its offsets, in exactly the plan's height") {
  if (absent()) return;
  const Folder folder;
  // 8 MiB live at most; a best fit cannot place the last one beside what is then still alive.
  write_file(folder / "step.ndjson", R"({"t":1,"op":"alloc","id":1,"size":3145728}
{"t":2,"op":"alloc","id":2,"size":2097152}
{"t":3,"op":"alloc","id":3,"size":3145728}
{"t":4,"op":"free","id":1}
{"t":5,"op":"free","id":3}
{"t":6,"op":"alloc","id":4,"size":4194304}
{"t":7,"op":"free","id":2}
{"t":8,"op":"alloc","id":5,"size":4194304}
)");
  for (const std::string options : {"", " --visualizer --repeat 3", " --budget 1x"}) {
    INFO(options);
    const Ran ran = run(folder, "replay --planned --plan-seconds 2 --json --scale 2 '" +
                                    folder / "step.ndjson" + "'" + options);
    CHECK(ran.errors.empty());
    REQUIRE(ran.status == 0);
    rapidjson::Document json;
    REQUIRE_FALSE(json.Parse(ran.output).HasParseError());
    const auto& trace = json["traces"][0];
    CHECK(trace["max_live_bytes"].GetUint64() == std::uint64_t{16} << 20U);
    CHECK(trace["planned_height_bytes"].GetUint64() == std::uint64_t{16} << 20U);
    CHECK(trace["planned_lower_bound_bytes"].GetUint64() == std::uint64_t{16} << 20U);
    CHECK(trace["peak_reserved_bytes"].GetUint64() == std::uint64_t{16} << 20U);
    CHECK(trace["planned_blocks"].GetUint64() == 5);  // also what the trace leaves alive
    CHECK(trace["planned_allocations"].GetUint64() == 5);
    CHECK(trace["deviations"].GetUint64() == 0);
    CHECK(trace["ratio"].GetDouble() == 1.0);
    CHECK(trace["misses"].GetUint64() == 1);
  }
  // A budget in which the plan does not fit: the ordinary road, as far as it goes.
  const Ran tight = run(folder, "replay --planned --json --budget 0.9x '" + folder / "step.ndjson" + "'");
  CHECK(tight.status == 1);
  CHECK(tight.output.find("\"planned_allocations\":0") != std::string::npos);
  CHECK(tight.errors.find("out of budget") != std::string::npos);
}

TEST_CASE("a replay that runs out of budget tells the event and exits with 1") {
  if (absent()) return;
  const Folder folder;
  const Ran ran = run(folder, "replay --json --budget 65536 '" + excerpt + "'");
  CHECK(ran.status == 1);
  rapidjson::Document json;
  json.Parse(ran.output);
  REQUIRE_FALSE(json.HasParseError());
  CHECK(json["traces"][0]["failed_at_event"].GetUint64() < 400);
  CHECK(ran.errors.find("out of budget") != std::string::npos);
  CHECK(run(folder, "replay --budget 2x '" + excerpt + "'").status == 0);
}

TEST_CASE("recorded programs with small buffers stay near their live bytes and fit little more") {
  if (absent()) return;
  const std::string name = GENERATE("conv_jit", "eager_churn", "gpt_generate_noplan", "mlp_jit", "mlp_leak",
                                    "mlp_train_noplan_long");
  const std::string trace = std::string(BUFGC_SHARED_TRACES) + "/tinygrad/" + name + ".ndjson.gz";
  if (!std::filesystem::exists(trace)) {
    std::printf("skipped: no shared traces\n");
    return;
  }
  const Folder folder;
  const Ran ran = run(folder, "replay --json '" + trace + "'");
  REQUIRE(ran.status == 0);
  rapidjson::Document json;
  json.Parse(ran.output);
  REQUIRE_FALSE(json.HasParseError());
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  constexpr double most = 1.06;  // pages cannot be moved there
  const std::string budget = "1.06x";
#else
  constexpr double most = 1.03;
  const std::string budget = "1.02x";
#endif
  CHECK(json["traces"][0]["ratio"].GetDouble() <= most);
  CHECK(run(folder, "replay --budget " + budget + " '" + trace + "'").status == 0);
}

TEST_CASE("a bad file is named with the place and what was expected, and exits with 1") {
  if (absent()) return;
  const Folder folder;
  write_file(folder / "bad.ndjson",
             "{\"t\":1,\"op\":\"alloc\",\"id\":1,\"size\":8}\n{\"t\":0,\"op\":\"free\",\"id\":1}\n");
  const Ran ran = run(folder, "summary --json '" + folder / "bad.ndjson" + "' '" + excerpt + "'");
  CHECK(ran.status == 1);
  CHECK(ran.errors ==
        "bufgc: " + (folder / "bad.ndjson") + ": line 2: \"t\" expected a time not before 1, found 0\n");
  rapidjson::Document json;
  json.Parse(ran.output);
  CHECK(json["traces"].Size() == 1);  // the good one is there all the same

  const Ran missing = run(folder, "summary '" + folder / "none.ndjson" + "'");
  CHECK(missing.status == 1);
  CHECK(missing.errors.find("none.ndjson: cannot be opened: No such file") != std::string::npos);
}

TEST_CASE("wrong usage exits with 2") {
  if (absent()) return;
  const Folder folder;
  for (const char* const arguments :
       {"", "summary", "explode x", "replay --budget much x", "replay --scale 0 x", "replay --repeat 0 x",
        "replay --plan-seconds 1 x", "replay --planned --plan-seconds soon x", "convert a.ndjson b.unknown",
        "summary --colour x"}) {
    INFO(arguments);
    CHECK(run(folder, arguments).status == 2);
  }
  CHECK(run(folder, "--help").status == 0);
  CHECK(run(folder, "--version").status == 0);
}

TEST_CASE("convert writes every form, packed or not, and they read back with the same figures") {
  if (absent()) return;
  const Folder folder;
  const auto figures = [&](const std::string& path) {
    const Ran ran = run(folder, "summary --json '" + path + "'");
    REQUIRE(ran.status == 0);
    return ran.output.substr(ran.output.find("\"events\""));
  };
  const std::string expected = figures(excerpt);
  for (const char* const name :
       {"out.ndjson", "out.ndjson.gz", "out.bufgc", "out.bufgc.gz", "out.csv", "out.csv.gz"}) {
    INFO(name);
    REQUIRE(run(folder, "convert '" + excerpt + "' '" + folder / name + "'").status == 0);
    CHECK(figures(folder / name) == expected);
  }
  REQUIRE(run(folder, "convert '" + excerpt + "' '" + folder / "out.json" + "'").status == 0);
  rapidjson::Document chrome;
  chrome.Parse(file_text(folder / "out.json"));
  REQUIRE_FALSE(chrome.HasParseError());
  CHECK(chrome["traceEvents"].Size() > 400);
  CHECK(run(folder, "convert '" + excerpt + "' '" + folder / "no/such/folder.csv" + "'").status == 1);
}

TEST_CASE("a binary file leads back to the same lines, replays, and is told as cut off where it is") {
  if (absent()) return;
  const Folder folder;
  REQUIRE(run(folder, "convert '" + excerpt + "' '" + folder / "whole.bufgc" + "'").status == 0);
  REQUIRE(run(folder, "convert '" + excerpt + "' '" + folder / "lines.ndjson" + "'").status == 0);
  REQUIRE(run(folder, "convert '" + folder / "whole.bufgc" + "' '" + folder / "back.ndjson" + "'").status ==
          0);
  CHECK(file_text(folder / "back.ndjson") == file_text(folder / "lines.ndjson"));
  CHECK(run(folder, "replay --json '" + folder / "whole.bufgc" + "'").status == 0);

  const std::string bytes = file_text(folder / "whole.bufgc");
  write_file(folder / "cut.bufgc", bytes.substr(0, bytes.size() - 30));
  const Ran cut = run(folder, "summary --json '" + folder / "cut.bufgc" + "'");
  CHECK(cut.status == 0);
  CHECK(cut.output.find("\"events\":400") != std::string::npos);
  CHECK(cut.errors.find("cut.bufgc: byte " + std::to_string(bytes.size() - 30) +
                        ": the file is cut off in its index; all 400 events") != std::string::npos);
  std::string damaged = bytes;
  damaged[bytes.size() / 2] = static_cast<char>(damaged[bytes.size() / 2] ^ 1);
  write_file(folder / "damaged.bufgc", damaged);
  const Ran ran = run(folder, "summary '" + folder / "damaged.bufgc" + "'");
  CHECK(ran.status == 1);
  CHECK(ran.errors.find("expected a block with its checksum") != std::string::npos);
}

TEST_CASE("a PyTorch snapshot is summed up, replayed and converted, and a hostile one refused") {
  if (absent()) return;
  const Folder folder;
  const std::string snapshot = BUFGC_TEST_DATA "/snapshot.pickle";
  const Ran told = run(folder, "summary '" + snapshot + "'");
  CHECK(told.status == 0);
  CHECK(told.errors.empty());
  CHECK(told.output.find("skipped 1: an operation that this reader does not know") != std::string::npos);
  const auto figures = [&](const std::string& path) {
    const Ran ran = run(folder, "summary --json '" + path + "'");
    REQUIRE(ran.status == 0);
    return ran.output.substr(ran.output.find("\"events\""));
  };
  const std::string expected = figures(snapshot);
  CHECK(expected.find("\"events\":20,\"buffers\":7,\"max_live_bytes\":5242780,") == 0);
  REQUIRE(run(folder, "convert '" + snapshot + "' '" + folder / "s.bufgc" + "'").status == 0);
  CHECK(figures(folder / "s.bufgc") == expected);
  // Packed, and under any name: what the bytes are decides.
  REQUIRE(std::system(("gzip -c '" + snapshot + "' >'" + folder / "packed" + "'").c_str()) == 0);
  CHECK(figures(folder / "packed") == expected);
  CHECK(run(folder, "replay --budget 1.02x '" + snapshot + "'").status == 0);
  const Ran part = run(folder, "convert --to 1004000 '" + snapshot + "' '" + folder / "part.ndjson" + "'");
  CHECK(part.status == 0);
  CHECK(read_ndjson(file_text(folder / "part.ndjson")).rows.event_count() == 8);

  write_file(folder / "evil.pkl",
             "\x80\x04"
             "cos\nsystem\n.");
  const Ran evil = run(folder, "summary '" + folder / "evil.pkl" + "'");
  CHECK(evil.status == 1);
  CHECK(
      evil.errors ==
      "bufgc: " + folder / "evil.pkl" +
          ": byte 2: expected plain data (dict, list, tuple, int, str, bytes, float, bool, None), found the "
          "opcode GLOBAL\n");
}

TEST_CASE("convert keeps a time range, alike from every form") {
  if (absent()) return;
  const Folder folder;
  REQUIRE(run(folder, "convert '" + excerpt + "' '" + folder / "whole.bufgc" + "'").status == 0);
  const Lifecycles rows = read_ndjson(file_text(excerpt)).rows;
  const std::string range = "--from " + std::to_string(rows.event_time_ns[100]) + " --to " +
                            std::to_string(rows.event_time_ns[199]) + " ";
  REQUIRE(run(folder, "convert " + range + "'" + excerpt + "' '" + folder / "a.ndjson" + "'").status == 0);
  REQUIRE(run(folder, "convert " + range + "'" + folder / "whole.bufgc" + "' '" + folder / "b.ndjson" + "'")
              .status == 0);
  CHECK(file_text(folder / "a.ndjson") == file_text(folder / "b.ndjson"));
  const Read part = read_ndjson(file_text(folder / "b.ndjson"));
  REQUIRE(part.good);
  CHECK(part.rows.folded.events > 0);
  CHECK(part.rows.event_time_ns.back() == rows.event_time_ns[199]);
  CHECK(part.rows.folded.events + part.rows.event_count() == 200);
}

TEST_CASE("diff ends with 0, 1 and 2 as diff(1) does, and says what is wrong") {
  if (absent()) return;
  const Folder folder;
  const std::string lines = R"({"t":1,"op":"alloc","id":1,"size":4096,"label":"a"}
{"t":2,"op":"alloc","id":2,"size":64,"label":"b"}
{"t":3,"op":"free","id":1}
)";
  write_file(folder / "a.ndjson", lines);
  write_file(folder / "slow.ndjson", R"({"t":10,"op":"alloc","id":7,"size":4096,"label":"a"}
{"t":20,"op":"alloc","id":8,"size":64,"label":"b"}
{"t":3000,"op":"free","id":7}
)");
  write_file(folder / "b.ndjson", lines + "{\"t\":4,\"op\":\"free\",\"id\":2}\n");
  const std::string a = "'" + folder / "a.ndjson" + "' ";
  const std::string slow = "'" + folder / "slow.ndjson" + "' ";
  const std::string b = "'" + folder / "b.ndjson" + "' ";

  const Ran same = run(folder, "diff " + a + slow);
  CHECK(same.status == 0);
  CHECK(same.output == "equal by event: 3 events, 2 buffers\n");
  CHECK(run(folder, "diff --align time " + a + slow).status == 1);
  const Ran other = run(folder, "diff " + a + b);
  CHECK(other.status == 1);
  CHECK(squeezed(other.output).find("\nalive at end 1 0 -1\nalive bytes 64 B 0 B -64 B\n") !=
        std::string::npos);
  CHECK(other.output.find("changed: 1 (size 0, dtype 0, end 1, lifetime 0)") != std::string::npos);

  const Ran missing = run(folder, "diff " + a + "'" + folder / "none.ndjson" + "'");
  CHECK(missing.status == 2);
  CHECK(missing.errors.find("none.ndjson: cannot be opened") != std::string::npos);
  write_file(folder / "bad.ndjson", "{\"t\":1,\"op\":\"alloc\",\"id\":1,\"size\":\"x\"}\n");
  const Ran bad = run(folder, "diff '" + folder / "bad.ndjson" + "' " + a);
  CHECK(bad.status == 2);
  CHECK(bad.errors.find("bad.ndjson: line 1: ") != std::string::npos);
  CHECK(run(folder, "diff " + a).status == 2);
  const Ran by = run(folder, "diff --by shape " + a + b);
  CHECK(by.status == 2);
  CHECK(by.errors.find("label") != std::string::npos);
}

TEST_CASE("diff --json: totals of both, groups with what one lacks first, and the lifetimes that differ") {
  if (absent()) return;
  const Folder folder;
  write_file(folder / "a.ndjson", R"({"t":1,"op":"mark","name":"step"}
{"t":2,"op":"alloc","id":1,"size":4096,"label":"grows","site":"x.py:1"}
{"t":3,"op":"alloc","id":2,"size":64,"label":"gone"}
{"t":4,"op":"free","id":2}
{"t":5,"op":"free","id":1}
)");
  write_file(folder / "b.ndjson", R"({"t":1,"op":"mark","name":"step"}
{"t":2,"op":"alloc","id":1,"size":5120,"label":"grows","site":"x.py:1"}
{"t":3,"op":"alloc","id":2,"size":64,"label":"new \u001b[31m|"}
{"t":4,"op":"free","id":2}
)");
  const std::string files = " '" + folder / "a.ndjson" + "' '" + folder / "b.ndjson" + "'";
  for (const std::string align : {"event", "time", "phase"}) {
    const Ran ran = run(folder, "diff --json --align " + align + files);
    CHECK(ran.status == 1);
    rapidjson::Document json;
    REQUIRE_FALSE(json.Parse(ran.output).HasParseError());
    CHECK(json["align"].GetString() == align);
    CHECK_FALSE(json["equal"].GetBool());
    for (const char* const name :
         {"events", "buffers", "frees", "total_allocated_bytes", "max_live_bytes", "max_live_buffers",
          "max_reserved_bytes", "cache_hits", "alive_at_end_buffers", "alive_at_end_bytes"})
      CHECK(json["totals"]["b"][name].IsUint64());
    CHECK(json["totals"]["a"]["max_live_bytes"].GetUint64() == 4160);
    CHECK(json["totals"]["b"]["alive_at_end_bytes"].GetUint64() == 5120);
    CHECK(json["lifetimes"]["only_a_buffers"].GetUint64() == 1);
    CHECK(json["lifetimes"]["only_b_bytes"].GetUint64() == 64);
    CHECK(json["lifetimes"]["changed"].GetUint64() == 1);
    CHECK(json.HasMember("phases") == (align == "phase"));
    REQUIRE(json["groups"].Size() == 3);
    CHECK(json["groups"][0]["a"]["buffers"].GetUint64() + json["groups"][0]["b"]["buffers"].GetUint64() == 1);
    CHECK(json["groups"][2]["name"] == "grows");
    CHECK(json["groups"][2]["b"]["bytes"].GetUint64() == 5120);
    CHECK(json["only_a"][0]["label"] == "gone");
    CHECK(json["only_b"][0]["id"].GetUint64() == 2);
    const auto& changed = json["changed"][0];
    REQUIRE(changed["changes"].Size() == 2);
    CHECK(changed["changes"][0] == "size");
    CHECK(changed["changes"][1] == "end");
    CHECK(changed["b"]["end"] == "alive at end");
    CHECK(changed["a"]["size_bytes"].GetUint64() == 4096);
  }
  const Ran text = run(folder, "diff --by site --top 1" + files);
  CHECK(text.output.find("by site") != std::string::npos);
  CHECK(text.output.find("… and 1 more") != std::string::npos);
  // What a file calls its buffers moves no cursor and paints no terminal.
  CHECK(text.output.find("new .[31m|") != std::string::npos);
  CHECK(text.output.find('\x1b') == std::string::npos);
}

TEST_CASE("report answers in Markdown, HTML and JSON from the same figures as summary") {
  if (absent()) return;
  const Folder folder;
  const Ran markdown = run(folder, "report '" + excerpt + "'");
  CHECK(markdown.status == 0);
  for (const char* const title : {"# mlp\\_train\\_excerpt.ndjson\n", "## Summary", "## What made the peak",
                                  "## What was never released", "## Why more is reserved than live",
                                  "## What could be reused", "## Where most is allocated"})
    CHECK(markdown.output.find(title) != std::string::npos);

  rapidjson::Document summary;
  REQUIRE_FALSE(summary.Parse(run(folder, "summary --json '" + excerpt + "'").output).HasParseError());
  rapidjson::Document json;
  const Ran ran = run(folder, "report --json '" + excerpt + "'");
  REQUIRE_FALSE(json.Parse(ran.output).HasParseError());
  for (const auto& [name, value] : summary["traces"][0].GetObject()) CHECK(json[name] == value);
  CHECK(json["peak"]["live_bytes"] == json["max_live_bytes"]);
  std::uint64_t peak = 0;
  for (const auto& group : json["peak"]["by_label"].GetArray()) peak += group["bytes"].GetUint64();
  CHECK(peak <= json["max_live_bytes"].GetUint64());
  CHECK(peak > 0);
  const auto& reserved = json["reserved"];
  CHECK(reserved["reserved_bytes"].GetUint64() + reserved["outside_bytes"].GetUint64() ==
        reserved["live_bytes"].GetUint64() + reserved["rounding_bytes"].GetUint64() +
            reserved["cached_bytes"].GetUint64() + reserved["gaps_bytes"].GetUint64());
  CHECK(json["reuse"]["planned_bytes"].GetUint64() >= json["reuse"]["least_bytes"].GetUint64());

  CHECK(run(folder, "report '" + excerpt + "' '" + folder / "r.json" + "'").status == 0);
  CHECK(file_text(folder / "r.json") == ran.output);
  CHECK(run(folder, "report '" + excerpt + "' '" + folder / "r.md" + "'").status == 0);
  CHECK(file_text(folder / "r.md") == markdown.output);
  CHECK(run(folder, "report '" + excerpt + "' '" + folder / "r.html" + "'").status == 0);
  CHECK(file_text(folder / "r.html").substr(0, 15) == "<!doctype html>");
  const Ran form = run(folder, "report '" + excerpt + "' '" + folder / "r.pdf" + "'");
  CHECK(form.status == 2);
  CHECK(form.errors.find("expected a name that ends in .md, .html or .json") != std::string::npos);
  CHECK(run(folder, "report '" + folder / "none" + "'").status == 1);
  CHECK(run(folder, "report '" + excerpt + "' '" + folder / "no/r.md" + "'").status == 1);
}

TEST_CASE("report shows names with a mark-up of their own as text") {
  if (absent()) return;
  const Folder folder;
  write_file(
      folder / "names.ndjson",
      R"({"t":1,"op":"alloc","id":1,"size":64,"label":"a|b `c` <script>alert(1)</script> @all","site":"x\ny"}
)");
  const std::string markdown = run(folder, "report '" + folder / "names.ndjson" + "'").output;
  CHECK(markdown.find("| `` a\\|b `c` <script>alert(1)</script> @all `` |") != std::string::npos);
  CHECK(markdown.find("| `x.y` |") != std::string::npos);
  REQUIRE(run(folder, "report '" + folder / "names.ndjson" + "' '" + folder / "names.html" + "'").status ==
          0);
  const std::string html = file_text(folder / "names.html");
  CHECK(html.find("<script") == std::string::npos);
  CHECK(html.find("a|b `c` &lt;script&gt;alert(1)&lt;/script&gt; @all") != std::string::npos);
}

TEST_CASE("gzip members that follow one another are one text") {
  if (absent()) return;
  const Folder folder;
  REQUIRE(run(folder, "convert '" + excerpt + "' '" + folder / "one.ndjson.gz" + "'").status == 0);
  write_file(folder / "more.ndjson", "{\"t\":9000000000000000000,\"op\":\"mark\",\"name\":\"end\"}\n");
  REQUIRE(
      run(folder, "convert '" + folder / "more.ndjson" + "' '" + folder / "more.ndjson.gz" + "'").status ==
      0);
  write_file(folder / "both.ndjson.gz",
             file_text(folder / "one.ndjson.gz") + file_text(folder / "more.ndjson.gz"));
  const Ran ran = run(folder, "summary --json '" + folder / "both.ndjson.gz" + "'");
  CHECK(ran.status == 0);
  CHECK(ran.output.find("\"events\":401") != std::string::npos);
}

TEST_CASE("a gzip file that is cut off or damaged is an error with its place") {
  if (absent()) return;
  const Folder folder;
  REQUIRE(run(folder, "convert '" + excerpt + "' '" + folder / "whole.ndjson.gz" + "'").status == 0);
  const std::string packed = file_text(folder / "whole.ndjson.gz");
  for (const std::size_t length : {std::size_t{2}, std::size_t{11}, packed.size() / 2, packed.size() - 1}) {
    INFO("cut at byte " << length);
    write_file(folder / "cut.ndjson.gz", packed.substr(0, length));
    const Ran ran = run(folder, "summary '" + folder / "cut.ndjson.gz" + "'");
    CHECK(ran.status == 1);
    CHECK(ran.errors.find("cut.ndjson.gz: byte " + std::to_string(length) + ": expected more gzip data") !=
          std::string::npos);
  }
  std::string damaged = packed;
  damaged[packed.size() - 6] = static_cast<char>(damaged[packed.size() - 6] ^ 1);  // the check sum
  write_file(folder / "damaged.ndjson.gz", damaged);
  const Ran ran = run(folder, "summary '" + folder / "damaged.ndjson.gz" + "'");
  CHECK(ran.status == 1);
  CHECK(ran.errors.find("expected gzip data, found incorrect data check") != std::string::npos);
}

#endif
