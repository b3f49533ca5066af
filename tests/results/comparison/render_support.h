#pragma once

#include <limits>
#include <string>
#include <vector>

#include "results/comparison/comparison.h"
#include "results/comparison/gate.h"

namespace sightline::testing {

/// What would end a cell, a code span, a block of HTML or a line, call people, or move a cursor.
inline const std::string kHostile =
    "a|b `x` ``` </details></code><script>alert(1)</script> @everyone #1 GH-1 http://x.y www.x.y "
    "[l](u) ![i](u) <!-- *s* _u_ ~~d~~ $m$ \\| &amp; <br>\n\n# head\n- item\r| row |\x1b[31m\xff"
    "\xe2\x80\xae";

/// A mean over samples that fell, worked out in `difference.h`'s terms.
inline MetricComparison fallen_accuracy() {
  MetricComparison metric{
      .task = "textvqa_val[ocr=on]", .metric = "textvqa_accuracy", .unit = "fraction"};
  metric.base = 0.6504;
  metric.next = 0.6226;
  metric.estimate = DifferenceEstimate{.value = -0.0278,
                                       .standard_error = 0.0076,
                                       .degrees_of_freedom = 59,
                                       .samples = 240,
                                       .clusters = 60,
                                       .differing_clusters = 20};
  metric.samples = 240;
  metric.clusters = 60;
  metric.has_samples = true;
  metric.won = 5;
  metric.lost = 28;
  metric.tied = 207;
  metric.p_value = 0.0005;
  metric.p_adjusted = 0.001;
  metric.mcnemar = 0.00006;
  metric.method = "paired t, clustered by image";
  metric.verdict = "worse";
  return metric;
}

/// A metric of the whole set without an interval.
inline MetricComparison unknown_distance() {
  MetricComparison metric{
      .task = "imagenet_recon_val", .metric = "rfid", .unit = "FID", .higher_is_better = false};
  metric.base = 1.25;
  metric.next = 1.125;
  metric.estimate = DifferenceEstimate{.value = -0.125, .samples = 5000, .clusters = 5000};
  metric.samples = metric.clusters = 5000;
  metric.note = "at equal N = 5000; no interval";
  metric.verdict = "not tested";
  return metric;
}

/// A metric that one side has no value of.
inline MetricComparison missing_value() {
  MetricComparison metric{.task = "imagenet_recon_val", .metric = "psnr", .unit = "dB"};
  metric.base = 21.5;
  metric.samples = metric.clusters = 5000;
  metric.note = "no value in the new run";
  metric.verdict = "not tested";
  return metric;
}

inline Comparison fallen_run() {
  Comparison comparison{.base = "bf16",
                        .next = "int8",
                        .base_folder = "out/bf16",
                        .next_folder = "out/int8",
                        .base_origin = "sightline",
                        .next_origin = "lmms-eval"};
  TaskComparison vqa{.task = "textvqa_val[ocr=on]",
                     .metrics = {fallen_accuracy()},
                     .flip_metric = "textvqa_accuracy"};
  vqa.flips = {{.id = "1003",
                .image = "50",
                .question = "what is the brand?",
                .base_answer = "Dakota",
                .next_answer = "",
                .base_score = 1,
                .next_score = 0},
               {.id = "1010",
                .image = "51",
                .question = "what time is it?",
                .base_answer = "5:41",
                .next_answer = "5:40",
                .base_score = 0.3,
                .next_score = 0.9}};
  vqa.all_flips = 33;
  TaskComparison images{.task = "imagenet_recon_val",
                        .metrics = {unknown_distance(), missing_value()}};
  images.same_answers = true;
  comparison.tasks = {vqa, images};
  comparison.differences = {{"textvqa_val[ocr=on]", {"protocol.max_new_tokens", "16", "32"}, true}};
  comparison.notes = {"base: a note"};
  comparison.verdict = "worse";
  return comparison;
}

inline Comparison other_protocol() {
  Comparison comparison = fallen_run();
  comparison.tasks.clear();
  comparison.comparable = false;
  comparison.verdict = "not comparable";
  comparison.differences.push_back(
      {"textvqa_val[ocr=on]", {"task version", "\"1\"", "\"2\""}, false});
  comparison.differences.push_back({"textvqa_val[ocr=on]",
                                    {"samples", "240 samples, 0 of them only here", "100 samples"},
                                    false});
  return comparison;
}

/// Every text that comes from models, files or tasks is `text`.
inline Comparison comparison_of(const std::string& text) {
  Comparison comparison = fallen_run();
  comparison.base = comparison.next = comparison.base_folder = comparison.next_origin = text;
  for (TaskComparison& task : comparison.tasks) {
    task.task = task.flip_metric = text;
    for (MetricComparison& metric : task.metrics) {
      metric.task = metric.metric = metric.unit = metric.method = metric.note = text;
      metric.verdict = text;
    }
    for (Flip& flip : task.flips) {
      flip.id = flip.image = flip.question = flip.base_answer = flip.next_answer = text;
    }
  }
  comparison.differences = {{text, {text, text, text}, true}};
  comparison.notes = {text};
  comparison.verdict = text;
  return comparison;
}
inline Comparison hostile_comparison() {
  return comparison_of(kHostile);
}

inline GateReport mixed_report() {
  GateFinding fallen{.rule = {.key = "textvqa_val[ocr=on]/textvqa_accuracy", .max_drop = 0.01},
                     .verdict = GateVerdict::kRegression};
  fallen.drop = 0.0278;
  fallen.drop_low = 0.0151;
  fallen.drop_high = 0.0405;
  fallen.p_regression = 0.011;
  fallen.smallest_detectable = 0.0192;
  fallen.samples = 240;
  fallen.reason = "a drop of 2.78 points, at least 1.51 points, beyond the allowed 1.00 points";
  fallen.warnings = {"this gate cannot detect the drop it forbids"};
  GateFinding open{.rule = {.key = "textvqa_val[ocr=on]/other", .max_drop = 0.02},
                   .verdict = GateVerdict::kInconclusive};
  open.drop = 0.005;
  open.drop_low = -0.01;
  open.drop_high = 0.025;
  open.smallest_detectable = 0.03;
  open.samples_to_decide = 1800;
  open.samples = 240;
  open.reason = "a drop of 0.50 points, between -1.00 points and 2.50 points";
  GateFinding distance{.rule = {.key = "imagenet_recon_val/rfid", .values_alone = true, .floor = 2},
                       .verdict = GateVerdict::kPass};
  distance.rule.max_drop = std::numeric_limits<double>::infinity();
  distance.drop = -0.125;
  distance.samples = 5000;
  distance.reason = "1.125 FID, with a floor of 2 FID";
  return {.findings = {fallen, open, distance}, .verdict = GateVerdict::kRegression};
}

inline GateReport hostile_report() {
  GateReport report = mixed_report();
  for (GateFinding& finding : report.findings) {
    finding.rule.key = kHostile + "/" + kHostile;
    finding.reason = kHostile;
    finding.warnings = {kHostile};
  }
  return report;
}

}  // namespace sightline::testing
