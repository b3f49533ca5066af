#include "metrics/detection/matching.h"

#include <algorithm>
#include <cmath>

#include "harness/base/error.h"

namespace sightline {

namespace {

// pycocotools lowers a threshold of 1 by this much, so that equal boxes reach it after rounding.
constexpr double kGreatestThreshold = 1 - 1e-10;

}  // namespace

Matcher::Matcher(std::span<const double> iou_thresholds, std::span<const AreaRange> areas)
    : areas_(areas.begin(), areas.end()) {
  const std::size_t cells = iou_thresholds.size() * areas.size();
  require(cells > 0 && cells <= kMaxCells,
          "matching detections: {} IoU thresholds and {} area ranges make {} combinations, want 1 "
          "to {}",
          iou_thresholds.size(), areas.size(), cells, kMaxCells);
  for (const double threshold : iou_thresholds) {
    require(!std::isnan(threshold), "matching detections: an IoU threshold is not a number");
    thresholds_.push_back(std::min(threshold, kGreatestThreshold));
  }
  least_iou_ = *std::min_element(thresholds_.begin(), thresholds_.end());
  for (std::size_t i = 0; i < thresholds_.size(); ++i) row_ |= cell(0, i);
  for (std::size_t i = 0; i < areas_.size(); ++i) first_ |= cell(i, 0);
  all_ = row_ * first_;
}

Cells Matcher::cells_reached(double iou) const {
  Cells row = 0;
  for (std::size_t i = 0; i < thresholds_.size(); ++i) row |= Cells{iou >= thresholds_[i]} << i;
  return row * first_;
}

Cells Matcher::cells_outside(double area) const {
  Cells outside = 0;
  for (std::size_t i = 0; i < areas_.size(); ++i) {
    if (!areas_[i].contains(area)) outside |= row_ << (i * thresholds_.size());
  }
  return outside;
}

void Matcher::choose_from(std::span<const Overlap> overlaps) {
  candidates_.clear();
  for (const Overlap& overlap : overlaps) {
    if (overlap.iou >= least_iou_) candidates_.push_back(overlap);
  }
  if (candidates_.size() < 2) return;
  std::sort(candidates_.begin(), candidates_.end(), [](const Overlap& a, const Overlap& b) {
    return a.iou != b.iou ? a.iou > b.iou : a.truth > b.truth;
  });
}

MatchOutcome Matcher::match_detection(const MatchGroup& group, const DetectionTraits& detection) {
  Cells open = all_;
  Cells matched = 0;
  Cells ignored = 0;
  for (const bool second_choice : {false, true}) {
    for (const Overlap& candidate : candidates_) {
      const TruthTraits& truth = group.truths[candidate.truth];
      const Cells uncounted = result_.ignored_truths[candidate.truth];
      Cells taking = open & cells_reached(candidate.iou) & (second_choice ? uncounted : ~uncounted);
      if (!truth.crowd) taking &= ~taken_[candidate.truth];
      if (taking == 0) continue;
      open &= ~taking;
      taken_[candidate.truth] |= taking;
      if (!truth.unmatchable) matched |= taking;
      if (second_choice) ignored |= taking;
      result_.matches.push_back({candidate.detection, candidate.truth, candidate.iou, taking});
    }
  }
  const Cells unmatched = all_ & ~matched;
  ignored |= unmatched & (group.ignore_unmatched ? all_ : cells_outside(detection.area));
  return {matched & ~ignored, unmatched & ~ignored};
}

const GroupMatches& Matcher::match(const MatchGroup& group) {
  result_.outcomes.clear();
  result_.matches.clear();
  result_.ignored_truths.clear();
  for (const TruthTraits& truth : group.truths) {
    result_.ignored_truths.push_back(truth.crowd ? all_ : cells_outside(truth.area));
  }
  taken_.assign(group.truths.size(), 0);
  std::size_t next = 0;
  for (std::uint32_t i = 0; i < group.detections.size(); ++i) {
    const std::size_t begin = next;
    while (next < group.overlaps.size() && group.overlaps[next].detection == i) ++next;
    choose_from(group.overlaps.subspan(begin, next - begin));
    result_.outcomes.push_back(match_detection(group, group.detections[i]));
  }
  return result_;
}

}  // namespace sightline
