#include "metrics/detection/coco_resampler.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "harness/base/error.h"
#include "harness/base/parallel.h"
#include "metrics/detection/numpy_mean.h"

namespace sightline {

namespace {

constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();

void check(const DetectionNumber& number, const CocoParameters& parameters,
           std::size_t categories) {
  const CocoSelection& part = number.part;
  const std::size_t thresholds = parameters.iou_thresholds.size();
  require(part.iou_threshold.value_or(0) < thresholds && part.area < parameters.areas.size() &&
              part.max_detections < parameters.max_detections.size(),
          "resampling detections: IoU threshold {}, area {} and limit {} are asked for, but there "
          "are {}, {} and {}",
          part.iou_threshold.value_or(0), part.area, part.max_detections, thresholds,
          parameters.areas.size(), parameters.max_detections.size());
  if (part.categories) {
    for (const std::size_t category : *part.categories) {
      require(category < categories, "resampling detections: category {} of {}", category,
              categories);
    }
  }
  require(!number.is_fixed() || part.iou_threshold,
          "resampling detections: recall and precision at a fixed threshold want one IoU "
          "threshold");
}

std::vector<std::size_t> all_indices(std::size_t count) {
  std::vector<std::size_t> all(count);
  std::iota(all.begin(), all.end(), std::size_t{0});
  return all;
}

/// The union of two ascending lists.
std::vector<std::size_t> joined(const std::vector<std::size_t>& a,
                                const std::vector<std::size_t>& b) {
  std::vector<std::size_t> both;
  std::set_union(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(both));
  return both;
}

/// Where `item` is in an ascending list, or would be.
std::size_t place_of(std::size_t item, const std::vector<std::size_t>& ascending) {
  const auto place = std::lower_bound(ascending.begin(), ascending.end(), item);
  return static_cast<std::size_t>(place - ascending.begin());
}

/// The least number of `truths` found whose share reaches each recall; `truths` + 1: none.
void find_needed(std::int64_t truths, std::span<const double> recalls,
                 std::vector<std::int64_t>& needed) {
  const auto total = static_cast<double>(truths);
  needed.clear();
  for (const double recall : recalls) {
    const double guess = std::clamp(recall * total - 2, 0.0, total);
    auto found = static_cast<std::int64_t>(guess);
    while (found <= truths && static_cast<double>(found) / total < recall) ++found;
    needed.push_back(found);
  }
}

}  // namespace

/// Everything asked for at one area range and limit of detections.
struct CocoResampler::Place {
  std::size_t area = 0, limit = 0;      // indices
  std::vector<std::size_t> thresholds;  // to sweep at, ascending
  std::vector<std::size_t> fixed;       // those of recall and precision at a fixed threshold
  bool curves = false;                  // an average precision is asked for
  std::vector<CategorySweep> sweeps;    // [category]

  void sweep(std::span<const std::uint32_t> weights, std::span<const double> recalls,
             Scratch& scratch) const;
  void sweep_category(std::size_t category, std::size_t column,
                      std::span<const std::uint32_t> weights, Scratch& scratch) const;
};

/// Memory of one call, and what a sweep of a place leaves in it.
struct CocoResampler::Scratch {
  std::vector<std::size_t> defined;     // categories with ground truth, K' of them
  std::vector<double> precision;        // [swept threshold, recall threshold, K']
  std::vector<double> recall;           // [swept threshold, K']
  std::vector<DetectionCounts> counts;  // [fixed threshold, category]

  CategorySweep::Scratch sweep;
  std::vector<std::int64_t> truths;  // [category]
  std::vector<std::int64_t> needed;
  std::vector<std::size_t> columns;
  std::vector<double> chosen;
  std::vector<DetectionCounts> chosen_counts;
};

CocoResampler::CocoResampler(const CocoEvaluator& evaluator, std::vector<DetectionNumber> numbers)
    : parameters_(evaluator.parameters()),
      images_(evaluator.images()),
      categories_(evaluator.matches().size()),
      numbers_(std::move(numbers)) {
  for (const DetectionNumber& number : numbers_) {
    check(number, parameters_, categories_);
    add_to_place(number);
  }
  std::vector<std::vector<CategorySweep>> sweeps(categories_);  // [category, place]
  parallel_for(categories_, 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t k = begin; k < end; ++k) {
      const CategoryMatches& matches = evaluator.matches()[k];
      const std::vector<MatchedDetection> best_first = matches.best_first();
      for (const Place& place : places_) {
        sweeps[k].emplace_back(matches.truths, best_first,
                               SweepSettings{.iou_thresholds = parameters_.iou_thresholds.size(),
                                             .area = place.area,
                                             .limit = parameters_.max_detections[place.limit],
                                             .thresholds = place.thresholds,
                                             .score_threshold = parameters_.score_threshold,
                                             .precision = place.curves || !place.fixed.empty()});
      }
    }
  });
  for (std::vector<CategorySweep>& category : sweeps) {
    for (std::size_t p = 0; p < places_.size(); ++p) {
      places_[p].sweeps.push_back(std::move(category[p]));
    }
  }
}

CocoResampler::~CocoResampler() = default;

void CocoResampler::add_to_place(const DetectionNumber& number) {
  const CocoSelection& part = number.part;
  auto place = std::find_if(places_.begin(), places_.end(), [&](const Place& known) {
    return known.area == part.area && known.limit == part.max_detections;
  });
  if (place == places_.end()) {
    place = places_.emplace(places_.end());
    place->area = part.area;
    place->limit = part.max_detections;
  }
  const std::size_t all = parameters_.iou_thresholds.size();
  place->thresholds = joined(
      place->thresholds, part.iou_threshold ? std::vector{*part.iou_threshold} : all_indices(all));
  place->curves = place->curves || number.is_average_precision();
  if (number.is_fixed()) place->fixed = joined(place->fixed, {*part.iou_threshold});
}

void CocoResampler::Place::sweep(std::span<const std::uint32_t> weights,
                                 std::span<const double> recalls, Scratch& scratch) const {
  scratch.truths.clear();
  scratch.defined.clear();
  for (const CategorySweep& category : sweeps) {
    scratch.truths.push_back(category.truths(weights));
    if (scratch.truths.back() > 0) scratch.defined.push_back(scratch.truths.size() - 1);
  }
  const std::size_t rows = thresholds.size() * scratch.defined.size();
  scratch.recall.resize(rows);
  if (curves) scratch.precision.resize(rows * recalls.size());
  scratch.counts.resize(fixed.size() * sweeps.size());
  std::size_t column = 0;
  for (std::size_t k = 0; k < sweeps.size(); ++k) {
    const std::int64_t truths = scratch.truths[k];
    if (curves || !fixed.empty()) sweeps[k].weigh(weights, scratch.sweep);
    for (std::size_t f = 0; f < fixed.size(); ++f) {
      DetectionCounts& counts = scratch.counts[f * sweeps.size() + k];
      counts = sweeps[k].counts(place_of(fixed[f], thresholds), weights, scratch.sweep);
      counts.truths = truths;
    }
    if (truths == 0) continue;
    if (curves) find_needed(truths, recalls, scratch.needed);
    sweep_category(k, column++, weights, scratch);
  }
}

/// Fills a column of `precision` and `recall`.
void CocoResampler::Place::sweep_category(std::size_t category, std::size_t column,
                                          std::span<const std::uint32_t> weights,
                                          Scratch& scratch) const {
  const CategorySweep& sweep = sweeps[category];
  const std::size_t columns = scratch.defined.size();
  for (std::size_t i = 0; i < thresholds.size(); ++i) {
    std::int64_t right = 0;
    if (curves) {
      double* curve = &scratch.precision[i * scratch.needed.size() * columns + column];
      right = sweep.trace(i, weights, scratch.needed, curve, columns, scratch.sweep);
    } else {
      right = sweep.right(i, weights);
    }
    scratch.recall[i * columns + column] =
        static_cast<double>(right) / static_cast<double>(scratch.truths[category]);
  }
}

double CocoResampler::average(const CocoSelection& part, const Place& place, std::size_t rows,
                              std::span<const double> values, Scratch& scratch) const {
  const std::size_t columns = scratch.defined.size();
  if (part.iou_threshold) {
    const std::size_t i = place_of(*part.iou_threshold, place.thresholds);
    values = values.subspan(i * rows * columns, rows * columns);
  }
  if (part.categories) {
    scratch.columns.clear();
    for (const std::size_t category : *part.categories) {
      const std::size_t column = place_of(category, scratch.defined);
      if (column < columns && scratch.defined[column] == category) {
        scratch.columns.push_back(column);
      }
    }
    scratch.chosen.clear();
    for (std::size_t row = 0; row < values.size(); row += columns) {
      for (const std::size_t column : scratch.columns) {
        scratch.chosen.push_back(values[row + column]);
      }
    }
    values = scratch.chosen;
  }
  return mean_as_numpy(values).value_or(kUndefined);
}

double CocoResampler::fixed(const DetectionNumber& number, const Place& place,
                            Scratch& scratch) const {
  const std::size_t threshold = place_of(*number.part.iou_threshold, place.fixed);
  std::span<const DetectionCounts> counts(scratch.counts);
  counts = counts.subspan(threshold * categories_, categories_);
  if (number.part.categories) {
    scratch.chosen_counts.clear();
    for (const std::size_t k : *number.part.categories) scratch.chosen_counts.push_back(counts[k]);
    counts = scratch.chosen_counts;
  }
  return value_of(number, fixed_threshold_means(counts)).value_or(kUndefined);
}

double CocoResampler::evaluate(const DetectionNumber& number, const Place& place,
                               Scratch& scratch) const {
  if (number.is_fixed()) return fixed(number, place, scratch);
  return number.is_average_precision()
             ? average(number.part, place, parameters_.recall_thresholds.size(), scratch.precision,
                       scratch)
             : average(number.part, place, 1, scratch.recall, scratch);
}

std::unique_ptr<CocoResampler::Scratch> CocoResampler::take_scratch() const {
  const std::lock_guard lock(mutex_);
  if (idle_.empty()) return std::make_unique<Scratch>();
  std::unique_ptr<Scratch> scratch = std::move(idle_.back());
  idle_.pop_back();
  return scratch;
}

std::vector<double> CocoResampler::compute(std::span<const std::uint32_t> image_weights) const {
  require(image_weights.size() == images_, "resampling detections: {} weights for {} images",
          image_weights.size(), images_);
  std::unique_ptr<Scratch> scratch = take_scratch();
  std::vector<double> values(numbers_.size());
  for (const Place& place : places_) {
    place.sweep(image_weights, parameters_.recall_thresholds, *scratch);
    for (std::size_t i = 0; i < numbers_.size(); ++i) {
      const CocoSelection& part = numbers_[i].part;
      if (part.area != place.area || part.max_detections != place.limit) continue;
      values[i] = evaluate(numbers_[i], place, *scratch);
    }
  }
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(scratch));
  return values;
}

std::vector<double> CocoResampler::compute() const {
  return compute(std::vector<std::uint32_t>(images_, 1));
}

}  // namespace sightline
