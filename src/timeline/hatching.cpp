#include "timeline/hatching.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace bufgc::timeline {

const std::vector<float>* Hatching::find(const Boxes& boxes, const View& view, PictureSize size) {
  const auto found = std::find_if(kept_.begin(), kept_.end(), [&](const Kept& kept) {
    return kept.boxes.index == boxes.index && kept.boxes.strips == boxes.strips && kept.view == view &&
           kept.size == size;
  });
  if (found == kept_.end()) return nullptr;
  kept_.splice(kept_.begin(), kept_, found);
  return &found->cover;
}

const std::vector<float>& Hatching::keep(const Boxes& boxes, const View& view, PictureSize size,
                                         std::vector<float> cover) {
  std::size_t pixels = cover.size();
  for (auto kept = kept_.begin(); kept != kept_.end();) {
    pixels += kept->cover.size();
    kept = pixels > most_pixels_ ? kept_.erase(kept, kept_.end()) : std::next(kept);
  }
  kept_.push_front({boxes, view, size, std::move(cover)});
  return kept_.front().cover;
}

}  // namespace bufgc::timeline
