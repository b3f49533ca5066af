#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "harness/base/text.h"
#include "results/comparison/gate_text.h"
#include "tests/results/comparison/render_support.h"
#include "tests/results/report_support.h"
#include "tests/support/xml.h"

namespace sightline {
namespace {

using nlohmann::json;
using testing::expect_golden;
using testing::fallen_run;
using ::testing::HasSubstr;
using testing::hostile_comparison;
using testing::hostile_report;
using testing::mixed_report;
using ::testing::Not;
using testing::read_xml;
using testing::XmlElement;

TEST(RenderGate, GivesTheReviewedTexts) {
  expect_golden("gate.txt", render_gate_table(mixed_report()));
  expect_golden("gate.md", render_gate_markdown(fallen_run(), mixed_report()));
  expect_golden("gate.xml", render_gate_junit(mixed_report()));
}

TEST(RenderGate, EveryFormShowsTheSmallestDetectableDropAndTheWarnings) {
  const GateReport report = mixed_report();
  for (const std::string& text :
       {render_gate_table(report), render_gate_markdown(fallen_run(), report),
        render_gate_junit(report), to_json(report).dump()}) {
    SCOPED_TRACE(text.substr(0, 20));
    EXPECT_THAT(text, HasSubstr("0.0192"));
    EXPECT_THAT(text, HasSubstr("0.03"));
    EXPECT_THAT(text, HasSubstr("this gate cannot detect the drop it forbids"));
    EXPECT_THAT(text, HasSubstr("1800"));
  }
}

TEST(RenderGate, AnUnknownDetectableDropIsSaid) {
  const GateReport report = {{mixed_report().findings[2]}, GateVerdict::kPass};
  for (const std::string& text :
       {render_gate_table(report), render_gate_markdown(fallen_run(), report),
        render_gate_junit(report)}) {
    EXPECT_THAT(text, HasSubstr("not known"));
  }
  EXPECT_TRUE(to_json(report)["rules"][0]["smallest_detectable"].is_null());
}

TEST(GateJson, HoldsRulesAndFindings) {
  const json document = to_json(mixed_report());
  EXPECT_EQ(document["verdict"], "regression");
  EXPECT_EQ(document["exit_code"], 1);
  ASSERT_EQ(document["rules"].size(), 3u);
  const json& first = document["rules"][0];
  EXPECT_EQ(first["key"], "textvqa_val[ocr=on]/textvqa_accuracy");
  EXPECT_EQ(first["verdict"], "regression");
  EXPECT_EQ(first["drop"], 0.0278);
  EXPECT_EQ(first["rule"]["max_drop"], 0.01);
  EXPECT_TRUE(first["samples_to_decide"].is_null());
  EXPECT_EQ(document["rules"][1]["samples_to_decide"], 1800);
  EXPECT_TRUE(document["rules"][2]["rule"]["max_drop"].is_null()) << "any drop is allowed";
  EXPECT_EQ(document["rules"][2]["rule"]["floor"], 2.0);
}

TEST(GateJunit, ARegressionFailsAndAnOpenQuestionIsAnError) {
  const XmlElement top = read_xml(render_gate_junit(mixed_report()));
  EXPECT_EQ(top.attributes.at("tests"), "3");
  EXPECT_EQ(top.attributes.at("failures"), "1");
  EXPECT_EQ(top.attributes.at("errors"), "1");
  ASSERT_EQ(top.all("testsuite").size(), 2u) << "one a task";
  const XmlElement& vqa = *top.all("testsuite")[0];
  EXPECT_EQ(vqa.attributes.at("name"), "textvqa_val[ocr=on]");
  const XmlElement& fallen = *vqa.all("testcase").at(0);
  EXPECT_EQ(fallen.attributes.at("name"), "textvqa_accuracy");
  EXPECT_EQ(fallen.attributes.at("classname"), "textvqa_val[ocr=on]");
  EXPECT_EQ(fallen.all("failure").at(0)->attributes.at("type"), "regression");
  EXPECT_THAT(fallen.all("failure")[0]->attributes.at("message"), HasSubstr("beyond the allowed"));
  EXPECT_THAT(fallen.all("system-out").at(0)->text, HasSubstr("drop: 0.0278 [0.0151, 0.0405]\n"));
  EXPECT_EQ(vqa.all("testcase").at(1)->all("error").at(0)->attributes.at("type"), "inconclusive");
  EXPECT_TRUE(top.all("testsuite")[1]->all("testcase").at(0)->all("failure").empty());
}

TEST(RenderGate, HostileTextIsTextInEveryForm) {
  const GateReport report = hostile_report();
  const std::string table = render_gate_table(report);
  for (const char* bad : {"\x1b", "\r", "\n# head", "\xe2\x80\xae"}) {
    EXPECT_THAT(table, Not(HasSubstr(bad)));
  }
  const std::string markdown = render_gate_markdown(hostile_comparison(), report);
  for (const char* bad : {"<script", "@everyone", "\n# head", "```", "http://", "\x1b"}) {
    EXPECT_THAT(markdown, Not(HasSubstr(bad))) << bad;
  }
  const XmlElement top = read_xml(render_gate_junit(report));
  EXPECT_EQ(top.all("testsuite").size(), 1u);
  for (const std::string& text : {table, markdown, to_json(report).dump()}) {
    EXPECT_TRUE(is_utf8(text));
  }
}

TEST(GateText, AKeyIsCutAtItsLastSlash) {
  using Pair = std::pair<std::string, std::string>;
  EXPECT_EQ(split_rule_key("t/m"), Pair("t", "m"));
  EXPECT_EQ(split_rule_key("t[file=a/b]/m@0.5"), Pair("t[file=a/b]", "m@0.5"));
  EXPECT_EQ(split_rule_key("m"), Pair("", "m"));
}

TEST(GateText, CountsVerdicts) {
  EXPECT_EQ(summary_of(mixed_report()), "1 regression, 1 inconclusive, 1 passed");
}

}  // namespace
}  // namespace sightline
