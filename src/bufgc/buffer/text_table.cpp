#include "bufgc/buffer/text_table.hpp"

#include <cstdlib>
#include <cstring>
#include <new>

namespace bufgc {
namespace {

std::uint32_t hash_of(std::string_view text) noexcept {
  std::uint32_t hash = 2166136261U;  // FNV-1a
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
  return hash;
}

Text* make_text(std::string_view text, std::uint32_t hash) noexcept {
  void* memory = std::malloc(sizeof(Text) + text.size());
  if (memory == nullptr) return nullptr;
  Text* made = new (memory) Text{hash, static_cast<std::uint32_t>(text.size()), false};
  std::memcpy(reinterpret_cast<char*>(made + 1), text.data(), text.size());
  return made;
}

}  // namespace

TextTable::~TextTable() {
  if (table_ == nullptr) return;
  for (std::uint32_t i = 0; i < buckets; ++i) std::free(table_[i]);
  std::free(static_cast<void*>(table_));
}

Text* TextTable::keep(std::string_view text) noexcept {
  constexpr std::size_t longest = 0xffff;  // a label is a word, not a document
  if (text.empty()) return nullptr;
  text = text.substr(0, longest);
  const std::uint32_t hash = hash_of(text);
  const Locked locked(lock_);
  if (table_ == nullptr) table_ = static_cast<Text**>(std::calloc(buckets, sizeof(Text*)));
  if (table_ == nullptr) return make_text(text, hash);
  std::uint32_t at = hash % buckets;
  for (; table_[at] != nullptr; at = (at + 1) % buckets) {
    if (table_[at]->hash == hash && table_[at]->view() == text) return table_[at];
  }
  Text* made = make_text(text, hash);
  if (made != nullptr && count_ < max_shared) {
    made->shared = true;
    table_[at] = made;
    ++count_;
  }
  return made;
}

void TextTable::drop(Text* text) noexcept {
  if (text != nullptr && !text->shared) std::free(text);
}

}  // namespace bufgc
