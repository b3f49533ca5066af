#include "results/junit.h"

#include <gmock/gmock.h>

#include <random>

#include "harness/base/text.h"
#include "tests/results/report_support.h"
#include "tests/support/xml.h"

namespace sightline {
namespace {

using testing::bad_run;
using ::testing::ElementsAre;
using testing::good_run;
using ::testing::HasSubstr;
using testing::hostile_run;
using testing::read_xml;
using testing::XmlElement;

TEST(XmlText, KeepsWhatXmlHasAndLeavesOutTheRest) {
  const std::pair<std::string, std::string> cases[] = {
      {"plain é 日本", "plain é 日本"},
      {"<a href=\"x\">&'</a>", "&lt;a href=&quot;x&quot;&gt;&amp;&apos;&lt;/a&gt;"},
      {"]]>", "]]&gt;"},
      {"a\tb\nc\rd", "a\tb\nc&#13;d"},
      {std::string("a\0b\x01\x08\x0B\x1B[31m\x7F", 12), "ab[31m"},
      {"\xC2\x80\xC2\x9B\xC2\xA0", "\xC2\xA0"},
      {"\xEF\xBF\xBE\xEF\xBF\xBF\xEF\xBF\xBD", "\xEF\xBF\xBD"},
      {"\xFF", "\xEF\xBF\xBD"},
      {"\xF0\x9F\x98\x80", "\xF0\x9F\x98\x80"},
      {"", ""}};
  for (const auto& [text, want] : cases) EXPECT_EQ(xml_text(text), want) << text;
}

TEST(XmlText, AttributesKeepLineBreaksAndTabs) {
  EXPECT_EQ(xml_attribute("a\tb\nc\rd<\x1b"), "a&#9;b&#10;c&#13;d&lt;");
}

TEST(XmlText, AnyBytesGiveADocumentThatCanBeRead) {
  std::mt19937 random(11);
  for (int round = 0; round < 2000; ++round) {
    std::string bytes(random() % 40, '\0');
    for (char& c : bytes) c = static_cast<char>(random());
    const std::string xml =
        render_junit(bytes, {{bytes, {{bytes, JunitOutcome::kFailed, bytes, bytes, bytes}}}});
    EXPECT_TRUE(is_utf8(xml));
    const XmlElement top = read_xml(xml);
    ASSERT_EQ(top.all("testsuite").size(), 1u);
  }
}

TEST(Junit, CountsCasesByOutcome) {
  const std::vector<JunitSuite> suites = {
      {"one",
       {{.name = "a"},
        {.name = "b", .outcome = JunitOutcome::kFailed, .type = "t", .message = "m"},
        {.name = "c", .outcome = JunitOutcome::kError, .type = "t", .message = "m"}}},
      {"two", {{.name = "d", .outcome = JunitOutcome::kSkipped, .message = "m"}, {.name = "e"}}}};
  const XmlElement top = read_xml(render_junit("all", suites));
  EXPECT_EQ(top.name, "testsuites");
  const std::map<std::string, std::string> want = {{"name", "all"},   {"tests", "5"},
                                                   {"failures", "1"}, {"errors", "1"},
                                                   {"skipped", "1"},  {"time", "0"}};
  EXPECT_EQ(top.attributes, want);
  ASSERT_EQ(top.all("testsuite").size(), 2u);
  const XmlElement& first = *top.all("testsuite")[0];
  EXPECT_EQ(first.attributes.at("failures"), "1");
  EXPECT_EQ(first.attributes.at("skipped"), "0");
  const XmlElement& failed = *first.all("testcase")[1];
  EXPECT_EQ(failed.attributes.at("classname"), "one");
  EXPECT_EQ(failed.attributes.at("name"), "b");
  EXPECT_EQ(failed.attributes.at("time"), "0");
  ASSERT_EQ(failed.all("failure").size(), 1u);
  EXPECT_EQ(failed.all("failure")[0]->attributes.at("message"), "m");
  EXPECT_EQ(failed.all("failure")[0]->attributes.at("type"), "t");
  EXPECT_EQ(first.all("testcase")[2]->all("error").size(), 1u);
  EXPECT_EQ(top.all("testsuite")[1]->all("testcase")[0]->all("skipped").size(), 1u);
  EXPECT_TRUE(first.all("testcase")[0]->children.empty());
}

std::vector<std::string> names_of(const XmlElement& suite) {
  std::vector<std::string> names;
  for (const XmlElement* one : suite.all("testcase")) names.push_back(one->attributes.at("name"));
  return names;
}

TEST(JunitReport, AGoodRunPassesAndShowsItsNumbers) {
  const XmlElement top = read_xml(render({good_run()}, ReportFormat::kJunit));
  EXPECT_EQ(top.attributes.at("failures"), "0");
  EXPECT_EQ(top.attributes.at("errors"), "0");
  EXPECT_EQ(top.attributes.at("skipped"), "1") << "rfid is undefined";
  const XmlElement& vqa = *top.all("testsuite").at(0);
  EXPECT_EQ(vqa.attributes.at("name"), "textvqa_val[ocr=on]");
  EXPECT_THAT(names_of(vqa), ElementsAre("textvqa_accuracy", "coverage"));
  const std::string output = vqa.all("testcase")[0]->all("system-out").at(0)->text;
  for (const char* part :
       {"value: 0.58229\n", "shown: 58.23 %\n", "stderr: 0.0031\n", "n: 5000\n"}) {
    EXPECT_THAT(output, HasSubstr(part));
  }
  const XmlElement& fid = *top.all("testsuite").at(1)->all("testcase").at(0);
  EXPECT_THAT(fid.all("skipped").at(0)->attributes.at("message"), HasSubstr("needs the Inception"));
}

TEST(JunitReport, FailedSamplesFailTheCoverageAndUnfinishedRunsAreErrors) {
  const XmlElement top = read_xml(render({bad_run()}, ReportFormat::kJunit));
  const XmlElement& unfinished = *top.all("testsuite").at(0)->all("testcase").at(1);
  EXPECT_EQ(unfinished.all("error").at(0)->attributes.at("message"),
            "unfinished: 1200 of 5000 samples; not ok: 1 oom, 9 timeout");
  const XmlElement& failed = *top.all("testsuite").at(1)->all("testcase").back();
  EXPECT_EQ(failed.attributes.at("name"), "coverage");
  EXPECT_EQ(failed.all("failure").at(0)->attributes.at("message"),
            "1000 of 50000 samples are not ok: 1000 bad_input");
  EXPECT_THAT(failed.all("system-out").at(0)->text, HasSubstr("bad_input: 1000\n"));
}

TEST(JunitReport, SeveralRunsHaveSuitesOfTheirOwn) {
  const XmlElement top = read_xml(render({good_run(), bad_run()}, ReportFormat::kJunit));
  ASSERT_EQ(top.all("testsuite").size(), 4u);
  EXPECT_EQ(top.all("testsuite")[1]->attributes.at("name"), "LLaVA-OneVision: textvqa_val[ocr=on]");
  RunResults nothing;
  nothing.model = "m";
  nothing.finished = false;
  const XmlElement empty = read_xml(render({nothing}, ReportFormat::kJunit));
  EXPECT_EQ(empty.attributes.at("errors"), "1");
}

TEST(JunitReport, HostileNamesAreText) {
  const XmlElement top = read_xml(render({hostile_run()}, ReportFormat::kJunit));
  ASSERT_EQ(top.all("testsuite").size(), 1u);
  EXPECT_EQ(top.all("testsuite")[0]->attributes.at("name"), "[t]|*_x_* # title");
  EXPECT_THAT(names_of(*top.all("testsuite")[0]), ElementsAre("*acc|@0.5", "[k]", "coverage"));
  EXPECT_EQ(parse_report_format("junit"), ReportFormat::kJunit);
}

}  // namespace
}  // namespace sightline
