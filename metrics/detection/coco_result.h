#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "metrics/detection/matching.h"

namespace sightline {

/// `count` evenly spaced numbers from `first` to `last`, rounded as numpy's linspace rounds them:
/// first + i * step, and `last` itself at the end.
std::vector<double> linspace(double first, double last, std::size_t count);

/// What COCO's evaluation looks at; the defaults are those of COCO's box and mask tasks.
struct CocoParameters {
  std::vector<double> iou_thresholds = linspace(0.5, 0.95, 10);
  /// Ascending.
  std::vector<double> recall_thresholds = linspace(0, 1, 101);
  /// All, small, medium, large. Not more than `Matcher::kMaxCells` with the IoU thresholds.
  std::vector<AreaRange> areas = {{0, 1e10}, {0, 1024}, {1024, 9216}, {9216, 1e10}};
  /// Detections counted of each image and category, ascending.
  std::vector<std::size_t> max_detections = {1, 10, 100};
  /// False: class-agnostic, all categories are one.
  bool use_categories = true;
  /// Least score of a detection in recall and precision at a fixed threshold. Curves look at all.
  double score_threshold = 0;

  bool operator==(const CocoParameters&) const = default;
};

/// Some of the categories, ascending; null: all. Shared, since numbers of many groups are copied.
using CategoryChoice = std::shared_ptr<const std::vector<std::size_t>>;
inline CategoryChoice choose_categories(std::vector<std::size_t> ascending) {
  return std::make_shared<const std::vector<std::size_t>>(std::move(ascending));
}

/// Part of the result arrays, by index; what is absent is averaged over.
struct CocoSelection {
  std::optional<std::size_t> iou_threshold = {};
  CategoryChoice categories = {};
  std::size_t area = 0;
  std::size_t max_detections = 0;
};

/// Curves of every category: T IoU thresholds, R recall thresholds, K categories (1 if they are
/// not used), A area ranges, M limits of detections. -1 where a category has no ground truth.
struct CocoResult {
  /// All entries undefined.
  CocoResult(CocoParameters parameters, std::size_t categories);

  CocoParameters parameters;
  std::size_t categories;         ///< K
  std::vector<double> precision;  ///< [T, R, K, A, M] best precision at that recall or above
  std::vector<double> scores;     ///< [T, R, K, A, M] score at which that recall is reached
  std::vector<double> recall;     ///< [T, K, A, M] of all counted detections

  std::size_t precision_index(std::size_t t, std::size_t r, std::size_t k, std::size_t a,
                              std::size_t m) const {
    return (((t * parameters.recall_thresholds.size() + r) * categories + k) *
                parameters.areas.size() +
            a) *
               parameters.max_detections.size() +
           m;
  }
  std::size_t recall_index(std::size_t t, std::size_t k, std::size_t a, std::size_t m) const {
    return ((t * categories + k) * parameters.areas.size() + a) * parameters.max_detections.size() +
           m;
  }

  /// Means over the defined entries of a part, added up as numpy does; no value if none is.
  std::optional<double> average_precision(const CocoSelection& part) const;
  std::optional<double> average_recall(const CocoSelection& part) const;
};

/// One of COCO's twelve numbers, in [0, 1].
struct CocoStatistic {
  std::string_view name;        ///< "AP", "AP50", ..., "AR@100", ..., "ARl"
  std::optional<double> value;  ///< none where pycocotools prints -1
};

/// The numbers that COCO's evaluation prints, in its order (pycocotools, `summarize`). Throws
/// `Error` unless areas and limits of detections are the default ones.
std::array<CocoStatistic, 12> coco_statistics(const CocoResult& result);

/// AP, AP50 and AP75 of one category, all areas, at the greatest limit of detections.
struct CocoCategoryPrecision {
  std::optional<double> ap, ap50, ap75;
};
CocoCategoryPrecision coco_category_precision(const CocoResult& result, std::size_t category);

}  // namespace sightline
