#include "trace/pytorch_frames.hpp"

#include <algorithm>
#include <string>

namespace bufgc::trace {
namespace {

bool starts_with(std::string_view text, std::string_view start) {
  return text.substr(0, start.size()) == start;
}
bool ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

bool is_python(std::string_view file) {
  // "<string>", "<stdin>", "<ipython-input-3-…>"; a frame that could not be unwound has none.
  return ends_with(file, ".py") || starts_with(file, "<");
}
/// Of the library, or made by its compiler.
bool is_of_torch(std::string_view file) {
  return file.find("/torch/") != std::string_view::npos || file.find("\\torch\\") != std::string_view::npos ||
         file.find("torchinductor_") != std::string_view::npos;
}
bool is_library_function(std::string_view function) {
  // A thread of the backward pass ends in how it was started.
  for (const std::string_view start : {"start_thread", "execute_native_thread_routine", "clone3", "__clone3"})
    if (function == start) return true;
  return starts_with(function, "at::") || starts_with(function, "c10::") || starts_with(function, "torch::");
}

/// "add_Tensor" of "at::_ops::add_Tensor::call(…)", "MulBackward0" of
/// "torch::autograd::generated::MulBackward0::apply(…)".
std::string_view operation_of(std::string_view function) {
  for (const std::string_view before : {"at::_ops::", "torch::autograd::generated::"}) {
    if (!starts_with(function, before)) continue;
    const std::string_view rest = function.substr(before.size());
    const std::size_t end = rest.find("::");
    const std::string_view name = rest.substr(0, end);
    const bool plain = end != std::string_view::npos && name.find_first_of("(<") == std::string_view::npos;
    if (plain && name != "details") return name.substr(0, most_name_bytes);
  }
  return {};
}

}  // namespace

PytorchFrames::PytorchFrames(PytorchFields& fields)
    : fields_(fields),
      origin_of_list_(fields.values().containers()),
      frame_of_dict_(fields.values().containers()),
      origins_(1),
      frames_(1) {}

PytorchOrigin PytorchFrames::origin(PickleValue frames) {
  if (!frames.is(PickleValue::Kind::list)) return {};
  std::uint32_t& place = origin_of_list_[static_cast<std::size_t>(frames.bits)];
  if (place == 0) {
    place = static_cast<std::uint32_t>(origins_.size());
    origins_.push_back(find_origin(frames));
  }
  return origins_[place];
}

PytorchOrigin PytorchFrames::find_origin(PickleValue frames) {
  // Places in frames_; at 0 stands none.
  std::uint32_t user = 0;
  std::uint32_t torch = 0;
  std::uint32_t native = 0;
  std::string_view operation;
  for (const PickleValue item : fields_.list(frames)) {
    const std::uint32_t place = frame(item);
    const Frame& next = frames_[place];
    if (!next.operation.empty()) operation = next.operation;
    if (next.owner == Owner::torch && torch == 0) torch = place;
    if (next.owner == Owner::native && native == 0) native = place;
    if (next.owner != Owner::user) continue;
    user = place;
    break;
  }
  const std::uint32_t python = torch != 0 ? torch : user;  // the innermost one
  const std::uint32_t chosen = user != 0 ? user : torch != 0 ? torch : native;
  if (operation.empty()) operation = frames_[python].function.substr(0, most_name_bytes);
  return {site_of(frames_[chosen]), fields_.name(operation)};
}

std::uint32_t PytorchFrames::frame(PickleValue dict) {
  if (!dict.is(PickleValue::Kind::dict)) return 0;
  std::uint32_t& place = frame_of_dict_[static_cast<std::size_t>(dict.bits)];
  if (place != 0) return place;
  const PytorchDict found = fields_.dict(dict);
  Frame frame;
  frame.file = fields_.text(found[PytorchField::filename]);
  frame.function = fields_.text(found[PytorchField::name]);
  const PickleValue line = found[PytorchField::line];
  if (line.is(PickleValue::Kind::integer) && !line.negative) frame.line = line.bits;
  frame.operation = operation_of(frame.function);
  if (is_python(frame.file)) {
    frame.owner = is_of_torch(frame.file) ? Owner::torch : Owner::user;
  } else if (frame.line > 0 && !is_library_function(frame.function)) {
    frame.owner = Owner::native;
  }
  place = static_cast<std::uint32_t>(frames_.size());
  frames_.push_back(frame);
  return place;
}

std::uint32_t PytorchFrames::site_of(const Frame& frame) {
  if (frame.owner == Owner::neither) return 0;
  // Of a long path its end tells most.
  const std::string_view file = frame.file;
  std::string site(file.substr(file.size() - std::min(file.size(), most_name_bytes)));
  site += ':' + std::to_string(frame.line) + ' ';
  site += frame.function.substr(0, most_name_bytes);
  return fields_.name(site);
}

}  // namespace bufgc::trace
