#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <vector>

#include "harness/base/file.h"
#include "metrics/detection/box.h"

namespace sightline::testing {

inline nlohmann::json read_json(const std::filesystem::path& path) {
  return nlohmann::json::parse(read_file(path));
}

/// One image of a COCO file with its detections, in file order.
struct CocoImage {
  double width = 0, height = 0;
  std::vector<GroundTruthBox> truths;
  std::vector<DetectedBox> detections;
  std::vector<std::int64_t> detection_ids;  ///< place in the file, from 1
};

struct CocoFiles {
  std::vector<std::int64_t> category_ids;    ///< ascending
  std::map<std::int64_t, CocoImage> images;  ///< by id
};

inline Box box_of(const nlohmann::json& object) {
  const auto numbers = object.at("bbox").get<std::vector<double>>();
  return {numbers.at(0), numbers.at(1), numbers.at(2), numbers.at(3)};
}

/// Official COCO or LVIS annotations, and a list of results on them.
inline CocoFiles load_coco(const nlohmann::json& annotations, const nlohmann::json& results) {
  CocoFiles files;
  std::map<std::int64_t, std::uint32_t> numbers;
  for (const auto& category : annotations.at("categories")) numbers[category.at("id")] = 0;
  for (auto& [id, number] : numbers) {
    number = static_cast<std::uint32_t>(files.category_ids.size());
    files.category_ids.push_back(id);
  }
  for (const auto& image : annotations.at("images")) {
    files.images[image.at("id")] = {image.at("width"), image.at("height"), {}, {}, {}};
  }
  for (const auto& object : annotations.at("annotations")) {
    files.images.at(object.at("image_id"))
        .truths.push_back({object.at("id"), numbers.at(object.at("category_id")), box_of(object),
                           object.at("area"), object.value("iscrowd", 0) != 0});
  }
  std::int64_t place = 0;
  for (const auto& object : results) {
    CocoImage& image = files.images.at(object.at("image_id"));
    image.detections.push_back(
        {numbers.at(object.at("category_id")), box_of(object), object.at("score")});
    image.detection_ids.push_back(++place);
  }
  return files;
}

}  // namespace sightline::testing
