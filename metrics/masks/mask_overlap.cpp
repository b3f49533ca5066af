#include "metrics/masks/mask_overlap.h"

#include <algorithm>

#include "harness/base/error.h"

namespace sightline {

namespace {

void check_sizes(const Mask& a, const Mask& b) {
  require(a.same_size(b), "comparing masks of different sizes, {} x {} and {} x {} pixels",
          a.width(), a.height(), b.width(), b.height());
}

/// Pixels that the bounding boxes share.
double shared_box(const Box& a, const Box& b) {
  const double width = std::min(a.x + a.w, b.x + b.w) - std::max(a.x, b.x);
  const double height = std::min(a.y + a.h, b.y + b.h) - std::max(a.y, b.y);
  return width > 0 && height > 0 ? width * height : 0;
}

/// The first interval of the mask that reaches behind the pixel: index of its begin in `edges`.
std::size_t first_behind(std::span<const std::uint32_t> edges, std::uint32_t pixel) {
  const auto found = std::upper_bound(edges.begin(), edges.end(), pixel);
  return static_cast<std::size_t>(found - edges.begin()) & ~std::size_t{1};
}

std::uint32_t count_shared(const Mask& a, const Mask& b) {
  // Nothing is shared left of the column at which the second of the two begins.
  const std::uint32_t first =
      std::max(a.first_column(), b.first_column()) * static_cast<std::uint32_t>(a.height());
  const std::span<const std::uint32_t> left = a.edges(), right = b.edges();
  std::size_t i = first_behind(left, first);
  std::size_t j = first_behind(right, first);
  std::int64_t shared = 0;
  while (i < left.size() && j < right.size()) {
    const std::int64_t begin = std::max(left[i], right[j]);
    const std::int64_t end = std::min(left[i + 1], right[j + 1]);
    shared += std::max<std::int64_t>(0, end - begin);
    // Without a branch: which of the two ends first is as good as random.
    const std::size_t left_ends = left[i + 1] <= right[j + 1] ? 2 : 0;
    i += left_ends;
    j += 2 - left_ends;
  }
  return static_cast<std::uint32_t>(shared);
}

double iou_of(double shared, const Mask& detection, const Mask& truth, bool crowd) {
  const double own = detection.area();
  return shared / (crowd ? own : own + truth.area() - shared);
}

}  // namespace

std::uint32_t shared_pixels(const Mask& a, const Mask& b) {
  check_sizes(a, b);
  return shared_box(a.box(), b.box()) > 0 ? count_shared(a, b) : 0;
}

double mask_iou(const Mask& detection, const Mask& truth, bool crowd) {
  const std::uint32_t shared = shared_pixels(detection, truth);
  return shared == 0 ? 0 : iou_of(shared, detection, truth, crowd);
}

std::vector<double> mask_ious(std::span<const Mask> detections, std::span<const Mask> truths,
                              std::span<const std::uint8_t> crowd) {
  require(crowd.empty() || crowd.size() == truths.size(),
          "overlaps of masks: {} crowd marks for {} ground truths", crowd.size(), truths.size());
  std::vector<double> ious;
  ious.reserve(detections.size() * truths.size());
  for (const Mask& detection : detections) {
    for (std::size_t t = 0; t < truths.size(); ++t) {
      ious.push_back(mask_iou(detection, truths[t], !crowd.empty() && crowd[t] != 0));
    }
  }
  return ious;
}

FindOverlaps find_mask_overlaps(std::span<const GroundTruthMask> truths,
                                std::span<const Mask> detections, double least_iou) {
  return [truths, detections, least_iou](std::span<const std::uint32_t> detection_indices,
                                         std::span<const std::uint32_t> truth_indices,
                                         std::vector<Overlap>& overlaps) {
    for (std::uint32_t d = 0; d < detection_indices.size(); ++d) {
      const Mask& detection = detections[detection_indices[d]];
      for (std::uint32_t t = 0; t < truth_indices.size(); ++t) {
        const auto& [truth, crowd] = truths[truth_indices[t]];
        check_sizes(detection, *truth);
        const double most =
            std::min({shared_box(detection.box(), truth->box()),
                      static_cast<double>(detection.area()), static_cast<double>(truth->area())});
        double iou = 0;
        if (most > 0 && iou_of(most, detection, *truth, crowd) >= least_iou) {
          const std::uint32_t shared = count_shared(detection, *truth);
          if (shared > 0) iou = iou_of(shared, detection, *truth, crowd);
        }
        if (iou >= least_iou) overlaps.push_back({d, t, iou});
      }
    }
  };
}

}  // namespace sightline
