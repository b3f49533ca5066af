#include "harness/media/resize.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "harness/base/error.h"
#include "harness/media/resize_passes.h"
#include "harness/media/resize_weights.h"

namespace sightline {
namespace {

// The source position of each result, summed up step by step as Pillow does.
std::vector<std::size_t> nearest_positions(double low, double high, int size) {
  const double step = (high - low) / size;
  std::vector<std::size_t> positions(static_cast<std::size_t>(size));
  double at = low + step * 0.5;
  for (std::size_t& position : positions) {
    position = static_cast<std::size_t>(at);
    at += step;
  }
  return positions;
}

Image resize_nearest(const Image& image, int width, int height, const ResizeBox& box) {
  const std::vector<std::size_t> columns = nearest_positions(box.left, box.right, width);
  const std::vector<std::size_t> rows = nearest_positions(box.top, box.bottom, height);
  Image result = black_image(width, height);
  for (int y = 0; y < height; ++y) {
    const std::uint8_t* from = image.row(static_cast<int>(rows[static_cast<std::size_t>(y)]));
    std::uint8_t* out = result.row(y);
    for (const std::size_t column : columns) {
      std::memcpy(out, from + 3 * column, 3);
      out += 3;
    }
  }
  return result;
}

bool vertical_first(const Image& image, int width, int height, PassOrder order) {
  if (height >= image.height) return false;
  if (order == PassOrder::kPillow12) return image.height > std::int64_t{100} * image.width;
  return image.height - height > std::int64_t{2} * (image.width - width);
}

void require_request(const Image& image, int width, int height, const ResizeBox& box) {
  require(image.width > 0 && image.height > 0, "cannot resize an image of {} x {} pixels",
          image.width, image.height);
  require(width > 0 && height > 0, "cannot resize to {} x {} pixels: both sides must be positive",
          width, height);
  require(box.left >= 0 && box.top >= 0 && box.right <= image.width && box.bottom <= image.height &&
              box.left < box.right && box.top < box.bottom,
          "cannot resize the box ({}, {}, {}, {}) of an image of {} x {} pixels: want left < "
          "right, top < bottom, all within the image",
          box.left, box.top, box.right, box.bottom, image.width, image.height);
}

}  // namespace

Image resize(const Image& image, int width, int height, ResizeFilter filter,
             const ResizeOptions& options) {
  const ResizeBox box = options.box.value_or(
      ResizeBox{0, 0, static_cast<double>(image.width), static_cast<double>(image.height)});
  require_request(image, width, height, box);
  const bool same_width = width == image.width && box.left == 0 && box.right == width;
  const bool same_height = height == image.height && box.top == 0 && box.bottom == height;
  if (same_width && same_height) return image;
  if (filter == ResizeFilter::kNearest) return resize_nearest(image, width, height, box);
  const auto x_weights = [&] {
    return axis_weights(image.width, box.left, box.right, width, filter);
  };
  if (same_height) return horizontal_pass(image, x_weights(), kWeightBits, 0, height);
  const AxisWeights y = axis_weights(image.height, box.top, box.bottom, height, filter);
  if (same_width) return vertical_pass(image, y, kWeightBits, 0);
  if (vertical_first(image, width, height, options.order)) {
    return horizontal_pass(vertical_pass(image, y, kWeightBits, 0), x_weights(), kWeightBits, 0,
                           height);
  }
  return horizontal_then_vertical(image, x_weights(), y, kWeightBits, kWeightBits);
}

Image resize(const Image& image, int width, int height, ResizeFilter filter, PassOrder order) {
  return resize(image, width, height, filter, ResizeOptions{.order = order});
}

}  // namespace sightline
