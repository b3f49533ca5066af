#include "tasks/reconstruction_networks.h"

#include "harness/base/error.h"
#include "harness/base/hash.h"
#include "models/api/weight_files.h"

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

}  // namespace

ReconstructionNetworks::ReconstructionNetworks(const TaskSources& sources, InceptionInput input)
    : registry_(sources.registry), input_(input) {
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

void ReconstructionNetworks::measure(const Image& reconstruction, const Image& original,
                                     Reconstruction& made) {
  if (inception_weights_.empty() && perceptual_.empty()) return;
  const std::lock_guard lock(mutex_);
  if (!inception_weights_.empty()) {
    if (!inception_) {
      inception_ = open_inception(*registry_, {.weights = inception_weights_, .input = input_});
    }
    const Image pair[] = {reconstruction, original};
    const std::vector<float> pool = inception_->features(pair).pool;
    const auto middle = pool.begin() + InceptionFeatures::kPool;
    made.features.assign(pool.begin(), middle);
    made.original_features.assign(middle, pool.end());
  }
  for (Perceptual& metric : perceptual_) {
    if (!metric.network) {
      metric.network = open_perceptual(
          *registry_, {.trunk = metric.trunk, .weights = metric.weights, .linear = metric.linear});
    }
    made.measured[metric.key] =
        metric.network->distances({&reconstruction, 1}, {&original, 1}).front();
  }
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
