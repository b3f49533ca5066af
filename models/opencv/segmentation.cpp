#include "models/opencv/segmentation.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numeric>

namespace sightline {
namespace {

struct Edge {
  int from, to;
};

/// Disjoint sets of pixels with their size and the largest step inside them.
class Components {
 public:
  explicit Components(int count)
      : parent_(static_cast<std::size_t>(count)), size_(parent_.size(), 1), inner_(parent_.size()) {
    std::iota(parent_.begin(), parent_.end(), 0);
  }

  int find(int item) {
    while (parent(item) != item) {
      parent(item) = parent(parent(item));
      item = parent(item);
    }
    return item;
  }

  void unite(int one, int other, int step) {
    if (size(one) < size(other)) std::swap(one, other);
    parent(other) = one;
    size_[static_cast<std::size_t>(one)] += size(other);
    inner_[static_cast<std::size_t>(one)] = step;
  }

  int size(int root) const { return size_[static_cast<std::size_t>(root)]; }

  /// The largest step that the component accepts.
  double tolerance(int root, double scale) const {
    return inner_[static_cast<std::size_t>(root)] + scale / size(root);
  }

 private:
  int& parent(int item) { return parent_[static_cast<std::size_t>(item)]; }

  std::vector<int> parent_, size_, inner_;
};

int step_between(const cv::Vec3b& one, const cv::Vec3b& other) {
  const int a = one[0] - other[0], b = one[1] - other[1], c = one[2] - other[2];
  return static_cast<int>(std::lround(std::sqrt(static_cast<double>(a * a + b * b + c * c))));
}

/// Pairs of 4-neighbours by the step between them; index i of the result holds those of step i.
std::vector<std::vector<Edge>> edges_by_step(const cv::Mat& image) {
  constexpr int kLargestStep = 442;  // sqrt(3) * 255, rounded
  std::vector<std::vector<Edge>> edges(kLargestStep + 1);
  for (int y = 0; y < image.rows; ++y) {
    for (int x = 0; x < image.cols; ++x) {
      const int here = y * image.cols + x;
      const auto& colour = image.at<cv::Vec3b>(y, x);
      const auto add = [&](const cv::Vec3b& other, int there) {
        edges[static_cast<std::size_t>(step_between(colour, other))].push_back({here, there});
      };
      if (x + 1 < image.cols) add(image.at<cv::Vec3b>(y, x + 1), here + 1);
      if (y + 1 < image.rows) add(image.at<cv::Vec3b>(y + 1, x), here + image.cols);
    }
  }
  return edges;
}

Segmentation collect(const cv::Mat& image, Components& components) {
  Segmentation result;
  std::vector<int> label_of(image.total(), -1), labels(image.total());
  for (int y = 0; y < image.rows; ++y) {
    for (int x = 0; x < image.cols; ++x) {
      const int pixel = y * image.cols + x;
      int& label = label_of[static_cast<std::size_t>(components.find(pixel))];
      if (label < 0) {
        label = static_cast<int>(result.segments.size());
        result.segments.push_back({.box = {x, y, 1, 1}});
      }
      labels[static_cast<std::size_t>(pixel)] = label;
      const auto& colour = image.at<cv::Vec3b>(y, x);
      Segment& segment = result.segments[static_cast<std::size_t>(label)];
      segment =
          join(segment, {.box = {x, y, 1, 1},
                         .area = 1,
                         .sum = {static_cast<double>(colour[0]), static_cast<double>(colour[1]),
                                 static_cast<double>(colour[2])}});
      const auto touch = [&](int there) {
        const int other = labels[static_cast<std::size_t>(there)];
        if (other != label) result.neighbours.emplace_back(std::minmax(label, other));
      };
      if (x > 0) touch(pixel - 1);
      if (y > 0) touch(pixel - image.cols);
    }
  }
  std::ranges::sort(result.neighbours);
  const auto repeated = std::ranges::unique(result.neighbours);
  result.neighbours.erase(repeated.begin(), repeated.end());
  return result;
}

}  // namespace

std::array<double, 3> Segment::mean() const {
  return {sum[0] / area, sum[1] / area, sum[2] / area};
}

Segment join(const Segment& one, const Segment& other) {
  return {.box = one.box | other.box,
          .area = one.area + other.area,
          .sum = {one.sum[0] + other.sum[0], one.sum[1] + other.sum[1], one.sum[2] + other.sum[2]}};
}

Segmentation segment_image(const cv::Mat& image, double scale, int least_area) {
  const std::vector<std::vector<Edge>> edges = edges_by_step(image);
  Components components(static_cast<int>(image.total()));
  const auto for_each_border = [&](const auto& may_unite) {
    for (std::size_t step = 0; step < edges.size(); ++step) {
      for (const Edge& edge : edges[step]) {
        const int one = components.find(edge.from), other = components.find(edge.to);
        const int height = static_cast<int>(step);
        if (one != other && may_unite(one, other, height)) components.unite(one, other, height);
      }
    }
  };
  for_each_border([&](int one, int other, int step) {
    return step <= std::min(components.tolerance(one, scale), components.tolerance(other, scale));
  });
  for_each_border([&](int one, int other, int) {
    return std::min(components.size(one), components.size(other)) < least_area;
  });
  return collect(image, components);
}

}  // namespace sightline
