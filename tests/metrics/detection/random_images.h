#pragma once

#include <cstdint>
#include <random>
#include <span>
#include <vector>

#include "metrics/detection/coco_evaluator.h"

namespace sightline::testing {

struct Image {
  std::vector<GroundTruthBox> truths;
  std::vector<DetectedBox> detections;
};

inline constexpr std::uint32_t kCategories = 3;

/// Boxes on a coarse grid with few scores, so that ties of IoU and score are common; crowds, id 0,
/// empty images and areas at the limits of ranges occur.
inline std::vector<Image> random_images(std::uint32_t seed, std::size_t count) {
  std::mt19937 random(seed);
  const auto below = [&](std::uint32_t n) { return static_cast<double>(random() % n); };
  const auto box = [&] {
    const double side = 16 * (1 + below(6));
    return Box{8 * below(6), 8 * below(6), side, side + 8 * below(3)};
  };
  std::vector<Image> images(count);
  std::int64_t id = 0;
  for (Image& image : images) {
    const std::size_t truths = random() % 9;
    for (std::size_t i = 0; i < truths; ++i) {
      const Box where = box();
      const double area = random() % 3 == 0 ? 1024 : where.w * where.h;
      const auto category = static_cast<std::uint32_t>(random() % kCategories);
      image.truths.push_back(
          {random() % 6 == 0 ? 0 : ++id, category, where, area, random() % 8 == 0});
    }
    const std::size_t detections = random() % 30;
    for (std::size_t i = 0; i < detections; ++i) {
      const Box where =
          truths > 0 && random() % 2 == 0 ? image.truths[random() % truths].box : box();
      const auto category = static_cast<std::uint32_t>(random() % kCategories);
      image.detections.push_back({category, where, below(8) / 8});
    }
  }
  return images;
}

inline CocoEvaluator evaluator_of(std::span<const Image> images,
                                  const CocoParameters& parameters = {}) {
  CocoEvaluator evaluator(parameters, kCategories);
  for (const Image& image : images) evaluator.update(image.truths, image.detections);
  return evaluator;
}

}  // namespace sightline::testing
