#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "harness/base/error.h"
#include "results/comparison/gate.h"
#include "results/comparison/gate_text.h"
#include "results/json_field.h"
#include "results/junit.h"
#include "results/plain_text.h"
#include "results/report_layout.h"

namespace sightline {

using nlohmann::json;

namespace {

json json_of(const GateRule& rule) {
  return {{"max_drop", std::isinf(rule.max_drop) ? json() : json(rule.max_drop)},
          {"alpha", rule.alpha},
          {"power", rule.power},
          {"min_samples", rule.min_samples},
          {"values_alone", rule.values_alone},
          {"floor", json_number(rule.floor)}};
}

json json_of(const GateFinding& finding) {
  return {
      {"key", finding.rule.key},
      {"rule", json_of(finding.rule)},
      {"verdict", name_of(finding.verdict)},
      {"drop", json_number(finding.drop)},
      {"drop_low", json_number(finding.drop_low)},
      {"drop_high", json_number(finding.drop_high)},
      {"p_regression", json_number(finding.p_regression)},
      {"smallest_detectable", json_number(finding.smallest_detectable)},
      {"samples_to_decide", finding.samples_to_decide ? json(*finding.samples_to_decide) : json()},
      {"n", finding.samples},
      {"reason", finding.reason},
      {"warnings", finding.warnings}};
}

ReportRow row_of(const GateFinding& finding) {
  const GateText text = text_of(finding);
  return {.label = one_line(finding.rule.key),
          .unit = "",
          .cells = {{.number = text.allowed, .tail = ""},
                    {.number = text.drop, .tail = text.bounds},
                    {.number = text.detectable, .tail = ""},
                    {.number = std::to_string(finding.samples), .tail = ""},
                    {.number = "", .tail = name_of(finding.verdict)}}};
}

/// The reasons, warnings and what would decide, a line each.
std::vector<std::string> notes_of(const GateReport& report) {
  std::vector<std::string> notes;
  for (const GateFinding& finding : report.findings) {
    for (const std::string& sentence : sentences_of(finding)) {
      notes.push_back(one_line(finding.rule.key + ": " + sentence));
    }
  }
  notes.emplace_back(kDropsNote);
  return notes;
}

JunitCase case_of(const GateFinding& finding) {
  const GateText text = text_of(finding);
  JunitCase one{.name = split_rule_key(finding.rule.key).second,
                .outcome = finding.verdict == GateVerdict::kPass         ? JunitOutcome::kPassed
                           : finding.verdict == GateVerdict::kRegression ? JunitOutcome::kFailed
                                                                         : JunitOutcome::kError,
                .type = name_of(finding.verdict),
                .message = finding.reason,
                .output = {}};
  one.output = fmt::format(
      "verdict: {}\nallowed drop: {}\ndrop: {}{}\nsmallest detectable drop: {}\nsamples: {}\n",
      name_of(finding.verdict), text.allowed, text.drop, text.bounds, text.detectable,
      finding.samples);
  for (const std::string& sentence : sentences_of(finding)) one.output += sentence + "\n";
  return one;
}

}  // namespace

json to_json(const GateReport& report) {
  json rules = json::array();
  for (const GateFinding& finding : report.findings) rules.push_back(json_of(finding));
  return well_formed({{"verdict", name_of(report.verdict)},
                      {"exit_code", exit_code_of(report.verdict)},
                      {"rules", std::move(rules)}});
}

std::string render_gate_table(const GateReport& report) {
  ReportTable table{
      .heading = "rule",
      .columns = {"allowed drop", "drop [bounds]", "detectable drop", "samples", "verdict"},
      .rows = {}};
  for (const GateFinding& finding : report.findings) table.rows.push_back(row_of(finding));
  return render_table({{.title = fmt::format("gate: {}", name_of(report.verdict)),
                        .subtitle = summary_of(report),
                        .tables = {std::move(table)},
                        .notes = notes_of(report)}});
}

std::string render_gate_junit(const GateReport& report) {
  std::vector<JunitSuite> suites;
  for (const GateFinding& finding : report.findings) {
    const std::string task = split_rule_key(finding.rule.key).first;
    auto suite = std::ranges::find(suites, task, &JunitSuite::name);
    if (suite == suites.end()) suite = suites.insert(suites.end(), {task, {}});
    suite->cases.push_back(case_of(finding));
  }
  return render_junit("sightline gate", suites);
}

}  // namespace sightline
