#include "results/comparison/impact.h"

#include <gmock/gmock.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "tests/results/report_support.h"

namespace sightline {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;

/// A run at a precision whose one task came to `value`.
VariantResult at(const std::string& precision, double value, std::int64_t ok = 10) {
  TaskResult task{.name = "t", .version = "1", .rules = "r", .protocol = "{}"};
  task.metrics = {{.key = "accuracy", .value = value, .standard_error = 0.01, .n = 10},
                  {.key = "fid",
                   .value = 12.5,
                   .standard_error = {},
                   .n = 10,
                   .unit = "FID",
                   .higher_is_better = false}};
  task.samples = task.samples_in_dataset = 10;
  task.outcomes = {{"ok", ok}};
  if (ok < 10) task.outcomes["oom"] = 10 - ok;
  RunResults run{.model = "m", .tasks = {task}, .config = "{}", .manifest = "{}"};
  run.manifest = json{{"tasks",
                       {{"t",
                         {{"facts", {{"weight_bytes", 1.25e9}}},
                          {"generated_tokens_per_second", 31.25},
                          {"model_seconds", 123.4}}}}}}
                     .dump();
  return {.name = precision,
          .folder = "out/" + precision,
          .results = run,
          .peak_memory_bytes = 2'340'000'000};
}

VariantResult failed(const std::string& precision) {
  return {.name = precision,
          .folder = "out/" + precision,
          .results = {},
          .exit_code = 137,
          .error = "killed"};
}

/// The cells of a row, number and tail together.
std::vector<std::string> cells(const ReportRow& row) {
  std::vector<std::string> texts;
  for (const ReportCell& cell : row.cells) texts.push_back(cell.number + cell.tail);
  return texts;
}

TEST(Impact, HasARowForEachMetricAndPrecision) {
  const ReportLayout layout = lay_out_impact({at("fp32", 0.5), at("int8", 0.4875)});
  ASSERT_EQ(layout.size(), 1U);
  const ReportTable& table = layout[0].tables.at(0);
  EXPECT_THAT(table.columns, ElementsAre("variant", "score", "difference [95%]", "weights",
                                         "generated tok/s", "peak memory", "model seconds"));
  ASSERT_EQ(table.rows.size(), 4U);
  EXPECT_EQ(table.rows[0].label, "accuracy");
  EXPECT_THAT(cells(table.rows[0]),
              ElementsAre("fp32", "50.00 ± 1.00", "", "1.25 GB", "31.2", "2.34 GB", "123"));
  EXPECT_THAT(cells(table.rows[1]),
              ElementsAre("int8", "48.75 ± 1.00", "-1.25", "1.25 GB", "31.2", "2.34 GB", "123"));
  EXPECT_EQ(table.rows[2].label, "fid ↓");
  EXPECT_THAT(cells(table.rows[3]), ElementsAre("int8", "12.50", "+0.00", "", "", "", ""));
}

TEST(Impact, ShowsCoverageWhereSamplesFailed) {
  const ReportLayout layout = lay_out_impact({at("fp32", 0.5), at("nf4", 0.25, 7)});
  const ReportTable& table = layout[0].tables[0];
  EXPECT_EQ(table.columns[3], "coverage");
  EXPECT_EQ(cells(table.rows[0])[3], "10/10");
  EXPECT_EQ(cells(table.rows[1])[3], "7/10");
}

TEST(Impact, APrecisionThatFailedIsARowAndANote) {
  const ReportLayout layout = lay_out_impact({at("fp32", 0.5), failed("bf16"), at("int8", 0.5)});
  const ReportTable& table = layout[0].tables[0];
  ASSERT_EQ(table.rows.size(), 5U);
  EXPECT_EQ(cells(table.rows[1])[1], "failed");
  EXPECT_EQ(layout[0].notes.back(), "failed (bf16): killed");
  EXPECT_EQ(cells(table.rows[2])[2], "+0.00");
}

TEST(Impact, WithoutTheFirstThereAreNoDifferences) {
  const std::vector<VariantResult> precisions = {failed("fp32"), at("bf16", 0.5), at("int8", 0.25)};
  const ReportTable table = lay_out_impact(precisions)[0].tables[0];
  EXPECT_THAT(table.columns, ::testing::Not(::testing::Contains("difference [95%]")));
  const json rows = impact_json(precisions).at("rows");
  ASSERT_EQ(rows.size(), 4U);
  for (const json& row : rows) EXPECT_TRUE(row["difference"].is_null());
}

TEST(Impact, OtherProtocolsAreMarkedAndNotSubtracted) {
  VariantResult other = at("int8", 0.25);
  other.results->tasks[0].protocol = R"({"max_new_tokens":"8"})";
  const ReportLayout layout = lay_out_impact({at("fp32", 0.5), other});
  EXPECT_EQ(cells(layout[0].tables[0].rows[1])[1], "25.00 ± 1.00 †");
  EXPECT_THAT(layout[0].tables[0].columns, ::testing::Not(::testing::Contains("difference [95%]")));
  EXPECT_THAT(layout[0].notes.front(), ::testing::HasSubstr("† not comparable with fp32"));
}

TEST(Impact, WhenAllFailedItSaysSo) {
  const ReportLayout layout = lay_out_impact({failed("fp32"), failed("bf16")});
  ASSERT_EQ(layout.size(), 1U);
  EXPECT_THAT(layout[0].notes, ElementsAre("failed (fp32): killed", "failed (bf16): killed"));
  EXPECT_TRUE(impact_json({failed("fp32"), failed("bf16")})["rows"].empty());
}

TEST(Impact, TakesTheModelsOwnRatesWhereItTellsPrefillFromDecoding) {
  VariantResult one = at("fp32", 0.5);
  json manifest = json::parse(one.results->manifest);
  manifest["tasks"]["t"]["facts"]["decode_tokens_per_s"] = 50.0;
  manifest["tasks"]["t"]["facts"]["prefill_tokens_per_s"] = 2000.0;
  one.results->manifest = manifest.dump();
  const json task = impact_json({one, at("bf16", 0.5)})["precisions"][0]["tasks"]["t"];
  EXPECT_EQ(task["generated_tokens_per_second"], 50.0);
  EXPECT_EQ(task["prompt_tokens_per_second"], 2000.0);
}

TEST(Impact, JsonHoldsInfiniteAndMissingValues) {
  VariantResult infinite = at("bf16", std::numeric_limits<double>::infinity());
  infinite.results->tasks[0].metrics[1].value.reset();
  const json document = impact_json({at("fp32", 0.5), infinite});
  EXPECT_EQ(document["rows"][1]["value"], "inf");
  EXPECT_TRUE(document["rows"][1]["difference"].is_null());
  EXPECT_TRUE(document["rows"][3]["value"].is_null());
  EXPECT_EQ(document["precisions"][0]["weight_bytes"], 1.25e9);
}

}  // namespace
}  // namespace sightline
