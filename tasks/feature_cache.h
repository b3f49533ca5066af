#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace sightline {

/// Where features of images are kept between runs, by a key that stands for everything that they
/// depend on. Both functions may be called from several threads and throw nothing but `StopError`.
struct FeatureCache {
  /// None when there are none, or none that can be trusted.
  std::function<std::optional<std::vector<float>>(const std::string& key)> find;
  std::function<void(const std::string& key, std::span<const float> features)> keep;
};

}  // namespace sightline
