#include "trace/pytorch_frames.hpp"

#include <algorithm>
#include <initializer_list>
#include <string>
#include <utility>

#include "bufgc/viz/site_text.hpp"

namespace bufgc::trace {
namespace {

bool starts_with(std::string_view text, std::string_view start) {
  return text.substr(0, start.size()) == start;
}
bool ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

bool contains_any(std::string_view text, std::initializer_list<std::string_view> parts) {
  return std::any_of(parts.begin(), parts.end(),
                     [&](std::string_view part) { return text.find(part) != std::string_view::npos; });
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

/// See the class.
bool is_plumbing(std::string_view file, std::string_view function) {
  const bool python_api = starts_with(function, "_Py") ||
                          (starts_with(function, "Py") && function.find('_') != std::string_view::npos);
  return python_api ||
         contains_any(function, {"unwind::unwind", "<unwind unsupported>", "CapturedTraceback::gather",
                                 "gather_with_cpp", "_start", "__libc_start_main", "PyEval_", "PyObject_",
                                 "PyFunction_"}) ||
         contains_any(file, {"core/boxing", "/Register", "/Redispatch", "pythonrun.c", "Modules/main.c",
                             "Objects/call.c", "Objects/methodobject.c", "pycore_ceval.h", "ceval.c",
                             "cpython/abstract.h"});
}

/// A function's name without its arguments, which C++ writes behind it.
std::string_view without_arguments(std::string_view function) {
  constexpr std::string_view unnamed = "(anonymous namespace)";
  std::size_t open = function.find('(');
  while (open != std::string_view::npos && starts_with(function.substr(open), unnamed))
    open = function.find('(', open + unnamed.size());
  return open == 0 ? function : function.substr(0, open);
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
  if (place != 0) return origins_[place];
  std::vector<std::uint32_t> stack;
  for (const PickleValue item : fields_.list(frames)) stack.push_back(frame(item));
  const auto known = origin_of_stack_.find(stack);
  const PytorchOrigin origin = known != origin_of_stack_.end() ? known->second : find_origin(stack);
  if (known == origin_of_stack_.end()) origin_of_stack_.emplace(std::move(stack), origin);
  place = static_cast<std::uint32_t>(origins_.size());
  origins_.push_back(origin);
  return origin;
}

PytorchOrigin PytorchFrames::find_origin(const std::vector<std::uint32_t>& stack) {
  // Places in the stack; at its end stands none.
  const std::size_t none = stack.size();
  std::size_t user = none;
  std::size_t torch = none;
  std::size_t native = none;
  std::size_t operation = none;
  for (std::size_t at = 0; at < stack.size() && user == none; ++at) {
    const Frame& next = frames_[stack[at]];
    if (!next.operation.empty()) operation = at;
    if (next.owner == Owner::torch && torch == none) torch = at;
    if (next.owner == Owner::native && native == none) native = at;
    if (next.owner == Owner::user) user = at;
  }
  const auto first_of = [none](std::initializer_list<std::size_t> places) {
    const auto* const found =
        std::find_if(places.begin(), places.end(), [none](std::size_t at) { return at != none; });
    return found == places.end() ? none : *found;
  };
  PytorchOrigin origin;
  if (operation != none) {
    origin.label = fields_.name(frames_[stack[operation]].operation);
  } else if (const std::size_t python = first_of({torch, user}); python != none) {  // the innermost one
    origin.label = fields_.name(frames_[stack[python]].function.substr(0, most_name_bytes));
  }
  const std::size_t own = first_of({user, torch, native, operation});
  if (own != none) origin.site = site_of(stack, own);
  return origin;
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
  frame.told = is_python(frame.file) || (!frame.function.empty() && !is_plumbing(frame.file, frame.function));
  place = static_cast<std::uint32_t>(frames_.size());
  frames_.push_back(frame);
  return place;
}

std::uint32_t PytorchFrames::site_of(const std::vector<std::uint32_t>& stack, std::size_t own) {
  const auto text_of = [](const Frame& frame) {
    std::string text;
    if (is_python(frame.file) || frame.line > 0) {
      // Of a long path its end tells most.
      text = frame.file.substr(frame.file.size() - std::min(frame.file.size(), most_name_bytes));
      text += ':' + std::to_string(frame.line) + ' ';
    }
    const bool python = is_python(frame.file);
    return text += (python ? frame.function : without_arguments(frame.function)).substr(0, most_name_bytes);
  };
  std::vector<std::size_t> told;
  for (std::size_t at = 0; at < stack.size(); ++at) {
    // One that would be cut off begins the stack.
    if (at == own && told.size() + 1 >= most_stack_frames) told.clear();
    if (at == own || frames_[stack[at]].told) told.push_back(at);
  }
  const std::size_t kept = told.size() <= most_stack_frames ? told.size() : most_stack_frames - 1;
  std::string text;
  for (std::size_t i = 0; i < kept; ++i) {
    if (i > 0) text += frame_separator;
    if (i > 0 && told[i] == own) text += own_frame_mark;
    text += text_of(frames_[stack[told[i]]]);
  }
  if (kept < told.size()) {
    text += frame_separator;
    text += '(';  // piece by piece: g++ 12 warns of sums of texts that it puts inline
    text += std::to_string(told.size() - kept) + " frames more)";
  }
  if (text.size() > stack_bytes_left_) {
    ++without_stack_;
    text = text_of(frames_[stack[own]]);
  } else {
    stack_bytes_left_ -= text.size();
  }
  return fields_.name(text);
}

}  // namespace bufgc::trace
