#include "harness/media/crop.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "harness/base/error.h"

namespace sightline {
namespace {

void require_size(int size) {
  require(size > 0, "the size is {}, want a positive number", size);
}

// Python's round(): halves go to the even number, the processor's default too.
int rounded(double value) {
  return static_cast<int>(std::nearbyint(value));
}

// As torchvision pads before a crop that is larger than the image: the odd pixel goes behind.
Image set_in_black(const Image& image, int width, int height) {
  Image result = black_image(std::max(width, image.width), std::max(height, image.height));
  const int left = (result.width - image.width) / 2;
  const int top = (result.height - image.height) / 2;
  for (int y = 0; y < image.height; ++y) {
    std::copy_n(image.row(y), image.row_bytes(), result.row(top + y) + std::ptrdiff_t{3} * left);
  }
  return result;
}

}  // namespace

Image crop(const Image& image, int left, int top, int width, int height) {
  require(left >= 0 && top >= 0 && width > 0 && height > 0 && width <= image.width - left &&
              height <= image.height - top,
          "cannot crop {} x {} pixels from column {}, row {} of an image of {} x {}", width, height,
          left, top, image.width, image.height);
  Image result = black_image(width, height);
  for (int y = 0; y < height; ++y) {
    std::copy_n(image.row(top + y) + std::ptrdiff_t{3} * left, result.row_bytes(), result.row(y));
  }
  return result;
}

Image resize_shorter_side(const Image& image, int size, ResizeFilter filter, PassOrder order) {
  require_size(size);
  const int shorter = std::min(image.width, image.height);
  require(shorter > 0, "cannot resize an image of {} x {} pixels", image.width, image.height);
  const auto scaled = [&](int side) {
    return static_cast<int>(static_cast<double>(std::int64_t{size} * side) / shorter);
  };
  return resize(image, scaled(image.width), scaled(image.height), filter, order);
}

Image center_crop(const Image& image, int width, int height) {
  require_size(width);
  require_size(height);
  if (width > image.width || height > image.height) {
    return center_crop(set_in_black(image, width, height), width, height);
  }
  return crop(image, rounded((image.width - width) / 2.0), rounded((image.height - height) / 2.0),
              width, height);
}

Image adm_center_crop(const Image& image, int size, PassOrder order) {
  require_size(size);
  Image scaled = image;
  while (std::min(scaled.width, scaled.height) / 2 >= size) {
    scaled = resize(scaled, scaled.width / 2, scaled.height / 2, ResizeFilter::kBox, order);
  }
  const double scale = static_cast<double>(size) / std::min(scaled.width, scaled.height);
  scaled = resize(scaled, rounded(scaled.width * scale), rounded(scaled.height * scale),
                  ResizeFilter::kBicubic, order);
  return crop(scaled, (scaled.width - size) / 2, (scaled.height - size) / 2, size, size);
}

}  // namespace sightline
