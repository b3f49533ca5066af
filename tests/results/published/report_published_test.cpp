#include "results/report_published.h"

#include <gmock/gmock.h>

#include "tests/results/published/published_support.h"
#include "tests/results/report_support.h"

// Published numbers in the tables of runs.

namespace sightline {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using testing::full_row;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::read_rows;
using ::testing::SizeIs;
using testing::small_row;

RunResults measured_run() {
  RunResults run = testing::good_run();
  run.tasks[0].protocol = R"({"ocr":"on","rules":"textvqa/mmf","split":"val"})";
  return run;
}

/// A row of the task, the same from memory with another protocol, and one of no task of ours.
std::vector<PublishedNumber> numbers() {
  json other = full_row();
  other["id"] = "other";
  other["model"] = "Other|model";
  other["value"] = 47.5;
  other["confidence"] = "from memory";
  other["task_key"] = "textvqa_val[ocr=on]";
  return numbers_beside({measured_run()}, read_rows({full_row(), other, small_row()}));
}

TEST(PublishedNumbers, AreThoseOfTheTasksAndMetricsOfTheRuns) {
  const std::vector<PublishedNumber> found = numbers();
  ASSERT_THAT(found, SizeIs(2));
  EXPECT_EQ(found[0].label, "PaliGemma 2, 3B, 224x224");
  EXPECT_EQ(found[0].metric.value, 60.04 * 0.01);
  EXPECT_EQ(found[0].metric.unit, "fraction");
  EXPECT_TRUE(found[1].from_memory);
  RunResults without = measured_run();
  without.tasks[0].metrics.clear();
  EXPECT_THAT(numbers_beside({without}, read_rows(json::array({full_row()}))), IsEmpty());
}

TEST(PublishedNumbers, StandApartAndMarkedInEveryTable) {
  const std::string table = render({measured_run()}, ReportFormat::kTable, numbers());
  EXPECT_THAT(table,
              AllOf(HasSubstr("published, not measured here"),
                    HasSubstr("PaliGemma 2, 3B, 224x224: textvqa_accuracy  %     60.04 (p1)"),
                    HasSubstr("(p1) not measured here: an article; another protocol than PaliGemma "
                              "2 3B: ocr is \"off\", not \"on\"; unknown: rules"),
                    HasSubstr("47.5 (p2)"),
                    HasSubstr("(p2) not measured here: an article (from "
                              "memory); unknown: ")));
  const std::string markdown = render({measured_run()}, ReportFormat::kMarkdown, numbers());
  EXPECT_THAT(markdown, AllOf(HasSubstr("| published, not measured here | unit | published |"),
                              HasSubstr("Other\\|model"), HasSubstr("- (p1) not measured here")));
  const std::string latex = render({measured_run()}, ReportFormat::kLatex, numbers());
  EXPECT_THAT(latex, AllOf(HasSubstr("published, not measured here & unit & published"),
                           HasSubstr("\\footnotesize {}(p1) not measured here")));
}

TEST(PublishedNumbers, StandBesideTheValueOfEveryRun) {
  RunResults second = measured_run();
  second.model = "second";
  second.tasks[0].metrics[0].value = 0.25;
  const std::string table = render({measured_run(), second}, ReportFormat::kTable, numbers());
  EXPECT_THAT(table, HasSubstr("60.04 (p1)    58.23 ± 0.31  25.00 ± 0.31"));
}

TEST(PublishedNumbers, AreRowsOfTheirOwnInCsv) {
  const std::string csv = render({measured_run()}, ReportFormat::kCsv, numbers());
  EXPECT_THAT(csv,
              HasSubstr("\"published: PaliGemma 2, 3B, 224x224\",textvqa_val,,,textvqa_accuracy,"
                        "0.6004,,,,5000,fraction,true,,,,,,"));
  EXPECT_THAT(csv, HasSubstr("not measured here: an article (from memory)\r\n"));
}

TEST(PublishedNumbers, CannotBeTakenForARunInJson) {
  const json all = json::parse(render({measured_run()}, ReportFormat::kJson, numbers()));
  ASSERT_THAT(all, SizeIs(3));
  EXPECT_FALSE(all[0].contains("measured"));
  EXPECT_EQ(all[1]["measured"], false);
  EXPECT_FALSE(all[1].contains("sightline"));
  EXPECT_EQ(all[1]["results"]["textvqa_val"]["textvqa_accuracy,none"], 60.04 * 0.01);
  EXPECT_EQ(all[1]["published"]["source"], "an article");
  EXPECT_EQ(all[2]["published"]["from_memory"], true);
}

TEST(PublishedNumbers, ChangeNothingWhereThereAreNone) {
  for (const ReportFormat format :
       {ReportFormat::kTable, ReportFormat::kMarkdown, ReportFormat::kCsv, ReportFormat::kLatex,
        ReportFormat::kJson}) {
    const std::string plain = render({measured_run()}, format);
    EXPECT_EQ(render({measured_run()}, format, {}), plain);
    EXPECT_THAT(plain, Not(HasSubstr("published")));
  }
}

}  // namespace
}  // namespace sightline
