#include "harness/engine/sequential_gate.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "harness/base/error.h"
#include "harness/base/rng.h"
#include "harness/engine/run_identity.h"
#include "results/comparison/conditions.h"

namespace sightline {

using nlohmann::json;

namespace {

constexpr std::uint64_t kOrderStream = 0x6F72646572;  // apart from other uses of the run's seed

std::string task_of(const GateRule& rule) {
  return rule.key.substr(0, rule.key.rfind('/'));
}

std::string metric_of(const GateRule& rule) {
  return rule.key.substr(rule.key.rfind('/') + 1);
}

/// What the new run will be, as far as comparability goes.
TaskSamples describe_new(const Task& task, const ModelInfo& model, const std::string& geometry,
                         const TaskSamples& base) {
  TaskSamples samples;
  samples.result.name = task.name;
  samples.result.version = task.version;
  samples.result.rules = task.rules.front();
  samples.result.protocol = json(task.protocol).dump();
  samples.result.metrics = base.result.metrics;  // their own rules are not known before they are
  samples.conditions = json{{"data", task.dataset->hashes()}}.dump();
  json description = describe_model(model);
  if (!geometry.empty()) description["geometry"] = geometry;
  samples.model = description.dump();
  samples.ids = base.ids;  // the samples are looked at one by one
  return samples;
}

void require_comparable(const TaskSamples& base, const TaskSamples& next) {
  const std::vector<ConditionDifference> found = condition_differences(base, next, {});
  if (found.empty()) return;
  std::string message =
      fmt::format("{} of this run is not comparable with the base:", next.result.name);
  for (const ConditionDifference& difference : found) {
    message += fmt::format("\n  {}: base {}, this run {}", difference.field.path,
                           difference.field.left, difference.field.right);
  }
  throw MismatchError(message);
}

/// The base's scores of the samples in `order`; NaN for samples without one.
std::vector<double> scores_of(const TaskSamples& base, const std::string& metric,
                              const Dataset& dataset, std::span<const std::size_t> order) {
  const auto found = base.values.find(metric);
  if (found == base.values.end()) {
    throw UsageError(fmt::format(
        "the gate's metric {}/{} is not a mean of samples' scores, so it cannot be judged while "
        "the run goes; run without --against, then `sightline compare` with the same rules",
        base.result.name, metric));
  }
  std::unordered_map<std::string_view, std::size_t> places;
  for (std::size_t i = 0; i < base.ids.size(); ++i) places.emplace(base.ids[i], i);
  std::vector<double> scores;
  for (const std::size_t index : order) {
    const std::string id = dataset.id(index);
    const auto place = places.find(id);
    if (place == places.end()) {
      throw MismatchError(fmt::format(
          "sample {} of {} is not in the base: give a base that holds all samples of this run, or "
          "choose its samples with the same --limit, --samples and --seed",
          id, base.result.name));
    }
    scores.push_back(found->second[place->second]);
    const double score = scores.back();
    if (std::isnan(score) || (score >= 0 && score <= 1)) continue;
    throw UsageError(fmt::format(
        "the gate's metric {}/{} has scores outside 0 to 1 ({}), for which no test is valid at all "
        "times; run without --against, then `sightline compare` with the same rules",
        base.result.name, metric, score));
  }
  return scores;
}

const MetricValue& metric_named(const TaskResult& task, const std::string& key) {
  return *std::ranges::find(task.metrics, key, &MetricValue::key);
}

std::string points(double value) {
  return fmt::format("{:.2f} points", 100 * value);
}

}  // namespace

void check_sequential_rules(const std::vector<GateRule>& rules,
                            std::span<const std::string> tasks) {
  std::set<std::string> with_rules;
  for (const GateRule& rule : rules) {
    with_rules.insert(task_of(rule));
    if (!std::isfinite(rule.max_drop) || rule.max_drop >= 1 || rule.floor || rule.values_alone) {
      throw UsageError(fmt::format(
          "the rule {}: a run that is judged while it goes needs max_drop below 1, and neither "
          "floor nor values_alone; `sightline compare --gate` takes those",
          rule.key));
    }
  }
  for (const std::string& task : tasks) {
    if (with_rules.erase(task) > 0) continue;
    throw UsageError(
        fmt::format("the gate has no rule for {}, so it cannot judge that task; give "
                    "it one, or leave the task out",
                    task));
  }
  if (with_rules.empty()) return;
  throw UsageError(fmt::format("the gate has a rule for {}, which this run does not ask about",
                               *with_rules.begin()));
}

SequentialTaskGate::SequentialTaskGate(const TaskSamples& base, const Task& task,
                                       const ModelInfo& model, const std::string& geometry,
                                       std::span<const std::size_t> indices,
                                       const std::vector<GateRule>& rules, std::size_t all_rules,
                                       std::uint64_t seed) {
  require_comparable(base, describe_new(task, model, geometry, base));
  std::map<std::uint32_t, std::vector<std::size_t>> by_image;
  for (const std::size_t index : indices) by_image[task.dataset->cluster(index)].push_back(index);
  std::vector<std::uint32_t> images;
  std::size_t largest = 1;
  for (const auto& [image, samples] : by_image) {
    images.push_back(image);
    largest = std::max(largest, samples.size());
  }
  Rng(seed, kOrderStream).shuffle(images);
  for (const std::uint32_t image : images) {
    order_.insert(order_.end(), by_image[image].begin(), by_image[image].end());
    image_ends_.push_back(order_.size());
  }
  for (std::size_t place = 0; place < order_.size(); ++place) places_[order_[place]] = place;
  scores_.resize(order_.size());
  answered_.resize(order_.size());
  for (const GateRule& rule : rules) {
    if (task_of(rule) != task.name) continue;
    std::vector<double> scores = scores_of(base, metric_of(rule), *task.dataset, order_);
    const bool higher = metric_named(base.result, metric_of(rule)).higher_is_better;
    const SequentialSettings settings{
        .margin = rule.max_drop,
        .alpha_regression = rule.alpha / static_cast<double>(all_rules),
        .alpha_pass = rule.alpha,
        .range = 1,
        .largest_cluster = largest};
    judged_.push_back({rule, higher ? 1.0 : -1.0, std::move(scores), SequentialGate(settings)});
  }
}

bool SequentialTaskGate::add(std::span<const JournalRow> rows) {
  for (const JournalRow& row : rows) {
    const auto place = places_.find(row.index);
    if (place == places_.end()) continue;
    const json scores = json::parse(row.scores);
    for (const auto& [key, value] : scores.items()) {
      if (value.is_number()) scores_[place->second][key] = value.get<double>();
    }
    answered_[place->second] = true;
  }
  while (next_image_ < image_ends_.size()) {
    const std::size_t begin = next_image_ == 0 ? 0 : image_ends_[next_image_ - 1];
    const std::size_t end = image_ends_[next_image_];
    for (std::size_t place = begin; place < end; ++place) {
      if (!answered_[place]) return is_decided();
    }
    if (is_decided()) break;
    judge_image(begin, end);
    ++next_image_;
  }
  return is_decided();
}

/// Shows the samples of one image to every rule; one without a score on both sides is left out.
void SequentialTaskGate::judge_image(std::size_t begin, std::size_t end) {
  for (Judged& judged : judged_) {
    double drops = 0;
    std::size_t samples = 0;
    for (std::size_t place = begin; place < end; ++place) {
      const auto score = scores_[place].find(metric_of(judged.rule));
      if (score == scores_[place].end() || std::isnan(judged.base[place])) continue;
      const double difference = score->second - judged.base[place];
      drops -= judged.sign * difference;
      ++samples;
      judged.differences.push_back(difference);
      judged.clusters.push_back(static_cast<std::uint32_t>(next_image_));
    }
    if (samples > 0) judged.gate.update(drops, samples);
  }
}

SequentialVerdict SequentialTaskGate::Judged::verdict() const {
  const bool enough = std::ssize(differences) >= rule.min_samples;
  return enough ? gate.verdict() : SequentialVerdict::kUndecided;
}

bool SequentialTaskGate::is_decided() const {
  const auto has = [](SequentialVerdict verdict) {
    return [verdict](const Judged& judged) { return judged.verdict() == verdict; };
  };
  return std::ranges::any_of(judged_, has(SequentialVerdict::kRegression)) ||
         std::ranges::all_of(judged_, has(SequentialVerdict::kPass));
}

GateFinding SequentialTaskGate::finding(const Judged& judged) const {
  GateFinding finding{.rule = judged.rule};
  finding.samples = static_cast<std::int64_t>(judged.gate.samples());
  if (judged.differences.empty()) {
    finding.reason = "no sample was judged";
    return finding;
  }
  const Interval drops = judged.gate.confidence_sequence();
  finding.drop = judged.gate.mean_drop();
  finding.drop_low = drops.low;
  finding.drop_high = drops.high;
  finding.p_regression = std::min(1.0, 1 / judged.gate.wealth_against_pass());
  finding.smallest_detectable = smallest_detectable(
      mean_difference(judged.differences, judged.clusters), judged.rule.alpha, judged.rule.power);
  const std::string seen = fmt::format(
      "a drop of {} after {} of {} samples, at any time between {} and {}", points(*finding.drop),
      finding.samples, order_.size(), points(drops.low), points(drops.high));
  switch (judged.verdict()) {
    case SequentialVerdict::kPass:
      finding.verdict = GateVerdict::kPass;
      finding.reason = fmt::format("{}, within the allowed {}", seen, points(judged.rule.max_drop));
      break;
    case SequentialVerdict::kRegression:
      finding.verdict = GateVerdict::kRegression;
      finding.reason = fmt::format("{}, beyond the allowed {}", seen, points(judged.rule.max_drop));
      break;
    case SequentialVerdict::kUndecided:
      finding.reason =
          fmt::format("{}, against the allowed {}", seen, points(judged.rule.max_drop));
      break;
  }
  if (judged.rule.max_drop == 0) {
    finding.warnings.push_back("max_drop is 0: a healthy model never ends such a gate early");
  }
  return finding;
}

std::vector<GateFinding> SequentialTaskGate::findings() const {
  std::vector<GateFinding> findings;
  for (const Judged& judged : judged_) findings.push_back(finding(judged));
  return findings;
}

}  // namespace sightline
