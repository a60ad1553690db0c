#pragma once

#include <cstddef>
#include <memory>
#include <new>

namespace bufgc {

/// An array on the heap whose length is chosen once. A heap without room leaves it unallocated
/// instead of throwing or aborting. For elements that need no constructor arguments.
template <class T>
class FixedArray {
 public:
  FixedArray() = default;

  /// Replaces the contents by `count` elements, each `T{}`; false when there is no memory for them.
  [[nodiscard]] bool allocate(std::size_t count) noexcept {
    size_ = 0;
    elements_.reset();
    // `new` of more bytes than an object can have does not answer null everywhere.
    if (count > static_cast<std::size_t>(-1) / 4 / sizeof(T)) return false;
    elements_.reset(new (std::nothrow) T[count]());
    if (!elements_) return false;
    size_ = count;
    return true;
  }

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] T* data() noexcept { return elements_.get(); }
  [[nodiscard]] const T* data() const noexcept { return elements_.get(); }
  [[nodiscard]] T& operator[](std::size_t index) noexcept { return elements_[index]; }
  [[nodiscard]] const T& operator[](std::size_t index) const noexcept { return elements_[index]; }
  [[nodiscard]] T* begin() noexcept { return elements_.get(); }
  [[nodiscard]] T* end() noexcept { return elements_.get() + size_; }
  [[nodiscard]] const T* begin() const noexcept { return elements_.get(); }
  [[nodiscard]] const T* end() const noexcept { return elements_.get() + size_; }

 private:
  std::unique_ptr<T[]> elements_;
  std::size_t size_ = 0;
};

}  // namespace bufgc
