#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "bufgc/buffer_manager.hpp"

namespace bufgc::proof {

/// Passes on to another source and remembers the most that was ever out. Its figures are plain numbers: that
/// an allocator calls its source from one thread at a time is for ThreadSanitizer to see.
class MeasuredSource final : public MemorySource {
 public:
  explicit MeasuredSource(MemorySource& source) noexcept : source_(source) {}
  [[nodiscard]] std::uint64_t bytes_out() const noexcept { return bytes_out_; }
  [[nodiscard]] std::uint64_t most_bytes_out() const noexcept { return most_bytes_out_; }

  [[nodiscard]] Segment acquire(std::size_t min_bytes) noexcept override {
    return counted(source_.acquire(min_bytes));
  }
  [[nodiscard]] Segment acquire_at(std::byte* address, std::size_t min_bytes) noexcept override {
    return counted(source_.acquire_at(address, min_bytes));
  }
  void release(Segment segment) noexcept override {
    bytes_out_ -= segment.size_bytes;
    source_.release(segment);
  }
  [[nodiscard]] std::size_t granularity_bytes() const noexcept override {
    return source_.granularity_bytes();
  }
  [[nodiscard]] bool returns_memory() const noexcept override { return source_.returns_memory(); }

 private:
  Segment counted(Segment segment) noexcept {
    bytes_out_ += segment.size_bytes;
    if (bytes_out_ > most_bytes_out_) most_bytes_out_ = bytes_out_;
    return segment;
  }

  MemorySource& source_;
  std::uint64_t bytes_out_ = 0;
  std::uint64_t most_bytes_out_ = 0;
};

/// A number that all threads add to. Relaxed, so that counting orders nothing between them.
class Tally {
 public:
  void add(std::uint64_t count = 1) noexcept { count_.fetch_add(count, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t value() const noexcept { return count_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> count_{0};
};

/// One manager that several threads use in every way at once, each by a random program of its own. Buffers,
/// weak references and finalizers go from thread to thread. The words of a buffer follow from its id, so
/// whoever has a handle can tell whether they are what they were; what was done is counted, and at the end
/// compared with the figures.
///
/// What is in a buffer may not be touched while another thread destroys it, or closes its manager. So buffers
/// of int8 are those that anyone may destroy and nobody reads, and in a program that ends by a close nobody
/// reads any more once that may come.
class ThreadedProgram {
 public:
  static constexpr unsigned threads = 8;

  enum class End : std::uint8_t {
    let_go,  ///< All handles are dropped, then nothing may be left.
    close,   ///< One thread closes the manager at the work of the others.
    gone,    ///< The manager goes while the others drop what they hold.
  };

  explicit ThreadedProgram(std::uint64_t seed);

  /// All of it: so many operations on each thread, then the end. The first thing found wrong, or null.
  [[nodiscard]] const char* run(std::uint64_t operations, End end);

  /// After `run`: the manager's figures before its end.
  [[nodiscard]] const Statistics& statistics() const noexcept { return figures_; }
  [[nodiscard]] std::uint64_t rescued() const noexcept { return rescued_.value(); }

 private:
  /// Where things go from thread to thread.
  struct Place {
    std::mutex mutex;
    CpuBuffer strong;
    WeakBuffer weak;
    Finalizer finalizer;
  };
  class Worker;  // threaded_worker.hpp
  using Workers = std::vector<std::unique_ptr<Worker>>;

  [[nodiscard]] Place& place(std::uint64_t random) noexcept { return places_[random % places_.size()]; }
  /// What stands there; another takes its place.
  [[nodiscard]] CpuBuffer exchange(Place& place, CpuBuffer buffer = {});

  /// A new buffer, filled; empty where there is no room for it, or the manager is closed.
  [[nodiscard]] CpuBuffer make(std::uint64_t size_bytes, DType dtype, bool labelled = false);
  void fill(const CpuBuffer& buffer) const;
  [[nodiscard]] static bool shared_with_destroyers(const CpuBuffer& buffer) noexcept {
    return buffer.dtype() == DType::int8;
  }
  /// What holds of every handle, and its bytes.
  void check(const CpuBuffer& buffer);
  /// A finalizer that does `choice`; false where the owner has ended.
  bool finalize(const CpuBuffer& owner, std::uint64_t choice, Finalizer& registered);
  void behave(std::uint64_t choice);
  void expect(bool holds, const char* what) noexcept;

  template <class Body>
  void on_threads(Body body);
  /// Figures while others work, which belong to one moment.
  void check_moment();
  /// Nobody works: what was counted is what the figures say.
  void check_counts();
  void empty_places();
  void let_go(Workers& workers);
  void close_at_work(Workers& workers, std::uint64_t operations);
  void go(Workers& workers);

  std::uint64_t seed_;
  std::uint64_t budget_bytes_;
  MeasuredSource source_;
  std::array<Place, 64> places_;
  std::optional<BufferManager> manager_;
  // Changed only while no thread works.
  bool reads_ = true;    ///< Bytes may be read and written.
  bool closes_ = false;  ///< The manager closes meanwhile.
  bool gone_ = false;    ///< It may be no more: finalizers leave it alone.
  std::atomic<const char*> wrong_{nullptr};
  Statistics figures_;

  Tally blocks_;
  Tally block_bytes_;
  Tally views_;
  Tally externals_;
  Tally externals_released_;
  Tally refused_;
  Tally destroyed_;
  Tally collected_;
  Tally registered_;
  Tally runs_;
  Tally detached_;
  Tally thrown_;
  Tally errors_;
  Tally rescued_;
  Tally misuses_;
};

}  // namespace bufgc::proof
