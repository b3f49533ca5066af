#include "models/generation/image_store.h"

#include <utility>

#include "harness/base/hash.h"

namespace sightline {

std::vector<ImageLayout> ImageSet::process(const Network& network, bool video) {
  const std::lock_guard lock(mutex_);
  if (!images_.empty() && layouts_.empty()) {
    std::vector<const Image*> images;
    for (const auto& image : images_) images.push_back(image.get());
    processed_ = network.process(images, video);
    layouts_ = processed_.images;
    for (auto& image : images_) image.reset();
  }
  return layouts_;
}

void ImageSet::set_features(std::shared_ptr<const VisionFeatures> features) {
  features_ = std::move(features);
  processed_ = {};
}

std::string ImageHashes::hash(const std::shared_ptr<const Image>& image) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = known_.find(image.get());
    // Another image may have been made where one was deleted.
    if (found != known_.end() && found->second.image.lock() == image) return found->second.hash;
  }
  Sha256 sha;
  sha.update(std::to_string(image->width) + "x" + std::to_string(image->height) + ":");
  sha.update({reinterpret_cast<const char*>(image->pixels.data()), image->pixels.size()});
  std::string hash = sha.finish();
  const std::lock_guard lock(mutex_);
  std::erase_if(known_, [](const auto& entry) { return entry.second.image.expired(); });
  known_[image.get()] = {image, hash};
  return hash;
}

std::shared_ptr<ImageSet> ImageStore::get(std::vector<std::shared_ptr<const Image>> images) {
  if (most_bytes_ == 0) return std::make_shared<ImageSet>("", std::move(images));
  std::string key;
  for (const auto& image : images) key += hashes_.hash(image) + ' ';
  const std::lock_guard lock(mutex_);
  if (const auto found = sets_.find(key); found != sets_.end()) {
    order_.splice(order_.end(), order_, found->second);
    return order_.back();
  }
  order_.push_back(std::make_shared<ImageSet>(key, std::move(images)));
  sets_[std::move(key)] = std::prev(order_.end());
  return order_.back();
}

void ImageStore::trim() {
  drop_down_to(most_bytes_);
}

bool ImageStore::clear() {
  return drop_down_to(0);
}

bool ImageStore::drop_down_to(std::size_t most_bytes) {
  const std::lock_guard lock(mutex_);
  std::size_t bytes = 0;
  for (const auto& set : order_) bytes += set->features() ? set->features()->bytes() : 0;
  bool dropped = false;
  for (auto set = order_.begin(); set != order_.end();) {
    // Sets without features that nobody waits for had images that were refused.
    const bool held_elsewhere = set->use_count() > 1;
    if (held_elsewhere || ((*set)->features() && bytes <= most_bytes)) {
      ++set;
      continue;
    }
    if ((*set)->features()) bytes -= (*set)->features()->bytes();
    sets_.erase((*set)->key());
    set = order_.erase(set);
    dropped = true;
  }
  return dropped;
}

}  // namespace sightline
