#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace bufgc::timeline {

/// A picture under way, which can be left off and gone on with, so that whoever draws is free in between.
/// Keeps what it was begun with: what that points to must stay as it is until the picture is finished.
class Painting {
 public:
  Painting() = default;
  Painting(const Painting&) = delete;
  Painting& operator=(const Painting&) = delete;
  virtual ~Painting() = default;

  /// Goes on for as long as some `boxes` boxes take, and at least by one step. Returns how much of the
  /// picture is drawn then, from 0 to 1, which is all.
  virtual double go_on(std::size_t boxes) = 0;
  /// RGBA, row by row from the top. Only when all is drawn, and once.
  virtual void finish(std::vector<std::uint8_t>& rgba) = 0;

  /// All that is left, at once.
  void complete(std::vector<std::uint8_t>& rgba) {
    while (go_on(std::numeric_limits<std::size_t>::max()) < 1) {
    }
    finish(rgba);
  }
};

}  // namespace bufgc::timeline
