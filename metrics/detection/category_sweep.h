#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "metrics/detection/fixed_threshold.h"
#include "metrics/detection/precision_recall.h"

namespace sightline {

/// Which detections of a category a `CategorySweep` is about.
struct SweepSettings {
  std::size_t iou_thresholds = 0;       ///< of the evaluation: the width of an area's bits
  std::size_t area = 0;                 ///< index of the area range
  std::size_t limit = 0;                ///< detections of an image that count
  std::vector<std::size_t> thresholds;  ///< IoU thresholds to sweep at, by index, ascending
  double score_threshold = 0;           ///< of `counts`
  bool precision = true;                ///< false: only truths and right detections are kept
};

/// Detections of one category at one area range and limit, laid out for many sweeps that differ
/// only in how often each image counts. Equal to `CurveTracer` with the same weights.
///
/// Nearly all detections count alike at every IoU threshold. So one list, `base_`, holds those that
/// count at the strictest threshold, and a list for each threshold what differs there: detections
/// that are right, that count only there, or that do not. A sweep adds up weights along `base_`
/// once and then goes through the short lists.
///
/// Memory: 4 bytes a detection, 12 bytes a right detection and threshold.
class CategorySweep {
 public:
  using Weights = std::span<const std::uint32_t>;  ///< how often each image counts

  /// `best_first` are the detections of `truths`' category in that order.
  CategorySweep(std::span<const MatchedTruth> truths, std::span<const MatchedDetection> best_first,
                const SweepSettings& settings);

  /// Ground truths that count.
  std::int64_t truths(Weights weights) const;

  /// Memory of one sweep, used again for the next.
  struct Scratch {
    struct Hit {  // a right detection, with the counts up to and with it
      std::int64_t right, all;
    };
    std::vector<std::int64_t> base;  // weight of the first i detections of `base_`
    std::vector<Hit> hits;
  };

  /// Adds up the weights, for `trace` and `counts`.
  void weigh(Weights weights, Scratch& scratch) const;

  /// Right detections at the i-th of the swept thresholds.
  std::int64_t right(std::size_t i, Weights weights) const;

  /// Writes to `curve[r * stride]` the best precision at `needed[r]` right detections or more, 0
  /// where there are not as many, and returns `right(i)`. `needed` ascends.
  std::int64_t trace(std::size_t i, Weights weights, std::span<const std::int64_t> needed,
                     double* curve, std::size_t stride, Scratch& scratch) const;

  /// Detections of at least the score threshold, at the i-th of the swept thresholds; `truths`
  /// stays 0.
  DetectionCounts counts(std::size_t i, Weights weights, const Scratch& scratch) const;

 private:
  struct Event {
    std::uint32_t base;  // detections of `base_` up to and with this one
    std::uint32_t image;
    std::int8_t right;  // 1: a true positive
    std::int8_t extra;  // 1: counts though not in `base_`; -1: in `base_` but does not count
  };

  void add(const MatchedDetection& detection, const SweepSettings& settings);

  std::vector<std::uint32_t> truths_;       // image of every ground truth that counts
  std::vector<std::uint32_t> base_;         // image of every detection, best first
  std::vector<std::vector<Event>> events_;  // [swept threshold], best first
  std::size_t base_cut_ = 0;                // detections of at least the score threshold
  std::vector<std::size_t> event_cuts_;
};

}  // namespace sightline
