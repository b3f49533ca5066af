#include "results/junit.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "harness/base/error.h"
#include "harness/base/text.h"
#include "results/plain_text.h"

namespace sightline {

namespace {

bool is_xml_character(std::uint32_t c) {
  if (c < 0x20) return c == '\t' || c == '\n' || c == '\r';
  // The controls up to U+009F are allowed and discouraged; terminals would obey them.
  if (c >= 0x7F && c < 0xA0) return false;
  return c != 0xFFFE && c != 0xFFFF;
}

void append_xml(std::string& xml, std::uint32_t c) {
  switch (c) {
    case '&':
      xml += "&amp;";
      return;
    case '<':
      xml += "&lt;";
      return;
    case '>':
      xml += "&gt;";
      return;
    case '"':
      xml += "&quot;";
      return;
    case '\'':
      xml += "&apos;";
      return;
    case '\r':  // read as a line feed where it stands bare
      xml += "&#13;";
      return;
    default:
      append_utf8(xml, c);
  }
}

std::string attribute(const char* name, std::string_view value) {
  return fmt::format(" {}=\"{}\"", name, xml_attribute(value));
}

std::int64_t count(const JunitSuite& suite, JunitOutcome outcome) {
  return std::ranges::count(suite.cases, outcome, &JunitCase::outcome);
}

std::int64_t count(const std::vector<JunitSuite>& suites, JunitOutcome outcome) {
  std::int64_t sum = 0;
  for (const JunitSuite& suite : suites) sum += count(suite, outcome);
  return sum;
}

/// The attributes that count; Jenkins' schema has "skipped" on suites only.
template <typename Counted>
std::string counts(const Counted& counted, std::size_t tests) {
  return fmt::format(" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"0\"", tests,
                     count(counted, JunitOutcome::kFailed), count(counted, JunitOutcome::kError),
                     count(counted, JunitOutcome::kSkipped));
}

std::string outcome_of(const JunitCase& one) {
  switch (one.outcome) {
    case JunitOutcome::kPassed:
      return "";
    case JunitOutcome::kSkipped:
      return "      <skipped" + attribute("message", one.message) + "/>\n";
    case JunitOutcome::kFailed:
    case JunitOutcome::kError:
      break;
  }
  const char* tag = one.outcome == JunitOutcome::kFailed ? "failure" : "error";
  return fmt::format("      <{0}{1}{2}>{3}</{0}>\n", tag, attribute("message", one.message),
                     attribute("type", one.type), xml_text(one.message));
}

std::string render(const JunitSuite& suite) {
  std::string xml =
      "  <testsuite" + attribute("name", suite.name) + counts(suite, suite.cases.size()) + ">\n";
  for (const JunitCase& one : suite.cases) {
    xml += "    <testcase" + attribute("classname", suite.name) + attribute("name", one.name) +
           " time=\"0\">\n" + outcome_of(one);
    if (!one.output.empty()) {
      xml += "      <system-out>" + xml_text(one.output) + "</system-out>\n";
    }
    xml += "    </testcase>\n";
  }
  return xml + "  </testsuite>\n";
}

}  // namespace

std::string xml_text(std::string_view text) {
  const std::string repaired =
      is_utf8(text) ? std::string(text)
                    : well_formed(nlohmann::json(std::string(text))).get<std::string>();
  std::string xml;
  xml.reserve(repaired.size());
  for (std::size_t at = 0; at < repaired.size();) {
    const std::uint32_t c = next_code_point(repaired, at);
    if (is_xml_character(c)) append_xml(xml, c);
  }
  return xml;
}

std::string xml_attribute(std::string_view text) {
  std::string value;
  for (const char c : xml_text(text)) {
    value += c == '\n' ? "&#10;" : c == '\t' ? "&#9;" : std::string(1, c);
  }
  return value;
}

std::string render_junit(const std::string& name, const std::vector<JunitSuite>& suites) {
  std::size_t tests = 0;
  for (const JunitSuite& suite : suites) tests += suite.cases.size();
  std::string xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites" +
                    attribute("name", name) + counts(suites, tests) + ">\n";
  for (const JunitSuite& suite : suites) xml += render(suite);
  return xml + "</testsuites>\n";
}

}  // namespace sightline
