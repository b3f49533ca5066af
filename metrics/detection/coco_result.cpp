#include "metrics/detection/coco_result.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "metrics/detection/detection_number.h"
#include "metrics/detection/numpy_mean.h"

namespace sightline {

namespace {

/// Indices [0, size), or the one that is chosen.
std::pair<std::size_t, std::size_t> range(const std::optional<std::size_t>& chosen,
                                          std::size_t size) {
  return chosen ? std::pair{*chosen, *chosen + 1} : std::pair{std::size_t{0}, size};
}

/// The categories that are chosen, or all.
std::vector<std::size_t> categories_of(const CocoSelection& part, std::size_t count) {
  if (part.categories) return *part.categories;
  std::vector<std::size_t> all(count);
  std::iota(all.begin(), all.end(), std::size_t{0});
  return all;
}

}  // namespace

std::vector<double> linspace(double first, double last, std::size_t count) {
  std::vector<double> values;
  const double step = (last - first) / static_cast<double>(count > 1 ? count - 1 : 1);
  for (std::size_t i = 0; i < count; ++i) values.push_back(static_cast<double>(i) * step + first);
  if (count > 1) values.back() = last;
  return values;
}

CocoResult::CocoResult(CocoParameters chosen, std::size_t category_count)
    : parameters(std::move(chosen)), categories(category_count) {
  const std::size_t t = parameters.iou_thresholds.size();
  precision.assign(precision_index(t, 0, 0, 0, 0), -1);
  scores.assign(precision.size(), -1);
  recall.assign(recall_index(t, 0, 0, 0), -1);
}

std::optional<double> CocoResult::average_precision(const CocoSelection& part) const {
  const auto [t0, t1] = range(part.iou_threshold, parameters.iou_thresholds.size());
  const std::vector<std::size_t> chosen = categories_of(part, categories);
  if (t1 > parameters.iou_thresholds.size()) return std::nullopt;
  std::vector<double> defined;
  for (std::size_t t = t0; t < t1; ++t) {
    for (std::size_t r = 0; r < parameters.recall_thresholds.size(); ++r) {
      for (const std::size_t k : chosen) {
        const double value = precision[precision_index(t, r, k, part.area, part.max_detections)];
        if (value > -1) defined.push_back(value);
      }
    }
  }
  return mean_as_numpy(defined);
}

std::optional<double> CocoResult::average_recall(const CocoSelection& part) const {
  const auto [t0, t1] = range(part.iou_threshold, parameters.iou_thresholds.size());
  const std::vector<std::size_t> chosen = categories_of(part, categories);
  if (t1 > parameters.iou_thresholds.size()) return std::nullopt;
  std::vector<double> defined;
  for (std::size_t t = t0; t < t1; ++t) {
    for (const std::size_t k : chosen) {
      const double value = recall[recall_index(t, k, part.area, part.max_detections)];
      if (value > -1) defined.push_back(value);
    }
  }
  return mean_as_numpy(defined);
}

std::array<CocoStatistic, 12> coco_statistics(const CocoResult& result) {
  std::array<CocoStatistic, 12> statistics;
  const std::vector<DetectionNumber> numbers = coco_numbers(result.parameters);
  std::transform(numbers.begin(), numbers.end(), statistics.begin(), [&](const auto& number) {
    return CocoStatistic{number.name, value_of(number, result)};
  });
  return statistics;
}

CocoCategoryPrecision coco_category_precision(const CocoResult& result, std::size_t category) {
  CocoSelection part{.categories = choose_categories({category}),
                     .max_detections = result.parameters.max_detections.size() - 1};
  CocoCategoryPrecision precision;
  precision.ap = result.average_precision(part);
  part.iou_threshold = index_of_threshold(result.parameters, 0.5);
  precision.ap50 = result.average_precision(part);
  part.iou_threshold = index_of_threshold(result.parameters, 0.75);
  precision.ap75 = result.average_precision(part);
  return precision;
}

}  // namespace sightline
