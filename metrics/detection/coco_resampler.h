#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "metrics/detection/category_sweep.h"
#include "metrics/detection/coco_evaluator.h"
#include "metrics/detection/detection_number.h"

namespace sightline {

/// Computes numbers of an evaluation again and again with images counted more or less often, as a
/// bootstrap does. Matching and sorting are done once; a call only adds up.
///
///   const CocoResampler resampler(evaluator, {{.part = {.iou_threshold = 0, .max_detections =
///   2}}}); resample(evaluator.images(), bootstrap,
///            [&](auto weights) { return resampler.compute(weights); });
///
/// Cost of a call, for COCO's twelve numbers on 500,000 detections: some 10 ms; less for fewer
/// numbers, since only the IoU thresholds, areas and limits that they need are looked at.
class CocoResampler {
 public:
  /// Throws `Error` for a number outside the evaluation's thresholds, areas, limits or categories.
  CocoResampler(const CocoEvaluator& evaluator, std::vector<DetectionNumber> numbers);
  ~CocoResampler();

  /// The numbers, with image i counted `image_weights[i]` times; NaN where there is no value. Equal
  /// to the last bit to those of `CocoEvaluator::compute(image_weights)`. Callable from several
  /// threads. Throws `Error` unless there is a weight for every image.
  std::vector<double> compute(std::span<const std::uint32_t> image_weights) const;
  /// The same with every image counted once.
  std::vector<double> compute() const;

 private:
  struct Place;
  struct Scratch;

  void add_to_place(const DetectionNumber& number);
  double average(const CocoSelection& part, const Place& place, std::size_t rows,
                 std::span<const double> values, Scratch& scratch) const;
  double fixed(const DetectionNumber& number, const Place& place, Scratch& scratch) const;
  double evaluate(const DetectionNumber& number, const Place& place, Scratch& scratch) const;
  std::unique_ptr<Scratch> take_scratch() const;

  CocoParameters parameters_;
  std::size_t images_ = 0;
  std::size_t categories_ = 0;
  std::vector<DetectionNumber> numbers_;
  std::vector<Place> places_;

  mutable std::mutex mutex_;
  mutable std::vector<std::unique_ptr<Scratch>> idle_;  // memory that no call uses now
};

}  // namespace sightline
