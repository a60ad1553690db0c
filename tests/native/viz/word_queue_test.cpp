// The queue of words against a plain deque; what it does at its bound and without memory.

#include "bufgc/viz/word_queue.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <cstdint>
#include <deque>
#include <random>

#include "bufgc/memory/huge_pages.hpp"
#include "failing_heap.hpp"

using namespace bufgc;

namespace {

constexpr std::size_t chunk_bytes = WordQueue::chunk_words * sizeof(std::uint64_t);

void fill(WordQueue& queue, std::size_t words) {
  for (std::size_t i = 0; i < words; ++i) {
    REQUIRE(queue.room(1));
    queue.push(i);
  }
}

}  // namespace

TEST_CASE("a queue of words is a queue, whatever lies across the ends of its chunks") {
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    INFO("seed " << seed);
    std::mt19937_64 random(seed);
    WordQueue queue(3 * WordQueue::chunk_words);
    std::deque<std::uint64_t> model;
    std::uint64_t first = queue.begin();
    std::uint64_t pushed = 0;
    for (int step = 0; step < 20000; ++step) {
      const std::size_t words = 1 + random() % (step % 100 == 0 ? 9000 : 12);
      if (random() % 2 == 0 && queue.room(words)) {
        // What came before may have moved to the beginning of a chunk, but only when there was nothing.
        REQUIRE((model.empty() || queue.begin() == first));
        first = queue.begin();
        if (queue.at_hand(words) && words < 12) {
          std::uint64_t* const place = queue.take(words);
          for (std::size_t i = 0; i < words; ++i) model.push_back(place[i] = ++pushed);
        } else {
          for (std::size_t i = 0; i < words; ++i) {
            queue.push(++pushed);
            model.push_back(pushed);
          }
        }
      } else if (!model.empty()) {
        const std::size_t gone = std::min<std::size_t>(words, model.size());
        model.erase(model.begin(), model.begin() + static_cast<std::ptrdiff_t>(gone));
        queue.drop_before(first += gone);
      }
      REQUIRE(queue.end() - queue.begin() == model.size());
      if (model.empty()) continue;
      const auto offset = static_cast<std::size_t>(random() % model.size());
      REQUIRE(queue.at(first + offset) == model[offset]);
      std::array<std::uint64_t, 9> copies{};
      const std::uint64_t* const read = queue.read(first + offset, copies.size(), copies.data());
      for (std::size_t i = 0; i < copies.size() && offset + i < model.size(); ++i)
        REQUIRE(read[i] == model[offset + i]);
    }
    CHECK(pushed > 100000);
    CHECK(queue.memory_bytes() <= 6 * chunk_bytes);
  }
}

TEST_CASE("a queue holds what it is made for and says no beyond") {
  WordQueue queue(WordQueue::chunk_words);
  CHECK_FALSE(queue.room(3 * WordQueue::chunk_words));
  fill(queue, 100);
  queue.drop_before(queue.begin() + 100);  // it begins in the middle of a chunk
  fill(queue, WordQueue::chunk_words);
  while (queue.room(1)) queue.push(0);
  CHECK(queue.end() - queue.begin() < 2 * WordQueue::chunk_words);
  CHECK_FALSE(queue.room(1));
  queue.drop_before(queue.begin() + WordQueue::chunk_words);
  CHECK(queue.room(1));
}

TEST_CASE("a chunk that was read to its end is written to next") {
  WordQueue queue(10 * WordQueue::chunk_words);
  fill(queue, 2 * WordQueue::chunk_words);
  const std::uint64_t* const oldest = &queue.at(0);
  const std::size_t bytes = queue.memory_bytes();
  queue.drop_before(WordQueue::chunk_words);
  fill(queue, 1);
  CHECK(&queue.at(queue.end() - 1) == oldest);
  CHECK(queue.memory_bytes() == bytes);
}

TEST_CASE("a queue takes little memory before it takes huge pages, and gives all of it back") {
  WordQueue queue(100 * WordQueue::chunk_words);
  const std::size_t empty = queue.memory_bytes();
  fill(queue, 1);
  CHECK(queue.memory_bytes() == empty + chunk_bytes);
  fill(queue, 8 * WordQueue::chunk_words - 1);
  CHECK(queue.memory_bytes() == empty + 8 * chunk_bytes);
  // Its own records: where each chunk is, by its number, whether it is spare, and what it was taken with.
  CHECK(empty >= 100 * 3 * sizeof(void*));
  CHECK(empty <= 10'000);
  fill(queue, 1);
  CHECK(queue.memory_bytes() == empty + 8 * chunk_bytes + (has_huge_pages ? huge_page_bytes : chunk_bytes));
  fill(queue, 91 * WordQueue::chunk_words);
  // No huge page where less is left to the bound.
  CHECK(queue.memory_bytes() <= empty + 101 * chunk_bytes);
  queue.reset();
  CHECK(queue.memory_bytes() == empty);
  fill(queue, WordQueue::chunk_words + 1);
  CHECK(queue.end() == WordQueue::chunk_words + 1);
}

TEST_CASE("where there is no huge page a single chunk does, and where there is none the queue says no") {
  WordQueue queue(100 * WordQueue::chunk_words);
  {
    const FailingHeap none(0);
    CHECK_FALSE(queue.room(1));
  }
  fill(queue, 8 * WordQueue::chunk_words);
  const std::size_t bytes = queue.memory_bytes();
  {
    const FailingHeap no_huge_page(0, has_huge_pages ? 1 : 0);
    CHECK(queue.room(1));
  }
  CHECK(queue.memory_bytes() == bytes + chunk_bytes);
  fill(queue, WordQueue::chunk_words);
  const FailingHeap none(0);
  CHECK_FALSE(queue.room(1));
  // What there is goes round.
  queue.drop_before(2 * WordQueue::chunk_words);
  CHECK(queue.room(2 * WordQueue::chunk_words));
  CHECK_FALSE(queue.room(2 * WordQueue::chunk_words + 1));
}
