#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "results/html/html_report.h"
#include "results/report_layout.h"
#include "tests/results/html/html_reader.h"
#include "tests/results/html/page_support.h"

namespace sightline {
namespace {

using testing::bad_run;
using testing::good_run;
using ::testing::HasSubstr;
using testing::hostile_report;
using testing::HtmlReader;
using testing::HtmlTree;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::Not;
using testing::plain_gallery;
using testing::plain_report;

HtmlTree read(const std::string& html) {
  return HtmlReader(html).read();
}

HtmlReport report_of(std::vector<RunResults> runs) {
  HtmlReport report;
  report.runs = std::move(runs);
  return report;
}

/// Pages of every shape, by name.
std::map<std::string, HtmlReport> pages() {
  std::map<std::string, HtmlReport> all;
  all["no run"] = HtmlReport();
  all["one run"] = report_of({good_run()});
  all["two runs"] = plain_report();
  all["failures and another protocol"] = report_of({good_run(), bad_run()});
  all["hostile"] = hostile_report();
  RunResults empty;
  all["a run without tasks"] = report_of({empty, good_run()});
  RunResults unscored = good_run();
  unscored.tasks[0].metrics.clear();
  unscored.tasks[0].breakdowns.clear();
  all["no scores"] = report_of({unscored});
  RunResults no_samples = good_run();
  no_samples.tasks[0].samples = no_samples.tasks[0].samples_in_dataset = 0;
  no_samples.tasks[0].outcomes.clear();
  no_samples.tasks[0].metrics[0] = {.key = "textvqa_accuracy", .value = {}};
  all["no samples"] = report_of({no_samples});
  all["no samples"].galleries = {{.task = "textvqa_val[ocr=on]"}};
  all["ten runs"] = report_of(std::vector<RunResults>(10, good_run()));
  all["notes only"] = report_of({good_run()});
  all["notes only"].galleries = {{.task = "textvqa_val[ocr=on]", .notes = {"no data"}}};
  return all;
}

TEST(Page, EveryElementIsClosedAndNothingComesFromElsewhere) {
  for (const auto& [name, report] : pages()) {
    SCOPED_TRACE(name);
    const std::string html = render_html(report);
    const HtmlTree tree = read(html);
    for (const HtmlTree::Element& element : tree.elements) {
      EXPECT_THAT(element.name, Not(MatchesRegex("script|iframe|object|embed|form|base|img")));
      for (const auto& [key, value] : element.attributes) {
        EXPECT_FALSE(key.starts_with("on")) << key;
        EXPECT_NE(key, "src");
        if (key != "href") continue;
        EXPECT_TRUE(value.starts_with('#') || value.starts_with("data:")) << value;
      }
    }
    EXPECT_EQ(tree.count("main"), 1U);
    EXPECT_EQ(tree.count("h1"), 1U);
    EXPECT_THAT(html, Not(HasSubstr("url(")));
    EXPECT_THAT(html, Not(HasSubstr("@import")));
  }
}

TEST(Page, TheCharacterSetComesFirstAndThePolicyForbidsTheRest) {
  const HtmlTree tree = read(render_html(plain_report()));
  std::vector<HtmlTree::Element> head;
  for (const HtmlTree::Element& element : tree.elements) {
    if (element.name == "meta") head.push_back(element);
  }
  ASSERT_GE(head.size(), 2U);
  EXPECT_EQ(tree.elements[2].attributes.at("charset"), "utf-8");
  EXPECT_EQ(head[1].attributes.at("http-equiv"), "Content-Security-Policy");
  EXPECT_THAT(head[1].attributes.at("content"),
              HasSubstr("default-src 'none'; img-src data:; style-src 'unsafe-inline'"));
}

TEST(Page, AnchorsAreUniqueAndReferencesLeadSomewhere) {
  for (const auto& [name, report] : pages()) {
    SCOPED_TRACE(name);
    const HtmlTree tree = read(render_html(report));
    std::set<std::string> ids, wanted;
    for (const HtmlTree::Element& element : tree.elements) {
      const auto id = element.attributes.find("id");
      if (id != element.attributes.end()) {
        EXPECT_TRUE(ids.insert(id->second).second) << id->second;
      }
      const auto href = element.attributes.find("href");
      if (href != element.attributes.end() && href->second.starts_with('#')) {
        wanted.insert(href->second.substr(1));
      }
    }
    for (const std::string& id : wanted) EXPECT_TRUE(ids.contains(id)) << id;
  }
}

TEST(Page, HostileTextsShowAndDoNothing) {
  const std::string html = render_html(hostile_report());
  const HtmlTree tree = read(html);  // throws where a text became a tag
  EXPECT_THAT(tree.text, HasSubstr("&lt;script&gt;document.title=&#39;taken&#39;&lt;/script&gt;"));
  EXPECT_THAT(tree.text, HasSubstr("]]&gt; --&gt; &lt;!--"));
  EXPECT_THAT(tree.text, HasSubstr("&amp;lt;b&amp;gt;"));
  EXPECT_EQ(html.find('\0'), std::string::npos);
  EXPECT_THAT(html, Not(HasSubstr("\xe2\x80\xae")));
  EXPECT_THAT(html, Not(HasSubstr("\x1b")));
}

TEST(Page, AnAnswerOfAMegabyteIsCutAndItsLengthSaid) {
  HtmlReport report = plain_report();
  report.galleries[0].groups[0].samples[0].answers[0].text = std::string(1 << 20, '<');
  const std::string html = render_html(report);
  EXPECT_LT(html.size(), 100'000U);
  EXPECT_THAT(html, HasSubstr("(1,048,576 characters in all)"));
}

TEST(Page, EqualReportsGiveEqualBytes) {
  EXPECT_EQ(render_html(plain_report()), render_html(plain_report()));
}

TEST(Page, NumbersMarksAndNotesAreThoseOfTheTables) {
  const HtmlTree tree = read(render_html(report_of({good_run(), bad_run()})));
  for (const ReportBlock& block : lay_out({good_run(), bad_run()})) {
    EXPECT_THAT(tree.text, HasSubstr(block.subtitle));
    for (const ReportRow& row : block.tables[0].rows) {
      for (const ReportCell& cell : row.cells) EXPECT_THAT(tree.text, HasSubstr(cell.number));
    }
  }
  EXPECT_THAT(tree.text, HasSubstr("† not comparable with PaliGemma 2 3B"));
  EXPECT_THAT(tree.text, HasSubstr("not ok (LLaVA-OneVision): 1 oom, 9 timeout"));
}

TEST(Page, ADifferenceIsDrawnWithItsInterval) {
  const HtmlTree tree = read(render_html(plain_report()));
  // 25 points, and 1.96 standard errors of 5 to each side.
  EXPECT_THAT(tree.text, HasSubstr("+25.00"));
  EXPECT_THAT(tree.text, HasSubstr("[+15.20, +34.80]"));
  EXPECT_THAT(tree.text, HasSubstr("30 won, 5 lost, 65 tied"));
  EXPECT_THAT(tree.text, HasSubstr("▲ better"));
  std::string zero, point;
  for (const HtmlTree::Element& element : tree.elements) {
    const auto kind = element.attributes.find("class");
    if (kind == element.attributes.end()) continue;
    if (kind->second == "zero") zero = element.attributes.at("x1");
    if (kind->second == "point" && point.empty()) point = element.attributes.at("x");
  }
  EXPECT_EQ(zero, "50.00%");
  // The axis ends at 1.08 times the greatest bound, 34.8 points: 50% + 50% * 25 / 37.584.
  EXPECT_EQ(point, "83.26%");
}

TEST(Page, WithoutAnIntervalTheDifferenceIsAnOpenPoint) {
  HtmlReport report = plain_report();
  report.comparisons[0].comparison.tasks[0].metrics[0].estimate->standard_error.reset();
  const std::string html = render_html(report);
  EXPECT_THAT(html, HasSubstr("class=\"point open\""));
  EXPECT_THAT(read(html).text, Not(HasSubstr("[+")));
}

TEST(Page, RunsThatAreNotComparableHaveNoDifferenceButTheFields) {
  HtmlReport report = plain_report();
  Comparison& comparison = report.comparisons[0].comparison;
  comparison.tasks.clear();
  comparison.comparable = false;
  comparison.differences = {
      {"textvqa_val[ocr=on]", {.path = "max_new_tokens", .left = "16", .right = "32"}, false}};
  const std::string html = render_html(report);
  EXPECT_THAT(html, Not(HasSubstr("class=\"forest\"")));
  EXPECT_THAT(read(html).text, HasSubstr("is not comparable: max_new_tokens is 32, not 16"));
}

TEST(Page, CardsShowWhatWasAskedAnsweredAndExpected) {
  const HtmlTree tree = read(render_html(plain_report()));
  EXPECT_THAT(tree.text, HasSubstr("What is on the table?"));
  EXPECT_THAT(tree.text, HasSubstr("no answer within 300 s"));
  EXPECT_THAT(tree.text, HasSubstr("timeout"));
  EXPECT_THAT(tree.text, HasSubstr("×2"));
  EXPECT_THAT(tree.text, HasSubstr("30 boxes, of which the 1 of highest score are drawn"));
  EXPECT_THAT(tree.text, HasSubstr("cup 0.93"));
  EXPECT_EQ(tree.count("article"), 2U);
  EXPECT_EQ(tree.count("image"), 1U) << "the picture is stored once for both cards";
}

TEST(Page, BoxesLieInPixelsOfTheSmallPicture) {
  const HtmlTree tree = read(render_html(plain_report()));
  std::vector<std::map<std::string, std::string>> lines;
  for (const HtmlTree::Element& element : tree.elements) {
    const auto kind = element.attributes.find("class");
    if (kind != element.attributes.end() && kind->second == "line") {
      lines.push_back(element.attributes);
    }
  }
  ASSERT_GE(lines.size(), 2U);
  // The frame is twice the picture.
  EXPECT_EQ(lines[0].at("x"), "5.0");
  EXPECT_EQ(lines[0].at("width"), "50.0");
  EXPECT_EQ(lines[1].at("height"), "30.0");
}

TEST(Page, BoxesWithoutTheirImageAreDrawnOnAPlainGround) {
  HtmlReport report = plain_report();
  PageSample& sample = report.galleries[0].groups[0].samples[0];
  sample.picture.reset();
  sample.picture_note = "the image is not there";
  const std::string html = render_html(report);
  EXPECT_THAT(html, HasSubstr("class=\"canvas\""));
  EXPECT_THAT(html, HasSubstr("the image is not there"));
}

TEST(Page, BoxesThatAreNoBoxesAreLeftOut) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  constexpr double kInf = std::numeric_limits<double>::infinity();
  HtmlReport report = plain_report();
  PageSample& sample = report.galleries[0].groups[0].samples[0];
  sample.truths = {{{kNan, 0, 1, 1}, "nan", {}}, {{0, 0, kInf, kInf}, "huge", {}}};
  sample.answers[0].boxes = {{{-50, -50, 1e12, 1e12}, "wide", kNan}};
  const std::string html = render_html(report);
  EXPECT_THAT(html, Not(HasSubstr("\"nan")));
  EXPECT_THAT(html, Not(HasSubstr("inf\"")));
  EXPECT_THAT(read(html).text, HasSubstr("wide"));
}

TEST(Page, LongBreakdownsAreFolded) {
  RunResults run = good_run();
  for (int i = 0; i < 80; ++i) {
    run.tasks[0].breakdowns["category"][std::to_string(i)] = {
        .n = 5, .values = {{"textvqa_accuracy", i / 100.0}}};
  }
  const std::string html = render_html(report_of({run}));
  EXPECT_THAT(read(html).text, HasSubstr("textvqa_accuracy by category"));
  EXPECT_THAT(html, HasSubstr(" · 80 groups</summary>"));
  EXPECT_LT(html.find(">79 <"), html.find(">12 <")) << "the greatest value first";
}

/// A run at a precision with so many bytes of weights.
RunResults run_at(const std::string& precision, double bytes, double score) {
  RunResults run = good_run();
  run.model = precision;
  run.tasks.resize(1);
  run.tasks[0].metrics[0].value = score;
  run.manifest = R"({"tasks":{"textvqa_val[ocr=on]":{"facts":{"weight_bytes":)" +
                 std::to_string(bytes) + "}}}}";
  return run;
}

TEST(Page, ScoresStandAgainstTheBytesOfWeights) {
  const std::string html =
      render_html(report_of({run_at("bf16", 6e9, 0.60), run_at("int8", 3.5e9, 0.59)}));
  EXPECT_THAT(read(html).text, HasSubstr("59.00 % at 3.50 GB"));
  EXPECT_THAT(render_html(report_of({run_at("bf16", 6e9, 0.60)})), Not(HasSubstr("What it costs")));
}

TEST(Page, DistortionStandsAgainstRate) {
  RunResults other = good_run();
  for (RunResults* run : {&other}) run->tasks[1].metrics[1].value = 30;
  RunResults base = good_run();
  base.tasks[1].metrics[1].value = 25;
  other.tasks[1].metrics[3].value = 0.5;
  const HtmlTree tree = read(render_html(report_of({base, other})));
  EXPECT_THAT(tree.text, HasSubstr("psnr and rate"));
  EXPECT_THAT(tree.text, HasSubstr("30.00 dB at 0.500 bpp"));
  EXPECT_THAT(tree.text, Not(HasSubstr("rfid and rate"))) << "it has no value";
}

TEST(Page, ItSaysWhatIsMissing) {
  HtmlReport report = report_of({good_run()});
  report.galleries = {{.task = "textvqa_val[ocr=on]", .notes = {"the data cannot be opened"}}};
  report.notes = {"the runs have no task in common"};
  const HtmlTree tree = read(render_html(report));
  EXPECT_THAT(tree.text, HasSubstr("the data cannot be opened"));
  EXPECT_THAT(tree.text, HasSubstr("the runs have no task in common"));
}

}  // namespace
}  // namespace sightline
