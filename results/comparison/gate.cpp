#include "results/comparison/gate.h"

#include <algorithm>
#include <cmath>

#include "harness/base/error.h"
#include "metrics/decision/few_changes.h"
#include "results/report_numbers.h"

namespace sightline {

namespace {

const MetricComparison& find_metric(const Comparison& comparison, const std::string& key) {
  std::vector<std::string> keys;
  for (const TaskComparison& task : comparison.tasks) {
    for (const MetricComparison& metric : task.metrics) {
      if (metric.key() == key) return metric;
      keys.push_back(metric.key());
    }
  }
  fail("the gate has a rule for '{}', which the two runs do not both have{}; there are {}", key,
       did_you_mean(key, keys), fmt::join(keys, ", "));
}

bool has_same_answers(const Comparison& comparison, const std::string& task) {
  const auto found = std::ranges::find(comparison.tasks, task, &TaskComparison::task);
  return found != comparison.tasks.end() && found->same_answers;
}

/// How messages show drops of one metric: "1.25 points", "0.31 FID".
class Words {
 public:
  explicit Words(const MetricComparison& metric)
      : style_(style_of(metric.unit, std::max(std::abs(metric.base.value_or(0)),
                                              std::abs(metric.next.value_or(0))))) {
    if (style_.unit == "%") style_.unit = "points";
  }
  std::string operator()(double value) const {
    return show(value, style_) + (style_.unit.empty() ? "" : " " + style_.unit);
  }

 private:
  NumberStyle style_;
};

/// Decides one rule; `adjusted` is its p-value of a drop within the margin, after Holm.
class Decision {
 public:
  Decision(const GateRule& rule, const MetricComparison& metric, bool same_answers,
           std::optional<double> adjusted)
      : metric_(metric), same_answers_(same_answers), words_(metric) {
    finding_.rule = rule;
    finding_.samples = metric.samples;
    finding_.p_regression = adjusted;
    if (metric.estimate) finding_.drop = drop_of(metric.estimate->value);
    if (metric.estimate && metric.estimate->standard_error) measure();
  }

  GateFinding decide() {
    if (is_below_floor()) {
      end(GateVerdict::kRegression,
          fmt::format("{} is {} the floor of {}", words_(*metric_.next),
                      metric_.higher_is_better ? "below" : "above", words_(*rule().floor)));
    } else if (rule().floor && metric_.next && std::isinf(rule().max_drop)) {
      end(GateVerdict::kPass,
          fmt::format("{}, with a floor of {}", words_(*metric_.next), words_(*rule().floor)));
    } else if (!finding_.drop) {
      end(GateVerdict::kInconclusive, metric_.note.empty() ? "no difference" : metric_.note);
    } else if (same_answers_) {
      end(GateVerdict::kPass, "every answer of both runs is the same");
    } else if (rule().values_alone) {
      decide_on_values();
    } else if (!finding_.drop_high) {
      end(GateVerdict::kInconclusive,
          metric_.note + "; \"values_alone\": true decides without an interval");
    } else {
      decide_on_bounds();
    }
    warn();
    return finding_;
  }

 private:
  const GateRule& rule() const { return finding_.rule; }

  double drop_of(double difference) const {
    return metric_.higher_is_better ? 0 - difference : difference;  // never -0
  }

  void measure() {
    const DifferenceEstimate& estimate = *metric_.estimate;
    finding_.smallest_detectable =
        smallest_detectable(estimate, rule().alpha, rule().power, range());
    const auto low = lower_bound(estimate, rule().alpha),
               high = upper_bound(estimate, rule().alpha);
    if (!low || !high) return;
    finding_.drop_low = drop_of(metric_.higher_is_better ? *high : *low);
    finding_.drop_high = drop_of(metric_.higher_is_better ? *low : *high);
    if (metric_.has_samples && has_few_changes(estimate)) {
      const double possible = metric_.higher_is_better
                                  ? largest_possible_fall(estimate, rule().alpha, range())
                                  : largest_possible_rise(estimate, rule().alpha, range());
      finding_.drop_high = std::max(*finding_.drop_high, possible);
      finding_.smallest_detectable = std::max(finding_.smallest_detectable.value_or(0), possible);
    }
  }

  /// The greatest difference that a sample is taken to have: scores of 0 to 1, or as large as the
  /// means are.
  double range() const { return std::max(1.0, std::abs(metric_.base.value_or(0))); }

  bool is_below_floor() const {
    if (!rule().floor || !metric_.next) return false;
    return metric_.higher_is_better ? *metric_.next < *rule().floor : *metric_.next > *rule().floor;
  }

  void decide_on_values() {
    const bool within = *finding_.drop <= rule().max_drop;
    end(within ? GateVerdict::kPass : GateVerdict::kRegression,
        fmt::format("a drop of {}, {} {}, by the values alone", words_(*finding_.drop),
                    within ? "within" : "beyond", words_(rule().max_drop)));
  }

  void decide_on_bounds() {
    const double margin = rule().max_drop;
    if (finding_.p_regression && *finding_.p_regression <= rule().alpha &&
        *finding_.drop > margin) {
      return end(GateVerdict::kRegression,
                 fmt::format("a drop of {}, at least {}, beyond the allowed {}",
                             words_(*finding_.drop), words_(*finding_.drop_low), words_(margin)));
    }
    if (*finding_.drop_high < margin) {
      if (finding_.samples >= rule().min_samples) {
        return end(
            GateVerdict::kPass,
            fmt::format("a drop of {}, at most {}, within the allowed {}", words_(*finding_.drop),
                        words_(*finding_.drop_high), words_(margin)));
      }
      return end(GateVerdict::kInconclusive,
                 fmt::format("{} samples, and the rule wants at least {}", finding_.samples,
                             rule().min_samples));
    }
    end(GateVerdict::kInconclusive,
        fmt::format("a drop of {}, between {} and {}, against the allowed {}",
                    words_(*finding_.drop), words_(*finding_.drop_low), words_(*finding_.drop_high),
                    words_(margin)));
    finding_.samples_to_decide = samples_that_decide();
  }

  /// None where no number of samples would do, were the difference that seen.
  std::optional<std::int64_t> samples_that_decide() const {
    const DifferenceEstimate& estimate = *metric_.estimate;
    if (metric_.has_samples && has_few_changes(estimate)) return samples_without_more_changes();
    const double limit = drop_of(rule().max_drop);
    const auto samples = samples_to_decide(estimate, limit, rule().alpha, rule().power);
    if (!samples) return std::nullopt;
    return std::max(static_cast<std::int64_t>(*samples), rule().min_samples);
  }

  /// So many that the few changes seen among them would leave less than the margin possible.
  std::optional<std::int64_t> samples_without_more_changes() const {
    const auto images = images_to_exclude(*metric_.estimate, metric_.higher_is_better,
                                          rule().max_drop, rule().alpha, range());
    if (!images || metric_.clusters == 0) return std::nullopt;
    const double per_image =
        static_cast<double>(metric_.samples) / static_cast<double>(metric_.clusters);
    return static_cast<std::int64_t>(std::ceil(static_cast<double>(*images) * per_image));
  }

  void warn() {
    if (!finding_.smallest_detectable || rule().values_alone || std::isinf(rule().max_drop)) return;
    const double detectable = *finding_.smallest_detectable;
    if (rule().max_drop == 0) {
      finding_.warnings.push_back(
          "max_drop is 0: only a run that is significantly better, or the same answer for answer, "
          "can pass");
    }
    if (detectable > rule().max_drop && finding_.verdict != GateVerdict::kRegression) {
      finding_.warnings.push_back(fmt::format(
          "this gate cannot detect the drop it forbids: with {} samples it finds drops of {} or "
          "more, and {} is allowed",
          finding_.samples, words_(detectable), words_(rule().max_drop)));
    }
  }

  void end(GateVerdict verdict, std::string reason) {
    finding_.verdict = verdict;
    finding_.reason = std::move(reason);
  }

  const MetricComparison& metric_;
  bool same_answers_;
  Words words_;
  GateFinding finding_;
};

/// p-value of a drop within the margin.
std::optional<double> p_within_margin(const GateRule& rule, const MetricComparison& metric) {
  if (!metric.estimate || rule.values_alone || std::isinf(rule.max_drop)) return std::nullopt;
  const DifferenceEstimate& estimate = *metric.estimate;
  const bool falls = metric.higher_is_better;
  std::optional<double> p =
      falls ? p_below(estimate, -rule.max_drop) : p_above(estimate, rule.max_drop);
  if (p && metric.has_samples && has_few_changes(estimate)) {
    p = std::max(*p, falls ? p_sign_below(estimate) : p_sign_above(estimate));
  }
  return p;
}

/// The rules' p-values after Holm; a rule without one has none.
std::vector<std::optional<double>> adjusted_p_values(
    const std::vector<GateRule>& rules, const std::vector<const MetricComparison*>& metrics) {
  std::vector<std::optional<double>> all;
  std::vector<double> defined;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    all.push_back(p_within_margin(rules[i], *metrics[i]));
    if (all.back()) defined.push_back(*all.back());
  }
  const std::vector<double> adjusted = holm(defined);
  std::size_t place = 0;
  for (std::optional<double>& p : all) {
    if (p) p = adjusted[place++];
  }
  return all;
}

}  // namespace

const char* name_of(GateVerdict verdict) {
  switch (verdict) {
    case GateVerdict::kPass:
      return "pass";
    case GateVerdict::kRegression:
      return "regression";
    case GateVerdict::kInconclusive:
      return "inconclusive";
  }
  return "inconclusive";
}

int exit_code_of(GateVerdict verdict) {
  switch (verdict) {
    case GateVerdict::kPass:
      return 0;
    case GateVerdict::kRegression:
      return 1;
    case GateVerdict::kInconclusive:
      return 3;
  }
  return 3;
}

GateReport decide(const Comparison& comparison, const std::vector<GateRule>& rules) {
  std::vector<const MetricComparison*> metrics;
  for (const GateRule& rule : rules) metrics.push_back(&find_metric(comparison, rule.key));
  const std::vector<std::optional<double>> p_values = adjusted_p_values(rules, metrics);
  GateReport report;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const bool same = has_same_answers(comparison, metrics[i]->task);
    report.findings.push_back(Decision(rules[i], *metrics[i], same, p_values[i]).decide());
  }
  report.verdict = worst_verdict(report.findings);
  return report;
}

GateVerdict worst_verdict(const std::vector<GateFinding>& findings) {
  const auto any = [&](GateVerdict verdict) {
    return std::ranges::find(findings, verdict, &GateFinding::verdict) != findings.end();
  };
  if (any(GateVerdict::kRegression)) return GateVerdict::kRegression;
  return any(GateVerdict::kInconclusive) ? GateVerdict::kInconclusive : GateVerdict::kPass;
}

}  // namespace sightline
