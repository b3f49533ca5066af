#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "harness/base/file.h"
#include "harness/base/rng.h"
#include "metrics/fidelity/features.h"
#include "tests/support/npy.h"
#include "tests/support/paths.h"

namespace sightline::testing {

/// Rows that own their values.
struct Features {
  std::vector<float> values;
  std::size_t width = 0;

  FeatureRows rows() const { return {values, width}; }
};

inline Features read_features(const std::filesystem::path& path) {
  NpyArray<float> array = read_npy<float>(path, "<f4");
  return {std::move(array.values), array.shape.at(1)};
}

/// Correlated features with a mean far from 0, as those of a network are.
inline Features random_features(std::size_t rows, std::size_t width, std::uint64_t seed,
                                double mean = 0.5) {
  Rng rng(seed);
  Features features{.width = width};
  for (std::size_t i = 0; i < rows; ++i) {
    const double common = rng.normal();
    for (std::size_t k = 0; k < width; ++k) {
      const double spread = 0.1 + 0.4 * static_cast<double>(k) / static_cast<double>(width);
      features.values.push_back(static_cast<float>(mean + spread * (rng.normal() + 0.5 * common)));
    }
  }
  return features;
}

inline const nlohmann::json& golden_results() {
  static const auto json = nlohmann::json::parse(read_file(data_path("fid/expected_fid.json")));
  return json;
}

struct GoldenPair {
  std::string name;
  Features x, y;
  nlohmann::json want;
};

/// The pairs of tests/data/fid, and the large one where it is to be found.
inline std::vector<GoldenPair> golden_pairs() {
  std::vector<GoldenPair> pairs;
  for (const auto& [name, want] : golden_results().at("sets").items()) {
    std::filesystem::path x = data_path("fid/" + name + "_x.npy");
    if (!exists(x)) x = shared_path("goldens/metrics/fid/" + name + "_x.npy");
    if (!exists(x)) continue;
    const std::filesystem::path y = x.parent_path() / (name + "_y.npy");
    pairs.push_back({name, read_features(x), read_features(exists(y) ? y : x), want});
  }
  return pairs;
}

}  // namespace sightline::testing
