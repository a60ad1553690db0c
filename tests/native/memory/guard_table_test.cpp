// The records of a hardened allocator: in which order they come and go, and how long one is remembered.

#include "bufgc/memory/guard_table.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "memory/support.hpp"

using namespace bufgc;
using namespace bufgc::testing;

namespace {

std::vector<GuardRecord*> all_of(const GuardQueue& queue) {
  std::vector<GuardRecord*> all;
  queue.each([&](GuardRecord* record) { all.push_back(record); });
  return all;
}

GuardRecord* take(GuardTable& table) {
  REQUIRE(table.reserve());
  GuardRecord* const record = table.take();
  REQUIRE(record != nullptr);
  REQUIRE(record->state == GuardRecord::State::unused);
  record->state = GuardRecord::State::live;
  return record;
}

}  // namespace

TEST_CASE("a queue of records gives out what came first, whatever stood in it before", "[memory][guard]") {
  GuardRecord records[3];
  GuardQueue queue;
  CHECK(queue.pop() == nullptr);
  // Each time in another order: what followed a record then does not now.
  for (const std::vector<int>& order : {std::vector{0, 1, 2}, {2, 1, 0}, {1}, {0, 2}, {2}}) {
    std::vector<GuardRecord*> there;
    for (const int i : order) {
      queue.push(&records[i]);
      there.push_back(&records[i]);
      CHECK(queue.count() == there.size());
      CHECK(all_of(queue) == there);
    }
    while (!there.empty()) {
      CHECK(queue.pop() == there.front());
      there.erase(there.begin());
      CHECK(queue.count() == there.size());
      CHECK(all_of(queue) == there);
    }
    CHECK(queue.pop() == nullptr);
  }
}

TEST_CASE("a freed record is used again once so many others were freed after it, the oldest first",
          "[memory][guard]") {
  GuardTable table;
  GuardRecord* const first = take(table);
  first->number = 1;
  first->name.id = 7;
  table.give(first);
  CHECK(first->state == GuardRecord::State::freed);
  GuardRecord* const second = take(table);
  second->number = 2;
  CHECK(second != first);
  table.give(second);
  // As long as it is remembered it is found, by what it was.
  for (std::size_t freed = 2; freed <= GuardTable::remembered; ++freed) {
    CHECK(table.find_named(7) == first);
    GuardRecord* const record = take(table);
    REQUIRE(record != first);
    REQUIRE(record != second);
    table.give(record);
  }
  GuardRecord* const again = take(table);
  CHECK(again == first);
  CHECK(again->number == 0);
  CHECK(again->name.id == Misuse::no_id);
  CHECK(table.find_named(7) == nullptr);
  table.give(again);
  CHECK(take(table) == second);
}

TEST_CASE("every record that was taken is found by its address, and none by another", "[memory][guard]") {
  constexpr std::size_t count = 3 * 64 + 5;  // into the third chunk
  GuardTable table;
  CHECK(table.find(&table) == nullptr);
  std::set<GuardRecord*> taken;
  for (std::size_t i = 0; i < count; ++i) {
    GuardRecord* const record = take(table);
    record->number = i + 1;
    CHECK(taken.insert(record).second);
    CHECK(table.find(record) == record);
    for (const std::size_t off : {std::size_t{1}, sizeof(GuardRecord) - 1}) {
      CHECK(table.find(reinterpret_cast<std::byte*>(record) + off) == nullptr);
    }
  }
  std::set<GuardRecord*> seen;
  table.each([&](GuardRecord* record) { seen.insert(record); });
  CHECK(seen == taken);
  // One that was not taken yet stands behind the last, and is none.
  CHECK(table.find(*taken.rbegin() + 1) == nullptr);
}

TEST_CASE("of records of one name the last is told, and by an address the one around it", "[memory][guard]") {
  std::vector<std::byte> memory(256);
  Range ranges[2];
  for (int i = 0; i < 2; ++i) {
    ranges[i].data = memory.data() + 128 * i;
    ranges[i].capacity_bytes = 64;
  }
  GuardTable table;
  GuardRecord* records[3] = {};
  for (std::uint64_t i = 0; i < 3; ++i) {
    records[i] = take(table);
    records[i]->number = i + 1;
    records[i]->name.id = i == 1 ? 4 : 3;
  }
  CHECK(table.find_named(3) == records[2]);
  CHECK(table.find_named(4) == records[1]);
  CHECK(table.find_named(5) == nullptr);
  records[0]->number = 9;
  CHECK(table.find_named(3) == records[0]);
  records[0]->range = &ranges[0];
  records[2]->range = &ranges[1];
  for (std::size_t at = 0; at < memory.size(); ++at) {
    GuardRecord* const expected = at % 128 >= 64 ? nullptr : at < 128 ? records[0] : records[2];
    CHECK(table.find_around(memory.data() + at) == expected);
  }
  table.give(records[0]);
  CHECK(table.find_around(memory.data()) == nullptr);
}

TEST_CASE("of a label the beginning is kept and of a site the end, up to all that there is room for",
          "[memory][guard]") {
  for (std::size_t length = 0; length < 12; ++length) {
    const std::string text = std::string("abcdefghijkl").substr(0, length);
    ShortText<8> kept;
    kept.keep_beginning("xxxxxxxx");
    kept.keep_beginning(text);
    CHECK(kept.view() == text.substr(0, 8));
    kept.keep_end(text);
    CHECK(kept.view() == text.substr(length - std::min<std::size_t>(length, 8)));
  }
}
