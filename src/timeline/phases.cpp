#include "timeline/phases.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace bufgc::timeline {
namespace {

constexpr std::uint32_t unpaired = Lifecycles::none;

struct OwnPhases {
  std::vector<std::string_view> name;
  std::vector<std::uint32_t> first_event;
  std::uint32_t unmarked = 0;  ///< 1 where the first of them stands before any mark.
};

OwnPhases phases_of(const Lifecycles& trace) {
  OwnPhases own;
  if (trace.marks.empty() || trace.marks.front().event > 0) {
    own.name.emplace_back();
    own.first_event.push_back(0);
    own.unmarked = 1;
  }
  for (const Lifecycles::Mark& mark : trace.marks) {
    own.name.push_back(trace.strings.at(mark.name));
    own.first_event.push_back(mark.event);
  }
  return own;
}

/// The marked phases by name, those of one name in their order.
std::vector<std::uint32_t> by_name(const OwnPhases& own) {
  std::vector<std::uint32_t> order(own.name.size() - own.unmarked);
  std::iota(order.begin(), order.end(), own.unmarked);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::uint32_t a, std::uint32_t b) { return own.name[a] < own.name[b]; });
  return order;
}

/// For each phase of `a` the one of `b` with the same name and number among those of that name.
std::vector<std::uint32_t> pair_by_name(const OwnPhases& a, const OwnPhases& b) {
  std::vector<std::uint32_t> partner(a.name.size(), unpaired);
  const std::vector<std::uint32_t> in_a = by_name(a);
  const std::vector<std::uint32_t> in_b = by_name(b);
  if (a.unmarked != 0 && b.unmarked != 0) partner[0] = 0;
  for (std::size_t i = 0, j = 0; i < in_a.size() && j < in_b.size();) {
    const int order = a.name[in_a[i]].compare(b.name[in_b[j]]);
    if (order == 0) partner[in_a[i]] = in_b[j];
    if (order <= 0) ++i;
    if (order >= 0) ++j;
  }
  return partner;
}

/// Takes out the pairs beside the longest run in which both sides rise.
void keep_longest_rising(std::vector<std::uint32_t>& partner) {
  std::vector<std::uint32_t> tops;  // of each pile the place of its last card
  std::vector<std::uint32_t> below(partner.size(), unpaired);
  for (std::uint32_t i = 0; i < partner.size(); ++i) {
    if (partner[i] == unpaired) continue;
    const auto pile =
        std::lower_bound(tops.begin(), tops.end(), partner[i],
                         [&](std::uint32_t top, std::uint32_t value) { return partner[top] < value; });
    if (pile != tops.begin()) below[i] = *(pile - 1);
    if (pile == tops.end()) {
      tops.push_back(i);
    } else {
      *pile = i;
    }
  }
  std::vector<std::uint32_t> kept(partner.size(), unpaired);
  for (std::uint32_t at = tops.empty() ? unpaired : tops.back(); at != unpaired; at = below[at])
    kept[at] = partner[at];
  partner = std::move(kept);
}

}  // namespace

std::size_t PhaseTrack::own_at(std::uint32_t event) const noexcept {
  const auto after = std::upper_bound(first_event.begin() + 1, first_event.end(), event);
  return static_cast<std::size_t>(after - first_event.begin()) - 1;
}

CommonPhases common_phases(const Lifecycles& first, const Lifecycles& second) {
  const OwnPhases a = phases_of(first);
  const OwnPhases b = phases_of(second);
  std::vector<std::uint32_t> partner = pair_by_name(a, b);
  keep_longest_rising(partner);
  CommonPhases out;
  std::uint32_t next = 0;
  std::uint32_t number = 0;
  for (const std::uint32_t with : partner) {
    if (with != unpaired) {
      for (; next < with; ++next) out.second.common.push_back(number++);
      out.second.common.push_back(number);
      ++next;
      ++out.shared;
    }
    out.first.common.push_back(number++);
  }
  for (; next < b.name.size(); ++next) out.second.common.push_back(number++);
  out.count = number;
  out.first.first_event = a.first_event;
  out.second.first_event = b.first_event;
  out.first.events = static_cast<std::uint32_t>(first.event_count());
  out.second.events = static_cast<std::uint32_t>(second.event_count());
  return out;
}

double event_in_phases(const PhaseTrack& track, double x) noexcept {
  const double phase = std::floor(x);
  const auto at = std::lower_bound(
      track.common.begin(), track.common.end(), phase,
      [](std::uint32_t common, double wanted) { return static_cast<double>(common) < wanted; });
  if (at == track.common.end()) return track.events;
  const auto own = static_cast<std::size_t>(at - track.common.begin());
  const double begin = track.first_event[own];
  if (static_cast<double>(*at) > phase) return begin;
  const double end = own + 1 < track.first_event.size() ? track.first_event[own + 1] : track.events;
  return begin + (end - begin) * (x - phase);
}

}  // namespace bufgc::timeline
