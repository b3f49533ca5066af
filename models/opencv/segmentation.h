#pragma once

#include <array>
#include <opencv2/core.hpp>
#include <utility>
#include <vector>

namespace sightline {

/// A connected set of pixels, by what proposals need of it.
struct Segment {
  cv::Rect box;
  double area = 0;              ///< pixels
  std::array<double, 3> sum{};  ///< of the channels over its pixels
  std::array<double, 3> mean() const;
};

struct Segmentation {
  std::vector<Segment> segments;
  std::vector<std::pair<int, int>> neighbours;  ///< ascending, first < second, each once
};

/// Graph-based segmentation of an 8-bit three-channel image (Felzenszwalb and Huttenlocher, IJCV
/// 2004): neighbouring pixels are joined, the most alike first, while the step between two
/// components is no larger than the variation within either plus `scale` / size. Components below
/// `least_area` pixels are then joined to a neighbour. Deterministic: ties go by position.
Segmentation segment_image(const cv::Mat& image, double scale, int least_area);

/// What `one` and `other` are together.
Segment join(const Segment& one, const Segment& other);

}  // namespace sightline
