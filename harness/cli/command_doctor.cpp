#include <nlohmann/json.hpp>

#include "harness/base/error.h"
#include "harness/cli/arguments.h"
#include "harness/cli/program.h"
#include "harness/engine/doctor.h"
#include "harness/engine/manifest.h"

namespace sightline {

namespace {

/// Everything about one task and the model for it; what fails is a finding, not the end.
std::vector<Finding> examine_task(const RunSettings& settings, const TaskChoice& choice,
                                  Program& program) {
  try {
    TaskSources sources = settings.sources;
    sources.registry = &program.registry;
    const Task task = program.tasks.open(choice, sources);
    const auto indices = select_samples(*task.dataset, settings.selection);
    if (settings.model.empty()) {
      return {
          {true, fmt::format("task {}: {} samples, data files read", task.name, indices.size())}};
    }
    const auto model =
        program.registry.open_model(settings.model, {.args = ModelArgs::parse(settings.model_args),
                                                     .task = task.name,
                                                     .kind = task.kind,
                                                     .predictions = task.predictions,
                                                     .precision = settings.precision,
                                                     .device = settings.device,
                                                     .gen_kwargs = settings.gen_kwargs});
    check_answers(task, model->info());
    return examine(settings, task, indices, model->info());
  } catch (const Error& error) {
    return {{false, fmt::format("{}: {}", choice.name, error.what())}};
  }
}

/// A model by itself, opened as `generate` does.
Finding examine_model(const RunSettings& settings, Program& program) {
  try {
    const auto model =
        program.registry.open_model(settings.model, {.args = ModelArgs::parse(settings.model_args),
                                                     .task = {},
                                                     .predictions = {},
                                                     .precision = settings.precision,
                                                     .device = settings.device});
    return describe_opened(model->info());
  } catch (const Error& error) {
    return {false, fmt::format("model {}: {}", settings.model, error.what())};
  }
}

void doctor(RunFlags& flags, bool json, Program& program) {
  prepare(program);
  RunSettings& settings = flags.settings;
  if (settings.output_path.empty()) settings.output_path = ".";
  std::vector<Finding> findings = {{true, "environment " + describe_environment().dump()}};
  if (flags.tasks.empty() && !settings.model.empty()) {
    findings.push_back(examine_model(settings, program));
  }
  if (!flags.tasks.empty()) {
    for (const TaskChoice& choice : parse_task_choices(flags.tasks)) {
      for (Finding& finding : examine_task(settings, choice, program)) {
        findings.push_back(std::move(finding));
      }
    }
  }
  nlohmann::json lines = nlohmann::json::array();
  for (const Finding& finding : findings) {
    if (!finding.good) program.exit_code = 2;
    lines.push_back({{"good", finding.good}, {"finding", finding.text}});
    if (!json) fmt::print("{}  {}\n", finding.good ? "good" : "BAD ", finding.text);
  }
  if (json) fmt::print("{}\n", lines.dump(2));
}

}  // namespace

void add_doctor_command(CLI::App& app, Program& program) {
  CLI::App* command = app.add_subcommand("doctor", "check everything that a run needs");
  auto flags = std::make_shared<RunFlags>();
  auto json = std::make_shared<bool>(false);
  add_run_flags(*command, *flags);
  command->add_flag("--json", *json, "as one JSON document");
  command->footer("example: sightline doctor --model null --tasks vqav2_val --data_root data");
  command->callback([flags, json, &program] { doctor(*flags, *json, program); });
}

}  // namespace sightline
