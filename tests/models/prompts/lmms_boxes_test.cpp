#include "models/prompts/lmms_boxes.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "harness/base/file.h"
#include "tests/support/paths.h"

namespace sightline {
namespace {

using Numbers = std::array<double, 4>;

nlohmann::json golden(const std::string& name) {
  return nlohmann::json::parse(read_file(testing::data_path("prompts/" + name)))["cases"];
}

Numbers rec_or_zeros(const std::string& text) {
  return parse_lmms_rec_box(text).value_or(Numbers{});
}

TEST(LmmsBoxes, AgreeWithBothParsersOfLmmsEval) {
  const auto cases = golden("lmms_box_answers.json");
  ASSERT_GT(cases.size(), 100U);
  for (const auto& c : cases) {
    const auto text = c["text"].get<std::string>();
    SCOPED_TRACE(text);
    EXPECT_EQ(rec_or_zeros(text), c["rec_first_four_floats"].get<Numbers>());
    EXPECT_EQ(parse_lmms_grounding_boxes(text), c["grounding_boxes"].get<std::vector<Numbers>>());
  }
}

TEST(LmmsBoxes, AgreeWithThePredictionsOfBboxRec) {
  const auto cases = golden("lmms_rec_predictions.json");
  ASSERT_EQ(cases.size(), 165U);
  for (const auto& c : cases) {
    EXPECT_EQ(rec_or_zeros(c["text"].get<std::string>()), c["pred"].get<Numbers>()) << c["text"];
  }
}

// Worked by hand from the regular expressions of lmms-eval.
TEST(LmmsBoxes, ReadWhatTheLooseExpressionReads) {
  const auto read = parse_lmms_grounding_boxes;
  using Rows = std::vector<Numbers>;
  EXPECT_EQ(read("1.2.3 4 5 6"), (Rows{{2.3, 4, 5, 6}}));
  EXPECT_EQ(read("1,,2,3,4,5"), (Rows{{2, 3, 4, 5}}));
  EXPECT_EQ(read("1 2 3 4 5 6 7 8"), (Rows{{1, 2, 3, 4}, {5, 6, 7, 8}}));
  EXPECT_EQ(read("-1 - 2"), Rows{});
  EXPECT_EQ(read("{\"a\": {\"box\": [1, 2, 3, 4]}, \"position\": [5, 6, 7, \"8\"]}"),
            (Rows{{5, 6, 7, 8}}));
  EXPECT_EQ(read("{\"a\": {\"box\": [1, 2, 3, 4]}, \"b\": [true, 6, 7, 8]}"),
            (Rows{{1, 2, 3, 4}, {1, 6, 7, 8}}));
  EXPECT_EQ(read("see {\"box\": [1, 2, 3, 4]} and 5 6 7 8"), (Rows{{1, 2, 3, 4}}));
  EXPECT_EQ(read("[1, 2, 3] then 4 5 6 7"), (Rows{{4, 5, 6, 7}}));
}

}  // namespace
}  // namespace sightline
