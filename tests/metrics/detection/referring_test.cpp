#include "metrics/detection/referring.h"

#include <gtest/gtest.h>

#include <limits>
#include <map>
#include <string>

#include "metrics/statistics.h"
#include "tests/support/coco_files.h"
#include "tests/support/paths.h"

namespace sightline {
namespace {

using testing::box_of;
using testing::data_path;
using testing::read_json;

BoxCorners corners(const nlohmann::json& numbers) {
  return {numbers.at(0), numbers.at(1), numbers.at(2), numbers.at(3)};
}

struct Expression {
  BoxCorners prediction, truth;
  nlohmann::json expected;
};

std::vector<Expression> golden_expressions() {
  std::map<int, BoxCorners> truth_of_annotation, truth_of_ref;
  const auto instances = read_json(data_path("refcoco/instances.json"));
  for (const auto& object : instances.at("annotations")) {
    truth_of_annotation[object.at("id")] = to_corners(box_of(object));
  }
  for (const auto& ref : read_json(data_path("refcoco/refs_as_json.json"))) {
    truth_of_ref[ref.at("ref_id")] = truth_of_annotation.at(ref.at("ann_id"));
  }
  std::map<int, nlohmann::json> expected;
  const auto golden = read_json(data_path("refcoco/expected.json"));
  for (const auto& row : golden.at("per_sentence")) expected[row.at("sent_id")] = row;
  std::vector<Expression> expressions;
  for (const auto& row : read_json(data_path("refcoco/predictions_boxes.json"))) {
    expressions.push_back({corners(row.at("bbox_xyxy")), truth_of_ref.at(row.at("ref_id")),
                           expected.at(row.at("sent_id"))});
  }
  return expressions;
}

TEST(ReferringBox, IouAndCentreOfEveryGoldenExpressionAreExact) {
  const auto expressions = golden_expressions();
  ASSERT_EQ(expressions.size(), 165U);
  for (const Expression& expression : expressions) {
    SCOPED_TRACE(expression.expected.dump());
    EXPECT_EQ(iou_xyxy(expression.prediction, expression.truth),
              expression.expected.at("iou").get<double>());
    EXPECT_EQ(center_inside(expression.prediction, expression.truth),
              expression.expected.at("center_in_gt").get<bool>());
  }
}

TEST(ReferringBox, AccuraciesOfEveryGoldenSplitAreExact) {
  const auto golden = read_json(data_path("refcoco/expected.json"));
  for (const std::string split : {"train", "val", "testA", "testB", "all"}) {
    SCOPED_TRACE(split);
    const auto& expected = golden.at(split);
    std::vector<double> ious;
    for (const Expression& expression : golden_expressions()) {
      if (split != "all" && expression.expected.at("split") != split) continue;
      ious.push_back(iou_xyxy(expression.prediction, expression.truth));
    }
    ASSERT_EQ(ious.size(), expected.at("n_sentences").get<std::size_t>());
    EXPECT_NEAR(mean(ious).value(), expected.at("mean_iou").get<double>(), 1e-15);
    for (const std::string threshold : {"0.1", "0.25", "0.3", "0.5", "0.7", "0.75", "0.9"}) {
      std::vector<double> hits;
      for (const double iou : ious) hits.push_back(iou >= std::stod(threshold) ? 1 : 0);
      EXPECT_EQ(mean(hits), expected.at("acc@" + threshold).get<double>()) << threshold;
    }
    std::vector<double> strict;
    for (const double iou : ious) strict.push_back(iou > 0.5 ? 1 : 0);
    EXPECT_EQ(mean(strict), expected.at("acc@0.5_strict_gt").get<double>());
  }
}

TEST(ReferringBox, LmmsEvalsIouOfEveryGoldenAnswerIsExact) {
  const auto golden = read_json(data_path("refcoco/expected_lmms_bbox_rec.json"));
  std::vector<double> ious;
  for (const auto& row : golden.at("rows")) {
    ious.push_back(iou_xyxy_lmms(corners(row.at("bbox")), corners(row.at("pred"))));
    EXPECT_EQ(ious.back(), row.at("iou").get<double>()) << row;
  }
  EXPECT_NEAR(mean(ious).value(), golden.at("aggregate").at("IoU").get<double>(), 1e-15);
}

struct IouCase {
  const char* name;
  Box a, b;
  double iou;
};

// Worked by hand.
const IouCase kIouCases[] = {
    {"same", {2, 3, 10, 20}, {2, 3, 10, 20}, 1},
    {"half", {0, 0, 10, 5}, {0, 0, 10, 10}, 0.5},
    {"quarter overlaps", {0, 0, 2, 2}, {1, 1, 2, 2}, 1.0 / 7},
    {"touching", {0, 0, 10, 10}, {10, 0, 10, 10}, 0},
    {"apart", {0, 0, 10, 10}, {50, 50, 10, 10}, 0},
    {"empty both", {5, 5, 0, 0}, {5, 5, 0, 0}, 0},
    {"empty inside", {5, 5, 0, 0}, {0, 0, 10, 10}, 0},
    {"negative width", {10, 0, -10, 10}, {0, 0, 10, 10}, 0},
};

TEST(ReferringBox, IouOfHandWorkedBoxes) {
  for (const IouCase& c : kIouCases) {
    SCOPED_TRACE(c.name);
    EXPECT_DOUBLE_EQ(box_iou(c.a, c.b), c.iou);
    EXPECT_DOUBLE_EQ(box_iou(c.b, c.a), c.iou);
  }
}

TEST(ReferringBox, CenterOnTheEdgeIsInside) {
  EXPECT_TRUE(center_inside({0, 0, 20, 20}, {10, 10, 30, 30}));
  EXPECT_FALSE(center_inside({0, 0, 19, 20}, {10, 10, 30, 30}));
}

TEST(CocoBoxIou, CrowdRegionsDivideByTheDetectionsArea) {
  const Box small{10, 10, 5, 5}, region{0, 0, 100, 100};
  EXPECT_EQ(coco_box_iou(small, region, true), 1);
  EXPECT_EQ(coco_box_iou(small, region, false), 25.0 / 10000);
  EXPECT_EQ(coco_box_iou({0, 0, 10, 10}, {10, 0, 10, 10}, false), 0);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(coco_box_iou({nan, 0, nan, 10}, region, false), 0);
}

}  // namespace
}  // namespace sightline
