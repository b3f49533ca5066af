#include <nlohmann/json.hpp>

#include "harness/base/error.h"
#include "harness/cli/arguments.h"
#include "harness/cli/program.h"
#include "harness/engine/fidelity.h"

namespace sightline {

namespace {

using nlohmann::ordered_json;

ordered_json list_tasks(const Program& program) {
  ordered_json tasks = ordered_json::array();
  for (const TaskDeclaration& task : program.tasks.all()) {
    ordered_json options = ordered_json::array();
    for (const TaskOption& option : task.options) {
      options.push_back({{"name", option.name},
                         {"default", option.fallback},
                         {"choices", option.choices},
                         {"meaning", option.meaning}});
    }
    tasks.push_back({{"name", task.name},
                     {"summary", task.summary},
                     {"needs", task.files},
                     {"metrics", task.metrics},
                     {"options", options}});
  }
  return tasks;
}

ordered_json list_models(const Program& program) {
  ordered_json models = ordered_json::array();
  for (const ModelEntry& model : program.registry.models()) {
    models.push_back({{"name", model.name}, {"summary", model.summary}});
  }
  return models;
}

/// Every metric with the tasks that give it, and those of the command `fidelity`.
ordered_json list_metrics(const Program& program) {
  std::map<std::string, std::vector<std::string>> tasks_of;
  for (const TaskDeclaration& task : program.tasks.all()) {
    for (const std::string& metric : task.metrics) tasks_of[metric].push_back(task.name);
  }
  for (const FidelityMetricEntry& metric : fidelity_metrics()) {
    tasks_of[metric.name].push_back(fmt::format("fidelity ({})", fmt::join(metric.rules, ", ")));
  }
  ordered_json metrics = ordered_json::array();
  for (const auto& [metric, tasks] : tasks_of) {
    metrics.push_back({{"name", metric}, {"summary", fmt::format("{}", fmt::join(tasks, ", "))}});
  }
  return metrics;
}

ordered_json collect(const Program& program, const std::string& what) {
  if (what == "tasks") return list_tasks(program);
  if (what == "models") return list_models(program);
  return list_metrics(program);
}

void print_lines(const ordered_json& items) {
  std::size_t width = 0;
  for (const ordered_json& item : items) {
    width = std::max(width, item["name"].get_ref<const std::string&>().size());
  }
  for (const ordered_json& item : items) {
    std::string line = fmt::format("{:<{}}  {}", item["name"].get<std::string>(), width,
                                   item["summary"].get<std::string>());
    if (item.contains("needs")) {
      line +=
          fmt::format("; needs {}", fmt::join(item["needs"].get<std::vector<std::string>>(), ", "));
    }
    for (const ordered_json& option : item.value("options", ordered_json::array())) {
      line += fmt::format(
          " [{}={}]", option["name"].get<std::string>(),
          option["choices"].empty()
              ? option["default"].get<std::string>()
              : fmt::format("{}",
                            fmt::join(option["choices"].get<std::vector<std::string>>(), "|")));
    }
    fmt::print("{}\n", line);
  }
}

}  // namespace

void add_list_command(CLI::App& app, Program& program) {
  CLI::App* command = app.add_subcommand("list", "tasks, models or metrics, a line each");
  struct Flags {
    std::string what;
    bool json = false;
  };
  auto flags = std::make_shared<Flags>();
  command->add_option("what", flags->what, "tasks, models or metrics")
      ->required()
      ->check(one_of({"tasks", "models", "metrics"}));
  command->add_flag("--json", flags->json, "as one JSON document");
  command->footer("example: sightline list tasks");
  command->callback([flags, &program] {
    prepare(program);
    const ordered_json items = collect(program, flags->what);
    if (flags->json) {
      fmt::print("{}\n", items.dump(2));
    } else {
      print_lines(items);
    }
  });
}

}  // namespace sightline
