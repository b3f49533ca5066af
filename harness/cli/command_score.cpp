#include <nlohmann/json.hpp>

#include "harness/base/error.h"
#include "harness/base/parallel.h"
#include "harness/cli/arguments.h"
#include "harness/cli/caption_flags.h"
#include "harness/cli/program.h"
#include "harness/engine/reference_cache.h"
#include "harness/engine/score_file.h"

namespace sightline {

namespace {

using nlohmann::ordered_json;

ordered_json to_number(const std::optional<double>& value) {
  if (!value) return nullptr;
  if (std::isinf(*value)) return *value > 0 ? "inf" : "-inf";
  return *value;
}

ordered_json metrics_json(const std::vector<MetricValue>& metrics) {
  ordered_json document = ordered_json::object();
  for (const MetricValue& metric : metrics) {
    ordered_json& entry = document[metric.key];
    entry = {{"value", to_number(metric.value)},
             {"stderr", to_number(metric.standard_error)},
             {"n", metric.n}};
    if (metric.interval) entry["ci95"] = {metric.interval->low, metric.interval->high};
    if (!metric.rules.empty()) entry["rules"] = metric.rules;
    if (metric.unit != "fraction") entry["unit"] = metric.unit;
    if (!metric.note.empty()) entry["note"] = metric.note;
  }
  return document;
}

ordered_json breakdowns_json(const Breakdowns& breakdowns) {
  ordered_json document = ordered_json::object();
  for (const auto& [name, groups] : breakdowns) {
    for (const auto& [group, numbers] : groups) {
      ordered_json& entry = document[name][group];
      for (const auto& [key, value] : numbers.values) entry[key] = to_number(value);
      entry["n"] = numbers.n;
    }
  }
  return document;
}

ordered_json score_json(const FileScores& scores) {
  const RuleScores& first = scores.by_rules.front();
  ordered_json document = {{"task", scores.task},
                           {"rules", first.rules},
                           {"n", scores.samples},
                           {"metrics", metrics_json(first.scores.metrics)},
                           {"breakdowns", breakdowns_json(first.scores.breakdowns)},
                           {"missing_predictions", scores.missing},
                           {"extra_predictions", scores.extra}};
  if (scores.by_rules.size() == 1) return document;
  for (const RuleScores& rules : scores.by_rules) {
    document["by_rules"][rules.rules] = metrics_json(rules.scores.metrics);
  }
  return document;
}

RunResults as_results(const FileScores& scores, const RuleScores& rules, bool several) {
  TaskResult task{.name = scores.task, .version = scores.version, .rules = rules.rules};
  ordered_json protocol = scores.protocol;
  protocol["rules"] = rules.rules;
  task.protocol = protocol.dump();
  task.metrics = rules.scores.metrics;
  task.breakdowns = rules.scores.breakdowns;
  task.samples = task.samples_in_dataset = static_cast<std::int64_t>(scores.samples);
  task.outcomes["ok"] = static_cast<std::int64_t>(scores.samples - scores.missing);
  if (scores.missing > 0) task.outcomes["skipped"] = static_cast<std::int64_t>(scores.missing);
  RunResults results{.model = several ? rules.rules : "predictions"};
  results.tasks.push_back(std::move(task));
  results.config = "{}";
  results.manifest = "{}";
  return results;
}

void print_tables(const FileScores& scores) {
  std::vector<RunResults> columns;
  for (const RuleScores& rules : scores.by_rules) {
    columns.push_back(as_results(scores, rules, scores.by_rules.size() > 1));
  }
  fmt::print("{}", render(columns, ReportFormat::kTable));
  if (scores.missing > 0) {
    fmt::print(stderr, "{} of {} samples have no prediction and count as empty answers\n",
               scores.missing, scores.samples);
  }
  if (scores.extra > 0)
    fmt::print(stderr, "{} predictions for unknown ids left out\n", scores.extra);
}

struct ScoreFlags {
  ScoreFileSettings settings;
  CaptionFlags captions;
  std::string task;
  std::size_t threads = 0;
  bool json = false;
};

void score_and_print(ScoreFlags& flags, Program& program) {
  prepare(program);
  set_thread_count(flags.threads);
  const std::vector<TaskChoice> choices = parse_task_choices(flags.task);
  if (choices.size() != 1) throw UsageError("--task: want one task");
  flags.settings.task = choices.front();
  flags.settings.sources.registry = &program.registry;
  flags.settings.sources.cache = cache_folder(flags.settings.sources.cache);
  flags.settings.more_metrics = caption_metrics(flags.captions, program);
  const FileScores scores = score_file(flags.settings, program.tasks);
  if (flags.json) {
    fmt::print("{}\n",
               score_json(scores).dump(2, ' ', false, ordered_json::error_handler_t::replace));
  } else {
    print_tables(scores);
  }
}

}  // namespace

void add_score_command(CLI::App& app, Program& program) {
  CLI::App* command = app.add_subcommand("score", "score a file of predictions, no model involved");
  auto flags = std::make_shared<ScoreFlags>();
  ScoreFileSettings& settings = flags->settings;
  command->add_option("-t,--task", flags->task, "one task, with options in brackets")->required();
  add_source_flags(*command, settings.sources);
  command
      ->add_option("-p,--predictions", settings.predictions,
                   "file in the task's official result format, or JSON lines; for "
                   "reconstruction a folder of images; or the folder of a run")
      ->required();
  auto* rules =
      command->add_option("--rules", settings.rules, "scoring rules, instead of the default");
  command->add_flag("--all_rules", settings.all_rules, "every set of rules, side by side")
      ->excludes(rules);
  command->add_flag("--allow_extra", settings.allow_extra,
                    "leave out predictions for ids that the data set lacks");
  add_caption_flags(*command, flags->captions);
  add_bootstrap_flag(*command, settings.bootstrap.replicates);
  command->add_option("--num_threads", flags->threads, "threads (0: all processors)");
  command->add_flag("--json", flags->json, "as one JSON document");
  command->footer(
      "example: sightline score --task vqav2_val --data_root data --predictions results.json");
  command->callback([flags, &program] { score_and_print(*flags, program); });
}

}  // namespace sightline
