#pragma once

#include <cstdint>
#include <vector>

#include "trace/pytorch_fields.hpp"

namespace bufgc::trace {

/// What the stack of an allocation, a list of frames from the innermost one out, tells of it.
struct PytorchOrigin {
  /// "file:line name" of the innermost frame that is the user's: Python outside of torch; without such,
  /// Python at all; without Python, the innermost one with a line that is not PyTorch's. A name's number.
  std::uint32_t site = 0;
  /// The operator or the backward function that the user's frame called: of the C++ frames within it the
  /// outermost such one ("linear", "AddmmBackward0"); where none was recorded, the innermost Python function.
  std::uint32_t label = 0;
};

/// Each list, and each frame, is looked at once, however often it stands in the snapshot.
class PytorchFrames {
 public:
  explicit PytorchFrames(PytorchFields& fields);
  [[nodiscard]] PytorchOrigin origin(PickleValue frames);

 private:
  enum class Owner : std::uint8_t { user, torch, native, neither };
  struct Frame {
    Owner owner = Owner::neither;
    std::uint64_t line = 0;
    std::string_view file, function, operation;
  };
  /// The place of a frame in frames_.
  [[nodiscard]] std::uint32_t frame(PickleValue dict);
  [[nodiscard]] PytorchOrigin find_origin(PickleValue frames);
  [[nodiscard]] std::uint32_t site_of(const Frame& frame);

  PytorchFields& fields_;
  // By the numbers of the lists' and dicts' containers, 0 until asked for.
  std::vector<std::uint32_t> origin_of_list_;
  std::vector<std::uint32_t> frame_of_dict_;
  std::vector<PytorchOrigin> origins_;
  std::vector<Frame> frames_;
};

}  // namespace bufgc::trace
