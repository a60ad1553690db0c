// A check that nothing can fail proves nothing: one record after another is made wrong, and the check says
// what.

#include <optional>
#include <string_view>

#include "bufgc/buffer/buffer_access.hpp"
#include "bufgc/buffer/buffer_record.hpp"
#include "bufgc/buffer/finalizer_registry.hpp"
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
  CHECK(check(manager) == "all holds");
}

TEST_CASE("the check of a manager names a list of free slots that is wrong", "[check]") {
  BufferManager manager;
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
  REQUIRE(free->next_free != nullptr);
  {
    const Spoilt spoilt(free->next_free, static_cast<BufferRecord*>(nullptr));
    CHECK(check(manager) == "a list of free slots is not as long as it says");
  }
  CHECK(check(manager) == "all holds");
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
    const Spoilt spoilt(newest->older->newer, static_cast<FinalizerState*>(nullptr));
    CHECK(check(manager) == "the list of finalizers is not linked both ways");
  }
  {
    const Spoilt spoilt(newest->older, static_cast<FinalizerState*>(nullptr));
    CHECK(check(manager) == "finalizers_alive is not the number of finalizers there");
  }
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
    const Spoilt spoilt(newest->newer, static_cast<FinalizerState*>(nullptr));
    CHECK(check(manager) == "finalizers_deferred is not the number of finalizers in the queue");
  }
  CHECK(check(manager) == "all holds");
  manager.drain();
}
