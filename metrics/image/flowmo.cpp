#include "metrics/image/flowmo.h"

#include <algorithm>
#include <array>

#include "harness/base/error.h"
#include "metrics/image/psnr.h"

namespace sightline {
namespace {

std::array<std::uint8_t, 256> round_trip_table() {
  std::array<std::uint8_t, 256> table{};
  for (std::size_t v = 0; v < table.size(); ++v) {
    table[v] = flowmo_sample(static_cast<float>(static_cast<double>(v) / 127.5 - 1));
  }
  return table;
}

}  // namespace

std::uint8_t flowmo_sample(float sample) {
  return static_cast<std::uint8_t>((std::clamp(sample, -1.0F, 1.0F) + 1.0F) / 2.0F * 255.0F);
}

Image flowmo_image(std::span<const float> samples, int width, int height) {
  require(width > 0 && height > 0, "an image of {} x {} pixels", width, height);
  Image image = black_image(width, height);
  require(samples.size() == image.pixels.size(), "{} samples for an image of 3 x {} x {}",
          samples.size(), height, width);
  const std::size_t pixels = samples.size() / 3;
  for (std::size_t i = 0; i < pixels; ++i) {
    for (std::size_t c = 0; c < 3; ++c) {
      image.pixels[3 * i + c] = flowmo_sample(samples[c * pixels + i]);
    }
  }
  return image;
}

Image flowmo_round_trip(const Image& original) {
  static const std::array<std::uint8_t, 256> kTable = round_trip_table();
  Image image = original;
  for (std::uint8_t& sample : image.pixels) sample = kTable[sample];
  return image;
}

FlowmoPsnr::FlowmoPsnr(int batch) : batch_(static_cast<std::size_t>(std::max(batch, 0))) {
  require(batch > 0, "FlowMo's PSNR pools batches of {} images, want a positive number", batch);
}

void FlowmoPsnr::update(const Image& reconstruction, const Image& original) {
  update(squared_error_float32(reconstruction, original), original.pixels.size());
}

void FlowmoPsnr::update(double squared_error, std::size_t samples) {
  pairs_.push_back({squared_error, static_cast<double>(samples)});
}

void FlowmoPsnr::merge(const FlowmoPsnr& next) {
  require(batch_ == next.batch_, "cannot merge PSNRs of batches of {} and {} images", batch_,
          next.batch_);
  pairs_.insert(pairs_.end(), next.pairs_.begin(), next.pairs_.end());
}

std::optional<double> FlowmoPsnr::compute() const {
  if (pairs_.empty() || pairs_.size() % batch_ != 0) return std::nullopt;
  const std::size_t batches = pairs_.size() / batch_;
  double total = 0;
  for (std::size_t begin = 0; begin < pairs_.size(); begin += batch_) {
    Pair pooled{0, 0};
    for (std::size_t i = begin; i < begin + batch_; ++i) {
      pooled.squared_error += pairs_[i].squared_error;
      pooled.samples += pairs_[i].samples;
    }
    total += psnr_of_error(pooled.squared_error / pooled.samples, 1);
  }
  return total / static_cast<double>(batches);
}

}  // namespace sightline
