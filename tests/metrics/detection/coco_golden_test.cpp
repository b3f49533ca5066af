// Agreement with pycocotools to the last bit, on the files of tests/data/coco.

#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <string>

#include "metrics/detection/coco_evaluator.h"
#include "tests/support/coco_files.h"
#include "tests/support/npy.h"
#include "tests/support/paths.h"

namespace sightline {
namespace {

using testing::CocoFiles;
using testing::CocoImage;
using testing::data_path;
using testing::load_coco;
using testing::read_json;
using testing::read_npy;
using testing::shared_path;

const CocoFiles& golden_files() {
  static const CocoFiles files = load_coco(read_json(data_path("coco/instances_val2017.json")),
                                           read_json(data_path("coco/detections.json")));
  return files;
}

CocoResult evaluate(const CocoFiles& files, const CocoParameters& parameters = {}) {
  CocoEvaluator evaluator(parameters, files.category_ids.size());
  for (const auto& [id, image] : files.images) evaluator.update(image.truths, image.detections);
  return evaluator.compute();
}

/// pycocotools' convention in the goldens: -1 is no value.
double or_minus_one(std::optional<double> value) {
  return value.value_or(-1);
}

void expect_statistics(const CocoResult& result, const nlohmann::json& expected) {
  for (const auto& [name, value] : coco_statistics(result)) {
    EXPECT_EQ(or_minus_one(value), expected.at(std::string(name)).get<double>()) << name;
  }
}

/// All entries of an array with the named sizes against those of the result.
template <typename T>
void expect_array(const std::vector<T>& expected, std::size_t size,
                  const std::function<double(std::size_t)>& actual) {
  ASSERT_EQ(expected.size(), size);
  for (std::size_t i = 0; i < size; ++i) {
    ASSERT_EQ(static_cast<T>(actual(i)), expected[i]) << "entry " << i;
  }
}

TEST(CocoGolden, ThresholdsAreNumpysToTheLastBit) {
  const auto expected = read_json(data_path("coco/expected_bbox.json"));
  const CocoParameters parameters;
  const auto expect_hex = [](const std::vector<double>& values, const nlohmann::json& hex) {
    ASSERT_EQ(values.size(), hex.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
      EXPECT_EQ(values[i], std::stod(hex[i].get<std::string>())) << i;
    }
  };
  expect_hex(parameters.iou_thresholds, expected.at("iouThrs_hex"));
  expect_hex(parameters.recall_thresholds, expected.at("recThrs_hex"));
}

TEST(CocoGolden, TwelveNumbersAreThoseOfPycocotools) {
  expect_statistics(evaluate(golden_files()),
                    read_json(data_path("coco/expected_bbox.json")).at("stats"));
}

TEST(CocoGolden, RecallArrayIsThatOfPycocotools) {
  const CocoResult result = evaluate(golden_files());
  const auto expected = read_npy<double>(data_path("coco/recall_TKAM.npy"), "<f8");
  EXPECT_EQ(expected.shape, (std::vector<std::size_t>{10, 80, 4, 3}));
  expect_array(expected.values, result.recall.size(),
               [&](std::size_t i) { return result.recall[i]; });
}

TEST(CocoGolden, PrecisionAndScoreArraysAreThoseOfPycocotools) {
  const CocoResult result = evaluate(golden_files());
  const auto precision = read_npy<double>(data_path("coco/precision_all_100_TRK.npy"), "<f8");
  const auto scores = read_npy<double>(data_path("coco/scores_all_100_TRK.npy"), "<f8");
  EXPECT_EQ(precision.shape, (std::vector<std::size_t>{10, 101, 80}));
  // Of the last two dimensions (4 areas, 3 limits): all areas, 100 detections.
  expect_array(precision.values, result.precision.size() / 12,
               [&](std::size_t i) { return result.precision[i * 12 + 2]; });
  expect_array(scores.values, result.scores.size() / 12,
               [&](std::size_t i) { return result.scores[i * 12 + 2]; });
}

TEST(CocoGolden, PrecisionOfAllAreasAndLimitsIsThatOfPycocotools) {
  const std::string name = "goldens/metrics/coco/precision_TRKAM_f32.npy";
  SIGHTLINE_NEED_SHARED(name);
  const CocoResult result = evaluate(golden_files());
  const auto expected = read_npy<float>(shared_path(name), "<f4");
  EXPECT_EQ(expected.shape, (std::vector<std::size_t>{10, 101, 80, 4, 3}));
  expect_array(expected.values, result.precision.size(),
               [&](std::size_t i) { return result.precision[i]; });
}

TEST(CocoGolden, NumbersOfEachCategoryAreThoseOfPycocotools) {
  const auto expected = read_json(data_path("coco/expected_bbox.json")).at("per_category");
  const CocoResult result = evaluate(golden_files());
  for (std::size_t k = 0; k < result.categories; ++k) {
    const auto& row = expected.at(std::to_string(golden_files().category_ids[k]));
    SCOPED_TRACE(row.dump());
    const CocoCategoryPrecision precision = coco_category_precision(result, k);
    EXPECT_EQ(or_minus_one(precision.ap), row.at("AP").get<double>());
    EXPECT_EQ(or_minus_one(precision.ap50), row.at("AP50").get<double>());
    EXPECT_EQ(or_minus_one(precision.ap75), row.at("AP75").get<double>());
    const CocoSelection all{.categories = choose_categories({k}), .max_detections = 2};
    EXPECT_EQ(or_minus_one(result.average_recall(all)), row.at("AR@100").get<double>());
    EXPECT_EQ(result.recall[result.recall_index(0, k, 0, 2)], row.at("R50@100").get<double>());
  }
}

TEST(CocoGolden, DetectionsWithoutScoresFollowTheCommunitysRules) {
  const auto expected = read_json(data_path("coco/expected_bbox.json"));
  CocoFiles ones = golden_files();
  CocoFiles areas = golden_files();
  for (auto& [id, image] : ones.images) {
    for (DetectedBox& box : image.detections) box.score = 1;
  }
  for (auto& [id, image] : areas.images) {
    for (DetectedBox& box : image.detections) {
      box.score = box.box.w * box.box.h / (image.width * image.height);
    }
  }
  expect_statistics(evaluate(ones), expected.at("stats_all_scores_1"));
  expect_statistics(evaluate(areas), expected.at("stats_score_is_area_fraction"));
}

TEST(CocoGolden, SubsetOfImagesIsEvaluatedAlone) {
  const auto subset = read_json(data_path("coco/expected_bbox.json")).at("subset");
  const auto ids = subset.at("imgIds").get<std::set<std::int64_t>>();
  CocoFiles files = golden_files();
  std::erase_if(files.images, [&](const auto& image) { return ids.count(image.first) == 0; });
  ASSERT_EQ(files.images.size(), ids.size());
  expect_statistics(evaluate(files), subset.at("stats"));
}

TEST(CocoGolden, ClassAgnosticNumbersAreThoseOfPycocotools) {
  const auto expected = read_json(data_path("coco/expected_class_agnostic.json"));
  CocoParameters parameters;
  parameters.use_categories = false;
  parameters.max_detections = expected.at("maxDets").get<std::vector<std::size_t>>();
  const CocoResult result = evaluate(golden_files(), parameters);
  const std::vector<std::string> areas = {"all", "small", "medium", "large"};
  for (std::size_t a = 0; a < areas.size(); ++a) {
    for (std::size_t m = 0; m < parameters.max_detections.size(); ++m) {
      const std::string limit = std::to_string(parameters.max_detections[m]);
      SCOPED_TRACE(areas[a] + " " + limit);
      const auto number = [&](const char* key) {
        return expected.at(key).at(areas[a]).at(limit).get<double>();
      };
      const CocoSelection all{.area = a, .max_detections = m};
      const CocoSelection at50{.iou_threshold = 0, .area = a, .max_detections = m};
      const CocoSelection at75{.iou_threshold = 5, .area = a, .max_detections = m};
      EXPECT_EQ(result.average_recall(all).value(), number("AR"));
      EXPECT_EQ(result.average_recall(at50), number("R50"));
      EXPECT_EQ(result.average_recall(at75), number("R75"));
      EXPECT_EQ(result.average_precision(all).value(), number("AP"));
      EXPECT_EQ(result.average_precision(at50).value(), number("AP50"));
      for (std::size_t t = 0; t < 10; ++t) {
        EXPECT_EQ(result.recall[result.recall_index(t, 0, a, m)],
                  expected.at("recall_TAM").at(t).at(a).at(m).get<double>());
      }
    }
  }
}

TEST(CocoGolden, QuirksOfTinyCasesAreKept) {
  for (const auto& tiny : read_json(data_path("coco/tiny_cases.json"))) {
    SCOPED_TRACE(tiny.at("note").get<std::string>());
    const CocoResult result = evaluate(load_coco(tiny.at("instances"), tiny.at("detections")));
    expect_statistics(result, tiny.at("stats"));
    for (std::size_t k = 0; k < result.categories; ++k) {
      EXPECT_EQ(result.recall[result.recall_index(0, k, 0, 2)],
                tiny.at("recall_iou50_K").at(k).get<double>());
    }
    const auto precision = tiny.at("precision_iou50_cat0_R").get<std::vector<double>>();
    expect_array(precision, 101, [&](std::size_t r) {
      return result.precision[result.precision_index(0, r, 0, 0, 2)];
    });
  }
}

/// Rows of matches_iou50.json, as this project's matcher finds them.
std::vector<nlohmann::json> matches_at_50(const CocoFiles& files) {
  const CocoParameters parameters;
  ImageMatcher matcher(Matcher(parameters.iou_thresholds, parameters.areas),
                       {.categories = files.category_ids.size()});
  const Cells cell = matcher.matcher().cell(0, 0);
  std::vector<nlohmann::json> rows;
  for (const auto& [image_id, image] : files.images) {
    const auto visit = [&](const MatchedGroup& group) {
      std::vector<std::int64_t> detections, taken, ignored, truths, takers, ignored_truths;
      for (const std::uint32_t d : group.detections) detections.push_back(image.detection_ids[d]);
      taken.resize(detections.size());
      for (const MatchOutcome& outcome : group.matches.outcomes) {
        ignored.push_back(((outcome.true_positive | outcome.false_positive) & cell) == 0);
      }
      std::vector<std::int64_t> taker_of(group.truths.size());
      for (const Match& match : group.matches.matches) {
        if ((match.cells & cell) == 0) continue;
        taken[match.detection] = image.truths[group.truths[match.truth]].id;
        taker_of[match.truth] = detections[match.detection];
      }
      for (const bool last : {false, true}) {
        for (std::size_t t = 0; t < group.truths.size(); ++t) {
          if (((group.matches.ignored_truths[t] & cell) != 0) != last) continue;
          truths.push_back(image.truths[group.truths[t]].id);
          takers.push_back(taker_of[t]);
          ignored_truths.push_back(last);
        }
      }
      rows.push_back({image_id, files.category_ids[group.category], detections, taken, ignored,
                      truths, takers, ignored_truths});
    };
    matcher.match(traits_of(image.truths), traits_of(image.detections),
                  find_box_overlaps(image.truths, image.detections, 0.5), visit);
  }
  return rows;
}

TEST(CocoGolden, EveryMatchIsThatOfPycocotools) {
  auto actual = matches_at_50(golden_files());
  auto expected = read_json(data_path("coco/matches_iou50.json")).at("rows");
  ASSERT_EQ(actual.size(), expected.size());
  std::map<std::pair<std::int64_t, std::int64_t>, nlohmann::json> by_group;
  for (const auto& row : actual) by_group[{row[0], row[1]}] = row;
  for (const auto& row : expected) {
    const auto found = by_group.find({row[0], row[1]});
    ASSERT_NE(found, by_group.end()) << row;
    EXPECT_EQ(found->second, row);
  }
}

TEST(CocoGolden, RealDetectionsGiveThePublishedNumbers) {
  const std::string folder = "third_party_data/coco_val2014_100/";
  SIGHTLINE_NEED_SHARED(folder + "instances_val2014_100.json");
  const CocoFiles files =
      load_coco(read_json(shared_path(folder + "instances_val2014_100.json")),
                read_json(shared_path(folder + "instances_val2014_fakebbox100_results.json")));
  expect_statistics(evaluate(files), {{"AP", 0.5045806987249628},
                                      {"AP50", 0.6969727247299577},
                                      {"AP75", 0.5729816669904824},
                                      {"APs", 0.5856257209410443},
                                      {"APm", 0.5193996948036719},
                                      {"APl", 0.5013978986347466},
                                      {"AR@1", 0.38681277964578054},
                                      {"AR@10", 0.5936795762842003},
                                      {"AR@100", 0.595352982877607},
                                      {"ARs", 0.6398109626113442},
                                      {"ARm", 0.5664205978994309},
                                      {"ARl", 0.5642905982905982}});
}

}  // namespace
}  // namespace sightline
