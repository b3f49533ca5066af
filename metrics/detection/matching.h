#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace sightline {

/// Areas that count as one size class, in square pixels, inclusive at both ends.
struct AreaRange {
  double least = 0;
  double most = 1e10;

  bool contains(double area) const { return !(area < least || area > most); }
  bool operator==(const AreaRange&) const = default;
};

/// A set of (area range, IoU threshold) pairs, one bit each. Matching is done for all at once.
using Cells = std::uint64_t;

/// A detection and a ground truth of the same image and category that overlap.
struct Overlap {
  std::uint32_t detection = 0;
  std::uint32_t truth = 0;
  double iou = 0;
};

/// What matching needs to know of a ground truth, whatever its shape.
struct TruthTraits {
  std::uint32_t category = 0;
  double area = 0;
  /// A region of uncounted objects: takes any number of detections, and those are ignored.
  bool crowd = false;
  /// Takes a detection as others do, but leaves it unmatched (see `CocoEvaluator::update`).
  bool unmatchable = false;
};

/// What matching needs to know of a detection, whatever its shape.
struct DetectionTraits {
  std::uint32_t category = 0;
  double score = 0;
  double area = 0;
};

/// One image's ground truths and detections of one category (or of all, as one).
struct MatchGroup {
  std::span<const TruthTraits> truths;
  /// Best score first.
  std::span<const DetectionTraits> detections;
  /// Ordered by detection, then truth. Pairs below every threshold may be left out.
  std::span<const Overlap> overlaps;
  /// The image's objects of this category are not all annotated (LVIS), so that a detection
  /// without a match is ignored instead of being a false positive.
  bool ignore_unmatched = false;
};

/// How a detection counts; a cell in neither set ignores it.
struct MatchOutcome {
  Cells true_positive = 0;
  Cells false_positive = 0;
};

/// `detection` was given `truth` in `cells`.
struct Match {
  std::uint32_t detection = 0;
  std::uint32_t truth = 0;
  double iou = 0;
  Cells cells = 0;
};

/// The result of one group.
struct GroupMatches {
  std::vector<MatchOutcome> outcomes;  ///< per detection
  std::vector<Cells> ignored_truths;   ///< per truth: where it does not count
  std::vector<Match> matches;
};

/// COCO's greedy matching (pycocotools, `evaluateImg`), for all thresholds and areas in one sweep.
///
/// Detections choose in order of their score. Each takes, among the ground truths that are still
/// free and overlap it by at least the threshold, one that counts if there is any, and of those
/// the one with the greatest IoU, the last of equals. A ground truth is ignored where it is crowd
/// or its area is out of range. A detection given to an ignored truth is ignored, and so is one
/// without a truth whose own area is out of range.
class Matcher {
 public:
  static constexpr std::size_t kMaxCells = 64;

  /// Throws `Error` unless there are 1 to `kMaxCells` cells and no threshold is NaN.
  Matcher(std::span<const double> iou_thresholds, std::span<const AreaRange> areas);

  /// The bit of one area range and one threshold, by index.
  Cells cell(std::size_t area, std::size_t threshold) const {
    return Cells{1} << (area * thresholds_.size() + threshold);
  }
  /// An overlap below this matches nothing.
  double least_iou() const { return least_iou_; }

  /// Matches one group. The result is valid until the next call. A NaN overlap matches nothing.
  /// Cost: detections + overlaps * thresholds, whatever the number of areas.
  const GroupMatches& match(const MatchGroup& group);

 private:
  Cells cells_reached(double iou) const;
  Cells cells_outside(double area) const;
  void choose_from(std::span<const Overlap> overlaps);
  MatchOutcome match_detection(const MatchGroup& group, const DetectionTraits& detection);

  std::vector<double> thresholds_;
  std::vector<AreaRange> areas_;
  double least_iou_ = 0;
  Cells row_ = 0;    // every threshold of the first area
  Cells first_ = 0;  // the first threshold of every area
  Cells all_ = 0;

  GroupMatches result_;
  std::vector<Cells> taken_;         // per truth: where a detection has it
  std::vector<Overlap> candidates_;  // of one detection, best first
};

}  // namespace sightline
