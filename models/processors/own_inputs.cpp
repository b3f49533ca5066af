#include "models/processors/own_inputs.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

#include "harness/base/error.h"
#include "harness/media/interpolate_float.h"
#include "models/processors/image_steps.h"
#include "models/processors/sample_table.h"

namespace sightline {
namespace {

constexpr std::array<double, 3> kImagenetMean{0.485, 0.456, 0.406};
constexpr std::array<double, 3> kImagenetStd{0.229, 0.224, 0.225};

// One value a sample of any channel: `value(sample, channel)`.
template <typename Value>
SampleTable table_of(Value value) {
  SampleTable table;
  for (std::size_t channel = 0; channel < 3; ++channel) {
    for (int sample = 0; sample < 256; ++sample) {
      table.values[channel][static_cast<std::size_t>(sample)] = value(sample, channel);
    }
  }
  return table;
}

PixelTensor to_planes(const Image& image, const SampleTable& table) {
  PixelTensor tensor = zero_tensor(
      {3, static_cast<std::size_t>(image.height), static_cast<std::size_t>(image.width)});
  write_planes(image, {0, 0, image.width, image.height}, table, tensor.values.data());
  return tensor;
}

void require_pixels(const Image& image) {
  require(image.width > 0 && image.height > 0, "an image without pixels cannot be processed");
}

}  // namespace

PixelTensor flowmo_pixels(const Image& image) {
  require_pixels(image);
  return to_planes(image, table_of([](int sample, std::size_t) {
                     return static_cast<float>(sample / 127.5 - 1);
                   }));
}

Box ChatrexInput::to_input(const Box& box) const {
  return {(box.x + padding.width) * scale, (box.y + padding.height) * scale, box.w * scale,
          box.h * scale};
}

ChatrexInput chatrex_input(const Image& image, int side, int low, const ImageProtocol& protocol) {
  require_pixels(image);
  std::array<std::uint8_t, 3> colour{};
  std::ranges::transform(kClipMean, colour.begin(),
                         [](double mean) { return static_cast<std::uint8_t>(255 * mean); });
  const int longer = std::max(image.width, image.height);
  const Image square = set_in_middle(image, {longer, longer}, colour);
  const Image scaled = resize_with(square, {side, side}, ResizeFilter::kBicubic, protocol);
  ChatrexInput input;
  input.pixel_values_aux =
      to_planes(scaled, sample_table({.mean = kClipMean, .std = kClipStd}, protocol.backend));
  const auto large = static_cast<std::size_t>(side), small = static_cast<std::size_t>(low);
  input.pixel_values = {{3, small, small},
                        interpolate_planes(input.pixel_values_aux.values, {3, large, large}, small,
                                           small, Interpolation::kBilinear)};
  input.padding = {(longer - image.width) / 2, (longer - image.height) / 2};
  input.scale = static_cast<double>(side) / longer;
  return input;
}

FrameSize upn_size(FrameSize image, int shorter, int longest) {
  const int low = std::min(image.width, image.height), high = std::max(image.width, image.height);
  require(low > 0, "cannot resize an image of {} x {} pixels", image.width, image.height);
  int edge = shorter;
  if (static_cast<double>(high) / low * shorter > longest) {
    const double exact = static_cast<double>(std::int64_t{longest} * low) / high;
    edge = static_cast<int>(std::nearbyint(exact));
  }
  require(edge > 0, "an image of {} x {} is too long: scaled to {} pixels it would have no width",
          image.width, image.height, longest);
  return low == edge ? image : shortest_edge_size(image, edge);
}

PixelTensor upn_pixels(const Image& image, int shorter, int longest, PassOrder order) {
  require_pixels(image);
  const FrameSize size = upn_size({image.width, image.height}, shorter, longest);
  const Image scaled = resize_with(image, size, ResizeFilter::kBilinear, {.order = order});
  return to_planes(scaled, table_of([](int sample, std::size_t channel) {
                     const float unit = static_cast<float>(sample) / 255.0F;
                     return (unit - static_cast<float>(kImagenetMean[channel])) /
                            static_cast<float>(kImagenetStd[channel]);
                   }));
}

}  // namespace sightline
