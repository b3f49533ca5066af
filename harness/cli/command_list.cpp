#include <nlohmann/json.hpp>

#include "harness/base/error.h"
#include "harness/cli/arguments.h"
#include "harness/cli/program.h"
#include "harness/engine/fidelity.h"
#include "results/plain_text.h"
#include "results/published/published.h"

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

struct ListFlags {
  std::string what, task, model;
  std::vector<std::string> published;
  bool json = false;
};

/// A source's first words: a line has no room for all.
std::string short_source(const PublishedResult& row) {
  constexpr std::size_t kMost = 60;
  const std::string source = one_line(row.source);
  const std::size_t comma = source.find(", ");
  std::size_t end = std::min({source.size(), comma, kMost});
  while (end < source.size() && (static_cast<unsigned char>(source[end]) & 0xC0) == 0x80) --end;
  return source.substr(0, end) + (end < source.size() ? "…" : "") +
         (row.from_memory ? " (from memory)" : "");
}

ordered_json list_published(const ListFlags& flags) {
  ordered_json items = ordered_json::array();
  for (const PublishedResult& row :
       filter_published(published_results(flags.published), flags.task, flags.model)) {
    ordered_json item = {
        {"name", row.id},
        {"summary", one_line(fmt::format("{}  {}: {}  [{}]", value_of(row), row.task, row.split,
                                         short_source(row)))}};
    item.update(ordered_json(to_json(row)));
    items.push_back(std::move(item));
  }
  return items;
}

ordered_json collect(const Program& program, const ListFlags& flags) {
  if (flags.what == "tasks") return list_tasks(program);
  if (flags.what == "models") return list_models(program);
  if (flags.what == "published") return list_published(flags);
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

void check(const ListFlags& flags) {
  const bool filters = !flags.task.empty() || !flags.model.empty() || !flags.published.empty();
  if (filters && flags.what != "published") {
    throw UsageError(fmt::format("--task, --model and --published go with `list published`, not {}",
                                 flags.what));
  }
}

}  // namespace

void add_list_command(CLI::App& app, Program& program) {
  CLI::App* command =
      app.add_subcommand("list", "tasks, models, metrics or published numbers, a line each");
  auto flags = std::make_shared<ListFlags>();
  command->add_option("what", flags->what, "tasks, models, metrics or published")
      ->required()
      ->check(one_of({"tasks", "models", "metrics", "published"}));
  command->add_option("--task", flags->task, "published: only tasks whose name or words hold this");
  command->add_option("--model", flags->model, "published: only models whose name holds this");
  add_published_flag(*command, flags->published);
  command->add_flag("--json", flags->json, "as one JSON document");
  command->footer("example: sightline list tasks");
  command->callback([flags, &program] {
    prepare(program);
    check(*flags);
    const ordered_json items = collect(program, *flags);
    if (flags->json) {
      fmt::print("{}\n", items.dump(2));
    } else {
      print_lines(items);
    }
  });
}

}  // namespace sightline
