#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "models/generation/network.h"

namespace sightline {

/// The images of a request, what the processor made of them, and what the vision tower did.
/// Requests about the same images share one of these.
class ImageSet {
 public:
  ImageSet(std::string key, std::vector<std::shared_ptr<const Image>> images)
      : key_(std::move(key)), images_(std::move(images)) {}

  /// Equal for equal pixels in equal order.
  const std::string& key() const { return key_; }
  std::size_t size() const { return images_.size(); }

  /// Processes the images unless that was done; `video`: as the frames of one. Any thread may call
  /// it.
  std::vector<ImageLayout> process(const Network& network, bool video = false);

  /// What follows is for the thread that runs the network, after `process`.
  const ProcessedImages& pixels() const { return processed_; }
  std::shared_ptr<const VisionFeatures> features() const { return features_; }
  /// Keeps the features, and the pixels no longer.
  void set_features(std::shared_ptr<const VisionFeatures> features);

 private:
  std::string key_;
  std::vector<std::shared_ptr<const Image>> images_;
  std::mutex mutex_;  // of processing
  std::vector<ImageLayout> layouts_;
  ProcessedImages processed_;
  std::shared_ptr<const VisionFeatures> features_;
};

/// A hash of pixels, computed once for an image that several requests point to.
class ImageHashes {
 public:
  /// SHA-256 of size and pixels. Any thread may call it.
  std::string hash(const std::shared_ptr<const Image>& image);

 private:
  struct Known {
    std::weak_ptr<const Image> image;
    std::string hash;
  };
  std::mutex mutex_;
  std::map<const Image*, Known> known_;
};

/// Image sets by content, as many as their features leave room for; those used longest ago go
/// first, and none that somebody else holds.
class ImageStore {
 public:
  /// Features of all together; 0: every request has a set of its own.
  explicit ImageStore(std::size_t most_bytes) : most_bytes_(most_bytes) {}

  /// The set of these images, perhaps one that other requests have. Any thread may call it.
  std::shared_ptr<ImageSet> get(std::vector<std::shared_ptr<const Image>> images);
  /// Lets go of what is too much. Called after features were set.
  void trim();
  /// Lets go of all that nobody holds; false when there was nothing to let go of.
  bool clear();

 private:
  using Order = std::list<std::shared_ptr<ImageSet>>;  // the last used at the end
  bool drop_down_to(std::size_t most_bytes);

  const std::size_t most_bytes_;
  ImageHashes hashes_;
  std::mutex mutex_;
  Order order_;
  std::map<std::string, Order::iterator> sets_;
};

}  // namespace sightline
