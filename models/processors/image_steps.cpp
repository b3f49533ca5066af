#include "models/processors/image_steps.h"

#include <algorithm>
#include <cstddef>

#include "harness/base/error.h"
#include "harness/media/crop.h"
#include "harness/media/decode.h"
#include "harness/media/resize_torchvision.h"

namespace sightline {
namespace {

void set_image(const Image& image, int left, int top, Image& canvas) {
  for (int y = 0; y < image.height; ++y) {
    std::copy_n(image.row(y), image.row_bytes(),
                canvas.row(top + y) + 3 * static_cast<std::size_t>(left));
  }
}

void require_size_in_reason(const Image& image, FrameSize size) {
  require(std::int64_t{size.width} * size.height <= DecodeOptions{}.max_pixels,
          "an image of {} x {} would have to become one of {} x {}, more than {} pixels: it is too "
          "long for its width",
          image.width, image.height, size.width, size.height, DecodeOptions{}.max_pixels);
}

// Half of what is missing, if anything.
int margin(int wanted, int side, ImageBackend backend) {
  const int missing = std::max(wanted - side, 0);
  return backend == ImageBackend::kPil ? (missing + 1) / 2 : missing / 2;
}

TensorFilter tensor_filter(ResizeFilter filter) {
  if (filter == ResizeFilter::kBilinear) return TensorFilter::kBilinear;
  require(filter == ResizeFilter::kBicubic,
          "the torchvision backend resizes bilinear and bicubic only (resample 2 or 3): use "
          "image_backend=pil with this checkpoint");
  return TensorFilter::kBicubic;
}

}  // namespace

Image resize_with(const Image& image, FrameSize size, ResizeFilter filter,
                  const ImageProtocol& protocol) {
  require_size_in_reason(image, size);
  if (protocol.backend == ImageBackend::kPil) {
    return resize(image, size.width, size.height, filter, protocol.order);
  }
  return resize_torchvision(image, size.width, size.height, tensor_filter(filter));
}

FrameSize shortest_edge_size(FrameSize image, int edge) {
  const int shorter = std::min(image.width, image.height);
  require(shorter > 0, "cannot resize an image of {} x {} pixels", image.width, image.height);
  const auto scaled = [&](int side) {
    const double exact = static_cast<double>(std::int64_t{edge} * side) / shorter;
    require(exact < 1e9, "an image of {} x {} is too long to be scaled to {} on its shorter side",
            image.width, image.height, edge);
    return static_cast<int>(exact);
  };
  return {scaled(image.width), scaled(image.height)};
}

Image crop_middle(const Image& image, FrameSize size, ImageBackend backend) {
  if (size.width > image.width || size.height > image.height) {
    Image canvas =
        black_image(std::max(size.width, image.width), std::max(size.height, image.height));
    set_image(image, margin(size.width, image.width, backend),
              margin(size.height, image.height, backend), canvas);
    return crop_middle(canvas, size, backend);
  }
  return crop(image, (image.width - size.width) / 2, (image.height - size.height) / 2, size.width,
              size.height);
}

Image set_in_middle(const Image& image, FrameSize size, std::array<std::uint8_t, 3> colour) {
  require_size_in_reason(image, size);
  Image canvas = black_image(size.width, size.height);
  for (std::size_t i = 0; i < canvas.pixels.size(); i += 3) {
    std::copy_n(colour.data(), 3, canvas.pixels.data() + i);
  }
  set_image(image, (size.width - image.width) / 2, (size.height - image.height) / 2, canvas);
  return canvas;
}

}  // namespace sightline
