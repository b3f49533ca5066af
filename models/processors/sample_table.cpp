#include "models/processors/sample_table.h"

namespace sightline {
namespace {

float to_float(double value) {
  return static_cast<float>(value);
}

// Each line is one rounding of the reference.
float pil_value(int sample, std::size_t channel, const SampleScaling& scaling) {
  float value = static_cast<float>(sample);
  if (scaling.do_rescale) value = to_float(sample * scaling.rescale_factor);
  if (!scaling.do_normalize) return value;
  value -= to_float(scaling.mean[channel]);
  return value / to_float(scaling.std[channel]);
}

float torchvision_value(int sample, std::size_t channel, const SampleScaling& scaling) {
  const float value = static_cast<float>(sample);
  if (!scaling.do_normalize) {
    return scaling.do_rescale ? value * to_float(scaling.rescale_factor) : value;
  }
  float mean = to_float(scaling.mean[channel]), std = to_float(scaling.std[channel]);
  if (scaling.do_rescale) {
    mean *= to_float(1 / scaling.rescale_factor);
    std *= to_float(1 / scaling.rescale_factor);
  }
  return (value - mean) / std;
}

}  // namespace

SampleTable sample_table(const SampleScaling& scaling, ImageBackend backend) {
  SampleTable table;
  for (std::size_t channel = 0; channel < 3; ++channel) {
    for (int sample = 0; sample < 256; ++sample) {
      table.values[channel][static_cast<std::size_t>(sample)] =
          backend == ImageBackend::kPil ? pil_value(sample, channel, scaling)
                                        : torchvision_value(sample, channel, scaling);
    }
  }
  return table;
}

void write_planes(const Image& image, const PixelWindow& window, const SampleTable& table,
                  float* out) {
  const auto width = static_cast<std::size_t>(window.width);
  const std::size_t plane = width * static_cast<std::size_t>(window.height);
  for (int y = 0; y < window.height; ++y, out += width) {
    const std::uint8_t* from =
        image.row(window.top + y) + 3 * static_cast<std::size_t>(window.left);
    for (std::size_t x = 0; x < width; ++x, from += 3) {
      out[x] = table[0][from[0]];
      out[plane + x] = table[1][from[1]];
      out[2 * plane + x] = table[2][from[2]];
    }
  }
}

}  // namespace sightline
