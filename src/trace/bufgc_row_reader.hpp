#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bufgc/viz/lifecycles_builder.hpp"
#include "trace/bufgc_block_reader.hpp"

namespace bufgc::trace {

/// Makes lifecycles of blocks, in their order, from the beginning of a section on. Buffers are named by
/// their rows in the file, so nothing is looked up by id. Each call tells what was expected and found where
/// a block is wrong, without the place, and is empty when all is well; what came before stays.
class RowReader {
 public:
  /// The first section gives the totals of what is not listed; those that follow only new names.
  [[nodiscard]] std::string section(const BlockHeader& header, std::string_view payload);
  /// A block of records; of those that tell what stands only those of the first section are taken, which
  /// alone has rows from before it.
  [[nodiscard]] std::string records(const BlockHeader& header, std::string_view payload);

  /// Makes room for so many births and events.
  void reserve(std::size_t births, std::size_t events);
  /// Events and births that the file has up to here.
  [[nodiscard]] std::uint64_t events() const noexcept { return events_; }
  [[nodiscard]] const LifecyclesBuilder& builder() const noexcept { return builder_; }
  [[nodiscard]] Lifecycles take() { return builder_.take(); }

 private:
  static constexpr std::uint32_t none = Lifecycles::none;

  [[nodiscard]] std::string check_place(const BlockHeader& header) const;
  [[nodiscard]] std::string add_names();
  [[nodiscard]] std::string check_births() const;
  void add_births(bool standing);
  [[nodiscard]] std::string add_events(const BlockHeader& header, bool standing);
  void drop_births_after(std::size_t rows);
  /// Calls `visit` with each column of the rows.
  template <class Visit>
  void for_each_column(Visit&& visit);
  /// The row of what was born `age` births ago, `none` where there is none or it is not alive.
  [[nodiscard]] std::uint32_t live_row(std::uint64_t age) const noexcept;

  BlockReader block_;
  LifecyclesBuilder builder_;
  std::vector<std::uint32_t> names_;  // by number in the section, to those of the lifecycles
  bool any_section_ = false;
  bool any_events_ = false;
  std::uint64_t events_ = 0;                  // in the file, before the next block
  std::uint64_t births_ = 0;                  // in the file, up to the record under way
  std::uint64_t first_row_ = 0;               // of the first section, in the file
  std::vector<std::uint64_t> standing_rows_;  // in the file; they are the first ones here
  std::int64_t last_time_ns_ = 0;
  bool any_time_ = false;
};

}  // namespace bufgc::trace
