#include <gmock/gmock.h>

#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "harness/base/error.h"
#include "harness/base/text.h"
#include "tests/results/report_support.h"

namespace sightline {
namespace {

using testing::bad_run;
using testing::good_run;
using ::testing::HasSubstr;
using testing::hostile_run;
using ::testing::Not;

const std::map<std::string, ReportFormat> kExtensions = {{"txt", ReportFormat::kTable},
                                                         {"md", ReportFormat::kMarkdown},
                                                         {"csv", ReportFormat::kCsv},
                                                         {"tex", ReportFormat::kLatex}};

TEST(Render, GivesTheReviewedTextsInEveryFormat) {
  const std::map<std::string, std::vector<RunResults>> reports = {
      {"one_run", {good_run()}},
      {"two_runs", {good_run(), bad_run()}},
      {"hostile_names", {hostile_run(), good_run()}}};
  for (const auto& [name, runs] : reports) {
    for (const auto& [extension, format] : kExtensions) {
      testing::expect_golden(name + "." + extension, render(runs, format));
    }
  }
}

TEST(Render, ShowsHostileNamesAsTextInEveryFormat) {
  for (const auto& [extension, format] : kExtensions) {
    SCOPED_TRACE(extension);
    const std::string text = render({hostile_run()}, format);
    EXPECT_TRUE(is_utf8(text));
    if (format == ReportFormat::kCsv) continue;  // quoted there, not changed
    EXPECT_THAT(text, Not(HasSubstr("\x1b")));
    EXPECT_THAT(text, Not(HasSubstr("\xe2\x80\xae")));
    EXPECT_THAT(text, Not(HasSubstr("\n# title")));
  }
}

/// Places where `separator` stands with no backslash before it.
std::size_t unescaped(const std::string& line, char separator) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\\') {
      ++i;
    } else {
      count += line[i] == separator;
    }
  }
  return count;
}

TEST(Render, EveryRowOfATableHasAsManyCellsAsItsHead) {
  const std::vector<RunResults> runs = {hostile_run(), hostile_run()};
  std::istringstream markdown(render(runs, ReportFormat::kMarkdown));
  std::string line;
  int rows = 0;
  while (std::getline(markdown, line)) {
    if (!line.starts_with("|")) continue;
    EXPECT_EQ(unescaped(line, '|'), 5u) << line;
    ++rows;
  }
  EXPECT_EQ(rows, 5);  // head, rule, two metrics, coverage
  std::istringstream latex(render(runs, ReportFormat::kLatex));
  rows = 0;
  while (std::getline(latex, line)) {
    if (!line.ends_with(" \\\\")) continue;
    EXPECT_EQ(unescaped(line, '&'), 3u) << line;
    EXPECT_EQ(unescaped(line, '{'), unescaped(line, '}')) << line;
    ++rows;
  }
  EXPECT_EQ(rows, 4);
}

/// Records of RFC 4180, read by a parser of its own.
std::vector<std::vector<std::string>> parse_csv(const std::string& text) {
  std::vector<std::vector<std::string>> records(1, std::vector<std::string>(1));
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string& field = records.back().back();
    const bool doubled = quoted && text.substr(i, 2) == "\"\"";
    if (doubled) {
      field += text[i++];
    } else if (text[i] == '"') {
      quoted = !quoted;
    } else if (!quoted && text[i] == ',') {
      records.back().emplace_back();
    } else if (!quoted && text.substr(i, 2) == "\r\n") {
      records.emplace_back(1);
      ++i;
    } else {
      field += text[i];
    }
  }
  records.pop_back();
  return records;
}

TEST(Render, CsvGivesNamesAndNumbersBackExactly) {
  RunResults run = hostile_run();
  run.model = "quote \" comma , line\r\nend";
  run.tasks[0].metrics[0].value = 0.1 + 0.2;
  const auto records = parse_csv(render({run, good_run()}, ReportFormat::kCsv));
  ASSERT_EQ(records.size(), 1u + 2 + 1 + 5);
  for (const auto& record : records) EXPECT_EQ(record.size(), records[0].size());
  EXPECT_EQ(records[1][0], run.model);
  EXPECT_EQ(records[1][1], run.tasks[0].name);
  EXPECT_EQ(std::stod(records[1][5]), 0.1 + 0.2);
  EXPECT_EQ(records[1][5], "0.30000000000000004");
  EXPECT_EQ(records[2][5], "");  // undefined
  EXPECT_EQ(records[5][5], "inf");
}

TEST(Render, JsonIsTheArrayOfTheResultDocuments) {
  const auto all = nlohmann::json::parse(render({good_run(), bad_run()}, ReportFormat::kJson));
  EXPECT_EQ(all, nlohmann::json({to_json(good_run()), to_json(bad_run())}));
  EXPECT_EQ(render({}, ReportFormat::kJson), "[]\n");
}

TEST(Render, FrechetDistancesOfDifferentNumbersOfImagesAreMarked) {
  RunResults whole = good_run(), part = good_run();
  for (RunResults* run : {&whole, &part}) run->tasks[1].metrics[0].value = 2.5;
  EXPECT_THAT(render({whole, part}, ReportFormat::kTable), Not(HasSubstr("†")));
  part.tasks[1].metrics[0].n = 5000;
  EXPECT_THAT(render({whole, part}, ReportFormat::kTable),
              HasSubstr("images of rfid is 5000, not 50000"));
}

TEST(Render, EqualProtocolsCarryNoMarkAndEachOtherProtocolItsOwn) {
  RunResults third = bad_run(), fourth = good_run();
  third.tasks[0].version = "2";
  const std::string same = render({good_run(), fourth}, ReportFormat::kTable);
  EXPECT_THAT(same, Not(HasSubstr("†")));
  EXPECT_THAT(same, HasSubstr("PaliGemma 2 3B (2)"));
  const std::string text = render({good_run(), bad_run(), third, fourth}, ReportFormat::kTable);
  EXPECT_THAT(text, HasSubstr("† not comparable with PaliGemma 2 3B: ocr is \"off\", not \"on\""));
  EXPECT_THAT(text, HasSubstr("‡ not comparable with PaliGemma 2 3B: "));
  EXPECT_THAT(text, HasSubstr("task version is \"2\", not \"1\""));
  EXPECT_THAT(text, Not(HasSubstr("§")));
}

TEST(Render, AMetricUnderTwoRulesOfItsOwnHasARowForEach) {
  RunResults first = good_run(), second = good_run();
  first.tasks[0].metrics.push_back(
      {.key = "nes_judged", .value = 0.25, .n = 8, .rules = "nes_judged/gemma@5/text-1"});
  second.tasks[0].metrics.push_back(
      {.key = "nes_judged", .value = 0.5, .n = 8, .rules = "nes_judged/qwen/text-1"});
  const std::string table = render({first, second}, ReportFormat::kMarkdown);
  EXPECT_THAT(table, HasSubstr("| nes_judged (gemma@5/text-1) | % | 25.00 |  |"));
  EXPECT_THAT(table, HasSubstr("| nes_judged (qwen/text-1) | % |  | 50.00 |"));
  const std::string csv = render({first, second}, ReportFormat::kCsv);
  EXPECT_THAT(csv, HasSubstr(",nes_judged/qwen/text-1,nes_judged,0.5,"));
}

TEST(Render, ARunThatLacksATaskHasNoColumnForIt) {
  RunResults other = good_run();
  other.model = "other";
  other.tasks.erase(other.tasks.begin());
  const std::string text = render({good_run(), other}, ReportFormat::kTable);
  const std::string first = text.substr(0, text.find("imagenet_recon_val"));
  EXPECT_THAT(first, Not(HasSubstr("other  ")));
  EXPECT_THAT(text, HasSubstr("other"));
}

TEST(Render, UnknownFormatsAreRefusedWithTheList) {
  EXPECT_EQ(parse_report_format("latex"), ReportFormat::kLatex);
  try {
    parse_report_format("latx");
    FAIL();
  } catch (const UsageError& error) {
    EXPECT_THAT(error.message(), HasSubstr("table, markdown, csv, latex, json"));
    EXPECT_THAT(error.message(), HasSubstr("did you mean 'latex'?"));
  }
}

}  // namespace
}  // namespace sightline
