#include "trace/pytorch_fields.hpp"

#include "trace/utf8.hpp"

namespace bufgc::trace {
namespace {

constexpr std::string_view field_names[] = {
#define BUFGC_X(name) #name,
    BUFGC_PYTORCH_FIELDS(BUFGC_X)
#undef BUFGC_X
};

PytorchField field_of(std::string_view name) {
  std::size_t field = 0;
  while (field < std::size(field_names) && field_names[field] != name) ++field;
  return static_cast<PytorchField>(field);
}

}  // namespace

std::string_view name_of(PytorchField field) noexcept {
  return field == PytorchField::count ? std::string_view{} : field_names[static_cast<std::size_t>(field)];
}

PytorchFields::PytorchFields(const PickleValues& values, std::uint64_t file_bytes, StringTable& names)
    : values_(values),
      left_(file_bytes),
      names_(names),
      names_by_text_(values.texts()),
      fields_by_text_(values.texts(), not_asked) {}

std::span<const PickleValue> PytorchFields::charge(std::span<const PickleValue> items) noexcept {
  if (items.size() > left_) exhausted_ = true;
  if (exhausted_) return {};
  left_ -= items.size();
  return items;
}

std::span<const PickleValue> PytorchFields::list(PickleValue list) {
  using Kind = PickleValue::Kind;
  if (!list.is(Kind::list) && !list.is(Kind::tuple)) return {};
  return charge(values_.items(list));
}

PytorchDict PytorchFields::dict(PickleValue dict) {
  PytorchDict found;
  if (!dict.is(PickleValue::Kind::dict)) return found;
  const std::span<const PickleValue> items = charge(values_.items(dict));
  for (std::size_t at = 0; at + 1 < items.size(); at += 2) {
    if (!items[at].is(PickleValue::Kind::text)) continue;
    PytorchField& field = fields_by_text_[static_cast<std::size_t>(items[at].bits)];
    if (field == not_asked) field = field_of(values_.text(items[at]));
    if (field != PytorchField::count) found.set(field, items[at + 1]);
  }
  return found;
}

std::uint32_t PytorchFields::name(PickleValue text) {
  if (!text.is(PickleValue::Kind::text)) return 0;
  std::uint32_t& known = names_by_text_[static_cast<std::size_t>(text.bits)];
  if (known == 0) known = name(values_.text(text));
  return known;
}

std::uint32_t PytorchFields::name(std::string_view text) {
  return utf8_valid(text) ? names_.intern(text) : names_.intern(utf8_repaired(text));
}

}  // namespace bufgc::trace
