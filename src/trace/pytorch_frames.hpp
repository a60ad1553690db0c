#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "trace/pytorch_fields.hpp"

namespace bufgc::trace {

/// What the stack of an allocation, a list of frames from the innermost one out, tells of it.
struct PytorchOrigin {
  /// The stack as a site's text (`site_text.hpp`), of at most `most_stack_frames`; one whose marked frame
  /// lies deeper begins with it. Marked is the innermost frame that is the user's: Python outside of torch;
  /// without such, Python at all; without Python, the innermost one with a line that is not PyTorch's; else
  /// the operator's that is the label. Without any of these there is no site. A name's number.
  std::uint32_t site = 0;
  /// The operator or the backward function that the user's frame called: of the C++ frames within it the
  /// outermost such one ("linear", "AddmmBackward0"); where none was recorded, the innermost Python function.
  std::uint32_t label = 0;
};

/// Each list, and each frame, is looked at once, however often it stands in the snapshot; lists of the same
/// frames are one stack.
///
/// Frames that tell how a stack was taken, or that the interpreter ran, are left out: those that PyTorch's
/// own viewer leaves out (`_frame_filter` in torch/cuda/_memory_viz.py), and functions of Python's C API.
class PytorchFrames {
 public:
  explicit PytorchFrames(PytorchFields& fields);
  [[nodiscard]] PytorchOrigin origin(PickleValue frames);

  /// The text of all stacks together. What comes when it is used up is kept as the marked frame alone.
  static constexpr std::size_t most_stack_bytes = std::size_t{64} << 20U;
  /// Stacks that came then.
  [[nodiscard]] std::uint64_t without_stack() const noexcept { return without_stack_; }

 private:
  enum class Owner : std::uint8_t { user, torch, native, neither };
  struct Frame {
    Owner owner = Owner::neither;
    bool told = false;  ///< Stands in stacks.
    std::uint64_t line = 0;
    std::string_view file, function, operation;
  };
  /// The place of a frame in frames_.
  [[nodiscard]] std::uint32_t frame(PickleValue dict);
  [[nodiscard]] PytorchOrigin find_origin(const std::vector<std::uint32_t>& stack);
  [[nodiscard]] std::uint32_t site_of(const std::vector<std::uint32_t>& stack, std::size_t own);

  PytorchFields& fields_;
  // By the numbers of the lists' and dicts' containers, 0 until asked for.
  std::vector<std::uint32_t> origin_of_list_;
  std::vector<std::uint32_t> frame_of_dict_;
  std::vector<PytorchOrigin> origins_;
  std::vector<Frame> frames_;
  std::map<std::vector<std::uint32_t>, PytorchOrigin> origin_of_stack_;  ///< By the places of its frames.
  std::size_t stack_bytes_left_ = most_stack_bytes;
  std::uint64_t without_stack_ = 0;
};

}  // namespace bufgc::trace
