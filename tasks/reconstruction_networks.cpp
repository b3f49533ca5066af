#include "tasks/reconstruction_networks.h"

#include <algorithm>
#include <span>
#include <utility>

#include "harness/base/error.h"
#include "harness/base/hash.h"
#include "models/api/weight_files.h"
#include "tasks/feature_cache.h"

namespace sightline {

namespace fs = std::filesystem;

namespace {

/// A metric by its key, and the roles of the files it needs.
struct Needs {
  const char* key;
  const char* trunk_role;
  const char* linear_role;
  const char* trunk;
};
constexpr Needs kPerceptual[] = {{"lpips", "alexnet", "lpips_alex", "alex"},
                                 {"lpips_vgg", "vgg16", "lpips_vgg", "vgg"}};

/// The protocol's field for the weights behind a metric.
std::string weights_of(const char* key) {
  return std::string(key) + "_weights";
}

/// Enough of a hash to tell files apart by eye.
std::string short_hash(const fs::path& file) {
  return sha256_of_file(file).substr(0, 16);
}

/// Everything that the pooled features of an image depend on, but for this program's version.
std::string key_of_features(const std::string& weights, InceptionInput input, const Image& image) {
  Sha256 hash;
  hash.update(fmt::format("pooled features on a CPU\n{}\n{}\n{} x {}\n", weights, name_of(input),
                          image.width, image.height));
  hash.update({reinterpret_cast<const char*>(image.pixels.data()), image.pixels.size()});
  return hash.finish();
}

FloatImage to_float_image(const Image& image) {
  return {image.width, image.height, {image.pixels.begin(), image.pixels.end()}};
}

/// Samples [3, height, width] in [-1, 1], clamped, as an image of the size of `original`.
FloatImage to_float_image(std::span<const float> samples, const Image& original) {
  FloatImage image{original.width, original.height, std::vector<float>(original.pixels.size())};
  require(samples.size() == image.samples.size(),
          "{} samples of a reconstruction of {} x {} pixels", samples.size(), image.width,
          image.height);
  const std::size_t pixels = samples.size() / 3;
  for (std::size_t i = 0; i < pixels; ++i) {
    for (std::size_t c = 0; c < 3; ++c) {
      image.samples[3 * i + c] =
          (std::clamp(samples[c * pixels + i], -1.0F, 1.0F) + 1.0F) / 2.0F * 255.0F;
    }
  }
  return image;
}

}  // namespace

ReconstructionNetworks::ReconstructionNetworks(const TaskSources& sources, InceptionInput input)
    : registry_(sources.registry), cache_(sources.features), input_(input) {
  for (const char* key : {"rfid", "lpips", "lpips_vgg"}) protocol_[weights_of(key)] = "none";
  if (registry_ == nullptr) return;
  const fs::path folder = weights_folder(sources.weights, sources.data_root);
  inception_weights_ = find_weights(folder, "inception");
  if (!inception_weights_.empty()) {
    protocol_[weights_of("rfid")] = short_hash(inception_weights_);
  }
  for (const Needs& needs : kPerceptual) {
    const fs::path weights = find_weights(folder, needs.trunk_role);
    const fs::path linear = find_weights(folder, needs.linear_role);
    if (weights.empty() || linear.empty()) continue;
    perceptual_.push_back({needs.key, needs.trunk, weights, linear});
    protocol_[weights_of(needs.key)] = short_hash(weights) + "+" + short_hash(linear);
  }
}

std::map<std::string, std::string> ReconstructionNetworks::protocol() const {
  return protocol_;
}

InceptionNetwork& ReconstructionNetworks::inception() {
  if (!inception_) {
    inception_ = open_inception(*registry_, {.weights = inception_weights_, .input = input_});
  }
  return *inception_;
}

std::vector<float> ReconstructionNetworks::original_features(const Image& original) {
  const auto compute = [&] { return inception().features({&original, 1}).pool; };
  if (cache_ == nullptr) return compute();
  const std::string key = key_of_features(inception().weights_sha256(), input_, original);
  if (auto found = cache_->find(key); found && found->size() == InceptionFeatures::kPool) {
    return std::move(*found);
  }
  std::vector<float> features = compute();
  cache_->keep(key, features);
  return features;
}

void ReconstructionNetworks::measure_distances(const Image& original, Reconstruction& made) {
  for (Perceptual& metric : perceptual_) {
    if (!metric.network) {
      metric.network = open_perceptual(
          *registry_, {.trunk = metric.trunk, .weights = metric.weights, .linear = metric.linear});
    }
    if (made.samples) {
      const FloatImage pair[] = {to_float_image(*made.samples, original), to_float_image(original)};
      made.measured[metric.key] = metric.network->float_distances({pair, 1}, {pair + 1, 1}).front();
    } else {
      made.measured[metric.key] =
          metric.network->distances({made.image.get(), 1}, {&original, 1}).front();
    }
  }
}

void ReconstructionNetworks::measure(const Image& original, Reconstruction& made) {
  if (inception_weights_.empty() && perceptual_.empty()) return;
  const std::lock_guard lock(mutex_);
  if (!inception_weights_.empty()) {
    if (made.samples) {
      const FloatImage samples = to_float_image(*made.samples, original);
      made.features = inception().float_features({&samples, 1}).pool;
    } else {
      made.features = inception().features({made.image.get(), 1}).pool;
    }
    made.original_features = original_features(original);
  }
  measure_distances(original, made);
}

std::string why_not_computed(const std::string& key) {
  if (key == "rfid") return "not computed: " + describe_missing(known_weights("inception"));
  for (const Needs& needs : kPerceptual) {
    if (key != needs.key) continue;
    return fmt::format("not computed: {}; {}", describe_missing(known_weights(needs.trunk_role)),
                       describe_missing(known_weights(needs.linear_role)));
  }
  fail("no metric of reconstructions is named {}", key);
}

}  // namespace sightline
