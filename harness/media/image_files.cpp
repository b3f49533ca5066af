#include "harness/media/image_files.h"

#include <algorithm>
#include <map>

#include "harness/base/error.h"
#include "harness/base/text.h"

namespace sightline {

namespace fs = std::filesystem;

namespace {

bool is_image(const fs::path& file) {
  const std::string extension = to_lower(file.extension().string());
  return extension == ".png" || extension == ".jpg" || extension == ".jpeg" || extension == ".webp";
}

std::vector<fs::path> images_below(const fs::path& folder) {
  std::vector<fs::path> files;
  try {
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      if (is_image(entry.path()) && entry.is_regular_file()) files.push_back(entry.path());
    }
  } catch (const fs::filesystem_error& error) {
    fail("cannot read the folder {}: {}", folder.string(), error.what());
  }
  return files;
}

}  // namespace

std::vector<fs::path> list_images(const fs::path& folder) {
  require(fs::is_directory(folder), "missing folder {}, want one with images", folder.string());
  std::vector<fs::path> files = images_below(folder);
  require(!files.empty(), "{} holds no PNG, JPEG or WebP image", folder.string());
  std::sort(files.begin(), files.end(), [](const fs::path& a, const fs::path& b) {
    return std::pair(a.filename(), a) < std::pair(b.filename(), b);
  });
  std::map<fs::path, fs::path> by_name;
  for (const fs::path& file : files) {
    const auto [first, is_new] = by_name.try_emplace(file.stem(), file);
    require(is_new, "two images have the name '{}': {} and {}", file.stem().string(),
            first->second.string(), file.string());
  }
  return files;
}

}  // namespace sightline
