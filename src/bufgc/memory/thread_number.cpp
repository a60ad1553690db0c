#include "bufgc/memory/thread_number.hpp"

#include <atomic>

namespace bufgc {

constinit thread_local std::uint32_t own_thread_number = 0;

std::uint32_t number_thread() noexcept {
  static std::atomic<std::uint32_t> last{0};
  return own_thread_number = last.fetch_add(1, std::memory_order_relaxed) + 1;
}

}  // namespace bufgc
