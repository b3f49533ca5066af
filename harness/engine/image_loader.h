#pragma once

#include <deque>
#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>

#include "harness/media/image.h"

namespace sightline {

/// Decodes images for several threads, each image once while it is among the last `capacity`
/// asked for: questions about one image come one after another.
class ImageLoader {
 public:
  using Decode = std::function<Image(const std::filesystem::path&)>;
  ImageLoader(Decode decode, std::size_t capacity)
      : decode_(std::move(decode)), capacity_(capacity) {}

  /// Throws what `decode` threw, to everyone who asked for that image.
  std::shared_ptr<const Image> load(const std::filesystem::path& path);

 private:
  struct Entry {
    std::filesystem::path path;
    std::shared_future<std::shared_ptr<const Image>> image;
  };
  Decode decode_;
  std::size_t capacity_;
  std::mutex mutex_;
  std::deque<Entry> recent_;
};

}  // namespace sightline
