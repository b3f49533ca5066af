#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/box.h"
#include "models/api/request.h"

namespace sightline {

class JsonRecord;

/// An image of a COCO-style file.
struct CocoImage {
  std::int64_t id = 0;
  std::string file_name;
  int width = 0, height = 0;
};

/// An object of a COCO-style instances file, without its mask.
struct CocoObject {
  std::int64_t id = 0, image_id = 0, category_id = 0;
  Box box;
  double area = 0;
  bool crowd = false;
};

/// `instances_*.json`: images and categories in ascending id, objects in file order.
struct CocoInstances {
  std::vector<CocoImage> images;
  std::vector<Category> categories;
  std::vector<CocoObject> objects;
};

/// What a format that extends COCO's reads of a record behind the usual fields.
struct CocoExtensions {
  std::function<void(JsonRecord&, CocoImage&)> image;
  std::function<void(JsonRecord&, const Category&)> category;
  std::function<void(JsonRecord&, const CocoObject&)> object;
};

/// Reads an instances file. Throws `Error` naming file, record and field: a missing field, a box
/// with NaN or negative size, an id that occurs twice, an object of an unknown image or category.
CocoInstances read_coco_instances(const std::filesystem::path& file,
                                  const CocoExtensions& extensions = {});

/// A reference caption.
struct CocoCaption {
  std::int64_t image_id = 0;
  std::string caption;
};

/// `captions_*.json`: images in ascending id, captions in file order.
struct CocoCaptions {
  std::vector<CocoImage> images;
  std::vector<CocoCaption> captions;
};
CocoCaptions read_coco_captions(const std::filesystem::path& file);

/// Index of `id` in a list sorted by its member `id`; the list's size when absent.
template <typename Item>
std::size_t find_by_id(const std::vector<Item>& sorted, std::int64_t id) {
  std::size_t low = 0, high = sorted.size();
  while (low < high) {
    const std::size_t middle = (low + high) / 2;
    if (sorted[middle].id < id) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low < sorted.size() && sorted[low].id == id ? low : sorted.size();
}

}  // namespace sightline
