// PyTorch memory snapshots: what becomes of their entries and segments.

#include <catch2/catch.hpp>
#include <cstdio>
#include <string>

#include "bufgc/viz/site_text.hpp"
#include "timeline/flame.hpp"
#include "timeline/levels.hpp"
#include "timeline/summary.hpp"
#include "trace/equal_lifecycles.hpp"
#include "trace/reading.hpp"
#include "trace/snapshot_maker.hpp"

using namespace bufgc;

namespace {

std::uint64_t skipped(const Read& trace, SkipReason reason) {
  return trace.rows.skipped_by_reason[static_cast<std::size_t>(reason)];
}

/// A snapshot of one device without segments.
Py only_trace(std::vector<Py> entries) {
  return Py::dict({{"segments", Py::list()}, {"device_traces", Py::list({Py::list(std::move(entries))})}});
}
Py entry(const char* action, std::uint64_t address, std::uint64_t size) {
  return Py::dict({{"action", action}, {"addr", address}, {"size", size}, {"stream", 0}});
}

std::string error_of(const Py& top) {
  const Read trace = read_pytorch(top.pickle(4));
  CHECK_FALSE(trace.good);
  CHECK(trace.rows.event_count() == 0);
  return trace.error.message;
}

}  // namespace

TEST_CASE("a snapshot of today becomes its events, in all protocols and any pieces") {
  // Ids are addresses, with the generation from bit 48 on.
  const std::string lines =
      R"({"t":1000000,"op":"reserve","addr":"0x7f0040000000","size":20971520}
{"t":1000000,"op":"alloc","id":139639050469376,"size":4194204,"capacity":4194304,"addr":"0x7f0040000000","thread":"device 0 stream 0"}
{"t":1000000,"op":"alloc","id":139639054663680,"size":1048576,"addr":"0x7f0040400000","thread":"device 0 stream 0"}
{"t":1000000,"op":"mark","name":"recording begins"}
{"t":1001000,"op":"free","id":139639054663680}
{"t":1002000,"op":"reserve","addr":"0x7f0000000000","size":2097152}
{"t":1003000,"op":"alloc","id":139637976727552,"size":1000,"capacity":1024,"addr":"0x7f0000000000","label":"add_Tensor","site":"at::_ops::add_Tensor::call <- /env/site-packages/torch/optim/adam.py:75 step <- > /home/ada/train.py:12 train <- /home/ada/train.py:40 <module>","thread":"device 0 stream 0"}
{"t":1004000,"op":"alloc","id":139637976728576,"size":300,"capacity":512,"addr":"0x7f0000000400","label":"MmBackward0","site":"at::_ops::mm::call <- > torch::autograd::generated::MmBackward0::apply <- ./nptl/pthread_create.c:447 start_thread","thread":"device 0 stream 0"}
{"t":1005000,"op":"reserve","addr":"0xff00000000200000","size":2097152}
{"t":1005000,"op":"alloc","id":18374686479673720832,"size":8,"capacity":512,"addr":"0xff00000000200000","label":"counter","thread":"device 1 stream 0"}
{"t":1005000,"op":"mark","name":"Optimizer.step#Adam.step"}
{"t":1006000,"op":"alloc","id":139637976729088,"size":400,"addr":"0x7f0000000600","label":"logits","site":"at::_ops::add_Tensor::call <- /env/site-packages/torch/optim/adam.py:75 step <- > /home/ada/train.py:12 train <- /home/ada/train.py:40 <module>","thread":"device 0 stream 0"}
{"t":1007000,"op":"free","id":139637976729088}
{"t":1008000,"op":"alloc","id":421112953439744,"size":512,"addr":"0x7f0000000600","label":"add_Tensor","site":"at::_ops::add_Tensor::call <- /env/site-packages/torch/optim/adam.py:75 step <- > /home/ada/train.py:12 train <- /home/ada/train.py:40 <module>","thread":"device 0 stream 0"}
{"t":1009000,"op":"reserve","addr":"0x7f0041400000","size":4194304}
{"t":1010000,"op":"release","addr":"0x7f0041600000","size":2097152}
{"t":1010000,"op":"release","addr":"0x7f0041400000","size":2097152}
{"t":1011000,"op":"mark","name":"out of memory: 1048576 bytes wanted, 5000 free on the device"}
{"t":1013000,"op":"mark","name":"end of Optimizer.step#Adam.step"}
{"t":1014000,"op":"mark","name":"snapshot"}
)";
  for (const int protocol : {2, 3, 4, 5}) {
    for (const std::size_t piece : {std::size_t{1}, std::size_t{100}, ~std::size_t{0}}) {
      INFO("protocol " << protocol << ", pieces of " << piece);
      const Read trace = read_pytorch(newer_snapshot().pickle(protocol), piece);
      INFO(trace.error.message);
      REQUIRE(trace.good);
      CHECK(trace.notice.empty());
      CHECK(ndjson_of(trace.rows) == lines);
      CHECK(skipped(trace, SkipReason::unknown_op) == 1);
      CHECK(trace.rows.skipped_events == 1);
    }
  }
}

TEST_CASE("a snapshot of the first versions is numbered where it has no times") {
  const Read trace = read_pytorch(older_snapshot().pickle(2));
  INFO(trace.error.message);
  REQUIRE(trace.good);
  CHECK(trace.notice.empty());
  CHECK(ndjson_of(trace.rows) ==
        R"({"t":0,"op":"reserve","addr":"0x7f0000000000","size":2560}
{"t":1,"op":"alloc","id":139637976727552,"size":500,"capacity":512,"addr":"0x7f0000000000","label":"forward","site":"/home/ada/old.py:3 forward","thread":"device 0 stream 0"}
{"t":2,"op":"mark","name":"recording begins"}
{"t":3,"op":"alloc","id":139637976728064,"size":1024,"addr":"0x7f0000000200","label":"forward","site":"/home/ada/old.py:3 forward","thread":"device 0 stream 0"}
{"t":4,"op":"free","id":139637976728064}
{"t":5,"op":"alloc","id":139637976729088,"size":1000,"capacity":1024,"addr":"0x7f0000000600","label":"forward","site":"/home/ada/old.py:3 forward","thread":"device 0 stream 0"}
)");
}

TEST_CASE("what is in use and held at the end of the events is what the segments say") {
  const Read trace = read_pytorch(newer_snapshot().pickle(4));
  const timeline::Levels levels(trace.rows);
  const auto last = levels.at(trace.rows.event_count() - 1);
  CHECK(last.reserved_bytes == std::uint64_t{24} << 20U);
  CHECK(capacity_at_end(trace.rows) == 1024 + 512 + 512 + (std::uint64_t{4} << 20U) + 512);
  CHECK(last.live_bytes == 1000 + 300 + 512 + (std::uint64_t{4} << 20U) - 100 + 8);
}

TEST_CASE("the forms of a trace lead to one another from a snapshot") {
  const Read trace = read_pytorch(newer_snapshot().pickle(4));
  const Read lines = read_ndjson(ndjson_of(trace.rows));
  REQUIRE(lines.good);
  require_equal(trace.rows, lines.rows);
  const Read binary = read_bufgc(bufgc_of(trace.rows));
  REQUIRE(binary.good);
  require_equal(trace.rows, binary.rows);
}

TEST_CASE("a snapshot is known by its first byte, or by its name") {
  std::string why;
  CHECK(trace::is_pickle("\x80"));
  CHECK_FALSE(trace::is_pickle("{"));
  CHECK_FALSE(trace::is_pickle(""));
  for (const auto& [name, start] : {std::pair{"any", "\x80\x04"}, {"s.pickle", ""}, {"s.pkl", "cos"}}) {
    INFO(name);
    const auto reader = trace::make_reader(name, start, why);
    REQUIRE(reader != nullptr);
    CHECK_FALSE((reader->feed(start) && reader->finish()));
    CHECK(reader->error().message.find("pickle") != std::string::npos);
  }
}

TEST_CASE("without a Python frame of the user's the site is the library's, or a line of C++") {
  const auto site = [](const Py& frames) {
    Py allocation = entry("alloc", 4096, 8);
    allocation.set("frames", frames);
    const Read trace = read_pytorch(only_trace({allocation}).pickle(4));
    REQUIRE(trace.good);
    return std::string(site_name(trace.rows.strings.at(trace.rows.site[0]))) + " | " +
           std::string(trace.rows.strings.at(trace.rows.label[0]));
  };
  const Py inner = snapshot_frame("CUDACachingAllocator.cpp", 10, "c10::cuda::malloc(long)");
  const Py op = snapshot_frame("??", 0, "at::_ops::linear::call(at::Tensor const&)");
  const Py below = snapshot_frame("??", 0, "at::_ops::addmm::redispatch(at::Tensor const&)");
  const Py library = snapshot_frame("/lib/torch/nn/functional.py", 7, "pad");
  const Py made = snapshot_frame("/tmp/torchinductor_ada/qa/c.py", 3, "call");
  const Py main = snapshot_frame("main.cpp", 12, "main");
  CHECK(site(Py::list({inner, below, op, library, made, snapshot_frame("<stdin>", 1, "<module>")})) ==
        "<stdin>:1 <module> | linear");
  CHECK(site(Py::list({inner, library, made, main})) == "/lib/torch/nn/functional.py:7 pad | pad");
  CHECK(site(Py::list({inner, below, main, snapshot_frame("libc-start.c", 58, "__libc_start_call_main")})) ==
        "main.cpp:12 main | addmm");
  CHECK(site(Py::list({inner})) == " | ");
  CHECK(site(Py::list({Py(), 1, Py::list(), Py::dict()})) == " | ");
  CHECK(site(Py()) == " | ");
  // A name of many frames is cut, bytes that are no UTF-8 are replaced.
  const std::string deep(1000, 'd');
  CHECK(site(Py::list({snapshot_frame(("/" + deep + ".py").c_str(), 1, ("\xff" + deep).c_str())})).size() <
        800);
  CHECK(site(Py::list({snapshot_frame("a\xff.py", 1, "f")})) == "a\xef\xbf\xbd.py:1 f | f");
}

namespace {

/// The sites of allocations with these stacks, each at an address of its own.
Read sites_of(const std::vector<Py>& stacks) {
  std::vector<Py> entries;
  for (const Py& stack : stacks) {
    entries.push_back(entry("alloc", 4096 * (entries.size() + 1), 8));
    entries.back().set("frames", stack);
  }
  return read_pytorch(only_trace(std::move(entries)).pickle(4));
}
std::string_view site_of(const Read& trace, std::size_t row) {
  return trace.rows.strings.at(trace.rows.site[row]);
}
Py numbered(int from, int to) {
  Py frames = Py::list();
  for (int i = from; i < to; ++i) frames.append(snapshot_frame("/lib/torch/deep.py", i, "f"));
  return frames;
}

}  // namespace

TEST_CASE("a whole stack is kept, but for what tells how it was taken and how Python runs") {
  const Py stack = Py::list({
      snapshot_frame("??", 0, "torch::unwind::unwind()"),
      snapshot_frame("memory_snapshot.cpp", 0, "torch::cuda::(anonymous namespace)::gather_with_cpp()"),
      snapshot_frame("??", 0, "at::native::(anonymous namespace)::out(at::Tensor&, long)"),
      snapshot_frame("RegisterCUDA.cpp", 9, "at::(anonymous namespace)::wrapper(at::Tensor)"),
      snapshot_frame("call.c", 387, "_PyObject_MakeTpCall"),
      snapshot_frame("/env/site-packages/torch/nn/linear.py", 125, "forward"),
      snapshot_frame("bytecodes.c", 2706, "_PyEval_EvalFrameDefault"),
      snapshot_frame("/home/ada/train.py", 12, "train_start"),
      snapshot_frame("/home/ada/train.py", 40, "<module>"),
      snapshot_frame("??", 0, "_start"),
  });
  const Read trace = sites_of({stack, numbered(1, 2)});
  REQUIRE(trace.good);
  CHECK(site_of(trace, 0) ==
        "at::native::(anonymous namespace)::out <- RegisterCUDA.cpp:9 at::(anonymous namespace)::wrapper <- "
        "/env/site-packages/torch/nn/linear.py:125 forward <- > /home/ada/train.py:12 train_start <- "
        "/home/ada/train.py:40 <module>");
  CHECK(site_of(trace, 1) == "/lib/torch/deep.py:1 f");
}

TEST_CASE("lists of the same frames are one stack") {
  const Py a = snapshot_frame("/home/ada/a.py", 1, "a");
  const Py b = snapshot_frame("/home/ada/b.py", 2, "b");
  const Read trace = sites_of({Py::list({a, b}), Py::list({a, b}), Py::list({b, a})});
  REQUIRE(trace.good);
  CHECK(site_of(trace, 0) == "/home/ada/a.py:1 a <- /home/ada/b.py:2 b");
  CHECK(trace.rows.site[0] == trace.rows.site[1]);
  CHECK(site_of(trace, 2) == "/home/ada/b.py:2 b <- /home/ada/a.py:1 a");
}

TEST_CASE("a deep stack is cut, and says by how much") {
  Py whole = numbered(0, 128);
  Py deep = numbered(0, 129);
  Py own_beyond = numbered(0, 127);
  for (int i = 1; i <= 200; ++i) own_beyond.append(snapshot_frame("/home/ada/a.py", i, "a"));
  const Read trace = sites_of({whole, deep, own_beyond});
  REQUIRE(trace.good);
  const auto frames = [&](std::size_t row) { return timeline::split_frames(site_of(trace, row)); };
  REQUIRE(frames(0).size() == 128);
  CHECK(frames(0).front() == "/lib/torch/deep.py:127 f");
  REQUIRE(frames(1).size() == 128);
  CHECK(frames(1).front() == "(2 frames more)");
  CHECK(frames(1)[1] == "/lib/torch/deep.py:126 f");
  CHECK(frames(1).back() == "/lib/torch/deep.py:0 f");
  REQUIRE(frames(2).size() == 128);  // it begins with the user's own frame
  CHECK(frames(2).back() == "/home/ada/a.py:1 a");
  CHECK(frames(2).front() == "(73 frames more)");
  CHECK(site_name(site_of(trace, 2)) == "/home/ada/a.py:1 a");
}

TEST_CASE("the text of all stacks has a bound, behind which they are one frame each") {
  // Each of these is some 60 KiB of text and takes a few hundred bytes of the file.
  const std::string function(256, 'f');
  std::vector<Py> frames;
  for (int i = 0; i < 126; ++i)
    frames.push_back(snapshot_frame(("/" + std::string(252, 'd') + ".py").c_str(), i, function.c_str()));
  std::vector<Py> stacks;
  for (int i = 0; i < 1200; ++i) {
    stacks.push_back(Py::list(frames));
    stacks.back().append(snapshot_frame("/home/ada/last.py", i, "g"));
  }
  const Read trace = sites_of(stacks);
  REQUIRE(trace.good);
  CHECK(trace.rows.strings.text_bytes() < (std::size_t{64} << 20U) + 100'000);
  CHECK(timeline::split_frames(site_of(trace, 0)).size() == 127);
  CHECK(timeline::split_frames(site_of(trace, 1199)).size() == 1);
  CHECK(site_name(site_of(trace, 1199)) == site_name(site_of(trace, 0)));
  CHECK(trace.notice.find("stacks beyond 64 MiB of text were cut to one frame") != std::string::npos);
}

TEST_CASE("where the compiler was is the label of what nothing else names") {
  Py allocation = entry("alloc", 4096, 8);
  allocation.set("compile_context", "2/0");
  Py other = entry("alloc", 8192, 8);
  other.set("compile_context", "N/A");
  const Read trace = read_pytorch(only_trace({allocation, other}).pickle(4));
  REQUIRE(trace.good);
  CHECK(trace.rows.strings.at(trace.rows.label[0]) == "2/0");
  CHECK(trace.rows.label[1] == 0);
}

TEST_CASE("entries that contradict each other are counted, and told") {
  const Read twice =
      read_pytorch(only_trace({entry("alloc", 4096, 8), entry("alloc", 4096, 16),
                               entry("free_completed", 4096, 8), entry("free_completed", 4096, 8),
                               entry("segment_alloc", 0, 8192), entry("segment_alloc", 0, 10)})
                       .pickle(4));
  REQUIRE(twice.good);
  CHECK(skipped(twice, SkipReason::alloc_of_live_id) == 1);
  CHECK(skipped(twice, SkipReason::free_of_unknown_id) == 1);
  CHECK(skipped(twice, SkipReason::reserve_of_held_segment) == 1);
  CHECK(twice.rows.size() == 1);

  Py lost = only_trace({entry("alloc", 4096, 8), entry("free_completed", 8192, 8)});
  const Py block = Py::dict({{"address", 8192}, {"size", 8}, {"state", "active_allocated"}});
  lost.set("segments",
           Py::list({Py::dict({{"address", 8192}, {"total_size", 64}, {"blocks", Py::list({block})}})}));
  const Read trace = read_pytorch(lost.pickle(4));
  REQUIRE(trace.good);
  CHECK(trace.notice ==
        "1 buffers that no segment holds are alive by the entries; 1 blocks are in use that by the entries "
        "were "
        "freed");
}

TEST_CASE("times never run backwards, and an entry without one has that of the one before") {
  std::vector<Py> entries = {entry("alloc", 1, 8), entry("alloc", 2, 8), entry("alloc", 3, 8),
                             entry("alloc", 4, 8), entry("alloc", 5, 8)};
  entries[1].set("time_us", 50);
  entries[2].set("time_us", 40);
  entries[4].set("time_us", 60);
  const Read trace = read_pytorch(only_trace(entries).pickle(4));
  REQUIRE(trace.good);
  const std::int64_t born_ns[] = {50'000, 50'000, 50'000, 50'000, 60'000};
  REQUIRE(trace.rows.size() == std::size(born_ns));
  for (std::size_t row = 0; row < trace.rows.size(); ++row)
    CHECK(trace.rows.alloc_time_ns(row) == born_ns[row]);
  CHECK(trace.notice == "1 entries had a time before the last one's and were given that");
}

TEST_CASE("annotations have no place among entries without times") {
  Py top = only_trace({entry("alloc", 1, 8)});
  top.set("external_annotations",
          Py::list({Py::dict({{"stage", "START"}, {"name", "step"}, {"time_us", 5}})}));
  const Read trace = read_pytorch(top.pickle(4));
  REQUIRE(trace.good);
  CHECK(trace.rows.marks.empty());
  CHECK(skipped(trace, SkipReason::mark_without_place) == 1);
  CHECK(trace.rows.skipped_events == 1);
}

TEST_CASE("the host's memory stands beside the devices'") {
  Py top = only_trace({entry("alloc", 4096, 8)});
  top.set("host_segments",
          Py::list(
              {Py::dict({{"address", 4096},
                         {"total_size", 64},
                         {"blocks", Py::list({Py::dict({{"size", 64}, {"state", "active_allocated"}})})}})}));
  top.set("host_traces", Py::list({Py::list({entry("alloc", 8192, 16)})}));
  const Read trace = read_pytorch(top.pickle(4));
  REQUIRE(trace.good);
  REQUIRE(trace.rows.size() == 3);  // the first two at one address, and yet two
  CHECK(trace.rows.strings.at(trace.rows.thread[0]) == "host");
  CHECK(trace.rows.strings.at(trace.rows.thread[1]) == "device 0 stream 0");
  CHECK(trace.rows.strings.at(trace.rows.thread[2]) == "host stream 0");
  CHECK(trace.rows.id[0] != trace.rows.id[1]);
}

TEST_CASE("what is no snapshot, or wrong in what is needed, is an error with its place") {
  CHECK(error_of(Py::list()) ==
        "expected a PyTorch memory snapshot, a dict with \"segments\" and \"device_traces\", found a list");
  CHECK(error_of(Py::dict({{"model", 1}})) ==
        "expected a PyTorch memory snapshot, a dict with \"segments\" and \"device_traces\", found a dict "
        "without");
  CHECK(error_of(Py::dict({{"segments", 5}})) == "segments: expected a list, found 5");
  CHECK(error_of(Py::dict({{"segments", Py::list({"x"})}})) == "segments[0]: expected a dict, found \"x\"");
  CHECK(error_of(Py::dict({{"segments", Py::list({Py::dict({{"address", 1}})})}})) ==
        "segments[0].total_size: expected a non-negative int, found None");
  const auto block = [](const Py& block) {
    return Py::dict(
        {{"segments",
          Py::list({Py::dict({{"address", 1}, {"total_size", 8}, {"blocks", Py::list({block})}})})}});
  };
  CHECK(error_of(block(Py::dict({{"size", -1}}))) ==
        "segments[0].blocks[0].size: expected a non-negative int, found -1");
  CHECK(error_of(block(Py::dict({{"size", 8}, {"state", "lost"}}))) ==
        "segments[0].blocks[0].state: expected active_allocated, active_pending_free or inactive, found "
        "\"lost\"");
  CHECK(error_of(Py::dict({{"device_traces", Py::list({Py::dict()})}})) ==
        "device_traces[0]: expected a list, found a dict");
  CHECK(error_of(only_trace({entry("alloc", 1, 8), Py::dict()})) ==
        "device_traces[0][1].action: expected a str, found None");
  CHECK(error_of(only_trace({Py::dict({{"action", "alloc"}, {"addr", 1}})})) ==
        "device_traces[0][0].size: expected a non-negative int, found None");
  CHECK(error_of(only_trace({Py::dict({{"action", "alloc"}, {"addr", Py::real(1)}, {"size", 1}})})) ==
        "device_traces[0][0].addr: expected an int, found a float");
  Py late = entry("alloc", 1, 8);
  late.set("time_us", std::numeric_limits<std::int64_t>::max() / 999);
  CHECK(error_of(only_trace({late})) ==
        "device_traces[0][0].time_us: expected an int of microseconds, found 9232604641496272");
  CHECK(error_of(Py::dict(
            {{"segments", Py::list()}, {"external_annotations", Py::list({Py::dict({{"time_us", 1}})})}})) ==
        "external_annotations[0].name: expected a str, found None");
}

TEST_CASE("a small file that unfolds to more than its bytes is refused at once") {
  // A thousand times one list of a thousand times one entry: a million events from some kilobytes.
  const Py one = entry("alloc", 1, 8);
  const Py many = Py::list(std::vector<Py>(1000, one));
  const Py top =
      Py::dict({{"segments", Py::list()}, {"device_traces", Py::list(std::vector<Py>(1000, many))}});
  CHECK(error_of(top).find("unfolds to more than the file") != std::string::npos);
  // Lists and names that an honest snapshot shares cost nothing again.
  const Py frames = Py::list(std::vector<Py>(500, snapshot_frame("a.py", 1, std::string(1000, 'n').c_str())));
  std::vector<Py> entries;
  for (int i = 0; i < 500; ++i) {
    entries.push_back(entry("alloc", static_cast<std::uint64_t>(i), 8));
    entries.back().set("frames", frames);
  }
  const Read trace = read_pytorch(only_trace(entries).pickle(4));
  CHECK(trace.good);
  CHECK(trace.rows.size() == 500);
}

TEST_CASE("values within themselves harm no snapshot") {
  Py top = Py::dict();
  Py list = Py::list();
  list.append(list);
  top.set("segments", list);
  top.set("device_traces", list);
  CHECK(error_of(top) == "segments[0]: expected a dict, found a list");
  list.clear();
  Py frames = Py::list();
  frames.append(frames);
  Py allocation = entry("alloc", 1, 8);
  allocation.set("frames", frames);
  CHECK(read_pytorch(only_trace({allocation}).pickle(4)).good);
  frames.clear();
}

TEST_CASE("a snapshot cut off at any byte is an error there") {
  for (const std::string& pickle : {newer_snapshot().pickle(4), older_snapshot().pickle(2)}) {
    for (std::size_t length = 0; length < pickle.size(); ++length) {
      const Read trace = read_pytorch(pickle.substr(0, length));
      INFO("cut at byte " << length);
      REQUIRE_FALSE(trace.good);
      REQUIRE(trace.error.message ==
              "byte " + std::to_string(length) +
                  ": expected more of the pickle, up to its STOP, found the end of the file");
    }
  }
}

TEST_CASE("any single flipped bit of a snapshot gives a result or an error") {
  const auto flip = [](const std::string& pickle, std::size_t step) {
    for (std::size_t bit = 0; bit < pickle.size() * 8; bit += step) {
      std::string broken = pickle;
      broken[bit / 8] = static_cast<char>(static_cast<unsigned char>(broken[bit / 8]) ^ (1U << (bit % 8)));
      const Read trace = read_pytorch(broken);
      REQUIRE(trace.good == trace.error.message.empty());
    }
  };
  flip(older_snapshot().pickle(2), 1);
  flip(newer_snapshot().pickle(4), 5);  // the larger one takes its time
}

TEST_CASE("the snapshot among the test data is the one that is made here") {
  CHECK(file_text(BUFGC_TEST_DATA "/snapshot.pickle") == newer_snapshot().pickle(4));
}
