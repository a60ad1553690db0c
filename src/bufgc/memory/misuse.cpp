#include "bufgc/memory/misuse.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace bufgc {
namespace {

/// Texts and numbers one behind another, without printf, which would be a tenth of the WebAssembly package.
class Line {
 public:
  explicit Line(std::span<char> place) noexcept : place_(place) {}

  Line& operator<<(std::string_view text) noexcept {
    const std::size_t length = std::min(text.size(), place_.size() - length_);
    std::copy_n(text.data(), length, place_.data() + length_);
    length_ += length;
    return *this;
  }
  template <class Number>
  Line& number(Number value, int base = 10) noexcept {
    std::array<char, 24> digits{};
    const char* const end = std::to_chars(digits.data(), digits.data() + digits.size(), value, base).ptr;
    return *this << std::string_view(digits.data(), static_cast<std::size_t>(end - digits.data()));
  }
  Line& hexadecimal(std::uint64_t value) noexcept { return (*this << "0x").number(value, 16); }

  [[nodiscard]] std::string_view text() const noexcept { return {place_.data(), length_}; }

 private:
  std::span<char> place_;
  std::size_t length_ = 0;
};

void put_buffer(Line& line, const Misuse& misuse) noexcept {
  std::uint64_t id = misuse.id;
  if (misuse.kind == MisuseKind::forged_id) {
    (line << "the id ").number(id) << " was never given";
    id = misuse.found;
    if (id == Misuse::no_id) return;
    line << ", its slot is that of ";
  }
  if (id == Misuse::no_id) {
    line << "a block";
  } else {
    (line << "buffer ").number(id);
  }
  if (!misuse.label.empty()) line << " '" << misuse.label << "'";
  if (misuse.allocation == 0) return;
  (line << " of ").number(misuse.size_bytes) << " bytes";
  if (!misuse.site.empty()) line << ", made at " << misuse.site;
  (line << ", allocation ").number(misuse.allocation);
  (line << " on thread ").number(misuse.made_on_thread);
  if (misuse.freed_on_thread != 0) (line << ", freed on thread ").number(misuse.freed_on_thread);
}

void put_expected_and_found(Line& line, const Misuse& misuse) noexcept {
  switch (misuse.kind) {
    case MisuseKind::write_before:
    case MisuseKind::write_after:
    case MisuseKind::write_after_free:
      (line << "; the byte at offset ").number(misuse.offset_bytes);
      (line << " should be ").hexadecimal(misuse.expected);
      (line << ", is ").hexadecimal(misuse.found);
      return;
    case MisuseKind::interior_pointer:
      (line << "; handed in by an address at offset ").number(misuse.offset_bytes);
      return;
    case MisuseKind::wrong_size:
      (line << "; handed in with ").number(misuse.found) << " bytes";
      return;
    case MisuseKind::double_release:
    case MisuseKind::leaked_edge:
      (line << "; should have ").number(misuse.expected) << " references at least";
      (line << ", had ").number(misuse.found);
      return;
    case MisuseKind::stale_id:
      (line << "; it has ended, its slot's last id is ").number(misuse.found);
      return;
    case MisuseKind::forged_id:
    case MisuseKind::double_free:
    case MisuseKind::foreign_pointer:
    case MisuseKind::wrong_allocator:
      return;
  }
}

constexpr std::array<const char*, misuse_kinds> names{
    "double_free", "foreign_pointer",  "interior_pointer", "wrong_size", "wrong_allocator", "write_before",
    "write_after", "write_after_free", "double_release",   "stale_id",   "forged_id",       "leaked_edge"};

}  // namespace

const char* misuse_name(MisuseKind kind) noexcept {
  const auto index = static_cast<std::size_t>(kind);
  return index < names.size() ? names[index] : "unknown";
}

std::string_view misuse_text(const Misuse& misuse, std::span<char> place) noexcept {
  Line line(place);
  line << "bufgc: " << misuse_name(misuse.kind) << ": ";
  put_buffer(line, misuse);
  put_expected_and_found(line, misuse);
  if (misuse.address != nullptr) {
    (line << "; at ").hexadecimal(reinterpret_cast<std::uintptr_t>(misuse.address));
  }
  (line << "; seen on thread ").number(misuse.seen_on_thread);
  return line.text();
}

}  // namespace bufgc
