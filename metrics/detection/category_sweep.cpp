#include "metrics/detection/category_sweep.h"

#include <algorithm>
#include <limits>

namespace sightline {

CategorySweep::CategorySweep(std::span<const MatchedTruth> truths,
                             std::span<const MatchedDetection> best_first,
                             const SweepSettings& settings)
    : events_(settings.thresholds.size()), event_cuts_(settings.thresholds.size()) {
  const Cells first_of_area = Cells{1} << (settings.area * settings.iou_thresholds);
  for (const MatchedTruth& truth : truths) {
    if ((truth.ignored & first_of_area) == 0) truths_.push_back(truth.image);
  }
  for (const MatchedDetection& detection : best_first) {
    if (detection.rank >= settings.limit) continue;
    add(detection, settings);
    if (!(detection.score >= settings.score_threshold)) continue;
    base_cut_ = base_.size();
    for (std::size_t i = 0; i < events_.size(); ++i) event_cuts_[i] = events_[i].size();
  }
  base_.shrink_to_fit();
  for (std::vector<Event>& events : events_) events.shrink_to_fit();
}

void CategorySweep::add(const MatchedDetection& detection, const SweepSettings& settings) {
  const std::size_t shift = settings.area * settings.iou_thresholds;
  const Cells right = detection.outcome.true_positive >> shift;
  const Cells counted = right | detection.outcome.false_positive >> shift;
  const bool in_base = settings.precision && (counted >> settings.thresholds.back() & 1) != 0;
  if (in_base) base_.push_back(detection.image);
  for (std::size_t i = 0; i < settings.thresholds.size(); ++i) {
    const auto is_right = static_cast<int>(right >> settings.thresholds[i] & 1);
    const auto counts = static_cast<int>(counted >> settings.thresholds[i] & 1);
    const int extra = settings.precision ? counts - static_cast<int>(in_base) : 0;
    if (is_right == 0 && extra == 0) continue;
    events_[i].push_back({static_cast<std::uint32_t>(base_.size()), detection.image,
                          static_cast<std::int8_t>(is_right), static_cast<std::int8_t>(extra)});
  }
}

std::int64_t CategorySweep::truths(Weights weights) const {
  std::int64_t total = 0;
  for (const std::uint32_t image : truths_) total += weights[image];
  return total;
}

void CategorySweep::weigh(Weights weights, Scratch& scratch) const {
  if (scratch.base.size() <= base_.size()) scratch.base.resize(base_.size() + 1);
  std::int64_t* sum = scratch.base.data();
  *sum = 0;
  for (const std::uint32_t image : base_) {
    sum[1] = sum[0] + weights[image];
    ++sum;
  }
}

std::int64_t CategorySweep::right(std::size_t i, Weights weights) const {
  std::int64_t total = 0;
  for (const Event& event : events_[i]) total += event.right * std::int64_t{weights[event.image]};
  return total;
}

std::int64_t CategorySweep::trace(std::size_t i, Weights weights,
                                  std::span<const std::int64_t> needed, double* curve,
                                  std::size_t stride, Scratch& scratch) const {
  const std::vector<Event>& events = events_[i];
  if (scratch.hits.size() <= events.size()) scratch.hits.resize(events.size() + 1);
  Scratch::Hit* hit = scratch.hits.data();
  std::int64_t right = 0;
  std::int64_t extra = 0;
  for (const Event& event : events) {
    const std::int64_t weight = weights[event.image];
    right += event.right * weight;
    extra += event.extra * weight;
    *hit = {right, scratch.base[event.base] + extra};
    hit += event.right;
  }
  // np.spacing(1), which keeps the reference's division from 0 / 0.
  constexpr double kSpacing = std::numeric_limits<double>::epsilon();
  double best = 0;
  for (std::size_t r = needed.size(); r-- > 0;) {
    while (hit != scratch.hits.data() && hit[-1].right >= needed[r]) {
      --hit;
      best = std::max(best,
                      static_cast<double>(hit->right) / (static_cast<double>(hit->all) + kSpacing));
    }
    curve[r * stride] = best;
  }
  return right;
}

DetectionCounts CategorySweep::counts(std::size_t i, Weights weights,
                                      const Scratch& scratch) const {
  std::int64_t right = 0;
  std::int64_t extra = 0;
  for (const Event& event : std::span(events_[i]).first(event_cuts_[i])) {
    right += event.right * std::int64_t{weights[event.image]};
    extra += event.extra * std::int64_t{weights[event.image]};
  }
  return {.true_positives = right,
          .false_positives = scratch.base[base_cut_] + extra - right,
          .truths = 0};
}

}  // namespace sightline
