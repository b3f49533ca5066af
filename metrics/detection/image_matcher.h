#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "metrics/detection/box.h"
#include "metrics/detection/matching.h"

namespace sightline {

/// Adds the overlaps of some of an image's detections with some of its ground truths, given by
/// index, to `overlaps`: ordered by detection, then truth, numbered by their place in the spans.
using FindOverlaps =
    std::function<void(std::span<const std::uint32_t> detections,
                       std::span<const std::uint32_t> truths, std::vector<Overlap>& overlaps)>;

struct ImageMatcherOptions {
  std::size_t categories = 0;
  /// False: all categories of an image are matched as one.
  bool use_categories = true;
  /// Of each image and category, the best this many are looked at.
  std::size_t max_detections = 100;
};

/// What `ImageMatcher` found for one category of an image.
struct MatchedGroup {
  std::uint32_t category = 0;                 ///< 0 where categories are not used
  std::span<const std::uint32_t> truths;      ///< indices into the image's ground truths
  std::span<const std::uint32_t> detections;  ///< indices into the image's detections, best first
  const GroupMatches& matches;                ///< numbers both by their place in these spans
};

/// Splits an image by category, ranks its detections and matches them, whatever their shape.
///
/// Detections are ordered by score, equal ones as in the file. Where categories are not used, both
/// sides are first put in order of their category, which decides between equal scores.
class ImageMatcher {
 public:
  ImageMatcher(Matcher matcher, ImageMatcherOptions options)
      : matcher_(std::move(matcher)), options_(options) {}

  const Matcher& matcher() const { return matcher_; }

  /// Calls `visit` for every category that the image has on either side, ascending. Unmatched
  /// detections of a category in `not_exhaustive` (ascending) are ignored. Throws `Error` for a
  /// category that is too large, before any call.
  void match(std::span<const TruthTraits> truths, std::span<const DetectionTraits> detections,
             const FindOverlaps& find_overlaps,
             const std::function<void(const MatchedGroup&)>& visit,
             std::span<const std::uint32_t> not_exhaustive = {});

 private:
  struct Key {
    std::uint32_t group;
    std::uint64_t order;  // by score for detections, 0 for truths
    std::uint32_t category, index;
    auto operator<=>(const Key&) const = default;
  };

  Key key(std::uint32_t category, std::uint64_t order, std::size_t index) const;
  void sort_image(std::span<const TruthTraits> truths, std::span<const DetectionTraits> detections);

  Matcher matcher_;
  ImageMatcherOptions options_;

  // Scratch memory, used again for every image.
  std::vector<Key> truth_keys_, detection_keys_;
  std::vector<std::uint32_t> truth_indices_, detection_indices_;
  std::vector<TruthTraits> group_truths_;
  std::vector<DetectionTraits> group_detections_;
  std::vector<Overlap> overlaps_;
};

/// Traits of boxes. A detection's area is w * h.
std::vector<TruthTraits> traits_of(std::span<const GroundTruthBox> truths);
std::vector<DetectionTraits> traits_of(std::span<const DetectedBox> detections);

/// Overlaps of boxes by `coco_box_iou`, those below `least_iou` left out. Looks at the spans when
/// called, so they must live as long.
FindOverlaps find_box_overlaps(std::span<const GroundTruthBox> truths,
                               std::span<const DetectedBox> detections, double least_iou);

}  // namespace sightline
