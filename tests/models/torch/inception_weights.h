#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "tests/support/deterministic_weights.h"
#include "tests/support/images.h"
#include "tests/support/paths.h"

namespace sightline::testing {

inline WeightKind inception_kind(const std::string& kind) {
  static const std::map<std::string, WeightKind> kinds = {
      {"conv", WeightKind::kWeight},          {"bias", WeightKind::kBias},
      {"bn_weight", WeightKind::kNormWeight}, {"bn_bias", WeightKind::kNormBias},
      {"bn_mean", WeightKind::kNormMean},     {"bn_var", WeightKind::kNormVariance}};
  return kinds.at(kind);
}

inline const nlohmann::json& inception_golden() {
  static const nlohmann::json golden = read_json(data_path("inception/inception_expected.json"));
  return golden;
}

/// All parameters of the network as the golden lists them.
inline std::vector<WeightSpec> inception_specs() {
  std::vector<WeightSpec> specs;
  for (const auto& parameter : inception_golden().at("parameters")) {
    specs.push_back({.name = parameter.at("name"),
                     .shape = parameter.at("shape").get<std::vector<std::int64_t>>(),
                     .kind = inception_kind(parameter.at("kind"))});
  }
  return specs;
}

/// The file of the goldens' weights, written once a process.
inline const std::filesystem::path& inception_weights() {
  static const TemporaryFolder folder;
  static const std::filesystem::path path = [] {
    std::filesystem::path file = folder / "inception.safetensors";
    write_deterministic_weights(file, inception_specs());
    return file;
  }();
  return path;
}

}  // namespace sightline::testing
