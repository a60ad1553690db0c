#pragma once

// What the halves of the binding share: the one manager of this WebAssembly instance, and the mailbox
// through which calls hand over more than their arguments and their result can carry.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "bufgc/buffer_manager.hpp"
#include "shelf.hpp"

namespace bufgc::wasm {

/// Read and written by JavaScript as 32-bit words: `Mail` in wasm/src/native.ts names their places.
/// Whoever calls in reads the answer before it calls again; whoever is called copies what was left
/// here before anything runs that may call in again (a finalizer may).
struct Mailbox {
  std::uint32_t status = 0;
  std::uint32_t generation = 0;
  std::uint32_t extents[Shape::max_rank] = {};
  std::uint32_t count = 0;  ///< Of the items that a call answered with the address of.
};

/// What the instance tells JavaScript of by itself: `NativeEvent` in wasm/src/native.ts.
enum class Event : int { finalizer = 0, recorded = 1, collect_start = 2, collect_stop = 3, misuse = 4 };
/// Calls JavaScript. It may call back into anything, and never throws.
void tell(Event event, int key) noexcept;

struct Instance {
  std::unique_ptr<BufferManager> manager;  ///< Null until JavaScript opened it.
  Mailbox mailbox;
  Shelf shelf;
  std::unique_ptr<char[]> text;  ///< A text on its way in.
  std::uint32_t text_bytes = 0;  ///< The room there.
  CollectReport last_collection;
};
/// There from `_initialize` on: a function's own static would be looked for at each call.
extern Instance the_instance;
[[nodiscard]] inline Instance& instance() noexcept {
  return the_instance;
}

/// A label on its way in, taken out of the instance, since a finalizer that runs during the call
/// may bring another. Short ones, nearly all, are copied to the stack.
class IncomingText {
 public:
  explicit IncomingText(std::size_t bytes) noexcept;
  [[nodiscard]] std::string_view view() const noexcept { return {data_, bytes_}; }
  IncomingText(const IncomingText&) = delete;
  IncomingText& operator=(const IncomingText&) = delete;

 private:
  char short_[128];
  std::unique_ptr<char[]> long_;
  const char* data_ = short_;
  std::size_t bytes_;
};

}  // namespace bufgc::wasm
