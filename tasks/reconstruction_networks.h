#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "models/api/image_networks.h"
#include "models/api/response.h"
#include "tasks/task.h"

namespace sightline {

/// The networks that compare a reconstruction with its original, as far as their weights are there.
/// Each is opened when it is first needed; calls from several threads wait for each other.
class ReconstructionNetworks {
 public:
  /// Looks for the weights where `sources` says and hashes those it finds. Without a registry none
  /// is used.
  ReconstructionNetworks(const TaskSources& sources, InceptionInput input);

  /// Leaves features of both images and the LPIPS distances in `made`, of its samples where it has
  /// them, else of its image. An image goes through Inception alone, so that its features depend on
  /// nothing else; those of originals come from the cache where they are there.
  void measure(const Image& original, Reconstruction& made);

  /// "rfid_weights", "lpips_weights", "lpips_vgg_weights": the starts of their SHA-256, or "none":
  /// part of the protocol.
  std::map<std::string, std::string> protocol() const;

 private:
  struct Perceptual {
    std::string key, trunk;  // "lpips", "alex"
    std::filesystem::path weights, linear;
    std::unique_ptr<PerceptualDistance> network = {};
  };

  InceptionNetwork& inception();
  std::vector<float> original_features(const Image& original);
  void measure_distances(const Image& original, Reconstruction& made);

  Registry* registry_;
  const FeatureCache* cache_;
  InceptionInput input_;
  std::filesystem::path inception_weights_;
  std::unique_ptr<InceptionNetwork> inception_;
  std::vector<Perceptual> perceptual_;
  std::map<std::string, std::string> protocol_;
  std::mutex mutex_;
};

/// Why a metric of reconstructions that needs a network has no value: the weights to get.
std::string why_not_computed(const std::string& key);

}  // namespace sightline
