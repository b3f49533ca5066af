#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "metrics/detection/coco_result.h"
#include "metrics/detection/matching.h"

namespace sightline {

/// A detection that was matched: all that a precision-recall curve needs of it.
struct MatchedDetection {
  double score = 0;
  MatchOutcome outcome;
  std::uint32_t image = 0;  ///< images are numbered in the order in which they came
  std::uint32_t rank = 0;   ///< place among the image's detections of the category, from 0
};

/// A ground truth and the cells where it does not count.
struct MatchedTruth {
  std::uint32_t image = 0;
  Cells ignored = 0;
};

/// All that was seen of a category, in order of image and, within it, of rank.
struct CategoryMatches {
  std::vector<MatchedDetection> detections;
  std::vector<MatchedTruth> truths;

  /// `detections` with the best score first, equal ones in their order.
  std::vector<MatchedDetection> best_first() const;
};

/// Traces the curves of one category, area range and limit of detections (pycocotools,
/// `accumulate`). Holds only scratch memory; one a thread.
class CurveTracer {
 public:
  struct Place {
    std::size_t category, area, limit;  // indices into the result's arrays
  };

  /// Writes the curves of all IoU thresholds into `result`; leaves -1 where nothing is to be found.
  /// `best_first` are the detections in that order. `image_weights[i]` counts image i that many
  /// times; none given: each once.
  void trace(std::span<const MatchedTruth> truths, std::span<const MatchedDetection> best_first,
             std::span<const std::uint32_t> image_weights, const Place& place, CocoResult& result);

 private:
  struct Entry {
    Cells true_positive, false_positive;  // bit t: at IoU threshold t
    double score;
    std::uint32_t weight;
  };
  struct Hit {  // a true positive, with the counts up to and with it
    std::int64_t true_positives, false_positives;
    double precision, score;
  };

  void collect_entries(std::span<const MatchedDetection> best_first,
                       std::span<const std::uint32_t> image_weights, const Place& place,
                       const CocoParameters& parameters);
  std::span<const Hit> collect_hits(std::size_t threshold);
  void write_curve(std::size_t threshold, std::span<const Hit> hits, std::int64_t truths,
                   const Place& place, CocoResult& result) const;

  std::vector<Entry> entries_;
  std::vector<Hit> hit_memory_;
};

}  // namespace sightline
