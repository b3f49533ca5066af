#pragma once

#include <atomic>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "harness/engine/image_set.h"
#include "harness/engine/set_features.h"
#include "results/feature_store.h"
#include "tasks/feature_cache.h"

namespace sightline {

/// The folder where what networks made of reference images is kept: SIGHTLINE_CACHE, else
/// `sightline` in XDG_CACHE_HOME or in ~/.cache. Empty when none of these is set.
std::filesystem::path usual_cache_folder();

/// `given` ("none": no cache; empty: the usual folder) as a folder, empty for none.
std::filesystem::path cache_folder(const std::filesystem::path& given);

/// What networks made of reference images, kept between runs in a folder.
///
/// `statistics-KEY.npz` holds means and covariances of a whole set (`mu`, `sigma`, ...), written as
/// a whole or not at all; `features.sqlite` holds features image by image, for runs of tasks. Keys
/// are SHA-256 of the images' content, the way of resizing, the network's weights, the device and
/// this program's version: names, places and dates of files do not matter. What is damaged is
/// reported by `warn`, never used, and replaced. A folder that cannot be used is reported once, and
/// everything is then computed anew. Functions may be called from several threads.
class ReferenceCache {
 public:
  using Warn = std::function<void(const std::string& message)>;

  /// `folder` empty: keeps nothing. It is made when something is kept.
  ReferenceCache(std::filesystem::path folder, Warn warn);

  bool is_used() const { return !folder_.empty(); }

  /// The key of the statistics of `images`, a folder or an array, which are all read. `network`
  /// says what looks at them: weights, way of resizing, device.
  static std::string key_of_statistics(const std::filesystem::path& images,
                                       const std::string& network, const FeatureNeeds& needs);
  std::filesystem::path file_of_statistics(const std::string& key) const;
  /// None when they are not there, or cannot be trusted.
  std::optional<SetFeatures> find_statistics(const std::string& key,
                                             const FeatureNeeds& needs) const;
  void keep_statistics(const std::string& key, const SetFeatures& features) const;

  /// Features image by image, for tasks; lives as long as this object.
  const FeatureCache* features() const { return is_used() ? &features_ : nullptr; }
  /// Images whose features were found, and were not.
  std::size_t hits() const { return hits_; }
  std::size_t misses() const { return misses_; }

 private:
  std::optional<std::vector<float>> find(const std::string& key);
  void keep(const std::string& key, std::span<const float> features);
  FeatureStore* store();
  void give_up(const std::string& reason);

  std::filesystem::path folder_;
  Warn warn_;
  FeatureCache features_;
  std::mutex mutex_;  // of the store
  std::unique_ptr<FeatureStore> store_;
  bool given_up_ = false, damage_said_ = false;
  std::atomic<std::size_t> hits_ = 0, misses_ = 0;
};

}  // namespace sightline
