#include "harness/media/resize_weights.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

namespace sightline {
namespace {

double sinc(double x) {
  if (x == 0) return 1;
  x *= std::numbers::pi;
  return std::sin(x) / x;
}

double bilinear(double x) {
  return std::max(1 - std::abs(x), 0.0);
}

double box(double x) {
  return x > -0.5 && x <= 0.5 ? 1 : 0;
}

double hamming(double x) {
  x = std::abs(x);
  if (x >= 1) return 0;
  return sinc(x) * (0.54 + 0.46 * std::cos(std::numbers::pi * x));
}

double bicubic(double x) {
  constexpr double a = -0.5;
  x = std::abs(x);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
  return 0;
}

double lanczos(double x) {
  return x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0;
}

struct Kernel {
  double (*weight)(double);
  double radius;
};

Kernel kernel_of(ResizeFilter filter) {
  switch (filter) {
    case ResizeFilter::kBox:
      return {box, 0.5};
    case ResizeFilter::kHamming:
      return {hamming, 1};
    case ResizeFilter::kBicubic:
      return {bicubic, 2};
    case ResizeFilter::kLanczos:
      return {lanczos, 3};
    default:
      return {bilinear, 1};
  }
}

// Where Pillow casts to int: towards zero.
int truncated(double value) {
  return static_cast<int>(value);
}

std::int32_t fixed_point(double weight) {
  const double scaled = weight * (1 << kWeightBits);
  return static_cast<std::int32_t>(weight < 0 ? scaled - 0.5 : scaled + 0.5);
}

}  // namespace

ExactAxisWeights exact_axis_weights(int length, double low, double high, int size,
                                    ResizeFilter filter) {
  const Kernel kernel = kernel_of(filter);
  const double scale = (high - low) / size;
  const double stretch = std::max(scale, 1.0);
  const double support = kernel.radius * stretch;
  ExactAxisWeights axis;
  axis.taps = static_cast<int>(std::min(std::ceil(support) * 2 + 1, double{1} * length));
  const auto taps = static_cast<std::size_t>(axis.taps);
  axis.weights.resize(static_cast<std::size_t>(size) * taps);
  for (int i = 0; i < size; ++i) {
    const double center = low + (i + 0.5) * scale;
    const int start = std::max(0, truncated(center - support + 0.5));
    const int end = std::min(length, truncated(center + support + 0.5));
    double* row = axis.weights.data() + static_cast<std::size_t>(i) * taps;
    double sum = 0;
    for (int j = 0; j < end - start; ++j) {
      row[j] = kernel.weight((j + start - center + 0.5) * (1 / stretch));
      sum += row[j];
    }
    for (int j = 0; sum != 0 && j < end - start; ++j) row[j] /= sum;
    axis.start.push_back(start);
    axis.count.push_back(end - start);
  }
  return axis;
}

AxisWeights axis_weights(int length, double low, double high, int size, ResizeFilter filter) {
  ExactAxisWeights exact = exact_axis_weights(length, low, high, size, filter);
  AxisWeights axis{exact.taps, std::move(exact.start), std::move(exact.count), {}};
  axis.weights.resize(exact.weights.size());
  std::ranges::transform(exact.weights, axis.weights.begin(), fixed_point);
  return axis;
}

}  // namespace sightline
