// Masks and polygons against COCO's mask API: strings, areas and boxes to the last bit.

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "harness/base/file.h"
#include "metrics/detection/box.h"
#include "metrics/masks/mask.h"
#include "metrics/masks/polygon_mask.h"
#include "tests/support/paths.h"

namespace sightline {
namespace {

using nlohmann::json;
using testing::data_path;

const json& cases() {
  static const json document = json::parse(read_file(data_path("masks/mask_api_cases.json")));
  return document;
}

void expect_measures(const Mask& mask, const json& golden) {
  const auto box = golden.at("bbox").get<std::vector<double>>();
  EXPECT_EQ(mask.area(), golden.at("area").get<std::uint32_t>());
  EXPECT_EQ(mask.box(), (Box{box.at(0), box.at(1), box.at(2), box.at(3)}));
}

TEST(MaskApiGolden, MasksFromBothFormsOfCountsAreEqualAndGoBack) {
  int masks = 0;
  for (const json& golden : cases().at("rle_cases")) {
    if (golden.at("kind") != "mask") continue;
    ++masks;
    const int height = golden.at("size").at(0), width = golden.at("size").at(1);
    const auto counts = golden.at("compressed").get<std::string>();
    SCOPED_TRACE(counts);
    const auto runs = golden.at("uncompressed_counts").get<std::vector<std::uint32_t>>();
    const Mask mask = mask_from_counts(height, width, counts);
    EXPECT_EQ(mask, mask_from_runs(height, width, runs));
    EXPECT_EQ(runs_of(mask), runs);
    EXPECT_EQ(counts_of(mask), counts);
    EXPECT_EQ(mask_from_bitmap(height, width, bitmap_of(mask)), mask);
    expect_measures(mask, golden);
  }
  EXPECT_EQ(masks, 20);
}

TEST(MaskApiGolden, PolygonsBecomeTheSamePixels) {
  int polygons = 0;
  for (const json& golden : cases().at("rle_cases")) {
    if (golden.at("kind") != "polygon") continue;
    ++polygons;
    const auto polygon = golden.at("polygon").get<std::vector<double>>();
    SCOPED_TRACE(golden.at("polygon").dump());
    const Mask mask = polygon_mask(polygon, golden.at("size").at(0), golden.at("size").at(1));
    EXPECT_EQ(counts_of(mask), golden.at("compressed").get<std::string>());
    expect_measures(mask, golden);
  }
  EXPECT_EQ(polygons, 20);
}

TEST(MaskApiGolden, BoxesOverlapAsTheMaskApiHasIt) {
  const auto to_box = [](const json& numbers) {
    return Box{numbers.at(0), numbers.at(1), numbers.at(2), numbers.at(3)};
  };
  for (const json& golden : cases().at("bbox_iou_cases")) {
    for (std::size_t d = 0; d < golden.at("dt").size(); ++d) {
      for (std::size_t t = 0; t < golden.at("gt").size(); ++t) {
        const bool crowd = golden.at("iscrowd").at(t) != 0;
        EXPECT_EQ(coco_box_iou(to_box(golden.at("dt").at(d)), to_box(golden.at("gt").at(t)), crowd),
                  golden.at("iou").at(d).at(t).get<double>());
      }
    }
  }
}

}  // namespace
}  // namespace sightline
