#include "harness/engine/image_loader.h"

#include <algorithm>

namespace sightline {

std::shared_ptr<const Image> ImageLoader::load(const std::filesystem::path& path) {
  std::promise<std::shared_ptr<const Image>> promise;
  std::shared_future<std::shared_ptr<const Image>> image;
  {
    const std::lock_guard lock(mutex_);
    const auto known = std::find_if(recent_.begin(), recent_.end(),
                                    [&](const Entry& entry) { return entry.path == path; });
    if (known != recent_.end()) image = known->image;
    if (!image.valid()) {
      recent_.push_back({path, promise.get_future().share()});
      if (recent_.size() > capacity_) recent_.pop_front();
    }
  }
  if (image.valid()) return image.get();
  try {
    auto decoded = std::make_shared<const Image>(decode_(path));
    promise.set_value(decoded);
    return decoded;
  } catch (...) {
    promise.set_exception(std::current_exception());
    throw;
  }
}

}  // namespace sightline
