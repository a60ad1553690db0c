#include "bufgc/viz/word_queue.hpp"

#include <bit>
#include <new>

#include "bufgc/memory/huge_pages.hpp"

namespace bufgc {
namespace {

constexpr std::size_t chunk_bytes = WordQueue::chunk_words * sizeof(std::uint64_t);
constexpr std::size_t chunks_of_huge_page = huge_page_bytes / chunk_bytes;
// A small program's log stays small: huge pages come when this many chunks are full.
constexpr std::size_t single_chunks = 8;

constexpr std::align_val_t alignment_of(std::size_t bytes) noexcept {
  return std::align_val_t{bytes == huge_page_bytes ? huge_page_bytes : 64};
}

}  // namespace

WordQueue::WordQueue(std::uint64_t max_words)
    : most_chunks_(static_cast<std::size_t>((max_words + chunk_words - 1) / chunk_words) + 1),
      mask_(std::bit_ceil(most_chunks_) - 1),
      chunks_(mask_ + 1) {
  spare_.reserve(most_chunks_);
  slabs_.reserve(most_chunks_);
}

bool WordQueue::back(std::size_t words) noexcept {
  // When it is empty, what is left of the chunk is not worth another one.
  if (begin_ == end()) {
    drop_before(chunk_end_);
    next_ = stop_;
  }
  const std::uint64_t last = chunk_of(end() + words - 1);
  if (last - first_chunk_ >= most_chunks_) return false;
  for (; backed_ <= last; ++backed_) {
    std::uint64_t* const chunk = take_chunk();
    if (chunk == nullptr) return false;
    chunks_[place_of(backed_)] = chunk;
  }
  return true;
}

std::uint64_t* WordQueue::take_chunk() noexcept {
  if (spare_.empty()) {
    const bool huge = has_huge_pages && taken_chunks_ >= single_chunks &&
                      most_chunks_ - taken_chunks_ >= chunks_of_huge_page;
    std::uint64_t* const words = huge ? take_slab(huge_page_bytes) : nullptr;
    if (words == nullptr) return take_slab(chunk_bytes);
    for (std::size_t chunk = chunks_of_huge_page; chunk-- > 0;) spare_.push_back(words + chunk * chunk_words);
  }
  std::uint64_t* const chunk = spare_.back();
  spare_.pop_back();
  return chunk;
}

std::uint64_t* WordQueue::take_slab(std::size_t bytes) noexcept {
  void* const memory = ::operator new(bytes, alignment_of(bytes), std::nothrow);
  if (memory == nullptr) return nullptr;
  if (bytes == huge_page_bytes) advise_huge_pages(memory, bytes);
  auto* const words = static_cast<std::uint64_t*>(memory);
  slabs_.push_back({words, bytes});
  taken_chunks_ += bytes / chunk_bytes;
  return words;
}

void WordQueue::turn() noexcept {
  next_ = chunks_[place_of(chunk_of(chunk_end_))];
  stop_ = next_ + chunk_words;
  chunk_end_ += chunk_words;
}

void WordQueue::reset() noexcept {
  for (const Slab& slab : slabs_) ::operator delete(slab.words, alignment_of(slab.bytes));
  slabs_.clear();
  spare_.clear();
  next_ = stop_ = nullptr;
  chunk_end_ = begin_ = first_chunk_ = backed_ = 0;
  taken_chunks_ = 0;
}

std::size_t WordQueue::memory_bytes() const noexcept {
  return taken_chunks_ * chunk_bytes + (chunks_.capacity() + spare_.capacity()) * sizeof(std::uint64_t*) +
         slabs_.capacity() * sizeof(Slab);
}

}  // namespace bufgc
