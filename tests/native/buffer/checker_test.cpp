// A check that nothing can fail proves nothing: one record after another is made wrong, and the check says
// what.

#include <optional>
#include <string_view>

#include "bufgc/buffer/buffer_access.hpp"
#include "bufgc/buffer/buffer_heap.hpp"
#include "bufgc/buffer/buffer_record.hpp"
#include "bufgc/buffer/finalizer_registry.hpp"
#include "bufgc/buffer/link_graph.hpp"
#include "bufgc/buffer/slot_cache.hpp"
#include "bufgc/memory/allocator_state.hpp"
#include "bufgc/memory/default_source.hpp"
#include "bufgc/memory/sole_thread.hpp"
#include "spoilt.hpp"
#include "support.hpp"

using namespace bufgc;
using bufgc::testing::Spoilt;

namespace {

std::string_view check(const BufferManager& manager) {
  const char* const wrong = manager.check_invariants();
  return wrong == nullptr ? "all holds" : wrong;
}

/// Another word of a record for as long as this stands.
class SpoiltWord {
 public:
  SpoiltWord(BufferRecord& record, std::uint64_t changed_by) : record_(record), changed_by_(changed_by) {
    record_.word += changed_by_;
  }
  ~SpoiltWord() { record_.word -= changed_by_; }
  SpoiltWord(const SpoiltWord&) = delete;
  SpoiltWord& operator=(const SpoiltWord&) = delete;

 private:
  BufferRecord& record_;
  std::uint64_t changed_by_;
};

}  // namespace

TEST_CASE("the check of a manager names a record that is wrong", "[check]") {
  BufferManager manager;
  const CpuBuffer buffer = manager.alloc(100);
  const CpuBuffer view = buffer.view({});
  BufferRecord& record = *BufferAccess::peek(buffer);
  REQUIRE(check(manager) == "all holds");
  {
    const Spoilt spoilt(record.slot, record.slot + 1);
    CHECK(check(manager) == "a record does not know its slot");
  }
  {
    const Spoilt spoilt(record.tail().heap, static_cast<BufferHeap*>(nullptr));
    CHECK(check(manager) == "a record does not know its slot");
  }
  {
    const SpoiltWord spoilt(record, record_word::suspect);
    CHECK(check(manager) == "a record is suspect outside a collection");
  }
  for (BufferRecord* one : {&record, BufferAccess::peek(view)}) {
    const Spoilt spoilt(one->kind, BufferKind::external);
    CHECK(check(manager) == "the counts of live buffers are not the numbers of live records");
  }
  const CpuBuffer external = bufgc::test::weightless(manager);
  BufferAccess::peek(external)->told = Told::ended;
  CHECK(check(manager) == "the counts of live buffers are not the numbers of live records");
  BufferAccess::peek(external)->told = Told::no;
  CHECK(check(manager) == "all holds");
}

TEST_CASE("the check of a manager names what is wrong with its memory", "[check]") {
  BufferManager manager;
  const CpuBuffer buffer = manager.alloc(100);
  Block* const block = BufferAccess::peek(buffer)->block;
  REQUIRE(check(manager) == "all holds");
  {
    const Spoilt spoilt(block->size_bytes, std::size_t{99});
    CHECK(check(manager) == "live bytes are miscounted");
  }
  CHECK(check(manager) == "all holds");
}

TEST_CASE("the check of a manager names a list of free slots that is wrong", "[check]") {
  BufferManager manager;
  {  // The thread's own list, and the common one.
    std::vector<CpuBuffer> buffers;
    std::vector<BufferRecord*> records;
    for (int i = 0; i < 200; ++i) {
      buffers.push_back(manager.alloc(100));
      records.push_back(BufferAccess::peek(buffers.back()));
    }
    buffers.clear();
    for (BufferRecord* const record : records) {
      const SpoiltWord spoilt(*record, record_word::one);
      REQUIRE(check(manager) == "a slot in use stands in a list of free ones");
    }
  }
  BufferRecord* free = nullptr;
  {
    const CpuBuffer buffer = manager.alloc(100);
    free = BufferAccess::peek(buffer);
  }
  REQUIRE(check(manager) == "all holds");
  {
    const SpoiltWord spoilt(*free, record_word::one);
    CHECK(check(manager) == "a slot in use stands in a list of free ones");
  }
  {
    const Spoilt spoilt(free->described, true);
    CHECK(check(manager) == "a free slot tells of the buffer that it was");
  }
  {
    const Spoilt spoilt(free->linked, true);
    CHECK(check(manager) == "a free slot tells of the buffer that it was");
  }
  {
    const Spoilt spoilt(free->claimed, Claimed::sole);
    CHECK(check(manager) == "a free slot tells of the buffer that it was");
  }
  {
    const Spoilt spoilt(free->root, static_cast<BufferRecord*>(nullptr));
    CHECK(check(manager) == "a free slot tells of the buffer that it was");
  }
  FinalizerState finalizer{nullptr};
  free->newest_finalizer = &finalizer;
  CHECK(check(manager) == "a free slot tells of the buffer that it was");
  free->newest_finalizer = nullptr;
  REQUIRE(free->next_free != nullptr);
  {
    const Spoilt spoilt(free->next_free, static_cast<BufferRecord*>(nullptr));
    CHECK(check(manager) == "a list of free slots is not as long as it says");
  }
  CHECK(check(manager) == "all holds");
}

TEST_CASE("the check of a heap names a slot that is lost, and slots that a thread may not keep", "[check]") {
  CpuAllocator allocator(default_source());
  BufferHeap heap(
      allocator, [](void*) {}, nullptr);
  const auto checked = [&heap] {
    const char* const wrong = heap.check_invariants();
    return std::string_view(wrong == nullptr ? "all holds" : wrong);
  };
  {
    CpuBuffer buffer = heap.allocate(100, {}).value;
    BufferRecord& record = *BufferAccess::peek(buffer);
    CHECK(checked() == "all holds");
    {
      SlotCache* slots = nullptr;
      {
        const CpuAllocator::State::Section section(allocator.state());
        slots = static_cast<SlotCache*>(allocator.state().of_thread().rider);
      }
      REQUIRE(slots != nullptr);
      const Spoilt spoilt(slots->room, slots->free_count - 1);
      CHECK(checked() == "a thread keeps more free slots than it may");
    }
    buffer.destroy();
    CHECK(checked() == "all holds");
    const SpoiltWord spoilt(record, ~std::uint64_t{0});  // one less
    CHECK(checked() == (is_sole_thread() ? "a slot is lost" : "all holds"));
  }
  CHECK(checked() == "all holds");
  heap.close();
  heap.abandon();
}

TEST_CASE("the check of a manager names links that do not agree with the counts", "[check]") {
  BufferManager manager;
  CpuBuffer holder = manager.alloc(100);
  const CpuBuffer held = manager.alloc(100);
  holder.link(held);
  BufferRecord& record = *BufferAccess::peek(held);
  REQUIRE(check(manager) == "all holds");
  {
    const Spoilt spoilt(record.tail().node, record.tail().node + 1);
    CHECK(check(manager) == "a record with links does not know its node");
  }
  {
    const SpoiltWord spoilt(record, record_word::watched);
    CHECK(check(manager) == "a record with links is watched though it is a candidate, or is neither");
  }
  {
    const SpoiltWord spoilt(record, ~std::uint64_t{1});  // two less
    CHECK(check(manager) == "a record is held less often than its links say");
  }
  CHECK(check(manager) == "all holds");
}

TEST_CASE("the check of a graph of links names a node or a number that is wrong", "[check]") {
  BufferManager manager;  // for its records: none has links there
  const CpuBuffer buffers[3] = {manager.alloc(1), manager.alloc(1), manager.alloc(1)};
  BufferRecord* records[3] = {};
  for (int i = 0; i < 3; ++i) records[i] = BufferAccess::peek(buffers[i]);
  LinkGraph graph;
  const auto checked = [&graph] {
    const char* const wrong = graph.check();
    return std::string_view(wrong == nullptr ? "all holds" : wrong);
  };
  REQUIRE(graph.link(records[0], records[1]));
  REQUIRE(graph.link(records[1], records[2]));
  REQUIRE(checked() == "all holds");
  LinkNode& middle = graph.at(records[1]->tail().node);
  LinkNode& last = graph.at(records[2]->tail().node);
  {
    const Spoilt spoilt(middle.held_by, std::uint32_t{0});
    CHECK(checked() == "a node does not know how often it is held");
    const Spoilt doomed(middle.mark, Mark::doomed);
    CHECK(checked() == "all holds");  // of those it is not counted down
  }
  {
    const Spoilt spoilt(last.held_by, std::uint32_t{0});
    CHECK(checked() == "a record without links has a node");
  }
  for (const std::uint32_t nowhere : {graph.nodes(), std::uint32_t{256}, std::uint32_t{100'000}}) {
    const Spoilt spoilt(middle.root, nowhere);
    CHECK(checked() == "a link leads to no node");
  }
  {
    const Spoilt cut_off(middle.mark, Mark::cut_off);
    CHECK(checked() ==
          "a node does not know how often it is held");  // the last one, which it no longer holds
  }
  graph.make_pending(records[1]->tail().node);
  CHECK(checked() == "a node is pending outside a collection");
  graph.clear_pending(records[1]->tail().node);
  for (const std::uint64_t one : {std::uint64_t{1}, ~std::uint64_t{0}}) {
    graph.let_go_cut_off(one);
    CHECK(checked() == "edges is not the number of links");
    graph.let_go_cut_off(~one + 1);
  }
  CHECK(checked() == "all holds");
  CHECK(graph.unlink(records[0], records[1]));
  CHECK(graph.unlink(records[1], records[2]));
  CHECK(graph.nodes() == 0);
}

TEST_CASE("the check of a manager names lists of finalizers that are wrong", "[check][finalizer]") {
  BufferManager manager;
  CpuBuffer buffer = manager.alloc(100);
  manager.finalize(buffer, [] {});
  manager.finalize(buffer, [] {});
  FinalizerState* const newest = BufferAccess::peek(buffer)->newest_finalizer;
  REQUIRE(newest != nullptr);
  REQUIRE(newest->older != nullptr);
  REQUIRE(check(manager) == "all holds");
  {
    const Spoilt spoilt(newest->owner, static_cast<BufferRecord*>(nullptr));
    CHECK(check(manager) == "a dead finalizer stands in the list");
  }
  {
    const Spoilt spoilt(newest->self, std::shared_ptr<FinalizerState>());
    CHECK(check(manager) == "a dead finalizer stands in the list");
  }
  {
    const Spoilt spoilt(newest->older->newer, static_cast<FinalizerState*>(nullptr));
    CHECK(check(manager) == "the list of finalizers is not linked both ways");
  }
  {
    const Spoilt spoilt(newest->older, static_cast<FinalizerState*>(nullptr));
    CHECK(check(manager) == "finalizers_alive is not the number of finalizers there");
  }
  {
    const Spoilt spoilt(newest->older_of_owner, static_cast<FinalizerState*>(nullptr));
    CHECK(check(manager) == "a buffer's list of finalizers is not linked both ways");
  }
  BufferAccess::peek(buffer)->newest_finalizer = newest->older;
  CHECK(check(manager) == "a buffer's list of finalizers is not linked both ways");
  BufferAccess::peek(buffer)->newest_finalizer = newest;
  {
    const DeferFinalizers deferring;
    buffer = {};
  }
  REQUIRE(manager.statistics().finalizers_deferred == 2);
  {
    const Spoilt spoilt(newest->deferred, false);
    CHECK(check(manager) == "a dead finalizer stands in the queue");
  }
  {
    const Spoilt spoilt(newest->self, std::shared_ptr<FinalizerState>());
    CHECK(check(manager) == "a dead finalizer stands in the queue");
  }
  {
    const Spoilt spoilt(newest->newer, static_cast<FinalizerState*>(nullptr));
    CHECK(check(manager) == "finalizers_deferred is not the number of finalizers in the queue");
  }
  {
    const Spoilt spoilt(newest->newer->older, static_cast<FinalizerState*>(nullptr));
    CHECK(check(manager) == "the queue of finalizers is not linked both ways");
  }
  CHECK(check(manager) == "all holds");
  CHECK(manager.drain() == 2);
  CHECK(check(manager) == "all holds");
}
