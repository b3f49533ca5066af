#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "harness/base/error.h"
#include "harness/base/text.h"
#include "harness/cli/program.h"
#include "harness/cli/results_argument.h"
#include "results/history/trend.h"

namespace sightline {

namespace {

struct HistoryFlags {
  std::string file;
  std::vector<std::string> runs;  ///< add
  std::string label, commit, data_root;
  TrendSettings trends;  ///< show
  std::string gate;
  bool json = false;
};

void require_text(const char* flag, const std::string& text) {
  if (!is_utf8(text)) throw UsageError(fmt::format("{}: the text is not UTF-8", flag));
}

void add(const HistoryFlags& flags, Program& program) {
  prepare(program);
  require_text("--label", flags.label);
  require_text("--commit", flags.commit);
  std::vector<HistoryAddition> runs;
  for (const std::string& run : flags.runs) {
    runs.push_back({.results = read_results_argument(run, program.tasks, flags.data_root),
                    .label = flags.label,
                    .commit = flags.commit});
  }
  const std::vector<AddedRun> added = History::open(flags.file).add(runs);
  nlohmann::json list = nlohmann::json::array();
  for (std::size_t i = 0; i < added.size(); ++i) {
    list.push_back({{"run", flags.runs[i]}, {"added", added[i].is_new}, {"label", added[i].label}});
    if (flags.json) continue;
    const std::string label = added[i].label.empty() ? "" : fmt::format(" as '{}'", added[i].label);
    fmt::print("{}{}{}\n", flags.runs[i],
               added[i].is_new ? ": added" : ": nothing was added, the run is there already",
               label);
  }
  if (flags.json) fmt::print("{}\n", list.dump(2));
}

void show(HistoryFlags& flags, Program& program) {
  prepare(program);
  if (!flags.gate.empty()) flags.trends.gate = read_gate_rules(flags.gate);
  const std::vector<HistoryPoint> points = History::open_to_read(flags.file).points();
  require(!points.empty(), "{} holds no runs; `sightline history add` adds one", flags.file);
  const std::vector<Trend> trends = make_trends(points, flags.trends);
  fmt::print("{}", flags.json ? to_json(trends).dump(2) + "\n" : render_trends(trends));
}

void add_file_flag(CLI::App& command, HistoryFlags& flags) {
  command.add_option("--history", flags.file, "SQLite file of the history")->required();
  command.add_flag("--json", flags.json, "as one JSON document");
}

void declare_add(CLI::App& history, const std::shared_ptr<HistoryFlags>& flags, Program& program) {
  CLI::App* command = history.add_subcommand("add", "adds runs to the history");
  command->add_option("runs", flags->runs, "run folders, or results.json files")->required();
  add_file_flag(*command, *flags);
  command->add_option("--label", flags->label, "what the runs are called in tables");
  command->add_option("--commit", flags->commit, "what was measured: a revision of the code");
  command->add_option("--data_root", flags->data_root,
                      "folder of the data, if it moved since the run");
  command->footer("example: sightline history add --history history.sqlite out --label nightly");
  command->callback([flags, &program] { add(*flags, program); });
}

void declare_show(CLI::App& history, const std::shared_ptr<HistoryFlags>& flags, Program& program) {
  CLI::App* command = history.add_subcommand("show", "every metric in the order of dates");
  TrendSettings& trends = flags->trends;
  add_file_flag(*command, *flags);
  command->add_option("--task", trends.task, "only this task");
  command->add_option("--metric", trends.metric, "only this metric");
  command->add_option("--gate", flags->gate, "rules of `compare --gate`, drawn as bands");
  command->add_option("--baseline", trends.baseline,
                      "label of the entry that bands begin at (default: the first)");
  command->add_option("--last", trends.last, "at most so many entries of each")
      ->check(CLI::PositiveNumber);
  command->footer("example: sightline history show --history history.sqlite --gate rules.json");
  command->callback([flags, &program] { show(*flags, program); });
}

}  // namespace

void add_history_command(CLI::App& app, Program& program) {
  CLI::App* command =
      app.add_subcommand("history", "results of many runs in one file, and their trends");
  command->require_subcommand(1);
  const auto flags = std::make_shared<HistoryFlags>();
  declare_add(*command, flags, program);
  declare_show(*command, flags, program);
  command->footer("example: sightline history show --history history.sqlite");
}

}  // namespace sightline
