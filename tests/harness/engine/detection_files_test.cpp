// Files of detections that do not fit the data set, as `score` meets them.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "harness/base/file.h"
#include "harness/engine/score_file.h"
#include "tests/support/bad_json.h"

namespace sightline {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using testing::data_path;
using testing::error_of;
using ::testing::HasSubstr;
using testing::TemporaryFolder;
using testing::write_text;

struct DetectionFiles {
  const char* task;
  const char* annotations;
  const char* detections;
  std::int64_t unknown_category;
};

void PrintTo(const DetectionFiles& files, std::ostream* out) {
  *out << files.task;
}

class ScoreDetections : public ::testing::TestWithParam<DetectionFiles> {
 protected:
  FileScores score(const json& rows, bool allow_extra) {
    write_text(folder_ / "detections.json", rows.dump());
    return score_file({.task = parse_task_choices(GetParam().task).front(),
                       .sources = {.annotations = data_path(GetParam().annotations)},
                       .predictions = folder_ / "detections.json",
                       .allow_extra = allow_extra},
                      standard_tasks());
  }

  static json with_row(json rows, const char* field, std::int64_t id) {
    json row = rows.front();
    row[field] = id;
    rows.push_back(row);
    return rows;
  }

  json rows_ = json::parse(read_file(data_path(GetParam().detections)));
  TemporaryFolder folder_;
};
INSTANTIATE_TEST_SUITE_P(
    Tasks, ScoreDetections,
    ::testing::Values(DetectionFiles{"coco_det_val2017", "coco/instances_val2017.json",
                                     "coco/detections.json", 12},
                      DetectionFiles{"lvis_det_minival", "coco/lvis_v1_val.json",
                                     "coco/lvis_detections.json", 61}));

TEST_P(ScoreDetections, AnUnknownImageIsRefusedOrLeftOut) {
  const json rows = with_row(rows_, "image_id", 999999999);
  EXPECT_THAT(error_of([&] { score(rows, false); }),
              AllOf(HasSubstr("'999999999'"), HasSubstr("--allow_extra")));
  const FileScores left_out = score(rows, true);
  EXPECT_EQ(left_out.extra, 1U);
  EXPECT_EQ(left_out.by_rules[0].scores.metrics[0].value,
            score(rows_, false).by_rules[0].scores.metrics[0].value);
}

TEST_P(ScoreDetections, AnUnknownCategoryIsRefusedOrLeftOut) {
  const json rows = with_row(rows_, "category_id", GetParam().unknown_category);
  const std::string id = std::to_string(GetParam().unknown_category);
  EXPECT_THAT(error_of([&] { score(rows, false); }),
              AllOf(HasSubstr("category_id " + id),
                    HasSubstr("image " + rows[0]["image_id"].dump()), HasSubstr("--allow_extra")));
  const FileScores left_out = score(rows, true);
  EXPECT_EQ(left_out.by_rules[0].scores.metrics[0].value,
            score(rows_, false).by_rules[0].scores.metrics[0].value);
}

}  // namespace
}  // namespace sightline
