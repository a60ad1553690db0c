#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "bufgc/viz/lifecycles.hpp"

namespace bufgc::timeline {

/// A name or a stack cut into frames, the outermost first. The first of these that stands in the text cuts
/// it:
///
///     conv <- layer <- model    innermost first, as one reads "made by", and stacks (`site_text.hpp`)
///     main;train;forward        a folded stack
///     model/layer/conv
///     model.layer.conv          only where every part is a plain word, so that no file name or number is cut
///
/// Blanks around a frame and the mark of a stack's own one are left out. At most `most_stack_frames`; what is
/// deeper stays in the last one.
[[nodiscard]] std::vector<std::string_view> split_frames(std::string_view text);

enum class FlameBy : std::uint8_t { label = 0, site = 1 };
/// live: what lived after `event`. allocated: what was born in the range. kept: the same, as far as it was
/// never released.
enum class FlameMeasure : std::uint8_t { live = 0, allocated = 1, kept = 2 };

/// A frame: the first `depth` frames of a text. Depth 0 is the root of all.
struct FlameFrame {
  std::uint32_t text = 0;  ///< Index into the strings of the lifecycles.
  std::uint32_t depth = 0;
};

struct FlameQuery {
  FlameBy by = FlameBy::label;
  FlameMeasure measure = FlameMeasure::allocated;
  std::uint64_t event = 0;
  std::uint64_t first_event = 0;  ///< The range is [first_event, last_event).
  std::uint64_t last_event = 0;
  FlameFrame root;         ///< All others are left out.
  double least_share = 0;  ///< Frames with a smaller share of the root's bytes are merged into one.
  std::size_t most_nodes = 4000;
};

struct FlameNode {
  static constexpr std::uint32_t none = 0xffffffffU;
  FlameFrame frame;
  std::string_view name;        ///< Of its last frame; empty where the trace does not say. Of the root empty.
  std::uint32_t parent = none;  ///< Index of the node around it, which stands before it.
  std::uint64_t start_bytes = 0;  ///< Where it begins, from the root's left edge.
  std::uint64_t bytes = 0;        ///< Its own and those of all within it.
  std::uint64_t self_bytes = 0;   ///< Of buffers whose text ends here.
  std::uint64_t buffers = 0;
  std::uint32_t merged = 0;  ///< For how many narrow frames it stands; 0 is a frame itself.
};

/// The nodes level by level, the root first; beside each other the largest first. Of the rows that match.
/// A root that no row has is a node without bytes. Names hold while the lifecycles do.
/// O(rows + text of the distinct names).
[[nodiscard]] std::vector<FlameNode> flame_graph(const Lifecycles& lifecycles, const FlameQuery& query,
                                                 const std::vector<std::uint8_t>& matches);

}  // namespace bufgc::timeline
