#include "harness/media/resize_float.h"

#include <algorithm>

#include "harness/base/error.h"
#include "harness/base/vectorise.h"
#include "harness/media/resize_weights.h"

namespace sightline {
namespace {

// The samples of an image, 8-bit ones or floats.
const std::vector<std::uint8_t>& samples_of(const Image& image) {
  return image.pixels;
}
const std::vector<float>& samples_of(const FloatImage& image) {
  return image.samples;
}

template <typename AnyImage>
auto row_of(const AnyImage& image, int y) {
  return samples_of(image).data() +
         static_cast<std::size_t>(y) * static_cast<std::size_t>(image.width) * 3;
}

template <typename AnyImage>
void require_sizes(const AnyImage& image, int width, int height) {
  require(image.width > 0 && image.height > 0, "cannot resize an image of {} x {} pixels",
          image.width, image.height);
  require(samples_of(image).size() ==
              static_cast<std::size_t>(image.width) * static_cast<std::size_t>(image.height) * 3,
          "an image of {} x {} pixels has {} samples", image.width, image.height,
          samples_of(image).size());
  require(width > 0 && height > 0, "cannot resize to {} x {} pixels: both sides must be positive",
          width, height);
}

FloatImage empty_image(int width, int height) {
  return {
      width, height,
      std::vector<float>(static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * 3)};
}

template <typename Sample>
void horizontal_row(const ExactAxisWeights& axis, const Sample* from, float* to) {
  for (int i = 0; i < axis.size(); ++i, to += 3) {
    const auto at = static_cast<std::size_t>(i);
    const double* weights = axis.row(i);
    const Sample* pixel = from + 3 * static_cast<std::size_t>(axis.start[at]);
    double red = 0, green = 0, blue = 0;
    for (int j = 0; j < axis.count[at]; ++j, pixel += 3) {
      red += weights[j] * static_cast<double>(pixel[0]);
      green += weights[j] * static_cast<double>(pixel[1]);
      blue += weights[j] * static_cast<double>(pixel[2]);
    }
    to[0] = static_cast<float>(red);
    to[1] = static_cast<float>(green);
    to[2] = static_cast<float>(blue);
  }
}

SIGHTLINE_VECTORISED void add_row(double weight, const float* __restrict from, std::size_t count,
                                  double* __restrict sums) {
  for (std::size_t i = 0; i < count; ++i) sums[i] += weight * static_cast<double>(from[i]);
}

// A side that keeps its length is not filtered, as in Pillow.
template <typename AnyImage>
FloatImage horizontal_pass(const AnyImage& image, int width, ResizeFilter filter) {
  if (width == image.width) {
    const auto& samples = samples_of(image);
    return {width, image.height, std::vector<float>(samples.begin(), samples.end())};
  }
  const ExactAxisWeights axis = exact_axis_weights(image.width, 0, image.width, width, filter);
  FloatImage result = empty_image(width, image.height);
  float* to = result.samples.data();
  for (int y = 0; y < image.height; ++y, to += 3 * static_cast<std::size_t>(width)) {
    horizontal_row(axis, row_of(image, y), to);
  }
  return result;
}

FloatImage vertical_pass(FloatImage image, int height, ResizeFilter filter) {
  if (height == image.height) return image;
  const ExactAxisWeights axis = exact_axis_weights(image.height, 0, image.height, height, filter);
  FloatImage result = empty_image(image.width, height);
  const std::size_t row = static_cast<std::size_t>(image.width) * 3;
  std::vector<double> sums(row);
  for (int i = 0; i < height; ++i) {
    const auto at = static_cast<std::size_t>(i);
    const float* from = image.samples.data() + static_cast<std::size_t>(axis.start[at]) * row;
    std::ranges::fill(sums, 0.0);
    for (int j = 0; j < axis.count[at]; ++j, from += row) {
      add_row(axis.row(i)[j], from, row, sums.data());
    }
    std::ranges::transform(sums, result.samples.data() + at * row,
                           [](double sum) { return static_cast<float>(sum); });
  }
  return result;
}

// The source pixels that one result lies between.
struct Neighbours {
  int before, behind;
  float share;  // of the pixel behind
};

std::vector<Neighbours> neighbours(int length, int size, SourceGrid grid) {
  const float scale = static_cast<float>(length) / static_cast<float>(size);
  std::vector<Neighbours> all;
  for (int i = 0; i < size; ++i) {
    const float at = grid == SourceGrid::kCorner
                         ? static_cast<float>(i) * scale
                         : std::max(scale * (static_cast<float>(i) + 0.5F) - 0.5F, 0.0F);
    // Rounding of the scale may put the last position on the edge itself.
    const int before = std::min(static_cast<int>(at), length - 1);
    all.push_back({before, std::min(before + 1, length - 1), at - static_cast<float>(before)});
  }
  return all;
}

template <typename AnyImage>
FloatImage resized(const AnyImage& image, int width, int height, ResizeFilter filter) {
  require_sizes(image, width, height);
  require(filter != ResizeFilter::kNearest, "resizing to float samples has no nearest filter");
  return vertical_pass(horizontal_pass(image, width, filter), height, filter);
}

template <typename AnyImage>
FloatImage interpolated(const AnyImage& image, int width, int height, SourceGrid grid) {
  require_sizes(image, width, height);
  const std::vector<Neighbours> columns = neighbours(image.width, width, grid);
  const std::vector<Neighbours> rows = neighbours(image.height, height, grid);
  FloatImage result = empty_image(width, height);
  float* to = result.samples.data();
  for (const Neighbours& y : rows) {
    const auto above = row_of(image, y.before), below = row_of(image, y.behind);
    for (const Neighbours& x : columns) {
      const auto left = 3 * static_cast<std::size_t>(x.before);
      const auto right = 3 * static_cast<std::size_t>(x.behind);
      for (std::size_t c = 0; c < 3; ++c) {
        const auto mix = [&](const auto* line) {
          return (1 - x.share) * static_cast<float>(line[left + c]) +
                 x.share * static_cast<float>(line[right + c]);
        };
        *to++ = (1 - y.share) * mix(above) + y.share * mix(below);
      }
    }
  }
  return result;
}

}  // namespace

FloatImage resize_float(const Image& image, int width, int height, ResizeFilter filter) {
  return resized(image, width, height, filter);
}

FloatImage resize_float(const FloatImage& image, int width, int height, ResizeFilter filter) {
  return resized(image, width, height, filter);
}

FloatImage interpolate_bilinear(const Image& image, int width, int height, SourceGrid grid) {
  return interpolated(image, width, height, grid);
}

FloatImage interpolate_bilinear(const FloatImage& image, int width, int height, SourceGrid grid) {
  return interpolated(image, width, height, grid);
}

}  // namespace sightline
