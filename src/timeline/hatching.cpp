#include "timeline/hatching.hpp"

#include <algorithm>
#include <iterator>

#include "timeline/projection.hpp"
#include "timeline/shown_boxes.hpp"

namespace bufgc::timeline {
namespace {

/// Sums the changes of each row up to shares, which then stand without the places beyond the right edge.
void sum_up(std::vector<float>& plane, PictureSize size) {
  const std::size_t stride = changes_a_row(size);
  for (std::size_t row = 0; row < size.height; ++row) {
    const float* const changes = plane.data() + row * stride;
    float* const shares = plane.data() + row * size.width;
    float sum = 0;
    for (std::size_t x = 0; x < size.width; ++x) shares[x] = sum += changes[x];
  }
  plane.resize(std::size_t{size.width} * size.height);
}

}  // namespace

const std::vector<float>& Hatching::cover(const Boxes& cached, const View& view, PictureSize size) {
  const auto found = std::find_if(kept_.begin(), kept_.end(), [&](const Kept& kept) {
    return kept.boxes.index == cached.index && kept.boxes.strips == cached.strips && kept.view == view &&
           kept.size == size;
  });
  if (found != kept_.end()) {
    kept_.splice(kept_.begin(), kept_, found);
    return found->cover;
  }
  std::size_t pixels = std::size_t{size.width} * size.height;
  for (auto kept = kept_.begin(); kept != kept_.end();) {
    pixels += kept->cover.size();
    kept = pixels > most_pixels_ ? kept_.erase(kept, kept_.end()) : std::next(kept);
  }
  const std::size_t stride = changes_a_row(size);
  kept_.push_front({cached, view, size, std::vector<float>(stride * size.height)});
  Kept& last = kept_.front();
  for_each_shown(
      cached, view, Projection(view, size), [&](std::uint32_t, const PixelBox&, const PixelBox& cut) {
        for_each_change(cut, stride, [&](std::size_t at, float share) { last.cover[at] += share; });
      });
  sum_up(last.cover, size);
  return last.cover;
}

}  // namespace bufgc::timeline
