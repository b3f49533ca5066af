#include "harness/base/error.h"
#include "results/comparison/gate.h"
#include "results/comparison/gate_text.h"
#include "results/comparison/markdown_text.h"

namespace sightline {

namespace {

std::string row_of(const GateFinding& finding) {
  const GateText text = text_of(finding);
  const bool is_pass = finding.verdict == GateVerdict::kPass;
  const std::string verdict = name_of(finding.verdict);
  return fmt::format("| {} | {} | {} | {} | {} | {} |\n", markdown_code(finding.rule.key),
                     text.allowed, text.drop + text.bounds, text.detectable, finding.samples,
                     is_pass ? verdict : "**" + verdict + "**");
}

}  // namespace

std::string render_gate_markdown(const Comparison& comparison, const GateReport& report) {
  std::string text = fmt::format("**Gate: {}** ({})\n\n", name_of(report.verdict),
                                 markdown_words(summary_of(report)));
  text +=
      "| rule | allowed drop | drop [bounds] | smallest detectable drop | samples | verdict |\n"
      "| :-- | --: | --: | --: | --: | :-- |\n";
  for (const GateFinding& finding : report.findings) text += row_of(finding);
  text += "\n";
  for (const GateFinding& finding : report.findings) {
    for (const std::string& sentence : sentences_of(finding)) {
      text += "- " + markdown_code(finding.rule.key) + ": " + markdown_words(sentence) + "\n";
    }
  }
  text += fmt::format("\n{}.\n\nComparison: ", markdown_words(std::string("Note: ") + kDropsNote));
  return text + render_comparison_markdown(comparison);
}

}  // namespace sightline
