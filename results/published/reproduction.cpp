#include "results/published/reproduction.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "harness/base/error.h"
#include "results/report_columns.h"
#include "results/report_published.h"

namespace sightline {

using nlohmann::json;

namespace {

constexpr double kNormal95 = 1.959963984540054;  // the normal distribution's 97.5% quantile

json object_of(const std::string& text) {
  json value = json::parse(text, nullptr, false);
  return value.is_object() ? value : json::object();
}

[[noreturn]] void fail_mismatch(const PublishedResult& published, const std::string& problem) {
  throw MismatchError(fmt::format("{}: {}; it needs {}: {}", published.id, problem,
                                  published.task_key, command_for(published)));
}

const TaskResult& find_task(const PublishedResult& published, const RunResults& run) {
  std::vector<std::string> others;
  const TaskResult* found = nullptr;
  for (const TaskResult& task : run.tasks) {
    others.push_back(task.name);
    if (name_without_options(task.name) != published.task_name) continue;
    // Of the same task with several options the one that the row names.
    if (found == nullptr || task.name == published.task_key) found = &task;
  }
  if (found == nullptr) {
    fail_mismatch(published, fmt::format("the run has no task {}, only {}", published.task_name,
                                         fmt::join(others, ", ")));
  }
  return *found;
}

const MetricValue& find_metric(const PublishedResult& published, const TaskResult& task) {
  const auto found = std::ranges::find(task.metrics, published.metric_key, &MetricValue::key);
  if (found == task.metrics.end()) {
    std::vector<std::string> keys;
    for (const MetricValue& metric : task.metrics) keys.push_back(metric.key);
    const std::string has = keys.empty() ? "has no scores (--predict_only?)"
                                         : fmt::format("has no metric {}, only {}",
                                                       published.metric_key, fmt::join(keys, ", "));
    fail_mismatch(published, fmt::format("{} of the run {}", task.name, has));
  }
  return *found;
}

/// Every field of both protocols into one of three lists.
void compare_protocols(const TaskResult& task, Reproduction& result) {
  const json here = protocol_of_metric(object_of(task.protocol), task, result.published.metric_key);
  json known = result.published.protocol;
  if (known.is_null()) known = json::object();
  result.differing = differences(known, here);
  std::erase_if(result.differing,
                [&](const FieldDifference& field) { return !known.contains(field.path); });
  for (const auto& [field, value] : here.items()) {
    if (!known.contains(field)) result.unknown.push_back({field, "unknown", value.dump()});
    if (known.contains(field) && known[field] == value) {
      result.agreeing.push_back({field, value.dump(), value.dump()});
    }
  }
  for (const FieldDifference& field : result.differing) {
    if (field.path != "split") continue;
    fail_mismatch(result.published,
                  fmt::format("its split is {}, the run's {}", field.left, field.right));
  }
}

Interval around(double value, double error) {
  return {value - kNormal95 * error, value + kNormal95 * error};
}

void estimate(Reproduction& result) {
  const MetricValue& metric = result.measured;
  if (!metric.value || !std::isfinite(*metric.value)) return;
  const double published = result.published.value_in_files();
  result.difference = *metric.value - published;
  result.measured_error = metric.standard_error;
  result.measured_interval = metric.interval;
  if (metric.interval && !metric.standard_error) {
    result.measured_error = (metric.interval->high - metric.interval->low) / (2 * kNormal95);
  }
  if (!result.measured_error) return;
  if (!metric.interval) result.measured_interval = around(*metric.value, *result.measured_error);
  const bool is_mean = metric.standard_error && metric.unit == "fraction";
  if (is_mean && result.published.n && published >= 0 && published <= 1) {
    result.published_error =
        std::sqrt(published * (1 - published) / static_cast<double>(*result.published.n));
    result.published_interval = around(published, *result.published_error);
  }
  result.difference_error = std::hypot(*result.measured_error, result.published_error.value_or(0));
  result.difference_interval = around(*result.difference, *result.difference_error);
}

void note_samples(const RunResults& run, const TaskResult& task, Reproduction& result) {
  const std::int64_t ok = samples_ok(task), done = samples_done(task);
  if (task.samples < task.samples_in_dataset) {
    result.notes.push_back(
        fmt::format("{} of {} samples were asked for here", task.samples, task.samples_in_dataset));
  }
  if (ok < done) {
    result.notes.push_back(fmt::format("coverage {}/{}: {} samples failed here and count as wrong",
                                       ok, task.samples, done - ok));
  }
  if (done < task.samples || !run.finished) {
    result.notes.push_back(fmt::format("the run is unfinished: {}/{} samples", done, task.samples));
  }
  if (!result.published.n) {
    result.notes.push_back("the number of samples behind the published value is unknown");
  }
  if (result.published_error) {
    result.notes.push_back(fmt::format(
        "the published value's error is an estimate from its {} samples alone, the largest that "
        "independent scores between 0 and 1 allow; both values are on the same samples, which "
        "makes "
        "the error of their difference too large rather than too small",
        *result.published.n));
  }
  if (result.published.from_memory) {
    result.notes.push_back("the published value is from memory: nobody read it in the source");
  }
  if (!result.published.note.empty()) result.notes.push_back("published: " + result.published.note);
  if (!result.measured.note.empty()) result.notes.push_back("here: " + result.measured.note);
}

/// Why no statistics can decide; "" where they can.
std::string obstacle(const RunResults& run, const TaskResult& task, const Reproduction& result) {
  const PublishedResult& published = result.published;
  if (!result.difference) return "the run has no value of " + published.metric_key;
  if (!result.differing.empty()) {
    std::vector<std::string> fields;
    for (const FieldDifference& field : result.differing) fields.push_back(field.path);
    return fmt::format("the protocols differ in {}", fmt::join(fields, ", "));
  }
  if (samples_done(task) < task.samples || !run.finished) {
    return "the run is unfinished; start its command again, then this one";
  }
  if (published.n && *published.n != task.samples_in_dataset) {
    return fmt::format("the data set here has {} samples, the published one {}",
                       task.samples_in_dataset, *published.n);
  }
  const json config = object_of(run.config);
  const bool named = config.contains("samples") && !config["samples"].empty();
  if (named || config.contains("shard")) {
    return "the samples here are a part that was chosen by hand, which says nothing of the whole";
  }
  return "";
}

bool equal_as_printed(const PublishedResult& published, double value) {
  const auto text = [&](double number) {
    return fmt::format("{:.{}f}", number, published.decimals);
  };
  return text(value / published.factor) == text(published.value);
}

struct Decision {
  ReproductionVerdict verdict;
  std::string sentence;
};

/// What the numbers say of `value`, in the place of the measured one.
Decision decide(const Reproduction& result, double value) {
  using enum ReproductionVerdict;
  const double difference = value - result.published.value_in_files();
  if (result.difference_error && std::abs(difference) <= kNormal95 * *result.difference_error) {
    return {kReproduced, result.published_error ? "within the sampling error of both"
                                                : "within the sampling error of the run alone"};
  }
  if (equal_as_printed(result.published, value)) {
    return {kReproduced, "equal in the digits that were published"};
  }
  if (!result.difference_error) {
    return {
        kUndecided,
        "cannot be said: the sampling error of the run is unknown; run it with --bootstrap 1000"};
  }
  if (!result.published_error) {
    return {kUndecided,
            "cannot be said: more than the sampling error of the run, but that of the published "
            "value is unknown"};
  }
  return {kDiffers, "differs by more than sampling error"};
}

void conclude(const RunResults& run, const TaskResult& task, Reproduction& result) {
  const std::string problem = obstacle(run, task, result);
  if (!problem.empty()) {
    result.sentence = "cannot be said: " + problem;
    return;
  }
  const Decision decision = decide(result, *result.measured.value);
  result.verdict = decision.verdict;
  result.sentence = decision.sentence;
  const auto bounds = task.bounds.find(result.published.metric_key);
  if (bounds == task.bounds.end() || !bounds->second.failures_left_out) return;
  if (decide(result, *bounds->second.failures_left_out).verdict == decision.verdict) return;
  result.verdict = ReproductionVerdict::kUndecided;
  result.sentence = fmt::format("cannot be said: it depends on the {} samples that failed here",
                                samples_done(task) - samples_ok(task));
}

}  // namespace

const char* name_of(ReproductionVerdict verdict) {
  switch (verdict) {
    case ReproductionVerdict::kReproduced:
      return "reproduced";
    case ReproductionVerdict::kDiffers:
      return "differs";
    case ReproductionVerdict::kUndecided:
      return "undecided";
  }
  fail("unknown verdict {}", static_cast<int>(verdict));
}

int exit_code_of(ReproductionVerdict verdict) {
  switch (verdict) {
    case ReproductionVerdict::kReproduced:
      return 0;
    case ReproductionVerdict::kDiffers:
      return 1;
    case ReproductionVerdict::kUndecided:
      return 3;
  }
  fail("unknown verdict {}", static_cast<int>(verdict));
}

void require_comparable(const PublishedResult& published) {
  if (published.is_comparable()) return;
  const std::string missing =
      published.task_key.empty()
          ? "no task of Sightline is known to measure it"
          : "which of the metrics of " + published.task_key + " it is, is unknown";
  throw MismatchError(fmt::format(
      "{}: {} ({}, {}, {}); if you know more than the source says, add a row of your own with "
      "--published",
      published.id, missing, published.task, published.split, published.metric));
}

std::string command_for(const PublishedResult& published) {
  const auto tokens = published.protocol.find("max_new_tokens");
  const bool quoted = published.task_key != published.task_name;
  return fmt::format(
      "sightline run --model MODEL --tasks {}{}{} --data_root DATA{} --output_path OUT",
      quoted ? "'" : "", published.task_key, quoted ? "'" : "",
      tokens == published.protocol.end() ? "" : " --gen_kwargs max_new_tokens=" + tokens->second);
}

Reproduction set_beside(const PublishedResult& published, const RunResults& run) {
  require_comparable(published);
  const TaskResult& task = find_task(published, run);
  Reproduction result{.published = published,
                      .run = run.model,
                      .task = task.name,
                      .measured = find_metric(published, task)};
  compare_protocols(task, result);
  estimate(result);
  note_samples(run, task, result);
  conclude(run, task, result);
  return result;
}

}  // namespace sightline
