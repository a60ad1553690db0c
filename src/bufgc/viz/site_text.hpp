#pragma once

#include <cstddef>
#include <string_view>

namespace bufgc {

// A site as text: a frame, or the stack that led there, from the innermost frame out. Where the innermost
// one is a library's, the one that is the user's bears a mark:
//
//     train.py:12 train
//     torch/nn/linear.py:125 forward <- > train.py:12 train <- train.py:40 <module>

inline constexpr std::string_view frame_separator = " <- ";
inline constexpr std::string_view own_frame_mark = "> ";
/// Deeper stacks are cut: their last frame then tells how many were left out.
inline constexpr std::size_t most_stack_frames = 128;

/// What a site is called in lists and groups: the frame with the mark, without it the innermost one.
[[nodiscard]] inline std::string_view site_name(std::string_view site) noexcept {
  std::string_view first = site.substr(0, site.find(frame_separator));
  if (first.size() == site.size()) return site;
  for (std::string_view frame = first; !site.empty();) {
    if (frame.substr(0, own_frame_mark.size()) == own_frame_mark) return frame.substr(own_frame_mark.size());
    site.remove_prefix(frame.size() < site.size() ? frame.size() + frame_separator.size() : site.size());
    frame = site.substr(0, site.find(frame_separator));
  }
  return first;
}

}  // namespace bufgc
