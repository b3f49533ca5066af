#include "results/comparison/gate_text.h"

#include <algorithm>
#include <cmath>

#include "harness/base/error.h"

namespace sightline {

namespace {

/// Enough digits for a decision, and "0.01" as it was written.
std::string show(double value) {
  return fmt::format("{:.4g}", value == 0 ? 0.0 : value);
}

std::string show(const std::optional<double>& value, const char* otherwise) {
  return value && std::isfinite(*value) ? show(*value) : otherwise;
}

}  // namespace

GateText text_of(const GateFinding& finding) {
  GateText text{.allowed = show(finding.rule.max_drop, "any"),
                .drop = show(finding.drop, "–"),
                .bounds = {},
                .detectable = show(finding.smallest_detectable, "not known")};
  if (finding.drop_low && finding.drop_high) {
    text.bounds = fmt::format(" [{}, {}]", show(*finding.drop_low), show(*finding.drop_high));
  }
  return text;
}

std::vector<std::string> sentences_of(const GateFinding& finding) {
  std::vector<std::string> sentences;
  if (!finding.reason.empty()) {
    sentences.push_back(std::string(name_of(finding.verdict)) + ": " + finding.reason);
  }
  if (finding.rule.floor) sentences.push_back("floor " + show(*finding.rule.floor));
  if (finding.smallest_detectable) {
    sentences.push_back(fmt::format(
        "{} samples detect a drop of {} or more with probability {:.3g} at alpha {:.3g}",
        finding.samples, show(*finding.smallest_detectable), finding.rule.power,
        finding.rule.alpha));
  } else {
    sentences.emplace_back("the smallest detectable drop is not known: there is no standard error");
  }
  if (finding.samples_to_decide) {
    sentences.push_back(fmt::format("some {} samples would decide, were the true drop the one seen",
                                    *finding.samples_to_decide));
  }
  for (const std::string& warning : finding.warnings) sentences.push_back("warning: " + warning);
  return sentences;
}

std::string summary_of(const GateReport& report) {
  const auto count = [&](GateVerdict verdict) {
    return std::ranges::count(report.findings, verdict, &GateFinding::verdict);
  };
  return fmt::format("{} regression, {} inconclusive, {} passed", count(GateVerdict::kRegression),
                     count(GateVerdict::kInconclusive), count(GateVerdict::kPass));
}

std::pair<std::string, std::string> split_rule_key(const std::string& key) {
  const std::size_t slash = key.rfind('/');
  if (slash == std::string::npos) return {"", key};
  return {key.substr(0, slash), key.substr(slash + 1)};
}

}  // namespace sightline
